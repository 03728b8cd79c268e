from datetime import date, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from journal.models import Entry
from members import renewals
from members.models import (
    Application,
    Consent,
    Departure,
    DirectoryEntry,
    NotUpToDate,
    Purpose,
    StatusOverride,
    TextChanged,
)
from members.models.consents import TEXTS, version_on
from tests.factories import create_member, create_membership, create_plan, create_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 12, 1)
VERSION = max(TEXTS[Purpose.DIRECTORY])


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-12-01 12:00 +01:00", tick=False):
        yield


def current(**fields):
    user = create_user()
    member = create_member(user=user, email=user.email)
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), **fields)
    return member


def agree(member):
    return DirectoryEntry.appear(member, version=VERSION, by=member.user)


def is_shown(member):
    return DirectoryEntry.objects.shown(on=timezone.localdate()).filter(member=member).exists()


def join(plan, **fields):
    person = {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org"}
    return Application.submit(plan, request_key=uuid4(), **person | fields)


# What is kept of a consent


def test_a_consent_keeps_the_words_the_day_and_who_gave_it():
    member = current()

    consent = agree(member)

    assert consent.text == TEXTS["directory"][VERSION]
    assert (consent.given_by, timezone.localdate(consent.given_at)) == (member.user, TODAY)
    assert consent.expires_on == date(2026, 12, 31)
    assert is_shown(member)


def test_it_lasts_through_the_grace_and_the_period_already_paid():
    member = current()
    create_membership(
        member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31), grace_until=date(2028, 1, 30)
    )

    assert agree(member).expires_on == date(2028, 1, 30)


def test_a_period_that_does_not_follow_is_another_membership():
    member = current()
    create_membership(member, starts_on=date(2027, 3, 1), ends_on=date(2028, 2, 28))

    assert agree(member).expires_on == date(2026, 12, 31)


@pytest.mark.parametrize("until", [date(2027, 6, 30), None])
def test_a_decision_of_the_board_lengthens_it(until):
    member = current()
    status = "active" if until else "honorary"
    member.decide_status(status, reason="Merci", starts_on=TODAY, until=until)

    assert agree(member).expires_on == until


def test_agreeing_twice_is_one_consent():
    member = current()

    assert agree(member) == agree(member)
    assert Consent.objects.count() == 1


def test_who_is_not_up_to_date_is_not_taken_in():
    member = create_member()

    with pytest.raises(NotUpToDate):
        agree(member)
    assert (Consent.objects.count(), DirectoryEntry.objects.count()) == (0, 0)


def test_another_wording_than_that_of_today_is_to_be_read_again(monkeypatch):
    member = current()
    first = agree(member)
    monkeypatch.setitem(TEXTS[Purpose.DIRECTORY], "2026-12-01", "Autre texte")

    with pytest.raises(TextChanged):
        agree(member)

    second = DirectoryEntry.appear(member, version="2026-12-01", by=member.user)
    assert (first.text, second.text) == (TEXTS["directory"][VERSION], "Autre texte")


def test_the_wording_of_a_day_is_the_last_one_before(monkeypatch):
    monkeypatch.setitem(TEXTS[Purpose.DIRECTORY], "2027-01-01", "Autre texte")

    assert version_on("directory", date(2026, 12, 31)) == VERSION
    assert version_on("directory", date(2027, 1, 1)) == "2027-01-01"
    assert version_on("directory", date(2020, 1, 1)) == VERSION


# Its end


def test_a_withdrawal_acts_at_once_and_is_dated():
    member = current()
    consent = agree(member)

    assert DirectoryEntry.disappear(member, by=member.user) is True

    consent.refresh_from_db()
    assert (consent.withdrawn_at, is_shown(member)) == (timezone.now(), False)
    assert DirectoryEntry.disappear(member, by=member.user) is False


def test_agreeing_again_is_another_row():
    member = current()
    agree(member)
    DirectoryEntry.disappear(member, by=member.user)

    agree(member)

    assert [one.is_in_force for one in member.consents.all()] == [True, False]
    assert is_shown(member)


def test_what_was_in_force_on_a_day_can_be_told():
    member = current()
    with time_machine.travel("2026-10-01 12:00 +02:00"):
        agree(member)
    with time_machine.travel("2026-11-01 12:00 +01:00"):
        DirectoryEntry.disappear(member, by=member.user)

    days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1)]
    assert [Consent.objects.in_force(on=day).count() for day in days] == [0, 1, 1, 0]


def test_both_are_in_the_journal_of_the_member():
    member = current()
    agree(member)
    DirectoryEntry.disappear(member, by=member.user)

    assert [(entry.actor, entry.note) for entry in Entry.objects.about(member)] == [
        (member.user, "Accord retiré\u00a0: annuaire des membres."),
        (member.user, "Accord donné\u00a0: annuaire des membres."),
    ]


