"""Which reminder is due for whom, and why not for the others."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from mailing.models import Email, List, OptOut
from members import renewals
from members.models import Application, Departure, Mandate, ReminderRule, StatusOverride
from members.models.reminders import Timetable
from members.renewals import Reason
from tests.factories import (
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
END = date(2026, 12, 31)
JANUARY = timezone.make_aware(timezone.datetime(2026, 1, 1))


@pytest.fixture
def rules():
    """-30, 0 and +15 for every plan."""
    ReminderRule.objects.all().delete()
    return [ReminderRule.objects.create(days=days) for days in (-30, 0, 15)]


def ending(member=None, **fields):
    return create_membership(
        member, starts_on=date(2026, 1, 1), **{"ends_on": END, "created_at": JANUARY} | fields
    )


def reasons(*, days=0):
    return [(one.membership.member, one.reason) for one in renewals.preview(on=END + timedelta(days)).spared]


def due(*, days=0):
    found = renewals.preview(on=END + timedelta(days)).due
    return [(one.membership.member, one.rule.days, one.address) for one in found]


# Windows


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([-30, 0, 15], {-31: None, -30: -30, -1: -30, 0: 0, 14: 0, 15: 15, 44: 15, 45: None}),
        ([-7, 15], {-8: None, -7: -7, 0: -7, 1: None, 14: None, 15: 15}),  # it announced the end
        ([-60], {-60: -60, -31: -60, -30: None}),
        ([], {0: None}),
    ],
)
def test_a_rule_is_due_until_the_next_one(days, expected):
    timetable = Timetable([ReminderRule(days=one, plan_id=None) for one in days])

    found = {elapsed: timetable.due(1, elapsed) for elapsed in expected}

    assert {elapsed: rule and rule.days for elapsed, rule in found.items()} == expected
    assert [elapsed for elapsed, rule in found.items() if rule and elapsed not in timetable.reach] == []


def test_a_plan_with_rules_of_its_own_follows_only_those(rules):
    own, silent = create_plan(), create_plan()
    ReminderRule.objects.create(plan=own, days=5)
    ReminderRule.objects.create(plan=silent, days=0, is_active=False)
    ordinary, special, spared = ending(), ending(plan=own), ending(plan=silent)

    assert due(days=0) == [(ordinary.member, 0, ordinary.member.email)]
    assert reasons(days=0) == [(special.member, Reason.NO_RULE), (spared.member, Reason.NO_RULE)]
    assert [member for member, _days, _address in due(days=5)] == [ordinary.member, special.member]


def test_a_rule_put_out_leaves_its_days_to_the_one_before(rules):
    ReminderRule.objects.filter(days=0).update(is_active=False)
    ending()

    assert [days for _member, days, _address in due(days=-1)] == [-30]
    assert due(days=1) == []


def test_without_any_rule_nobody_is_looked_at(rules):
    ReminderRule.objects.all().delete()
    ending()

    assert (due(), reasons()) == ([], [])


# Who is spared


def resign(membership):
    Departure.objects.create(member=membership.member, kind="resigned", left_on=END)


def resign_ahead(membership):
    Departure.objects.create(member=membership.member, kind="resigned", left_on=END + timedelta(40))


def exclude(membership):
    Departure.objects.create(
        member=membership.member, kind="excluded", reason="Grave", left_on=date(2026, 9, 1)
    )


def die(membership):
    Departure.objects.create(member=membership.member, kind="deceased", left_on=date(2026, 9, 1))


def honour(membership):
    StatusOverride.objects.create(
        member=membership.member, status="honorary", reason="Merci", starts_on=date(2026, 5, 1)
    )


def renew(membership):
    create_membership(membership.member, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))


def apply(membership):
    member = membership.member
    return Application.submit(
        create_plan(price=Decimal(40)),
        email=member.email,
        last_name="Démo",
        request_key=uuid4(),
        member=member,
    )


def be_paid_for(membership):
    Application.objects.filter(pk=apply(membership).pk).update(state="paid")


def open_on_credit(membership):
    membership.credit_until = date(2026, 3, 1)
    membership.save(update_fields=["credit_until"])


def join_late(membership):
    membership.created_at = timezone.make_aware(timezone.datetime(2027, 1, 1))
    membership.save(update_fields=["created_at"])


def lose_address(membership):
    membership.member.email = ""
    membership.member.save(update_fields=["email"])


def opt_out(membership):
    OptOut.objects.leave(membership.member.email.upper(), List.RENEWALS)


def be_reminded(membership):
    renewals.send_reminders(on=END)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (resign, Reason.LEFT),
        (resign_ahead, Reason.LEFT),
        (exclude, Reason.LEFT),
        (die, Reason.LEFT),
        (honour, Reason.DECIDED),
        (renew, Reason.RENEWED),
        (apply, Reason.APPLYING),
        (be_paid_for, Reason.APPLYING),
        (open_on_credit, Reason.ON_CREDIT),
        (join_late, Reason.TOO_NEW),
        (lose_address, Reason.NO_ADDRESS),
        (opt_out, Reason.OPTED_OUT),
        (be_reminded, Reason.SENT),
    ],
)
def test_who_is_not_written_to_has_one_reason_and_the_run_says_the_same(rules, act, reason):
    membership = ending()
    act(membership)
    before = Email.objects.count()

    assert (due(days=1), reasons(days=1)) == ([], [(membership.member, reason)])
    assert renewals.send_reminders(on=END + timedelta(1)) == 0
    assert Email.objects.count() == before


def test_who_came_back_or_whose_departure_was_a_mistake_is_reminded(rules):
    back, mistaken = ending(), ending()
    Departure.objects.create(
        member=back.member, kind="resigned", left_on=date(2026, 3, 1), rejoined_on=date(2026, 6, 1)
    )
    Departure.objects.create(member=mistaken.member, kind="deceased", left_on=date(2026, 3, 1)).cancel()

    assert [member for member, _days, _address in due()] == [back.member, mistaken.member]


def test_a_decision_that_is_over_no_longer_counts(rules):
    membership = ending()
    StatusOverride.objects.create(
        member=membership.member,
        status="active",
        reason="Geste",
        starts_on=date(2026, 5, 1),
        until=END - timedelta(1),
    )

    assert [member for member, _days, _address in due()] == [membership.member]


def test_a_member_with_several_periods_is_there_once(rules):
    member = create_member()
    for month in (10, 11, 12):
        create_membership(
            member, starts_on=date(2026, month, 1), ends_on=date(2026, month, 28), created_at=JANUARY
        )

    assert [one[0] for one in due(days=-3)] == [member]
    assert reasons(days=-3) == []


def test_a_later_reminder_makes_an_earlier_one_useless(rules):
    ending()
    renewals.send_reminders(on=END + timedelta(20))
    ReminderRule.objects.filter(days=15).update(days=14)

    assert renewals.send_reminders(on=END + timedelta(20)) == 0


# Whom an organisation's reminder goes to


@pytest.fixture
def organisation(rules):
    organisation = create_organisation()
    organisation.email = "accueil@societe.example.org"
    organisation.save(update_fields=["email"])
    return ending(organisation).member


def seat(organisation, email, **fields):
    return Mandate.objects.create(
        organisation=organisation, email=email, **{"starts_on": date(2026, 1, 1)} | fields
    )


def test_an_organisation_is_written_to_at_its_address_when_it_has_nobody(organisation):
    seat(organisation, "collegue@example.org")
    seat(organisation, "ancien@example.org", role="titular", ends_on=date(2026, 6, 1))
    seat(organisation, "futur@example.org", is_dues_contact=True, starts_on=date(2027, 6, 1))

    assert [address for _member, _days, address in due()] == ["accueil@societe.example.org"]


def test_its_titular_comes_before_its_address_and_who_follows_the_dues_before_all(organisation):
    seat(organisation, "titulaire@example.org", role="titular")
    assert [address for _member, _days, address in due()] == ["titulaire@example.org"]

    seat(organisation, "", user=create_user("compta@example.org"), is_dues_contact=True)
    assert [address for _member, _days, address in due()] == ["compta@example.org"]


def test_it_is_the_address_written_to_that_may_refuse(organisation):
    seat(organisation, "compta@example.org", is_dues_contact=True)
    OptOut.objects.leave("compta@example.org", List.RENEWALS)

    assert reasons() == [(organisation, Reason.OPTED_OUT)]


# Words


@pytest.mark.parametrize("field", ["subject", "text"])
def test_an_unknown_placeholder_is_refused_beside_its_field(field):
    rule = ReminderRule(days=3, **{field: "Bonjour {nom}, votre {prenom} et {fin.year} le {fin}"})

    with pytest.raises(ValidationError) as caught:
        rule.full_clean()

    assert caught.value.message_dict == {
        field: [
            "Ces repères n’existent pas\u00a0: {prenom}, {fin.year}. Les repères sont {nom}, {formule}, {fin}, {lien}, "
            "{jours}."
        ]
    }


def test_what_a_person_is_called_is_never_read_as_a_placeholder(rules):
    ReminderRule.objects.filter(days=0).update(
        subject="{nom} {", text="Pour {nom} :\r\n{formule}.\r\n\r\nFin le {fin}, dans {jours}."
    )
    ending(create_member(first_name="{lien}", last_name="{{ x }} %s"), plan=create_plan(name="{nom}"))

    renewals.send_reminders(on=END)

    email = Email.objects.get()
    assert email.subject == "{lien} {{ x }} %s {"
    assert email.text.startswith(
        "Pour {lien} {{ x }} %s :\n{nom}.\n\nFin le 31 décembre 2026, dans 0 jour.\n\nRenouveler"
    )


def test_a_plan_has_one_rule_a_day_and_so_have_all_plans(rules):
    plan = create_plan()
    ReminderRule.objects.create(plan=plan, days=0)

    for twin in (ReminderRule(days=0), ReminderRule(plan=plan, days=0)):
        with pytest.raises(ValidationError, match="déjà une relance"):
            twin.full_clean()


# History and cost


def test_the_history_of_a_member_says_which_and_when_and_nothing_of_others(rules):
    membership, other = ending(), ending()
    for days in (-30, 0):
        renewals.send_reminders(on=END + timedelta(days))

    history = renewals.history(membership.member)

    assert [(one.days, one.membership, one.email.to) for one in history] == [
        (0, membership, membership.member.email),
        (-30, membership, membership.member.email),
    ]
    assert len(renewals.history(other.member)) == 2
    assert renewals.history(create_member()) == []


def test_the_page_of_a_member_tells_the_staff_which_reminders_left(rules, client):
    client.force_login(create_staff())
    membership = ending()
    renewals.send_reminders(on=END + timedelta(-30))

    pages = [
        client.get(reverse("admin:members_member_change", args=[one.pk])).text
        for one in (membership.member, create_member())
    ]

    assert ["30 jours avant, en attente" in page for page in pages] == [True, False]


def test_the_preview_costs_the_same_for_one_and_for_many(rules, django_assert_num_queries):
    def add():
        seat(ending(create_organisation()).member, "", user=create_user(), is_dues_contact=True)
        ending()
        renew(ending())
        opt_out(ending())

    add()
    with django_assert_num_queries(6):
        assert len(due()) == 2
    for _ in range(9):
        add()
    with django_assert_num_queries(6):
        assert len(due()) == 20
