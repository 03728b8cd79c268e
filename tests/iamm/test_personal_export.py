"""What a person takes away: all that is theirs, and nothing of anybody else."""

import io
import json
from time import perf_counter
from zipfile import ZipFile

import pytest
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse

from iamm import personal_export, retention
from iamm.personal import SOURCES, Person
from journal.models import Entry
from members.models import Note
from tests import factories
from tests.iamm import somebody

pytestmark = pytest.mark.django_db
COPY = reverse("personal_export_file")
PASSWORD = "un-mot-de-passe-long"


@pytest.fixture(autouse=True)
def _private_files(tmp_path):
    storage = storages["private"]
    storage.__dict__["location"] = str(tmp_path)
    storage.__dict__["base_location"] = str(tmp_path)
    yield
    del storage.__dict__["location"], storage.__dict__["base_location"]


def archive_of(person):
    file = io.BytesIO()
    personal_export.write(person, file)
    return ZipFile(file)


@pytest.fixture
def user():
    return somebody.create_somebody()


def data_of(archive):
    return {
        (one["regle"], one["modele"]): one["lignes"]
        for one in json.loads(archive.read("donnees.json"))["familles"]
    }


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def test_each_personal_column_of_each_of_their_rows_is_in_it(user):
    """Compared with the database, column by column; a secret, and only a secret, is missing."""
    person, data = Person.of_user(user), data_of(archive_of(Person.of_user(user)))
    missing, empty = [], []
    for source in SOURCES:
        rule = retention.rule(source.rule)
        rows = list(source.rows(person).order_by("pk"))
        written = data.get((source.rule, source.label), [])
        if len(rows) != len(written) or not rows:
            empty.append(source)
        for column in rule.data[source.label]:
            if column in rule.secrets.get(source.label, []):
                assert all(column not in line for line in written)
                continue
            field = source.model._meta.get_field(column)
            for row, line in zip(rows, written, strict=True):
                value = getattr(row, column)
                if field.is_relation:
                    is_there = value is None or f"({value.pk})" in line[column]
                elif field.get_internal_type() == "DecimalField":
                    is_there = value is None or float(line[column]) == float(value)
                elif field.get_internal_type() == "FileField":
                    is_there = line[column] == str(value)
                elif column == "changes":
                    is_there = set(line[column]) <= set(value)
                else:
                    is_there = line[column] == as_json(value)
                if not is_there:
                    missing.append((source.label, column, value, line[column]))

    assert missing == []
    assert [one.label for one in empty] == [], (
        "The person of tests/iamm/somebody.py has no such row yet: give them one."
    )


def test_each_personal_column_is_filled_in_for_somebody(user):
    """Else the comparison would compare nothing with nothing."""
    person, blank = Person.of_user(user), []
    for source in SOURCES:
        for column in retention.rule(source.rule).data[source.label]:
            values = [getattr(row, column) for row in source.rows(person)]
            if not any(value not in (None, "", [], {}) for value in values):
                blank.append(f"{source.rule} {source.label}.{column}")

    of_organisations = {
        *("organisation", "siret", "headcount", "seats", "billing_email"),
        *("purchase_order", "service_code", "engagement_number", "vat_number", "legal_form"),
    }
    that_have_not_happened = {
        "last_login",
        "last_used_at",
        "cancelled_at",
        "cancel_reason",
        "withdrawn_at",
        "due_on",
        "reminded_on",
        "supplied_on",
        "provider_receipt",
        "sold_until",
        "until",
        "ends_on",
        "answer",
    }
    as_others = {"postcode", "city", "country", "chosen_amount", "list", "data", "file", "error"}
    names = {one.rpartition(".")[2] for one in blank}
    assert names - of_organisations - that_have_not_happened - as_others == set()


def test_nothing_of_others_is_in_it(user):
    other = factories.create_member(first_name="Ondine", last_name="Voisine", email="ondine@example.org")
    Note.objects.create(member=other, text="Une note sur Ondine")
    archive = archive_of(Person.of_user(user))
    everything = b"".join(archive.read(name) for name in archive.namelist())

    for word in (somebody.OTHER, "Ondine", "attend@example.org"):
        assert word.encode() not in everything, word


def test_no_secret_that_would_open_the_account_is_in_it(user):
    archive = archive_of(Person.of_user(user))
    text = b"".join(archive.read(name) for name in archive.namelist())

    assert user.password.encode() not in text
    assert str(user.calendar_feed.token).encode() not in text
    assert user.authenticator_set.get().data["secret"].encode() not in text


def test_tables_tickets_and_proofs_come_with_it(user):
    archive = archive_of(Person.of_user(user))
    names = archive.namelist()

    assert names[:2] == ["LISEZ-MOI.txt", "donnees.json"]
    assert "tableaux/bookings-reservations.csv" in names
    assert [name for name in names if name.startswith("documents/billet-")] != []
    assert [archive.read(name)[:5] for name in names if name.startswith("documents/carte-")] == [b"%PDF-"]
    [proof] = [name for name in names if name.startswith("documents/justificatif-")]
    assert archive.read(proof).decode() == f"Carte de {somebody.NAME}"
    assert "Inscription à un événement" in archive.read("LISEZ-MOI.txt").decode()


def test_a_table_runs_no_formula():
    user = factories.create_user()
    factories.create_booking(factories.create_event(), name="=1+1", email=user.email, user=user)

    table = archive_of(Person.of_user(user)).read("tableaux/bookings-reservations.csv").decode()

    assert ";'=1+1;" in table


def sign_in(client, user):
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def test_it_is_downloaded_once_an_hour_by_who_has_just_typed_their_password(client, time_machine_travel):
    user = factories.create_user()
    client.force_login(user)
    assert client.post(COPY).url.startswith(reverse("account_reauthenticate"))
    sign_in(client, user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    first, second = client.post(COPY), client.post(COPY)

    assert (first.status_code, first["Content-Type"]) == (200, "application/zip")
    assert "no-store" in first["Cache-Control"]
    assert ZipFile(io.BytesIO(first.getvalue())).testzip() is None
    assert second.status_code == 429
    [entry] = Entry.objects.about(user)
    assert (entry.action, entry.actor) == ("exported", user)
    assert client.get(COPY).status_code == 405


def test_somebody_with_hundreds_of_rows_waits_for_a_moment_only(user, django_assert_max_num_queries):
    event = factories.create_event()
    for number in range(100):
        booking = factories.create_booking(
            event, state="cancelled", email=somebody.EMAIL, user=user, name=f"N{number}"
        )
        assert booking
    person = Person.of_user(user)

    started = perf_counter()
    with django_assert_max_num_queries(160):
        archive = archive_of(person)

    assert perf_counter() - started < 20
    assert len(data_of(archive)["bookings", "events.Booking"]) > 100
