from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from events.models import (
    AccessNeed,
    Answer,
    Booking,
    Event,
    Price,
    PromoCode,
    Registration,
    Resource,
    Slot,
)
from mailing.models import Email
from members import renewals
from members.models import Application, Consent, DirectoryEntry, Mandate, Member, Membership
from payments.models import Aside, Charge, Closing, Payment, Refund, Series, Statement, StatementLine
from tests import papers
from tests.factories import create_charge, create_member, create_partner

pytestmark = pytest.mark.django_db
EVENTS = 34  # each situation once, and chance


def load_demo(*, members=30, events=EVENTS, seed=1, **options):
    out = StringIO()
    options = {"yes_this_is_demo_data": False, "force": False} | options
    call_command(
        "load_demo", members=members, events=events, seed=seed, stdout=out, stderr=StringIO(), **options
    )
    return out.getvalue()


def money():
    """Without what is named by a key: a credit that was used, what a line of the bank has paid."""
    return Payment.objects.filter(line=None).exclude(method=Payment.Method.CREDIT)


def snapshot():
    """Every row without the keys the database gives, which differ from one load to the next."""
    return [
        list(
            Member.objects.order_by("email").values_list("email", "first_name", "organisation", "joined_on")
        ),
        list(Membership.objects.order_by("member__email", "starts_on").values_list("starts_on", "ends_on")),
        list(Event.objects.order_by("slug").values_list("slug", "title", "starts_at", "capacity")),
        list(Event.objects.order_by("slug", "audiences__slug").values_list("slug", "audiences__slug")),
        list(Price.objects.order_by("event__slug", "position").values_list("event__slug", "name", "amount")),
        list(PromoCode.objects.order_by("event__slug", "code").values_list("code", "max_uses")),
        list(Booking.objects.order_by("token").values_list("token", "email", "state", "expires_at")),
        list(Registration.objects.order_by("code").values_list("code", "booking__token", "email", "amount")),
        list(Answer.objects.order_by("booking__token", "pk").values_list("booking__token", "text")),
        list(Slot.objects.order_by("event__slug", "starts_at").values_list("title", "speakers__name")),
        list(Resource.objects.order_by("url").values_list("url", "is_public")),
        list(AccessNeed.objects.order_by("registration__code").values_list("text", "answer")),
        list(
            Charge.objects.order_by("uuid").values_list(
                "uuid", "email", "paid_at__date", "cancelled_at__date"
            )
        ),
        list(money().order_by("method", "reference").values_list("reference", "amount", "valued_on")),
        list(StatementLine.objects.order_by("booked_on", "payer").values_list("amount", "payer", "email")),
        list(User.objects.order_by("email").values_list("email", "password")),
        list(DirectoryEntry.objects.order_by("member__email", "skills").values_list("headline", "skills")),
    ]


def delete_everything():
    protected = (
        Answer,
        Registration,
        Booking,
        Refund,
        Application,
        Membership,
        Consent,
        Mandate,
        Event,
        Member,
    )
    for model in protected:
        model.objects.all().delete()
    Payment.objects.exclude(line=None)._raw_delete("default")
    for model in (Aside, StatementLine, Statement, Email):
        model._default_manager.all()._raw_delete("default")
    for charge in Charge.objects.all():
        charge.payments.all()._raw_delete("default")
        charge.adjustments.all()._raw_delete("default")
        charge.lines.all()._raw_delete("default")
    Charge.objects.all().delete()
    User.objects.all().delete()


def test_the_same_seed_gives_the_same_rows(settings):
    settings.DEBUG = True
    create_partner()

    load_demo()
    first = snapshot()
    delete_everything()
    load_demo()

    assert snapshot() == first


def test_another_seed_gives_other_rows(settings):
    settings.DEBUG = True

    load_demo(seed=1)
    first = snapshot()
    delete_everything()
    load_demo(seed=2)

    assert snapshot() != first


def test_there_are_as_many_rows_as_asked(settings):
    settings.DEBUG = True

    load_demo(members=12, events=5)

    assert (Member.objects.count(), Event.objects.count()) == (12, 5)


def test_a_second_run_adds_nothing(settings):
    settings.DEBUG = True
    load_demo()
    before = snapshot()

    said = load_demo()

    assert said == "Ces données de démonstration sont déjà chargées : rien à faire.\n"
    assert snapshot() == before


def test_another_load_beside_the_first_is_refused(settings):
    settings.DEBUG = True
    load_demo()

    with pytest.raises(CommandError, match="repartez d’une base vide"):
        load_demo(seed=2)


def test_real_members_are_left_alone_unless_forced(settings):
    settings.DEBUG = True
    create_member(email="quelquun@example.com")

    with pytest.raises(CommandError, match="vrais adhérents"):
        load_demo(members=5, events=0)
    load_demo(members=5, events=0, force=True)

    assert Member.objects.count() == 6


def test_no_number_is_taken_and_no_month_closed_where_sums_are_due_already(settings):
    settings.DEBUG = True
    settings.ASSOCIATION = settings.ASSOCIATION | papers.OURSELVES
    create_charge()

    load_demo(members=1, events=0)

    assert not Series.objects.exists()
    assert not Closing.objects.exists()
    assert StatementLine.objects.to_match().exists()


def test_outside_debug_it_must_be_meant_and_passwords_are_secret(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="--yes-this-is-demo-data"):
        load_demo(members=5, events=0)
    said = load_demo(members=5, events=0, yes_this_is_demo_data=True)

    assert "demonstration-admin" not in said
    assert not User.objects.get(email="admin@example.org").check_password("demonstration-admin")


def test_the_printed_logins_open_the_accounts(settings, client):
    settings.DEBUG = True

    said = load_demo(members=5, events=0)

    for email, password in [
        ("admin@example.org", "demonstration-admin"),
        ("camille@example.org", "demonstration-camille"),
    ]:
        assert f"{email}  mot de passe : {password}" in said
        assert client.login(email=email, password=password)
    assert User.objects.get(is_superuser=True).email == "admin@example.org"


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2027, 10, 31), date(2027, 1, 1), date(2027, 8, 31)])
def test_it_loads_on_odd_days(settings, day):
    settings.DEBUG = True

    with time_machine.travel(f"{day}T10:00:00+01:00", tick=False):
        load_demo()

        states = {event.availability for event in Event.objects.with_places()}
        assert {Event.Availability.OVER, Event.Availability.QUEUE} <= states
        renewals.send_reminders(on=timezone.localdate())
        assert Email.objects.count() <= 15
