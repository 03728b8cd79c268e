"""What waits for what, beyond rows: PostgreSQL's advisory locks, until the end of the transaction. SQLite has one writer anyway."""

from django.db import connection

BOOKS = 0x1AF7
IMPORTS = 0x1AF8


def hold(lock: int, *, alone: bool = True) -> None:
    """Alone, or with others who share it."""
    if connection.vendor == "postgresql":
        name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name}(%s)", [lock])
