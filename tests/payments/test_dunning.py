"""Reminders of what is not paid: who gets which, who does not and why."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError

from mailing.models import Email
from payments import dunning, invoicing, transfer
from payments.dunning import Reason
from payments.models import Charge, Checkout, DunningRule, Line, Payment, StatementLine
from tests import papers
from tests.factories import create_charge, create_line, create_staff

pytestmark = pytest.mark.django_db
DUE = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _rules():
    """Only the days matter here; the words of the first have tests of their own."""
    DunningRule.objects.all().delete()
    for days in (3, 15, 30):
        DunningRule.objects.create(name=f"J+{days}", days=days)
    with time_machine.travel(datetime(2026, 2, 1, 11, tzinfo=UTC), tick=False):
        yield


def owing(amount=40, **fields):
    """In the books since the first of February, due on the second of March."""
    charge = create_charge(amount, **{"due_on": DUE} | fields)
    charge.book()
    return charge


def after(days):
    return DUE + timedelta(days)


def due(*, days):
    return [(one.charge, one.rule.days) for one in dunning.preview(on=after(days)).due]


def reasons(*, days):
    return [(one.charge, one.reason) for one in dunning.preview(on=after(days)).spared]


def run(*, days):
    """On that day, at eleven."""
    day = after(days)
    with time_machine.travel(datetime(day.year, day.month, day.day, 11, tzinfo=UTC), tick=False):
        return dunning.send_reminders(on=day)


@pytest.mark.parametrize(
    ("days", "rule"), [(2, None), (3, 3), (14, 3), (15, 15), (29, 15), (30, 30), (59, 30), (60, None)]
)
def test_a_rule_is_due_until_the_next_and_the_last_for_a_month(days, rule):
    charge = owing()

    assert due(days=days) == ([(charge, rule)] if rule else [])


def test_without_a_day_agreed_it_counts_from_the_books():
    charge = owing(due_on=None)

    assert charge.due_day == date(2026, 2, 1)
    assert due(days=-26) == [(charge, 3)]


def test_a_rule_before_the_day_is_not_sent_once_it_has_come():
    DunningRule.objects.create(name="J-5", days=-5)
    charge = owing()

    assert [due(days=days) for days in (-6, -5, 0, 1)] == [[], [(charge, -5)], [(charge, -5)], []]


def test_without_any_rule_nobody_is_looked_at():
    DunningRule.objects.update(is_active=False)
    owing()

    assert (due(days=3), reasons(days=3)) == ([], [])


def test_an_invoice_to_pay_is_late_from_the_day_it_says(settings):
    papers.know_ourselves(settings)
    charge = papers.create_billed(("dues", 100))

    [invoice] = invoicing.invoice(charge)

    assert invoice.due_on == date(2026, 3, 3)
    assert (due(days=1), due(days=3), due(days=4)) == ([], [], [(charge, 3)])


def test_credit_given_is_claimed_from_its_day_on_though_it_is_in_no_book():
    charge = create_charge()
    charge.give_credit(until=DUE)

    assert charge.booked_on is None
    assert (due(days=2), due(days=20)) == ([], [(charge, 15)])
    assert run(days=20) == 1


def test_so_is_what_an_invoice_waits_for_our_own_address_to_be_written(settings):
    settings.ASSOCIATION = settings.ASSOCIATION | {"siret": "", "address": ""}
    charge = Charge.open(
        name="Métropole",
        email="compta@example.org",
        lines=[Line("event", "Colloque", Decimal(90))],
        return_path="/",
        due_on=DUE,
        billing=papers.METROPOLE,
    )

    assert not charge.documents.exists()
    assert due(days=5) == [(charge, 3)]


def test_credit_given_after_the_day_of_a_rule_waits_for_the_next():
    charge = create_charge()
    Charge.objects.filter(pk=charge.pk).update(due_on=DUE, created_at=datetime(2026, 3, 8, tzinfo=UTC))

    assert reasons(days=7) == [(charge, Reason.TOO_NEW)]
    assert due(days=15) == [(charge, 15)]


# Who is spared


def send_a_transfer(charge):
    create_line(40, label=f"VIR {transfer.reference_of(charge)}")


def let_lapse(charge):
    Charge.objects.filter(pk=charge.pk).update(payable_until=datetime(2026, 1, 31, tzinfo=UTC))


def have_it_taken_back(charge):
    payment = charge.record_payment(method="sandbox", amount=Decimal(40), reference="S1")
    charge.take_back(payment, amount=Decimal(40), reference="S2", kind=Payment.Kind.CHARGEBACK)


def wait_for_the_bank(charge):
    Checkout.objects.create(charge=charge, provider="stripe", reference="cs_1", amount=40, state="waiting")


def pay_elsewhere(charge):
    StatementLine.arrived(
        method="helloasso", reference="HA-1", amount=Decimal(40), on=DUE, email=charge.email
    )


def be_reminded(charge):
    run(days=4)


def be_reminded_by_hand(charge):
    dunning.remind_now(charge, on=after(3))


def enter_the_books_late(charge):
    Charge.objects.filter(pk=charge.pk).update(booked_on=after(3))


def lose_address(charge):
    Charge.objects.filter(pk=charge.pk).update(email="")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (let_lapse, Reason.LAPSED),
        (have_it_taken_back, Reason.CONTESTED),
        (wait_for_the_bank, Reason.WAITING),
        (pay_elsewhere, Reason.UNMATCHED),
        (send_a_transfer, "proposed"),
        (enter_the_books_late, Reason.TOO_NEW),
        (be_reminded, Reason.SENT),
        (be_reminded_by_hand, Reason.TOO_SOON),
        (lose_address, Reason.NO_ADDRESS),
    ],
)
def test_who_is_not_written_to_has_one_reason_and_the_run_says_the_same(act, reason):
    charge = owing()
    act(charge)
    before = Email.objects.count()

    assert (due(days=5), reasons(days=5)) == ([], [(charge, reason)])
    assert dunning.send_reminders(on=after(5)) == 0
    assert Email.objects.count() == before


def test_no_day_of_the_rules_is_a_reason_too():
    DunningRule.objects.filter(days=3).update(days=-3)
    charge = owing()

    assert reasons(days=1) == [(charge, Reason.NO_RULE)]


def abandon(charge):
    Charge.objects.filter(pk=charge.pk).update(booked_on=None, due_on=None)


@pytest.mark.parametrize(
    "end",
    [
        abandon,
        lambda charge: charge.cancel(),
        lambda charge: charge.write_off(reason="Introuvable", by=create_staff()),
        lambda charge: charge.record_payment(method="cash", amount=Decimal(40), reference="C1"),
    ],
)
def test_what_is_in_no_book_or_no_longer_owed_is_not_even_looked_at(end):
    end(owing())

    assert (due(days=5), reasons(days=5)) == ([], [])


def test_what_a_bank_has_not_honoured_in_a_month_is_asked_for_again():
    charge = owing()
    wait_for_the_bank(charge)
    Checkout.objects.update(created_at=datetime(2025, 12, 1, tzinfo=UTC))

    assert due(days=5) == [(charge, 3)]


def test_a_payment_undone_is_asked_for_again_where_the_rules_are():
    charge = owing()
    payment = charge.record_payment(method="cheque", amount=Decimal(40), reference="0001")
    payment.undo(by=create_staff())

    assert due(days=16) == [(charge, 15)]


# What leaves


def test_a_second_run_sends_nothing_and_the_charge_remembers():
    charge = owing()

    assert [run(days=5), run(days=5), run(days=6)] == [1, 0, 0]

    charge.refresh_from_db()
    assert charge.reminded_on == after(5)
    assert list(Email.objects.values_list("key", flat=True)) == [f"payments.reminder.{charge.pk}.3"]


def test_a_late_run_leaves_a_week_between_two_reminders():
    owing()

    assert [run(days=13), run(days=15), run(days=19), run(days=20)] == [1, 0, 0, 1]


def test_who_pays_while_the_list_is_being_sent_is_not_written_to(monkeypatch):
    charge = owing()
    found = dunning.preview(on=after(5))
    charge.record_payment(method="cash", amount=Decimal(40), reference="C1")
    monkeypatch.setattr(dunning, "preview", lambda on: found)

    assert dunning.send_reminders(on=after(5)) == 0
    assert not Email.objects.filter(key__startswith="payments.reminder").exists()


def test_it_says_what_is_left_and_where_to_pay():
    DunningRule.objects.filter(days=3).update(
        subject="{montant} ({numero})",
        text="{nom}\r\n{objet}, depuis le {echeance}, {jours}.\r\n\r\nIci\u00a0:\r\n{lien}",
    )
    charge = owing()
    charge.record_payment(method="cash", amount=Decimal("10.50"), reference="C1")

    run(days=4)

    email = Email.objects.get(key__startswith="payments.reminder")
    assert email.to == "payeur@example.org"
    assert email.subject == f"29,50\u00a0€ ({charge.number})"
    assert email.text.startswith(
        "Camille Démo\nAdhésion, depuis le 2 mars 2026, 4 jours.\n\nIci\u00a0:\nhttp"
    )
    assert email.text.count(charge.get_absolute_url()) == 1


def test_a_rule_without_words_says_the_ordinary_ones_in_the_language_of_the_payer():
    owing(language="fr")

    run(days=4)

    email = Email.objects.get()
    assert email.subject.startswith("Rappel\u00a0: 40,00\u00a0€ à régler (S-")
    assert "il reste 40,00\u00a0€ à régler pour «\u00a0Adhésion\u00a0»" in email.text


def test_what_a_payer_is_called_is_never_read_as_a_placeholder():
    DunningRule.objects.filter(days=3).update(text="{nom} {")
    Charge.objects.filter(pk=owing().pk).update(name="{montant} {{ x }} %s")

    run(days=4)

    assert Email.objects.get().text.startswith("{montant} {{ x }} %s {\n")


@pytest.mark.parametrize("field", ["subject", "text"])
def test_an_unknown_placeholder_is_refused_beside_its_field(field):
    rule = DunningRule(name="x", days=9, **{field: "Bonjour {prenom}"})

    with pytest.raises(ValidationError) as caught:
        rule.full_clean()

    assert list(caught.value.message_dict) == [field]


# By hand


def test_staff_send_the_words_of_the_day_once_a_day():
    charge = owing()
    DunningRule.objects.filter(days=15).update(subject="Encore")

    dunning.remind_now(charge, on=after(200))
    with pytest.raises(dunning.NotRemindable, match="déjà relancée"):
        dunning.remind_now(charge, on=after(200))

    assert [one.rule for one in dunning.history(charge)] == ["relance de l’équipe"]


def test_a_basket_is_reminded_by_staff_alone():
    charge = create_charge()

    dunning.remind_now(charge, on=after(0))

    assert Email.objects.get().subject.startswith("Rappel")


@pytest.mark.parametrize(
    "end",
    [
        let_lapse,
        wait_for_the_bank,
        lose_address,
        lambda charge: charge.cancel(),
        lambda charge: charge.record_payment(method="cash", amount=Decimal(40), reference="C1"),
    ],
)
def test_staff_too_write_to_nobody_of_whom_nothing_is_asked(end):
    charge = owing()
    end(charge)

    with pytest.raises(dunning.NotRemindable):
        dunning.remind_now(charge, on=after(9))

    assert not Email.objects.filter(key__startswith="payments.reminder").exists()


def test_staff_decide_of_what_was_contested():
    charge = owing()
    have_it_taken_back(charge)

    dunning.remind_now(charge, on=after(9))

    assert Email.objects.filter(key=f"payments.reminder.{charge.pk}.2026-03-11").exists()


def test_once_staff_ask_again_for_what_was_contested_reminders_go_on_from_the_day_it_was_taken_back():
    charge = owing()
    payment = charge.record_payment(method="sandbox", amount=Decimal(40), reference="S1")
    with time_machine.travel(datetime(2026, 6, 1, 22, 30, tzinfo=UTC)):  # in Paris, the second
        charge.take_back(payment, amount=Decimal(40), reference="S2", kind=Payment.Kind.CHARGEBACK)
    charge.refresh_from_db()
    taken = (date(2026, 6, 2) - DUE).days
    assert reasons(days=taken + 3) == [(charge, Reason.CONTESTED)]

    dunning.remind_now(charge, on=after(taken + 4))

    assert reasons(days=taken + 10) == [(charge, Reason.TOO_SOON)]
    assert due(days=taken + 15) == [(charge, 15)]
    assert run(days=taken + 15) == 1


def test_what_is_contested_again_on_the_day_of_a_reminder_waits_for_another_decision():
    charge = owing()
    have_it_taken_back(charge)
    dunning.remind_now(charge, on=date(2026, 2, 1))
    payment = charge.record_payment(method="sandbox", amount=Decimal(40), reference="S3")

    charge.take_back(payment, amount=Decimal(40), reference="S4", kind=Payment.Kind.CHARGEBACK)

    assert reasons(days=5) == [(charge, Reason.CONTESTED)]


@pytest.mark.parametrize("part", [0, 5])
def test_staff_are_told_until_when_a_basket_may_be_paid_and_nothing_is_sent(part):
    charge = create_charge(payable_until=datetime(2026, 2, 1, 19, 5, tzinfo=UTC))
    if part:
        charge.record_payment(method="sandbox", amount=Decimal(part), reference="S1")

    with pytest.raises(dunning.NotRemindable, match="jusqu’au 01/02/2026 20:05"):
        dunning.remind_now(charge, on=date(2026, 2, 1))

    assert not Email.objects.filter(key__startswith="payments.reminder").exists()


# History and cost


def test_the_history_says_which_and_when_also_of_a_rule_that_is_gone():
    charge, other = owing(), owing()
    run(days=3)
    run(days=15)
    DunningRule.objects.filter(days=3).delete()

    assert [one.rule for one in dunning.history(charge)] == ["J+15", "3 jours après"]
    assert len(dunning.history(other)) == 2


def test_only_the_likeliest_sum_of_a_transfer_is_spared_and_only_until_it_is_dealt_with():
    paying, other = owing(email="zoe@example.org", name="Zoé Ravel"), owing()
    line = create_line(40, payer="ZOE RAVEL", label="ADHESION")

    assert (due(days=4), reasons(days=4)) == ([(other, 3)], [(paying, "proposed")])

    line.set_aside("other", by=create_staff(), note="Un don")
    assert due(days=4) == [(paying, 3), (other, 3)]


def test_transfers_that_wait_cost_the_same_for_one_and_for_many(django_assert_max_num_queries):
    for _ in range(2):
        send_a_transfer(owing())
    with django_assert_max_num_queries(14) as few:
        assert len(reasons(days=4)) == 2
    for _ in range(8):
        send_a_transfer(owing())
    with django_assert_max_num_queries(len(few)):
        assert len(reasons(days=4)) == 10


def test_the_preview_costs_the_same_for_one_and_for_many(django_assert_num_queries):
    owing()
    wait_for_the_bank(owing())
    with django_assert_num_queries(4):
        assert len(due(days=4)) == 1
    for _ in range(9):
        owing()
    with django_assert_num_queries(4):
        assert len(due(days=4)) == 10
