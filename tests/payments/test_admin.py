from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from payments.models import Charge, Checkout, Payment, Refund
from tests.admin import assert_same_queries, search, told, unlabelled
from tests.factories import copies, create_charge, create_plan, create_staff, create_user
from tests.members.test_admin import apply

pytestmark = pytest.mark.django_db
CHARGES = reverse("admin:payments_charge_changelist")
REFUNDS = reverse("admin:payments_refund_changelist")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(row):
    return reverse(f"admin:payments_{row._meta.model_name}_change", args=[row.pk])


def payment_page(charge):
    return reverse("admin:payments_charge_payment", args=[charge.pk])


def settle_page(refund):
    return reverse("admin:payments_refund_settle", args=[refund.pk])


def typed(**fields):
    defaults = {"method": "cheque", "amount": "40", "reference": "0001", "valued_on": "2026-01-15"}
    return defaults | fields


def create_paid_charge(reference="V1", amount=40):
    charge = create_charge()
    charge.record_payment(method="transfer", amount=Decimal(amount), reference=reference)
    return charge


def create_refund(**fields):
    charge = create_charge()
    charge.record_payment(method="cash", amount=Decimal(40), reference=f"C-{charge.pk}")
    return charge.owe_refund(Decimal(40), reason=Refund.Reason.CANCELLED)


# Charges


def test_charges_are_sorted_by_state(staff):
    unpaid, late, paid, cancelled = create_charge(), create_charge(), create_paid_charge(), create_charge()
    Charge.objects.filter(pk=late.pk).update(created_at=timezone.now() - timedelta(days=16))
    cancelled.cancel()

    assert search(staff, CHARGES, state="unpaid") == [late, unpaid]
    assert search(staff, CHARGES, state="late") == [late]
    assert search(staff, CHARGES, state="paid") == [paid]
    assert search(staff, CHARGES, state="cancelled") == [cancelled]


def test_a_charge_is_found_by_its_number_its_payer_and_what_it_is_for(staff):
    charge, other = create_charge(email="lou@example.org"), create_charge()

    assert search(staff, CHARGES, q=charge.number) == [charge]
    assert search(staff, CHARGES, q=str(other.pk)) == [other]
    assert search(staff, CHARGES, q="lou@example") == [charge]
    assert search(staff, CHARGES, q="adhésion") == [other, charge]


def test_the_list_says_what_is_owed_and_what_came_in(staff):
    charge = create_charge(Decimal("1240.50"))
    charge.record_payment(method="cash", amount=Decimal(10), reference="R1")

    page = staff.get(CHARGES).text

    assert '<td class="field-owed">1\u202f240,50\u00a0€</td>' in page
    assert '<td class="field-received">10,00\u00a0€</td>' in page
    assert '<td class="field-state">à régler</td>' in page


def test_the_list_tells_what_was_taken_back_and_what_nobody_is_asked_for_any_more(staff):
    taken = create_charge()
    payment = taken.record_payment(method="cheque", amount=Decimal(40), reference="1")
    taken.take_back(payment, amount=Decimal(40), reference="1-impaye", kind="chargeback")
    create_charge(payable_until=timezone.now() - timedelta(days=1))

    page = staff.get(CHARGES).text

    assert '<td class="field-state">reprise, à régler</td>' in page
    assert '<td class="field-state">délai passé</td>' in page
    assert '<td class="field-state">à régler</td>' not in page


def test_the_list_of_charges_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, CHARGES, create_charge)


def test_the_page_of_a_charge_shows_its_lines_and_payments(staff):
    charge = create_paid_charge(reference="VIR-77")

    page = staff.get(page_of(charge)).text

    assert "<p>Adhésion</p>" in page
    assert "<p>VIR-77</p>" in page
    assert payment_page(charge) not in page


# Recording a payment


def test_a_payment_that_covers_the_charge_says_so_and_completes_what_it_pays_for(staff):
    application = apply(create_plan(price=40))

    response = staff.post(payment_page(application.charge), typed(), follow=True)

    payment = Payment.objects.get()
    application.refresh_from_db()
    assert told(response) == ["Paiement enregistré\u00a0: la somme est réglée."]
    assert (payment.amount, payment.method, payment.recorded_by.is_staff) == (40, "cheque", True)
    assert application.membership is not None
    assert payment_page(application.charge) not in response.text


