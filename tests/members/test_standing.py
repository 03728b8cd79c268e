"""Who somebody is on a day: one rule in Python for a row, and in SQL for many."""

from datetime import date, timedelta
from random import Random

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone

from members.models import AlreadyGone, Application, Departure, Member, Membership, StatusOverride
from members.standing import Status
from tests.factories import create_charge, create_college, create_member, create_organisation, create_plan

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield


# Histories drawn at random


class Histories:
    """The rows of so many lives, with every accident that the portal knows."""

    def __init__(self, seed):
        self.rng = Random(seed)
        self.plan, self.college = create_plan(), create_college()
        self.periods, self.departures, self.overrides = [], [], []

    def day(self, first=date(2023, 1, 1), span=1500):
        return first + timedelta(days=self.rng.randrange(span))

    def chance(self, share):
        return self.rng.random() < share

    def create(self, count):
        members = Member.objects.bulk_create(
            Member(last_name=f"Démo {index}", email=f"vie{index}@example.org", college=self.college)
            for index in range(count)
        )
        for member in members:
            self.live(member)
        Membership.objects.bulk_create(self.periods)
        Departure.objects.bulk_create(self.departures)
        StatusOverride.objects.bulk_create(self.overrides)

    def live(self, member):
        start = self.day(span=500)
        for _period in range(self.rng.randrange(5)):
            start = self.add_period(member, start)
        for _departure in range(self.rng.choice([0, 0, 0, 1, 2])):
            left_on = self.day()
            back = left_on + timedelta(days=self.rng.randrange(1, 400)) if self.chance(0.4) else None
            self.departures.append(
                Departure(
                    member=member,
                    kind=self.rng.choice(Departure.Kind.values),
                    left_on=left_on,
                    reason="Essai",
                    rejoined_on=back,
                    cancelled_at=timezone.now() if self.chance(0.2) else None,
                )
            )
        for _override in range(self.rng.choice([0, 0, 0, 1, 3])):
            status, starts_on = self.rng.choice(StatusOverride.Status.values), self.day()
            is_open = status == "honorary" and self.chance(0.5)
            self.overrides.append(
                StatusOverride(
                    member=member,
                    status=status,
                    reason="Essai",
                    starts_on=starts_on,
                    until=None if is_open else starts_on + timedelta(days=self.rng.randrange(300)),
                    cancelled_at=timezone.now() if self.chance(0.2) else None,
                )
            )

    def add_period(self, member, start):
        """Returns the day from which another may start: the next one, or after a gap."""
        end = start + timedelta(days=self.rng.choice([0, 27, 180, 364]))
        grace = end + timedelta(days=self.rng.randrange(1, 60)) if self.chance(0.5) else None
        credit = start + timedelta(days=self.rng.randrange(60)) if self.chance(0.2) else None
        self.periods.append(
            Membership(
                member=member,
                plan=self.plan,
                starts_on=start,
                ends_on=end,
                grace_until=grace,
                credit_until=credit,
                cancelled_at=timezone.now() if self.chance(0.1) else None,
            )
        )
        return end + DAY * self.rng.choice([1, 1, 1, 15, 200])


def test_for_500_lives_the_list_and_the_row_agree_on_any_day():
    histories = Histories(seed=4)
    histories.create(500)
    members = list(Member.objects.with_standing())
    days = {date(2022, 12, 31), TODAY, date(2028, 2, 29), *(histories.day(span=2200) for _ in range(12))}
    days |= {period.ends_on for period in histories.periods[:8]} | {
        period.grace_until + DAY for period in histories.periods if period.grace_until
    }.intersection(one.left_on for one in histories.departures)

    seen = set()
    for day in sorted(days):
        standings = {member.pk: member.standing(on=day) for member in members}
        said = {pk for pk, standing in standings.items() if standing.is_current}
        assert set(Member.objects.current(on=day).values_list("pk", flat=True)) == said
        seen |= {standing.status for standing in standings.values()}
    assert seen >= set(Status) - {Status.APPLICANT}


# State by state, in words


def a_period(member=None, **fields):
    dates = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}
    plan = create_plan(name="Plein tarif")
    return Membership.objects.create(member=member or create_member(), plan=plan, **dates | fields)


def say(member, on=TODAY):
    found = Member.objects.get(pk=member.pk).standing(on=on)
    return str(found.status), found.title, found.explanation


