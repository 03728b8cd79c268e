"""The policy: each column has its rule, each rule does what it says, on the day it says."""

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import ERASED_NAME, User
from events.models import AccessNeed, Answer, Booking, Question, Registration
from iamm import personal, retention, tasks
from iamm.not_personal import COLUMNS
from iamm.retention_rules import Kept
from journal import trail
from journal.models import Entry
from mailing.models import Email
from members.models import Application, Departure, Mandate, Member
from payments.models import Charge, Payment
from tests import factories

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=366)
WHAT_TO_DO = (
    "Each column is either personal, and listed with its model in a rule of iamm/retention.py (then say in iamm/personal.py "
    "whose its rows are, and in iamm/erasure.py what becomes of them), or it is not, and listed in iamm/not_personal.py. "
)


def columns_of_the_database():
    """All but primary keys, and links to an account or from a many-to-many table."""
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            is_account = column.is_relation and column.related_model is User
            if (
                not (column.primary_key and not column.choices and column.name != "session_key")
                and not is_account
            ):
                yield f"{model._meta.label}.{column.name}"


def classified():
    personal_columns = {
        f"{label}.{column}"
        for rule in retention.POLICY
        for label, names in rule.data.items()
        for column in names
    }
    others = {f"{label}.{column}" for label, names in COLUMNS.items() for column in names.split()}
    return personal_columns, others


def test_each_column_of_the_database_is_personal_with_a_rule_or_is_not():
    personal_columns, others = classified()

    missing = sorted(set(columns_of_the_database()) - personal_columns - others)

    assert missing == [], WHAT_TO_DO
    assert sorted((personal_columns | others) - set(columns_of_the_database())) == [], (
        "These columns are no more."
    )
    assert sorted(personal_columns & others) == [], "One or the other."


def test_each_model_with_personal_columns_says_whose_its_rows_are():
    listed = {(rule.slug, label) for rule in retention.POLICY for label in rule.data}
    without_a_link_to_anybody = {
        ("speakers", "events.Speaker"),
        ("imports", "members.ImportBatch"),  # the file of many
        ("bank-files", "payments.Statement"),  # the same
    }

    assert {(one.rule, one.label) for one in personal.SOURCES} == listed - without_a_link_to_anybody, (
        WHAT_TO_DO
    )


def test_each_rule_is_applied_by_a_verb_by_a_scheduled_task_or_with_the_rows_of_another():
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    rules = {rule.slug: rule for rule in retention.POLICY}

    assert len(rules) == len(retention.POLICY)
    assert {rule.task for rule in rules.values()} - {""} <= scheduled
    assert {slug for slug, rule in rules.items() if not rule.task and rule.due is None} == {
        "directory",  # with the member
        "organisations",  # erased with the member
        "speakers",  # on request
        "opt-outs",  # as long as they are wanted
        "staff-journal",  # with the entry
        "staff-log",  # the same
    }
    assert "iamm.tasks.apply_retention" in scheduled


@pytest.mark.parametrize(
    ("kept", "words", "limit"),
    [
        (Kept("la fin", years=1), "1 an après la fin", date(2027, 2, 28)),
        (Kept("la fin", years=10), "10 ans après la fin", date(2018, 2, 28)),
        (Kept("la fin", days=31), "31 jours après la fin", date(2028, 1, 29)),
        (Kept("toujours"), "toujours", date(2028, 2, 29)),
    ],
)
def test_a_duration_is_said_and_counted_from_one_place(kept, words, limit):
    assert str(kept) == words
    assert kept.limit(date(2028, 2, 29)) == limit


def apply():
    """What each rule did, without those that did nothing."""
    return {slug: count for slug, count in tasks.apply_retention().items() if count}


def former_member(days, **fields):
    """Whose last period ended so many days ago."""
    today = timezone.localdate()
    long_ago = today - timedelta(days=days + 364)
    member = factories.create_member(joined_on=long_ago, phone="0601020304", **fields)
    factories.create_membership(member, starts_on=long_ago, ends_on=today - timedelta(days=days))
    return member


def test_a_former_member_is_anonymous_after_a_year_and_their_periods_stay():
    gone, recent = former_member(367), former_member(364)
    trail.record(gone, trail.Action.CHANGED, changes={"phone": ["", "0601020304"]})

    assert apply() == {"members": 1}

    gone.refresh_from_db()
    recent.refresh_from_db()
    assert (str(gone), gone.email, gone.phone, gone.user) == (ERASED_NAME, "", "", None)
    assert gone.memberships.count() == 1
    assert recent.phone == "0601020304"
    assert Entry.objects.about(gone).get().changes == {"phone": [None, None]}
    assert apply() == {}


def test_who_resigned_is_anonymous_a_year_after_leaving_whatever_was_paid_for():
    member = factories.create_member()
    today = timezone.localdate()
    factories.create_membership(member, starts_on=today - 2 * YEAR, ends_on=today + timedelta(days=30))
    member.leave(Departure.Kind.RESIGNED, left_on=today - timedelta(days=367), reason="Une raison à elle")

    assert apply() == {"members": 1}

    assert member.departures.get().reason == "–"