def test_a_payment_in_part_says_what_is_left(staff):
    charge = create_charge()

    response = staff.post(payment_page(charge), typed(amount="10.50"), follow=True)

    charge.refresh_from_db()
    assert told(response) == ["Paiement enregistré. Il reste 29,50\u00a0€ à régler."]
    assert charge.paid_at is None


def test_a_payment_above_what_is_due_says_what_to_give_back(staff):
    charge = create_charge()

    response = staff.post(payment_page(charge), typed(amount="45"), follow=True)

    assert told(response) == [
        "Paiement enregistré\u00a0: la somme est réglée. 5,00\u00a0€ de trop sont à rembourser."
    ]
    assert Refund.objects.get().amount == 5


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_an_amount_that_is_not_positive_is_refused(staff, amount):
    response = staff.post(payment_page(create_charge()), typed(amount=amount))

    assert response.status_code == 400
    assert response.context["errors"] == {"amount": ["Le montant doit être supérieur à zéro."]}
    assert not Payment.objects.exists()


def test_a_day_in_the_future_is_refused_and_today_is_not(staff):
    charge, today = create_charge(), timezone.localdate()

    refused = staff.post(payment_page(charge), typed(valued_on=(today + timedelta(days=1)).isoformat()))
    staff.post(payment_page(charge), typed(valued_on=today.isoformat()))

    assert refused.context["errors"] == {"valued_on": ["La date de valeur ne peut pas être dans l’avenir."]}
    assert Payment.objects.get().valued_on == today


def test_what_is_too_much_of_a_reduced_sum_is_told(staff):
    charge = create_charge(40)
    charge.reduce(Decimal(10), reason="geste")

    response = staff.post(payment_page(charge), typed(amount="40"), follow=True)

    assert "10,00\u00a0€ de trop sont à rembourser." in told(response)[0]


def test_a_year_typed_in_two_digits_is_refused(staff):
    refused = staff.post(payment_page(create_charge()), typed(valued_on="0026-01-15"))

    assert refused.context["errors"] == {
        "valued_on": ["Cette date a plus de dix ans\u00a0: vérifiez l’année."]
    }
    assert not Payment.objects.exists()


@pytest.mark.parametrize("is_same_charge", [True, False])
def test_a_reference_is_used_once_by_method(staff, is_same_charge):
    charge = create_charge()
    charge.record_payment(method="cheque", amount=Decimal(10), reference="0001")
    target = charge if is_same_charge else create_charge()

    refused = staff.post(payment_page(target), typed(amount="10"))
    accepted = staff.post(payment_page(target), typed(amount="10", method="cash"))

    assert refused.context["errors"] == {"reference": ["Un paiement de ce moyen porte déjà cette référence."]}
    assert accepted.status_code == 302
    assert Payment.objects.count() == 2


def test_a_reference_recorded_meanwhile_elsewhere_is_refused_beside_the_field(staff, monkeypatch):
    create_paid_charge(reference="V1")
    monkeypatch.setattr("payments.admin.forms.SettlementForm.clean", lambda form: form.cleaned_data)

    response = staff.post(payment_page(create_charge()), typed(method="transfer", reference="V1"))

    assert list(response.context["errors"]) == ["reference"]
    assert Payment.objects.count() == 1


def test_a_provider_is_not_a_method_one_can_type(staff):
    response = staff.post(payment_page(create_charge()), typed(method="sandbox"))

    assert list(response.context["errors"]) == ["method"]


@pytest.mark.parametrize("close", [lambda charge: charge.cancel(), lambda charge: None])
def test_a_charge_that_awaits_nothing_takes_no_payment(staff, close):
    charge = create_paid_charge()
    close(charge)

    response = staff.post(payment_page(charge), typed(), follow=True)

    assert told(response) == ["Cette somme n’attend plus de paiement."]
    assert Payment.objects.count() == 1


def test_every_input_of_the_payment_form_has_a_label(staff):
    page = staff.get(payment_page(create_charge()))

    assert unlabelled(page) == []
    assert 'name="amount" value="40.00"' in page.text


# Refunds