def test_up_to_date():
    assert say(a_period().member) == (
        "active",
        "À jour jusqu’au 31 décembre 2026 inclus",
        "Adhésion «\u00a0Plein tarif\u00a0» du 1er\u00a0janvier 2026 au 31 décembre 2026 inclus.",
    )


def test_up_to_date_and_renewed_already():
    period = a_period()
    a_period(period.member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))

    assert say(period.member)[1:] == (
        "À jour jusqu’au 31 décembre 2027 inclus",
        "Adhésion «\u00a0Plein tarif\u00a0» du 1er\u00a0janvier 2026 au 31 décembre 2026 inclus. "
        "La suite est déjà réglée, jusqu’au 31 décembre 2027 inclus.",
    )


def test_on_credit_then_the_credit_runs_out_then_it_is_paid():
    period = a_period(create_organisation(), credit_until=date(2026, 11, 23))

    before, after = say(period.member), say(period.member, TODAY + DAY)
    period.settle_credit()

    assert before == (
        "active",
        "À jour jusqu’au 23 novembre 2026 inclus",
        "Adhésion «\u00a0Plein tarif\u00a0» du 1er\u00a0janvier 2026 au 31 décembre 2026 inclus. "
        "Elle est ouverte à crédit\u00a0: la cotisation reste à régler, au plus tard le 23 novembre 2026.",
    )
    assert after == (
        "lapsed",
        "Pas à jour",
        "L’adhésion «\u00a0Plein tarif\u00a0» était ouverte à crédit jusqu’au 23 novembre 2026\u00a0: elle n’est pas réglée.",
    )
    assert say(period.member, TODAY + DAY)[1] == "À jour jusqu’au 31 décembre 2026 inclus"


def test_in_grace():
    period = a_period(ends_on=date(2026, 11, 20), grace_until=date(2026, 12, 20))

    assert say(period.member) == (
        "grace",
        "En délai de grâce jusqu’au 20 décembre 2026 inclus",
        "L’adhésion «\u00a0Plein tarif\u00a0» a pris fin le 20 novembre 2026. "
        "Le délai de grâce court jusqu’au 20 décembre 2026 inclus.",
    )


def test_lapsed_with_a_renewal_that_waits_for_its_payment():
    period = a_period(ends_on=date(2026, 11, 20))
    Application.objects.create(
        plan=period.plan,
        member=period.member,
        request_key="00000000-0000-4000-8000-000000000001",
        email=period.member.email,
    )

    assert say(period.member) == (
        "lapsed",
        "Pas à jour",
        "L’adhésion «\u00a0Plein tarif\u00a0» a pris fin le 20 novembre 2026. "
        "Une demande du 23 novembre 2026 attend son paiement.",
    )


def test_who_applies_for_the_first_time():
    member = create_member()
    Application.objects.create(
        plan=create_plan(),
        member=member,
        state=Application.State.SUBMITTED,
        request_key="00000000-0000-4000-8000-000000000001",
        email=member.email,
    )

    assert say(member) == (
        "applicant",
        "Candidat",
        "Une demande du 23 novembre 2026 attend la décision du bureau.",
    )


def test_who_has_a_period_to_come():
    period = a_period(starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))

    assert say(period.member)[0::2] == (
        "applicant",
        "L’adhésion «\u00a0Plein tarif\u00a0» commence le 1er\u00a0janvier 2027.",
    )


def test_who_never_joined_and_whose_only_period_was_cancelled():
    period = a_period()
    period.cancel()

    assert say(create_member()) == (
        "none",
        "Jamais adhéré",
        "Aucune adhésion n’a commencé à cette date.",
    )
    assert say(period.member)[2] == (
        "L’adhésion «\u00a0Plein tarif\u00a0», qui commençait le 1er\u00a0janvier 2026, a été annulée."
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("resigned", ("Démissionnaire", "Démission reçue le 2 novembre 2026\u00a0: dernier jour comme membre, le 10 novembre 2026.")),
        ("excluded", ("Exclu", "Exclusion décidée le 2 novembre 2026\u00a0: dernier jour comme membre, le 10 novembre 2026.")),
        ("deceased", ("Décédé", "Décès noté le 2 novembre 2026.")),
    ],
)  # fmt: skip
def test_who_has_left_is_no_longer_what_their_period_says(kind, words):
    member = a_period().member
    departure = member.leave(
        kind, left_on=date(2026, 11, 10), decided_on=date(2026, 11, 2), reason="Secret du bureau"
    )

    assert say(member) == (kind, *words)
    assert say(member, date(2026, 11, 10))[0] == "active"
    departure.cancel()
    assert say(member)[0] == "active"