def test_who_came_back_owes_is_honoured_or_asks_is_kept():
    back, owing, honoured, asking = (former_member(400) for _ in range(4))
    factories.create_membership(back)
    owed = factories.create_charge()
    owing.memberships.update(charge=owed)
    honoured.decide_status("honorary", reason="Pour tout", starts_on=timezone.localdate(), until=None)
    plan = factories.create_plan()
    Application.submit(plan, email=asking.email, request_key="0" * 32, member=asking, last_name="Démo")

    assert apply() == {}


def test_an_organisation_keeps_its_name_and_loses_its_contact():
    today = timezone.localdate()
    society = factories.create_organisation(
        "Société d’essai",
        first_name="Zoé",
        last_name="Démo",
        billing_email="compta@example.org",
        joined_on=today - 3 * YEAR,
    )
    factories.create_membership(society, starts_on=today - 3 * YEAR, ends_on=today - 2 * YEAR)

    assert apply() == {"members": 1}

    society.refresh_from_db()
    assert (str(society), society.last_name, society.email, society.billing_email) == (
        "Société d’essai",
        "",
        "",
        "",
    )
    assert apply() == {}


def test_a_seat_that_is_over_is_anonymous_after_a_year():
    society, today = factories.create_organisation(), timezone.localdate()
    factories.create_membership(society)
    for days in (300, 400):
        ends = today - timedelta(days=days)
        Mandate.objects.create(
            organisation=society, email=f"m{days}@example.org", last_name="Démo", starts_on=ends, ends_on=ends
        )

    assert apply() == {"mandates": 1}
    assert list(Mandate.objects.order_by("pk").values_list("email", flat=True)) == ["m300@example.org", ""]


def test_a_refused_application_is_erased_after_a_year(time_machine_travel):
    plan = factories.create_plan(approval="everybody")
    application = Application.submit(plan, email="zoe@example.org", request_key="0" * 32, last_name="Démo")
    application.refuse(by=factories.create_staff(), reason="Complet")

    with time_machine_travel(days=364):
        assert "refused-applications" not in apply()
    with time_machine_travel(days=367):
        assert apply()["refused-applications"] == 1

    application.refresh_from_db()
    assert (application.email, application.answer, application.state) == ("", "", "refused")


def past_booking(days, **options):
    event = factories.create_event(starts_in=-timedelta(days=days))
    booking = factories.create_booking(event, places=2, **options)
    question = Question.objects.create(event=event, label="Régime ?")
    place = booking.registrations.first()
    Answer.objects.create(question=question, booking=booking, registration=place, text="végétarien")
    Answer.objects.create(question=question, booking=booking, text="en groupe")
    AccessNeed.objects.create(registration=place, text="une rampe")
    return booking


def test_a_booking_is_anonymous_a_year_after_its_event_and_still_counts():
    old, recent = past_booking(367), past_booking(300)

    assert apply() == {"bookings": 1, "access-needs": 1}

    old.refresh_from_db()
    assert (old.name, old.email, old.event.places_taken) == (ERASED_NAME, "", 2)
    assert set(Registration.objects.filter(booking=old).values_list("name", "email")) == {(ERASED_NAME, "")}
    assert {answer.booking for answer in Answer.objects.all()} == {recent}
    assert apply() == {}


def test_two_bookings_of_one_event_may_both_be_anonymous():
    event = factories.create_event(starts_in=-timedelta(days=400))
    for _ in range(2):
        factories.create_booking(event)

    assert apply() == {"bookings": 2}


def test_a_booking_whose_invoice_is_not_paid_is_kept():
    booking = past_booking(400, invoice_to="Société d’essai")
    booking.charge = factories.create_charge()
    booking.save(update_fields=["charge"])

    assert "bookings" not in apply()


def test_what_one_needs_to_come_is_deleted_a_month_after_the_event():
    past_booking(33)
    past_booking(29)

    assert apply() == {"access-needs": 1}
    assert AccessNeed.objects.count() == 1


def test_a_sum_nobody_paid_is_forgotten_after_a_year_and_a_paid_one_after_ten(time_machine_travel):
    asked, paid = factories.create_charge(), factories.create_charge()
    asked.cancel()
    paid.record_payment(method="transfer", amount=Decimal(40), reference="VIR DEMO CAMILLE")

    with time_machine_travel(days=370):
        assert apply() == {"unpaid-charges": 1}
    with time_machine_travel(days=365 * 10):
        assert "accounting" not in apply()
    with time_machine_travel(days=366 * 11):
        assert apply()["accounting"] == 1
        assert "accounting" not in apply()

    assert set(Charge.objects.values_list("name", "email")) == {("", "")}
    assert Payment.objects.get().reference == f"efface-{Payment.objects.get().pk}"


