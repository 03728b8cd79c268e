"""What staff decide about a sum that is due."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from mailing.models import Email
from payments import invoicing, transfer
from payments.admin.decisions import DECISIONS
from payments.models import Adjustment, Charge, Line, Payment, Refund
from tests import papers
from tests.admin import search, told, unlabelled
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def treasurer(client):
    call_command("load_roles", verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name="Trésorerie"))
    client.force_login(user)
    return client


def address(name, charge):
    return reverse(f"admin:payments_charge_{name}", args=[charge.pk])


def page_of(charge):
    return reverse("admin:payments_charge_change", args=[charge.pk])


def paid(amount=40):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(amount), reference=f"C-{charge.pk}")
    return charge


def decide(client, name, charge, *, follow=True, **typed):
    """Read the page, then send it."""
    page = client.get(address(name, charge))
    seen = page.context["adminform"].form["seen"].value()
    return client.post(address(name, charge), {"seen": seen, **typed}, follow=follow)


def test_asking_for_less_of_one_line_leaves_the_rest(treasurer):
    charge = Charge.open(
        name="Zoé",
        email="zoe@example.org",
        lines=[Line("dues", "Adhésion", Decimal(40)), Line("gift", "Don", Decimal(10))],
        return_path="/",
    )
    gift = charge.lines.get(nature="gift")

    response = decide(treasurer, "reduce", charge, amount="10", line=gift.pk, reason="Don retiré")

    assert told(response) == ["La somme est réduite."]
    assert charge.adjustments.get().line == gift
    assert charge.amount_due == 40
    assert LogEntry.objects.get().change_message == "Demander moins\u00a0: 10,00\u00a0€, Don retiré"


def test_a_reduction_that_covers_what_is_left_settles_the_sum(treasurer):
    charge = paid(30)

    decide(treasurer, "reduce", charge, amount="10", line="", reason="Geste")

    charge.refresh_from_db()
    assert charge.paid_at is not None


def test_giving_back_a_part_promises_it_and_tells_the_payer(treasurer):
    charge = paid()

    response = decide(treasurer, "give_back", charge, amount="15.50", line="", reason="gesture")

    refund = Refund.objects.get()
    assert told(response) == ["Le remboursement est à faire."]
    assert (refund.amount, refund.reason, charge.amount_owed) == (
        Decimal("15.50"),
        "gesture",
        Decimal("24.50"),
    )
    assert Adjustment.objects.get().made_by is not None
    assert "<p>décision de l’équipe</p>" in response.text
    assert "dépasse ce qui est dû maintenant" in Email.objects.get().text


def test_giving_up_keeps_what_came_in(treasurer):
    charge = paid(15)

    response = decide(treasurer, "write_off", charge, reason="Liquidation")

    charge.refresh_from_db()
    assert told(response) == ["Le reste n’est plus demandé."]
    assert (charge.cancel_reason, charge.amount_due) == ("Liquidation", 0)
    assert not Refund.objects.exists()


def test_cancelling_promises_back_what_came_in_and_says_why(treasurer):
    charge = paid(15)

    response = decide(treasurer, "cancel", charge, reason="Séance reportée")

    charge.refresh_from_db()
    assert told(response) == ["La somme est annulée."]
    assert (charge.cancel_reason, Refund.objects.get().amount) == ("Séance reportée", 15)
    assert "Séance reportée" in treasurer.get(page_of(charge)).text


# Wrong input


@pytest.mark.parametrize(
    ("name", "typed", "field", "words"),
    [
        ("reduce", {"amount": "41"}, "amount", "C’est plus que ce qui reste, en tout ou sur cette ligne."),
        ("reduce", {"amount": "0"}, "amount", "Le montant doit être supérieur à zéro."),
        ("reduce", {"amount": "-5"}, "amount", "Le montant doit être supérieur à zéro."),
        ("reduce", {"amount": "dix"}, "amount", "Saisissez un nombre."),
        ("reduce", {"amount": "1", "reason": ""}, "reason", "Ce champ est obligatoire."),
        ("cancel", {"reason": ""}, "reason", "Ce champ est obligatoire."),
        ("cancel", {"reason": "x" * 201}, "reason", None),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_changes_nothing(staff, name, typed, field, words):
    charge = create_charge(40)

    response = decide(staff, name, charge, **({"reason": "Geste"} | typed))

    assert response.status_code == 400
    assert list(response.context["errors"]) == [field]
    assert words in [None, *response.context["errors"][field]]
    charge.refresh_from_db()
    assert (charge.amount_due, charge.cancelled_at, charge.booked_on) == (40, None, None)


def test_more_than_what_came_in_is_not_given_back(staff):
    charge = paid()

    response = decide(staff, "give_back", charge, amount="40.01", line="", reason="gesture")

    assert list(response.context["errors"]) == ["amount"]
    assert not Refund.objects.exists()


def test_more_than_one_line_holds_is_refused_whole(staff):
    charge = Charge.open(
        name="Zoé",
        email="zoe@example.org",
        lines=[Line("dues", "Adhésion", Decimal(40)), Line("gift", "Don", Decimal(10))],
        return_path="/",
    )

    response = decide(
        staff, "reduce", charge, amount="11", line=charge.lines.get(nature="gift").pk, reason="Don retiré"
    )

    assert list(response.context["errors"]) == ["amount"]
    assert (charge.adjustments.count(), charge.amount_due) == (0, 50)


def test_the_line_of_another_sum_is_refused(staff):
    charge, other = create_charge(40), create_charge(40)

    response = decide(staff, "reduce", charge, amount="1", line=other.lines.get().pk, reason="Geste")

    assert list(response.context["errors"]) == ["line"]


@pytest.mark.parametrize("name", ["reduce", "give_back"])
def test_a_page_sent_twice_decides_once(staff, name):
    charge = create_charge(40)
    charge.record_payment(method="cheque", amount=Decimal(20), reference="1")
    seen = staff.get(address(name, charge)).context["adminform"].form["seen"].value()
    typed = {"seen": seen, "amount": "5", "line": "", "reason": "gesture"}

    first, second = (staff.post(address(name, charge), typed) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 400)
    assert "Cette somme a changé depuis" in second.text
    assert 'value="5"' in second.text
    assert charge.adjustments.count() == 1


def test_what_changed_meanwhile_is_read_again_and_may_be_confirmed(staff):
    charge = create_charge(40)
    seen = staff.get(address("reduce", charge)).context["adminform"].form["seen"].value()
    charge.record_payment(method="cheque", amount=Decimal(20), reference="1")
    typed = {"amount": "5", "line": "", "reason": "Geste"}

    refused = staff.post(address("reduce", charge), {"seen": seen, **typed})
    again = refused.context["adminform"].form["seen"].value()
    accepted = staff.post(address("reduce", charge), {"seen": again, **typed})

    assert (refused.status_code, accepted.status_code) == (400, 302)
    assert charge.amount_due == 15


@pytest.mark.parametrize("name", DECISIONS)
def test_where_nothing_is_at_stake_nothing_is_asked(staff, name):
    charge = create_charge(40)
    charge.cancel()

    if name == "write_off":
        charge.write_off(reason="x", by=create_staff())
    response = staff.get(address(name, charge), follow=True)

    assert told(response) == ["Il n’y a plus rien à décider là."]
    assert address(name, charge) not in response.text


# Rights and pages


@pytest.mark.parametrize("name", DECISIONS)
def test_looking_at_a_sum_gives_no_right_to_decide(client, name):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(user)
    charge = paid(15)

    assert client.get(address(name, charge)).status_code == 403
    assert client.post(address(name, charge), {"reason": "x"}).status_code == 403
    assert address(name, charge) not in client.get(page_of(charge)).text


def test_the_treasurer_finds_each_decision_on_the_page_of_the_sum(treasurer):
    charge = paid(15)
    charge.checkouts.create(provider="stripe", reference="cs_1", amount=40, unclear="pi_1 40.00 USD")

    page = treasurer.get(page_of(charge)).text

    names = [name for name in DECISIONS if name != "claim_again"]  # nothing was given up
    assert [name for name in DECISIONS if address(name, charge) in page] == names
    for name in names:
        assert unlabelled(treasurer.get(address(name, charge))) == []


def test_a_sum_is_found_by_the_reference_of_a_transfer_as_a_bank_prints_it(staff):
    charge, _other = create_charge(), create_charge()
    reference = transfer.reference_of(charge)
    printed = " ".join(reference[start : start + 4] for start in range(0, len(reference), 4))

    charges = reverse("admin:payments_charge_changelist")
    assert search(staff, charges, q=reference) == [charge]
    assert search(staff, charges, q=printed.lower()) == [charge]
    assert reference in staff.get(page_of(charge)).text


# An entry made by mistake


def undo_page(payment):
    return reverse("admin:payments_payment_undo", args=[payment.pk])


def test_an_entry_by_mistake_is_countered_and_its_reason_kept(treasurer):
    charge = paid()
    payment = charge.payments.get()
    page = reverse("admin:payments_payment_change", args=[payment.pk])
    assert undo_page(payment) in treasurer.get(page).text

    response = treasurer.post(undo_page(payment), {"reason": "Chèque d’un autre"}, follow=True)

    charge.refresh_from_db()
    assert told(response) == ["La saisie est annulée par une contre-écriture."]
    assert (charge.amount_due, charge.payments.count()) == (40, 2)
    assert "Chèque d’un autre" in LogEntry.objects.get().change_message
    assert undo_page(payment) not in treasurer.get(page).text


def test_a_refund_noted_by_mistake_is_to_make_again(treasurer):
    charge = paid(60)
    sent = charge.refunds.get().settle(method="transfer", reference="V1")
    assert (
        "20,00\u00a0€, virement V1\u00a0: ils seront de nouveau à rendre"
        in treasurer.get(undo_page(sent)).text
    )

    treasurer.post(undo_page(sent), {"reason": "Virement rejeté"})

    assert charge.refunds.to_make().get().amount == 20


def test_an_entry_is_countered_once_and_never_a_provider_s(staff):
    charge = paid()
    payment = charge.payments.get()
    online = create_charge(40).record_payment(method="stripe", amount=Decimal(40), reference="pi_1")

    for one in (payment, payment, online):
        response = staff.post(undo_page(one), {"reason": "Doublon"}, follow=True)

    assert told(response)[-1] == "Ce paiement ne s’annule pas\u00a0: il l’est déjà, ou il se rembourse."
    assert Payment.objects.filter(kind="mistake").count() == 1


def test_undoing_asks_why_and_for_the_right(staff, client):
    payment = paid().payments.get()

    assert list(staff.post(undo_page(payment), {"reason": ""}).context["errors"]) == ["reason"]
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_payment", "add_payment"]))
    client.force_login(user)
    assert client.post(undo_page(payment), {"reason": "x"}).status_code == 403


def test_the_credit_note_is_said_to_be_on_its_way_until_it_is_there(treasurer, settings, run_commit_hooks):
    papers.know_ourselves(settings)
    charge = papers.create_billed(("dues", 100))
    invoicing.invoice(charge)

    with run_commit_hooks():
        page = decide(treasurer, "reduce", charge, amount="40", line="", reason="Geste")
        assert told(page)[-1].startswith("L’avoir est en route")
        assert search(treasurer, reverse("admin:payments_charge_changelist"), state="to_credit") == [charge]

    assert charge.documents.get(kind="credit_note").number in treasurer.get(page_of(charge)).text
    assert search(treasurer, reverse("admin:payments_charge_changelist"), state="to_credit") == []


def test_without_an_invoice_no_credit_note_is_spoken_of(treasurer):
    page = decide(treasurer, "reduce", create_charge(100), amount="40", line="", reason="Geste")

    assert len(told(page)) == 1
