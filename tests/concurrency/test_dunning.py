from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from mailing.models import Email
from payments import dunning
from payments.models import Charge, DunningRule
from tests.factories import create_charge


def late(number):
    charge = create_charge(email=f"payeur{number}@example.org")
    charge.book(on=timezone.localdate() - timedelta(days=5))
    return charge


def reminded():
    return sorted(Email.objects.filter(key__startswith="payments.reminder.").values_list("to", flat=True))


def test_three_runs_at_once_write_to_each_payer_once(at_once):
    charges = [late(number) for number in range(8)]
    today = timezone.localdate()

    counts = at_once(*[lambda: dunning.send_reminders(on=today)] * 3)

    assert sum(counts) == len(charges)
    assert reminded() == sorted(charge.email for charge in charges)


def test_a_person_and_the_run_at_once_write_once(at_once):
    charges = [late(number) for number in range(4)]
    today = timezone.localdate()

    def by_hand():
        for charge in charges:
            try:
                dunning.remind_now(charge, on=today)
            except dunning.NotRemindable:
                continue

    at_once(lambda: dunning.send_reminders(on=today), by_hand)

    assert reminded() == sorted(charge.email for charge in charges)


def test_who_pays_at_that_moment_is_written_to_before_or_never(at_once):
    """Never after: a reminder that left knew of no payment."""
    charges = [late(number) for number in range(4)]
    today = timezone.localdate()

    def pay():
        for charge in reversed(charges):
            charge.record_payment(method="cash", amount=Decimal(40), reference=f"C{charge.pk}")

    at_once(lambda: dunning.send_reminders(on=today), pay)

    for charge in Charge.objects.filter(reminded_on=today):
        [email] = Email.objects.filter(key__startswith=f"payments.reminder.{charge.pk}.")
        assert email.created_at <= charge.paid_at
        assert "40,00\u00a0€" in email.text
    assert DunningRule.objects.count() == 3
