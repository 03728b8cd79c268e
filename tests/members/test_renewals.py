from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from mailing.models import Email, List, OptOut
from members import renewals
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
        (0, ["-7"]),
        (1, ["1"]),
        (14, ["1"]),
        (15, ["15"]),
        (44, ["15"]),
        (45, []),
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
    missed = {-30, -29, -28, 1, 15, 16}

    for days in range(-60, 120):
        if days not in missed:
            run(days=days)

    assert sent() == ["-30", "-7", "1", "15"]


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

    assert sent() == ["-7", "1", "15"]


def test_the_words_are_those_of_before_or_after_the_end(membership):
    run(days=-7)
    run(days=1)

    subjects = [email.subject for email in Email.objects.order_by("pk")]
    assert subjects == [
        "Votre adhésion se termine le 31 décembre 2026",
        "Votre adhésion a pris fin le 31 décembre 2026",
    ]


def test_queries_do_not_grow_by_more_than_the_mails_themselves(membership, django_assert_num_queries):
    run(days=-7)
    for _ in range(20):
        create_membership(starts_on=date(2026, 1, 1), ends_on=END + timedelta(days=60))

    with django_assert_num_queries(5):
        run(days=-7)


def test_who_has_left_the_reminders_gets_none_and_who_comes_back_gets_the_next(membership):
    OptOut.objects.leave(membership.member.email, List.RENEWALS)
    assert run(days=-30) == 0
    assert sent() == []

    OptOut.objects.come_back(membership.member.email, List.RENEWALS)
    assert run(days=-7) == 1
    assert list(Email.objects.values_list("list", flat=True)) == ["renewals"]
