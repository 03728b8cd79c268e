"""A period that is open before it is paid: what staff do to it, and the money that settles it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from members.models import Application, Decided, Kind, NotOnCredit
from tests.admin import told
from tests.factories import (
    create_charge,
    create_mandate,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
)
from tests.members.applying import send

pytestmark = pytest.mark.django_db


def days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def membership():
    """On credit for twenty days more."""
    return create_membership(
        create_organisation(), charge=create_charge(300), amount=Decimal(300), credit_until=days(20)
    )


def page_of(membership, verb="credit"):
    return reverse(f"admin:members_membership_{verb}", args=[membership.pk])


def transfer(charge, amount):
    charge.record_payment(method="transfer", amount=Decimal(amount), reference="VIR MAIRIE 1")


def test_a_bank_transfer_settles_the_credit(membership):
    transfer(membership.charge, 300)

    membership.refresh_from_db()
    assert membership.credit_until is None
    assert membership.member.standing().until == membership.ends_on


def test_a_part_of_the_sum_settles_nothing(membership):
    transfer(membership.charge, 299)

    membership.refresh_from_db()
    assert membership.credit_until == days(20)


def test_money_that_comes_after_the_credit_ran_out_opens_the_period_again(membership):
    membership.withdraw_credit()
    assert not membership.member.is_current

    transfer(membership.charge, 300)

    membership.refresh_from_db()
    assert membership.credit_until is None
    assert membership.member.is_current


def test_a_credit_that_was_settled_is_neither_prolonged_nor_withdrawn(membership):
    transfer(membership.charge, 300)

    with pytest.raises(NotOnCredit):
        membership.prolong_credit(until=days(40))
    with pytest.raises(NotOnCredit):
        membership.withdraw_credit()
    assert membership.member.is_current


def test_staff_prolong_the_credit_and_say_why(staff, membership):
    assert page_of(membership) in staff.get(page_of(membership, "change")).text

    done = staff.post(page_of(membership), {"until": days(60), "reason": "Mandat en cours"}, follow=True)

    membership.refresh_from_db()
    assert membership.credit_until == days(60)
    assert len(told(done)) == 1
    entry = Entry.objects.about(membership.member).get(action="decided")
    assert entry.note.endswith("Mandat en cours")


@pytest.mark.parametrize(
    ("until", "words"), [(-1, "Ce jour est passé"), (999, "La période se termine avant")]
)
def test_a_credit_ends_between_today_and_the_end_of_the_period(staff, membership, until, words):
    answer = staff.post(page_of(membership), {"until": days(until), "reason": "Essai"})

    assert (answer.status_code, words in answer.text) == (400, True)
    membership.refresh_from_db()
    assert membership.credit_until == days(20)


def test_staff_withdraw_the_credit_and_the_rights_end_today(staff, membership):
    staff.post(page_of(membership, "credit_withdraw"), {"reason": "Rien reçu"})

    membership.refresh_from_db()
    standing = membership.member.standing()
    assert membership.credit_until == days(-1)
    assert (standing.is_current, "elle n’est pas réglée" in standing.explanation) == (False, True)
    assert Entry.objects.about(membership.member).get(action="decided").note == "Crédit retiré. Rien reçu"


def test_a_period_that_is_paid_has_no_page_of_credit(staff, membership):
    transfer(membership.charge, 300)

    assert staff.get(page_of(membership)).status_code == 404
    assert page_of(membership) not in staff.get(page_of(membership, "change")).text


def test_who_may_only_read_does_not_grant_credit(client, membership):
    reader = create_user(is_staff=True, second_factor=True)
    client.force_login(reader)

    assert client.post(page_of(membership), {"until": days(60), "reason": "Essai"}).status_code == 403


def test_the_organisation_reads_until_when_it_may_pay(client, membership):
    user = create_user()
    create_mandate(membership.member, user)
    client.force_login(user)

    page = client.get(reverse("organisation", args=[membership.member.pk]))

    assert "L’adhésion est déjà ouverte\u00a0: à régler avant le" in page.text
    assert membership.charge.get_absolute_url() in page.text


# A renewal that is paid by invoice


@pytest.fixture
def titular(client):
    user = create_user("titulaire@demo.example", first_name="Zoé", last_name="Démo")
    client.force_login(user)
    return create_mandate(create_organisation("Mairie d’essai", siret="732829320"), user, is_voting=True)


@pytest.fixture
def application(client, titular):
    """What the representative sends from the page of the organisation, for a period that starts in ten days."""
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(300))
    create_membership(titular.organisation, plan=plan, starts_on=days(-355), ends_on=days(9))
    path = f"{plan.get_absolute_url()}?organisation={titular.organisation.pk}"
    assert path in client.get(reverse("organisation", args=[titular.organisation.pk])).text
    answer = send(client, plan, path, organisation="Mairie d’essai", email="titulaire@demo.example")
    assert answer.status_code == 302
    return Application.objects.get()


def test_a_representative_renews_by_invoice_and_the_transfer_settles_it(titular, application):
    boss, charge = create_staff(), application.charge
    assert application.state == "accepted"

    application.accept(by=boss, credit_until=days(40))

    period = application.membership
    assert (period.member, period.starts_on, period.credit_until) == (
        titular.organisation,
        days(10),
        days(40),
    )
    assert (period.charge, charge.paid_at, application.decided_by) == (charge, None, boss)
    assert Entry.objects.about(application).get().note.startswith("Ouverte à crédit jusqu’au")

    transfer(charge, 300)
    period.refresh_from_db()
    assert period.credit_until is None
    assert period.member.memberships.count() == 2


def test_staff_open_from_the_admin_what_only_waits_for_its_money(client, application):
    client.force_login(create_staff())
    path = reverse("admin:members_application_credit", args=[application.pk])
    assert path in client.get(reverse("admin:members_application_change", args=[application.pk])).text

    client.post(path, {"credit_until": days(40)})

    application.refresh_from_db()
    assert application.membership.credit_until == days(40)


def test_credit_given_twice_or_after_the_money_changes_nothing(application):
    transfer(application.charge, 300)

    with pytest.raises(Decided):
        application.accept(by=create_staff(), credit_until=days(40))

    application.refresh_from_db()
    assert application.membership.credit_until is None
    assert application.membership.member.memberships.count() == 2


def test_staff_write_the_transfer_in_the_admin_and_it_settles_the_credit(staff, membership):
    charge = membership.charge
    page = reverse("admin:payments_charge_payment", args=[charge.pk])

    staff.post(
        page, {"method": "transfer", "amount": "300", "reference": "VIR MAIRIE 2", "valued_on": days(0)}
    )

    membership.refresh_from_db()
    assert (membership.credit_until, charge.payments.count()) == (None, 1)