def test_both_journals_are_forgotten_after_three_years(time_machine_travel):
    member, staff = factories.create_member(), factories.create_staff()
    factories.create_membership(member, ends_on=timezone.localdate() + 5 * YEAR)
    trail.record(member, trail.Action.OPENED, actor=staff)
    LogEntry.objects.create(user=staff, object_repr=str(member), action_flag=CHANGE)

    with time_machine_travel(days=1090):
        assert apply() == {}
    with time_machine_travel(days=1100):
        assert apply() == {"journal": 1, "admin-log": 1}

    assert [entry.action for entry in Entry.objects.all()] == ["erased"]


def unused(email="zoe@example.org", *, days=365 * 3 - 15, **fields):
    user = factories.create_user(email, **fields)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - timedelta(days=days))
    return user


def test_an_unused_account_is_warned_once_then_erased_a_month_later(time_machine_travel, run_commit_hooks):
    user = unused(days=365 * 3 + 60)

    with run_commit_hooks():
        assert apply() == {}
    assert apply() == {}

    [warning] = Email.objects.filter(to=user.email)
    assert "trois ans" in warning.text
    with time_machine_travel(days=29):
        assert "accounts" not in apply()
    with time_machine_travel(days=31):
        assert apply()["accounts"] == 1
    assert not User.objects.filter(pk=user.pk).exists()


def test_who_signs_in_after_the_warning_is_kept_and_warned_again_another_time(time_machine_travel):
    user = unused()
    apply()
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())

    with time_machine_travel(days=31):
        assert "accounts" not in apply()
    with time_machine_travel(days=365 * 3 + 10):
        apply()
        assert User.objects.filter(pk=user.pk).exists()
        assert Email.objects.filter(key__startswith=f"iamm.unused.{user.pk}.").count() == 2


def test_the_account_of_a_member_of_the_staff_or_of_who_books_is_never_unused():
    member = factories.create_member(user=unused("a@example.org"))
    factories.create_membership(member)
    unused("b@example.org", is_staff=True)
    factories.create_booking(factories.create_event(), user=unused("c@example.org"))

    apply()

    assert Email.objects.filter(key__startswith="iamm.unused").count() == 0


def test_the_account_of_who_has_a_record_or_a_seat_by_the_address_alone_is_never_unused(time_machine_travel):
    member = factories.create_member(email=unused("a@example.org").email)
    factories.create_membership(member, ends_on=timezone.localdate() + timedelta(days=900))
    seat = factories.create_mandate(user=unused("b@example.org"))
    Mandate.objects.filter(pk=seat.pk).update(user=None)
    organisation = factories.create_organisation(email=unused("c@example.org").email)
    factories.create_membership(organisation, ends_on=timezone.localdate() + timedelta(days=900))

    apply()
    with time_machine_travel(days=60):
        assert "accounts" not in apply()

    assert Email.objects.filter(key__startswith="iamm.unused").count() == 0
    assert not Departure.objects.exists()


def test_who_was_a_member_until_lately_keeps_their_record_for_its_own_time():
    member = former_member(60, user=unused("a@example.org"))

    apply()

    assert Email.objects.filter(key__startswith="iamm.unused").count() == 0
    member.refresh_from_db()
    assert member.last_name != ERASED_NAME


def test_the_command_says_what_it_would_do_then_does_it():
    former_member(400)
    said = StringIO()

    call_command("apply_retention", "--dry-run", stdout=said)
    assert "Adhésion\u00a0: 1 ligne à effacer" in said.getvalue()
    assert Member.objects.filter(last_name=ERASED_NAME).count() == 0

    call_command("apply_retention", stdout=said)
    assert "Adhésion\u00a0: 1 ligne effacée" in said.getvalue()
    assert Member.objects.filter(last_name=ERASED_NAME).count() == 1


def test_the_journal_is_told_how_many_and_never_who():
    member = former_member(400)

    apply()

    [entry] = Entry.objects.filter(action=trail.Action.ERASED)
    assert (entry.note, entry.actor) == ("members\u00a0: 1", None)
    assert member.last_name not in entry.label


def test_many_rows_are_forgotten_in_as_many_queries_as_few(django_assert_max_num_queries):
    event = factories.create_event(starts_in=-timedelta(days=400))
    for _ in range(30):
        factories.create_booking(event, places=2)

    with django_assert_max_num_queries(120):
        assert apply() == {"bookings": 30}


def test_a_rule_that_fails_does_not_keep_the_others_from_their_turn(monkeypatch):
    former_member(400)
    past_booking(400)
    monkeypatch.setattr(Booking.objects.none().__class__, "erase", lambda self: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        tasks.apply_retention()

    assert Member.objects.filter(last_name=ERASED_NAME).count() == 1
    assert Booking.objects.get().name != ERASED_NAME
    assert AccessNeed.objects.count() == 0


def test_the_privacy_page_shows_each_line_of_the_policy(client):
    text = client.get(reverse("privacy")).text

    for rule in retention.POLICY:
        assert str(rule.title) in text
        assert rule.kept.sentence in text