@pytest.mark.parametrize("kind", Departure.Kind.values)
def test_leaving_takes_the_entry_away(kind):
    member = current()
    agree(member)

    member.leave(kind, left_on=TODAY - timedelta(days=1), reason="Une raison")

    assert not is_shown(member)


def test_the_end_of_the_membership_takes_it_away():
    member = current()
    agree(member)

    with time_machine.travel("2026-12-31 23:30 +01:00"):
        assert is_shown(member)
    with time_machine.travel("2027-01-01 00:30 +01:00"):
        assert not is_shown(member)


def test_a_cancelled_period_and_a_decision_of_the_board_take_it_away():
    cancelled, decided = current(), current()
    agree(cancelled)
    agree(decided)

    cancelled.memberships.get().cancel()
    decided.decide_status(
        StatusOverride.Status.LAPSED, reason="Impayé", starts_on=TODAY, until=date(2027, 1, 31)
    )

    assert (is_shown(cancelled), is_shown(decided)) == (False, False)


# Coming back, renewing, changing plan


def test_renewing_does_not_agree_again():
    member = current()
    consent = agree(member)

    member.open_period(create_plan(), starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))

    consent.refresh_from_db()
    assert (consent.expires_on, is_shown(member)) == (date(2026, 12, 31), True)
    with time_machine.travel("2027-01-01 12:00 +01:00"):
        assert (member.is_current, is_shown(member)) == (True, False)


@pytest.mark.parametrize("days", [1, 40])
def test_who_comes_back_after_leaving_is_asked_anew(days):
    member = current()
    agree(member)
    member.leave("resigned", left_on=TODAY - timedelta(days=days))

    member.open_period(create_plan(), starts_on=TODAY, ends_on=date(2027, 11, 30))

    assert (member.is_current, is_shown(member)) == (True, False)


def test_who_comes_back_after_a_cancelled_period_is_asked_anew():
    member = current()
    agree(member)
    member.memberships.get().cut(last_day=date(2026, 11, 15))

    member.open_period(create_plan(), starts_on=TODAY, ends_on=date(2027, 11, 30))

    assert not is_shown(member)


def test_a_change_of_plan_is_not_a_break():
    member = current()
    agree(member)
    member.memberships.get().cut(last_day=date(2026, 11, 30))

    member.open_period(create_plan(), starts_on=TODAY, ends_on=date(2026, 12, 31))

    assert is_shown(member)


# Ticked on the form to join


def test_the_box_of_the_form_holds_once_the_period_is_open():
    application = join(create_plan(), wants_directory=True)
    assert Consent.objects.count() == 0

    application.charge.record_payment(method="sandbox", amount=40, reference="1")

    application.refresh_from_db()
    consent = application.member.consents.get()
    assert (consent.text_version, consent.expires_on) == (VERSION, application.membership.ends_on)
    assert is_shown(application.member)


def test_without_the_box_nobody_is_in_the_directory():
    application = join(create_plan(price=0))

    assert application.member.consents.count() == 0


def test_a_stranger_who_types_the_address_of_a_member_does_not_agree_for_them():
    member = current()

    application = join(create_plan(price=0), email=member.email, wants_directory=True)

    assert (application.member, member.consents.count()) == (member, 0)


def test_the_member_who_renews_from_their_account_does():
    member = current()

    application = join(
        create_plan(price=0), email=member.email, user=member.user, member=member, wants_directory=True
    )

    assert member.consents.get().expires_on == application.membership.ends_on


def form_of(client, plan, **query):
    return client.get(plan.get_absolute_url(), query).context["form"]


def test_the_form_asks_a_person_in_the_words_of_the_day_and_ticks_nothing(client):
    form = form_of(client, create_plan())

    assert form.fields["wants_directory"].help_text == TEXTS["directory"][VERSION]
    assert "checked" not in str(form["wants_directory"])


def test_it_asks_again_at_a_renewal_without_ticking(client):
    member = current()
    agree(member)
    client.force_login(member.user)

    assert "checked" not in str(form_of(client, create_plan())["wants_directory"])


def test_neither_an_organisation_nor_who_only_has_a_link_is_asked(client):
    plan = create_plan()
    link = {"lien": renewals.token_for(current(), plan)}

    assert "wants_directory" not in form_of(client, create_plan(kind="organisation")).fields
    assert "wants_directory" not in form_of(client, plan, **link).fields


@pytest.mark.parametrize(("ticked", "number"), [({"wants_directory": "on"}, 1), ({}, 0)])
def test_the_box_of_the_page_is_what_counts(client, ticked, number):
    person = {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org", "request_key": uuid4()}

    client.post(create_plan(price=0).get_absolute_url(), person | ticked)

    assert Application.objects.get().member.consents.count() == number
