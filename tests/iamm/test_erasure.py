"""A person is forgotten, everywhere, except where money went through."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from accounts.models import ERASED_NAME, User
from documents.models import Export
from events.models import Booking, Feedback, Registration
from iamm import erasure
from iamm.personal import Person
from journal.models import Entry
from mailing.models import Email, List, OptOut
from members import merging, unmerging
from members.models import Application, ImportBatch, ImportBusy, Mandate, Member, Membership
from payments.models import Charge, ChargeLine, Payment, Refund
from tests import factories
from tests.iamm import somebody

pytestmark = pytest.mark.django_db
MONEY = {
    f"payments_{name}"
    for name in [
        "aside",
        "billing",
        "cancellation",
        "charge",
        "chargeline",
        "document",
        "payment",
        "statementline",
    ]
}


@pytest.fixture(autouse=True)
def private_files(settings, tmp_path):
    storage = storages["private"]
    storage.__dict__["location"] = str(tmp_path)
    storage.__dict__["base_location"] = str(tmp_path)
    yield tmp_path
    del storage.__dict__["location"], storage.__dict__["base_location"]


def rows_that_say(word):
    """Each row of each table of the database, whatever models know of it, one of whose columns holds this word."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found += [
                    (table, name, row[0])
                    for name, value in zip(names, row, strict=True)
                    if word.lower() in str(value).lower()
                ]
    return found


def erased(user):
    erasure.erase(Person.of_user(user))


@pytest.mark.parametrize("take", [[], ["email"]])
def test_a_merge_of_two_people_brings_neither_back_once_they_are_erased(take):
    """Merged by mistake, they were two: the record that is left has the address of one of them."""
    kept, removed = factories.create_member(), factories.create_member()
    gone = [Person.of_address(one.email) for one in (kept, removed)]
    merge = merging.merge(kept, removed, take=take, by=factories.create_staff())

    erasure.erase(gone[0] if take else gone[1])

    merge.refresh_from_db()
    assert (merge.before, merge.is_undoable) == ({}, False)


def test_a_file_that_the_staff_have_not_taken_yet_goes_with_whoever_is_in_it(private_files):
    member, other = factories.create_member(), factories.create_member()
    exports = [
        Export.ask(
            "members.members", parameters={"members": [one.pk]}, by=factories.create_staff(), title="Liste"
        )
        for one in (member, other)
    ]
    for export in exports:
        export.make()

    erasure.erase(Person.of_member(member))

    assert [Export.objects.get(pk=one.pk).state for one in exports] == ["expired", "ready"]
    assert len(list(private_files.rglob("*.xlsx"))) == 1


@pytest.mark.parametrize("column", ["email", "mandate_email"])
def test_an_import_that_only_names_an_address_would_bring_nobody_back(column):
    member = factories.create_member()
    refused, other = (ImportBatch.objects.create(filename="membres.csv", state="checked") for _ in range(2))
    for batch, email in ((refused, member.email), (other, "autre@example.org")):
        batch.rows.create(number=1, outcome="created", values={column: email, "last_name": "Démo"})

    erasure.erase(Person.of_member(member))

    refused.refresh_from_db()
    assert (refused.rows.count(), other.rows.count()) == (0, 1)
    with pytest.raises(ImportBusy):
        refused.apply(by=factories.create_staff())


def test_who_is_erased_once_their_merge_was_undone_is_in_no_snapshot_of_it():
    kept, removed = factories.create_member(), factories.create_member(phone="0601020304")
    by = factories.create_staff()
    merge = merging.merge(kept, removed, take=[], by=by)
    back = unmerging.undo(merge, by=by)

    erasure.erase(Person.of_member(back))

    merge.refresh_from_db()
    assert (merge.before, merge.dropped) == ({}, [])


def test_nothing_in_the_database_says_who_it_was_but_what_money_went_through(private_files, run_commit_hooks):
    with run_commit_hooks():
        user = somebody.create_somebody()
    words = [*somebody.WORDS, somebody.SECOND]
    assert all(rows_that_say(word) for word in words)
    assert [path for path in private_files.rglob("*") if path.is_file()] != []

    erased(user)

    paid = set(somebody.charges_with_money().values_list("pk", flat=True))
    kept = {(table, pk) for word in words for table, _column, pk in rows_that_say(word)}
    assert {table for table, _pk in kept} <= MONEY
    assert {pk for table, pk in kept if table == "payments_charge"} <= paid
    lines = ChargeLine.objects.filter(pk__in=[pk for table, pk in kept if table == "payments_chargeline"])
    assert set(lines.values_list("charge", flat=True)) <= paid
    assert Charge.objects.filter(pk__in=paid, name=somebody.NAME, email=somebody.EMAIL).count() == 3