def test_who_comes_back_is_a_member_from_that_day_and_the_days_between_stay_outside():
    member = a_period().member
    member.leave("resigned", left_on=date(2026, 10, 31))

    member.add_membership(create_plan())

    days = [date(2026, 10, 31), date(2026, 11, 1), TODAY - DAY, TODAY]
    assert [say(member, day)[0] for day in days] == ["active", "resigned", "resigned", "active"]
    assert [(one.ends_on, one.sold_until) for one in member.memberships.order_by("starts_on")] == [
        (date(2026, 10, 31), date(2026, 12, 31)),
        (date(2027, 11, 22), None),
    ]


def test_who_joins_again_before_the_day_of_leaving_has_not_left():
    member = a_period().member
    member.leave("resigned", left_on=date(2026, 12, 15))

    member.add_membership(create_plan())

    assert say(member, date(2026, 12, 20))[:2] == ("active", "À jour jusqu’au 31 décembre 2027 inclus")


@pytest.mark.parametrize(
    ("status", "until", "words"),
    [
        ("honorary", None, ("Membre d’honneur", "Décision du bureau\u00a0: membre d’honneur depuis le 1er\u00a0novembre 2026. Raison\u00a0: vingt ans de cours.")),
        ("active", date(2026, 12, 1), ("À jour jusqu’au 1er\u00a0décembre 2026 inclus", "Décision du bureau\u00a0: à jour du 1er\u00a0novembre 2026 au 1er\u00a0décembre 2026 inclus. Raison\u00a0: vingt ans de cours.")),
        ("lapsed", date(2026, 12, 1), ("Pas à jour", "Décision du bureau\u00a0: pas à jour du 1er\u00a0novembre 2026 au 1er\u00a0décembre 2026 inclus. Raison\u00a0: vingt ans de cours.")),
    ],
)  # fmt: skip
def test_what_the_board_decides_comes_before_the_periods(status, until, words):
    member = a_period().member if status == "lapsed" else create_member()

    member.decide_status(status, reason="vingt ans de cours.", starts_on=date(2026, 11, 1), until=until)

    assert say(member) == (status, *words)
    assert say(member, date(2026, 10, 31))[0] == ("active" if status == "lapsed" else "none")


def test_the_latest_decision_counts_and_one_that_is_cancelled_does_not():
    member = create_member()
    dates = {"reason": "Essai", "starts_on": date(2026, 11, 1), "until": date(2026, 12, 1)}
    member.decide_status("active", **dates)
    later = member.decide_status("lapsed", **dates)

    assert (say(member)[0], Member.objects.current(on=TODAY).exists()) == ("lapsed", False)
    later.cancel()
    assert (say(member)[0], Member.objects.current(on=TODAY).exists()) == ("active", True)


def test_a_list_of_standings_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    for _index in range(5):
        a_period()

    with django_assert_num_queries(6):
        assert {member.standing().status for member in Member.objects.with_standing()} == {Status.ACTIVE}


def test_an_exclusion_has_a_reason_and_nobody_leaves_twice():
    member = a_period().member
    with pytest.raises(ValidationError, match="raison"):
        member.leave("excluded", left_on=TODAY)
    member.leave("resigned", left_on=TODAY)
    with pytest.raises(AlreadyGone):
        member.leave("resigned", left_on=TODAY)


def test_leaving_drops_what_was_asked_and_keeps_what_is_owed():
    period = a_period(create_organisation(), charge=create_charge(40), credit_until=date(2026, 12, 31))
    asked = Application.objects.create(
        plan=period.plan,
        member=period.member,
        request_key="00000000-0000-4000-8000-000000000001",
        email="contact@example.org",
        charge=create_charge(45),
    )

    period.member.leave("resigned", left_on=TODAY)

    asked.refresh_from_db()
    period.charge.refresh_from_db()
    assert (asked.state, asked.charge.cancelled_at is None) == ("abandoned", False)
    assert (period.charge.cancelled_at, period.charge.amount_due) == (None, 40)
