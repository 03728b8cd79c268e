from datetime import date, timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from mailing.models import Email, List, OptOut
from members import renewals
from members.models import ReminderRule
from tests.factories import create_member, create_membership, create_plan

pytestmark = pytest.mark.django_db
END = date(2026, 12, 31)


@pytest.fixture
def membership():
    created_at = timezone.make_aware(timezone.datetime(2026, 1, 1))
    return create_membership(starts_on=date(2026, 1, 1), ends_on=END, created_at=created_at)


def sent():
    return [email.key.rpartition(".")[2] for email in Email.objects.order_by("pk")]


def run(*, days):
    """Run the reminders `days` after the end."""
    return renewals.send_reminders(on=END + timedelta(days=days))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-31, []),
        (-30, ["-30"]),
        (-8, ["-30"]),
        (-7, ["-7"]),
        (-1, ["-7"]),
        (0, ["0"]),
        (14, ["0"]),
        (15, ["15"]),
        (29, ["15"]),
        (30, ["30"]),
        (59, ["30"]),
        (60, []),
    ],
)
def test_a_late_run_sends_the_latest_rule_only(membership, days, expected):
    run(days=days)

    assert sent() == expected


def test_a_second_run_sends_nothing(membership):
    assert run(days=-7) == 1
    assert run(days=-7) == 0
    assert run(days=-6) == 0


def test_a_whole_year_of_runs_with_missed_days_sends_each_rule_once(membership):
    missed = {-30, -29, -28, 0, 1, 15, 16}

    for days in range(-60, 120):
        if days not in missed:
            run(days=days)

    assert sent() == ["-30", "-7", "0", "15", "30"]


def test_what_was_sent_before_the_rules_were_rows_is_not_sent_again(membership):
    """The rule of the day after the end has become that of the last day."""
    Email.objects.create(key=f"members.renewal.{membership.pk}.1", to="", message_id="<1@example.org>")

    assert [run(days=days) for days in (1, 2, 14, 15)] == [0, 0, 0, 1]


def test_who_has_renewed_hears_nothing(membership):
    create_membership(membership.member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))

    assert run(days=-7) == 0


def test_a_cancelled_period_is_not_reminded_and_a_cancelled_renewal_does_not_silence(membership):
    renewal = create_membership(membership.member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))
    renewal.cancel()
    create_membership(create_member(), starts_on=date(2026, 1, 1), ends_on=END).cancel()

    assert run(days=-7) == 1


def test_who_has_no_address_is_not_written_to(membership):
    membership.member.email = ""
    membership.member.save(update_fields=["email"])

    assert run(days=-7) == 0


def test_a_short_membership_bought_after_the_rule_was_due_is_spared_it():
    with time_machine.travel("2026-12-12 12:00 +01:00"):
        create_membership(plan=create_plan(months=1), starts_on=date(2026, 12, 12), ends_on=date(2027, 1, 11))

    for day in range(60):
        renewals.send_reminders(on=date(2026, 12, 12) + timedelta(days=day))

    assert sent() == ["-7", "0", "15"]


def test_the_words_hold_on_the_day_they_are_sent(membership):
    run(days=-29)
    run(days=17)

    before, after = Email.objects.order_by("pk")
    assert before.subject == "Votre adhésion se termine le 31 décembre 2026"
    assert after.subject == "Votre adhésion a pris fin le 31 décembre 2026"
    assert "il y a 17 jours." in after.text
    assert f"Bonjour {membership.member},\n\n" in before.text
    assert f"Renouveler mon adhésion\u00a0:\n{settings.SITE_URL}/adherer/renouveler/" in before.text
    assert "{" not in before.text + before.subject


@pytest.mark.parametrize(
    ("days", "said"), [(-3, "se termine le"), (0, "se termine le"), (1, "a pris fin le")]
)
def test_a_rule_without_words_has_those_of_before_or_after_the_end(membership, days, said):
    ReminderRule.objects.update(subject="", text="")

    run(days=days)

    email = Email.objects.get()
    assert email.subject == f"Votre adhésion {said} 31 décembre 2026"
    assert said in email.text
    assert "/adherer/renouveler/" in email.text


def test_queries_do_not_grow_by_more_than_the_mails_themselves(membership, django_assert_num_queries):
    run(days=-7)
    for _ in range(20):
        create_membership(starts_on=date(2026, 1, 1), ends_on=END + timedelta(days=60))

    with django_assert_num_queries(4):
        run(days=-7)


def test_who_has_left_the_reminders_gets_none_and_who_comes_back_gets_the_next(membership):
    OptOut.objects.leave(membership.member.email, List.RENEWALS)
    assert run(days=-30) == 0
    assert sent() == []

    OptOut.objects.come_back(membership.member.email, List.RENEWALS)
    assert run(days=-7) == 1
    assert list(Email.objects.values_list("list", flat=True)) == ["renewals"]