def test_the_files_of_the_person_are_gone(private_files, run_commit_hooks):
    user = somebody.create_somebody()

    with run_commit_hooks():
        erased(user)

    assert [path for path in private_files.rglob("*") if path.is_file()] == []


def test_what_is_counted_is_still_counted():
    user = somebody.create_somebody()
    member = Member.objects.get(user=user)
    past = Booking.objects.get(event__title="Un soir passé")
    rows = {
        model: model.objects.count()
        for model in (Member, Membership, Application, Booking, Registration, Payment)
    }

    erased(user)

    member.refresh_from_db()
    assert {model: model.objects.count() for model in rows} == rows
    assert (str(member), member.email, member.user, member.birth_year) == (ERASED_NAME, "", None, None)
    assert member.memberships.count() == 1
    assert past.event.places_taken == 1
    assert Feedback.objects.get().place is None
    assert not User.objects.filter(email=somebody.EMAIL).exists()


def test_erasing_is_leaving():
    user = somebody.create_somebody()
    member = Member.objects.get(user=user)

    erased(user)

    departure = member.departures.get(rejoined_on=None)
    assert (departure.kind, departure.left_on) == ("resigned", timezone.localdate())
    assert not member.standing(on=timezone.localdate() + timedelta(days=1)).is_current


def test_places_to_come_are_given_back_to_who_waits(daytime):
    user = somebody.create_somebody()
    waiting = Booking.objects.get(email="attend@example.org")
    assert waiting.state == Booking.State.WAITING

    erased(user)

    waiting.refresh_from_db()
    assert waiting.state == Booking.State.OFFERED
    neighbours = Booking.objects.get(event__title="Chez les voisins")
    assert [place.name for place in neighbours.places] == ["Autre Voisin"]


def test_what_belongs_to_others_is_left_alone():
    user = somebody.create_somebody()

    erased(user)

    assert Mandate.objects.get(email=somebody.OTHER).ends_on is None
    assert Member.objects.get(organisation="Société voisine").is_current
    assert Booking.objects.filter(email=somebody.OTHER, state=Booking.State.CONFIRMED).count() == 1


def test_refusals_to_be_written_to_outlive_the_person():
    erased(somebody.create_somebody())

    assert OptOut.objects.refuses(somebody.EMAIL, List.NEWS)


def test_every_session_is_over(client):
    user = factories.create_user()
    client.force_login(user)
    client.get("/compte/")
    assert Session.objects.count() == 1

    erased(user)

    assert Session.objects.count() == 0


def test_nothing_that_waits_is_sent_to_who_is_erased(run_commit_hooks, mailoutbox):
    user = factories.create_user()
    event = factories.create_event()
    factories.register(event, user.email, user=user)

    with run_commit_hooks():
        erased(user)

    assert mailoutbox == []
    assert Email.objects.due().count() == 0
    assert Email.objects.stuck().count() == 0


def test_a_second_time_changes_nothing():
    user = somebody.create_somebody()
    person = Person.of_user(user)
    erasure.erase(person)
    before = [list(model.objects.order_by("pk").values()) for model in (Member, Booking, Charge, Email)]

    erasure.erase(Person(None, person.emails))

    assert [
        list(model.objects.order_by("pk").values()) for model in (Member, Booking, Charge, Email)
    ] == before


def test_the_journal_keeps_that_it_was_done():
    user = somebody.create_somebody()
    member = Member.objects.get(user=user)

    erased(user)

    entries = Entry.objects.about(member)
    assert [entry.action for entry in entries] == ["erased", "opened", "changed"]
    assert {entry.label for entry in entries} <= {"", ERASED_NAME}


# What is to be done first


def refused(user):
    with pytest.raises(erasure.ErasureRefused) as caught:
        erased(user)
    assert User.objects.filter(pk=user.pk, email=user.email).exists()
    return caught.value


def test_staff_are_not_erased():
    assert isinstance(refused(factories.create_staff()), erasure.IsStaff)


def test_who_owes_dues_is_not_erased_until_they_are_paid():
    user = factories.create_user()
    member = factories.create_member(user=user, email=user.email)
    charge = factories.create_charge(email=user.email, user=user)
    factories.create_membership(member, charge=charge)

    assert refused(user).charges == [charge]

    charge.record_payment(method="cash", amount=Decimal(40), reference="1")
    erased(user)


def test_an_invoice_that_is_not_paid_is_owed():
    user = factories.create_user()
    event = factories.create_event(price=Decimal(20), allows_invoice=True)
    factories.register(event, user.email, user=user, invoice_to="Société d’essai")

    assert isinstance(refused(user), erasure.Owes)


