"""What the treasurer finds on the first day: sums in every situation, the bank's statements, the months that are closed."""

from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Min

from accounts.models import User
from iamm.demo import bank, money
from iamm.demo.dates import at
from iamm.demo.past import Past
from payments.models import Charge, Closing

OPEN_MONTHS = 2  # the current one, and the last


def write(past: Past, camille: User, *, has_papers: bool) -> None:
    """Numbered documents and closed months only where nothing real will follow them."""
    money.write(past, camille)
    if has_papers:
        money.invoiced(past, camille)
        money.quoted(past)
    bank.Desk(past).write()
    bank.at_a_provider(past)
    if has_papers:
        close_months(past)


def close_months(past: Past) -> None:
    """One after the other, each on the tenth of the next."""
    month: date = Charge.objects.aggregate(first=Min("booked_on"))["first"].replace(day=1)
    last = past.today.replace(day=1) - relativedelta(months=OPEN_MONTHS)
    while month <= last:
        closing = Closing.close(month, by=past.staff)
        month += relativedelta(months=1)
        Closing.objects.filter(pk=closing.pk).update(closed_at=at(month.replace(day=10), 18))
