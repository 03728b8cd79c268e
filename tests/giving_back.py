"""After a transactional test each table is again what the migrations left: by DELETE, when TRUNCATE makes every file anew."""

from django.db import connection, transaction
from django.test import TransactionTestCase

COPY = "as_migrated_"
_statements: list[str] = []


def remember_what_the_migrations_wrote():
    """Keep a copy of each table that has rows. From now on, transactional tests give them back."""
    quote = connection.ops.quote_name
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    put_back = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {quote(table)})")
            if cursor.fetchone()[0]:
                cursor.execute(f"CREATE TABLE {quote(COPY + table)} AS SELECT * FROM {quote(table)}")
                put_back.append(f"INSERT INTO {quote(table)} SELECT * FROM {quote(COPY + table)}")
    _statements[:] = [*[f"DELETE FROM {quote(table)}" for table in tables], *put_back]
    TransactionTestCase._fixture_teardown = lambda case: _give_back()


def _give_back():
    """Without triggers and foreign keys: the journal refuses DELETE, and the order of tables does not matter."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(";".join(["SET LOCAL session_replication_role = replica", *_statements]))
        return
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        for statement in _statements:
            cursor.execute(statement)