def test_a_refund_is_noted_with_how_it_was_made(staff):
    refund = create_refund()

    response = staff.post(settle_page(refund), {"method": "transfer", "reference": "R-1"}, follow=True)

    refund.refresh_from_db()
    assert told(response) == ["Remboursement noté."]
    assert (refund.payment.amount, refund.payment.reference) == (-40, "R-1")
    assert search(staff, REFUNDS, state="to_make") == []
    assert search(staff, REFUNDS, state="made") == [refund]


def test_a_refund_is_noted_once(staff):
    refund = create_refund()

    staff.post(settle_page(refund), {"method": "transfer", "reference": "R-1"})
    response = staff.post(settle_page(refund), {"method": "transfer", "reference": "R-2"}, follow=True)

    assert told(response)[-1] == "Ce remboursement est déjà noté, ou n’est plus à faire."
    assert refund.charge.payments.filter(amount__lt=0).count() == 1


def test_two_refunds_do_not_share_a_reference(staff):
    first = create_refund()
    second = create_refund()

    staff.post(settle_page(first), {"method": "transfer", "reference": "R-1"})
    response = staff.post(settle_page(second), {"method": "transfer", "reference": "R-1"})

    second.refresh_from_db()
    assert response.status_code == 400
    assert list(response.context["errors"]) == ["reference"]
    assert second.payment is None


def test_a_refund_to_make_leads_to_its_form(staff):
    refund = create_refund()

    page = staff.get(REFUNDS, {"state": "to_make"}).text

    assert f'<a href="{page_of(refund)}">à faire</a>' in page
    assert settle_page(refund) in staff.get(page_of(refund)).text
    assert unlabelled(staff.get(settle_page(refund))) == []


# Costs and rights


@pytest.mark.parametrize(
    ("model", "create"),
    [
        (Payment, create_paid_charge),
        (Refund, create_refund),
        (
            Checkout,
            lambda: Checkout.objects.create(
                charge=create_charge(), provider="sandbox", reference="a", amount=1
            ),
        ),
    ],
)
def test_a_list_costs_the_same_for_one_and_for_many(staff, model, create):
    def add(total):
        charges = copies(Charge.objects.get(), total)
        own = {} if model is Refund else {"reference": [f"R{number}" for number in range(total)]}
        copies(model.objects.get(), total, charge=charges, **own)

    address = reverse(f"admin:payments_{model._meta.model_name}_changelist")
    assert_same_queries(staff, address, create, add=add)


def test_nothing_is_added_edited_or_deleted_by_hand(staff):
    refund = create_paid_charge(amount=45).refunds.get()
    checkout = Checkout.objects.create(charge=refund.charge, provider="sandbox", reference="x", amount=1)
    rows = [refund.charge, refund.charge.payments.get(), refund, checkout]

    answers = []
    for row in rows:
        name = f"admin:payments_{row._meta.model_name}"
        answers.append(staff.get(page_of(row)).status_code)
        answers.append(staff.post(page_of(row), {"amount": "1", "name": "Autre"}).status_code)
        answers.append(staff.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code)
        answers.append(staff.get(reverse(f"{name}_add")).status_code)

    assert answers == [200, 403, 403, 403] * 4
    assert Payment.objects.get().amount == 45
    assert "delete_selected" not in staff.get(reverse("admin:payments_payment_changelist")).text


def test_the_pretended_provider_has_no_page_here(staff):
    assert "sandbox" not in staff.get(reverse("admin:app_list", args=["payments"])).text


def test_looking_at_charges_gives_no_right_to_record_money(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_charge", "view_refund"]))
    client.force_login(user)
    charge, refund = create_charge(), create_refund()

    page = client.get(page_of(charge)).text
    answers = [
        client.post(payment_page(charge), typed()).status_code,
        client.post(settle_page(refund), {"method": "transfer", "reference": "R-1"}).status_code,
    ]

    assert payment_page(charge) not in page
    assert answers == [403, 403]
    assert not Payment.objects.filter(amount__lt=0).exists()


def test_a_stranger_is_sent_to_sign_in(client):
    response = client.post(payment_page(create_charge()), typed())

    assert response.status_code == 302
    assert not Payment.objects.exists()