def test_a_booking_only_held_is_not_owed():
    user = factories.create_user()
    booking = factories.register(factories.create_event(price=Decimal(20)), user.email, user=user)

    erased(user)

    booking.refresh_from_db()
    assert (booking.state, booking.charge.name, booking.charge.amount_due) == ("cancelled", "", 0)


def test_who_has_paid_a_place_to_come_cancels_it_before():
    user = factories.create_user()
    booking = factories.register(factories.create_event(price=Decimal(20)), user.email, user=user)
    factories.pay(booking)

    assert refused(user).bookings == [booking]

    booking.cancel()
    erased(user)


def test_the_last_titular_hands_over_before():
    user = factories.create_user()
    society = factories.create_organisation()
    factories.create_membership(society)
    Mandate.objects.create(organisation=society, role="titular", user=user, email=user.email)

    assert refused(user).organisations == [society]

    Mandate.objects.create(organisation=society, role="titular", email="suite@example.org")
    erased(user)


def test_an_application_that_is_paid_and_has_no_dates_yet_comes_first():
    user = factories.create_user()
    application = Application.submit(
        factories.create_plan(), email=user.email, user=user, request_key=uuid4(), last_name="Démo"
    )
    Charge.objects.filter(application=application).update(paid_at=timezone.now())
    Application.objects.filter(pk=application.pk).update(state=Application.State.PAID)

    assert isinstance(refused(user), erasure.ToPlace)


# Who is who


def test_an_address_that_was_only_typed_gives_no_right_to_what_is_another_s():
    other = factories.create_member(email="autre@example.org")
    user = factories.create_user()
    user.emailaddress_set.create(email="autre@example.org", verified=False, primary=False)

    erased(user)

    other.refresh_from_db()
    assert other.email == "autre@example.org"


def test_somebody_who_only_booked_is_erased_by_their_address():
    past = factories.create_event(starts_in=-timedelta(days=3))
    booking = factories.create_booking(past, email="public@example.org")

    erasure.erase(Person.of_address("Public@example.org"))

    booking.refresh_from_db()
    assert (booking.name, booking.email) == (ERASED_NAME, "")


def test_an_empty_address_is_nobody_s():
    """It is that of everybody who is erased, and of members who never gave one."""
    without = factories.create_member()
    Member.objects.filter(pk=without.pk).update(email="")
    past = factories.create_event(starts_in=-timedelta(days=3))
    booking = factories.create_booking(past, name="Sans adresse", email="")

    erasure.erase(Person.of_address(" "))

    without.refresh_from_db()
    booking.refresh_from_db()
    assert (without.first_name, booking.name) == ("Camille", "Sans adresse")


def test_a_member_without_an_address_or_an_account_is_erased_by_their_record():
    paper, other = factories.create_member(), factories.create_member()
    Member.objects.update(email="")
    paper.refresh_from_db()

    erasure.erase(Person.of_member(paper))

    assert [str(member) == ERASED_NAME for member in Member.objects.order_by("pk")] == [True, False]
    assert Member.objects.get(pk=other.pk).first_name == "Camille"


def test_colleagues_booked_under_the_same_address_go_with_it():
    past = factories.create_event(starts_in=-timedelta(days=3))
    booking = factories.create_booking(past, places=2, email="public@example.org")

    erasure.erase(Person.of_address("public@example.org"))

    assert [place.name for place in booking.registrations.all()] == [ERASED_NAME] * 2


def test_an_account_that_once_was_of_the_staff_stays_empty_for_what_it_did():
    user = factories.create_user("ancien@example.org", first_name="Ancien", last_name="Trésorier")
    factories.create_charge().record_payment(
        method="cash", amount=Decimal(40), reference="1", recorded_by=user
    )

    erased(user)

    user.refresh_from_db()
    assert (str(user), user.is_active, user.has_usable_password()) == (ERASED_NAME, False, False)
    assert rows_that_say("ancien@example.org") == []
    assert Payment.objects.get().recorded_by == user


def test_a_payment_that_comes_after_is_to_be_refunded():
    user = factories.create_user()
    application = Application.submit(
        factories.create_plan(), email=user.email, user=user, request_key=uuid4(), last_name="Démo"
    )

    erased(user)
    application.charge.record_payment(method="sandbox", amount=Decimal(40), reference="tard")

    assert [(refund.amount, refund.charge) for refund in Refund.objects.all()] == [(40, application.charge)]


def test_each_app_that_holds_text_is_looked_at():
    """The words are looked for by SQL: a table that no model knows is seen too."""
    assert {model._meta.db_table for model in apps.get_models()} <= set(
        connection.introspection.table_names()
    )
