"""A year of unpaid sums, day by day, two runs a day, with days on which nothing ran: exactly who heard what, and when."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from mailing.models import Email
from payments import dunning
from payments.models import Charge, Checkout, DunningRule, Payment
from tests.factories import create_charge, create_staff

pytestmark = pytest.mark.django_db
START, LAST = date(2027, 2, 1), date(2027, 11, 15)
MISSED = {date(2027, 3, 4), date(2027, 3, 5), *(date(2027, 3, 12) + timedelta(n) for n in range(8))}


class Year:
    """What happens, by day, before the runs of that day."""

    def __init__(self):
        DunningRule.objects.all().delete()
        for days in (-5, 3, 15, 30):
            DunningRule.objects.create(name=f"{days}", days=days)
        self.acts, self.charges = {}, {}
        self.staff = create_staff()

    def on(self, month, day, act, *, year=2027):
        self.acts.setdefault(date(year, month, day), []).append(act)

    def asks(self, name, month, day, *, due=None, booked=True):
        def ask():
            charge = create_charge(40, email=f"{name}@example.org", due_on=due)
            if booked:
                charge.book()
            self.charges[name] = charge

        self.on(month, day, ask)

    def pays(self, name, month, day, amount=40, *, method="cheque"):
        def pay():
            self.charges[name].record_payment(
                method=method, amount=Decimal(amount), reference=f"{name}-{month}-{day}"
            )

        self.on(month, day, pay)

    def does(self, name, month, day, act):
        self.on(month, day, lambda: act(self.charges[name]))

    def run(self):
        heard, seen = [], 0
        for number in range((LAST - START).days + 1):
            today = START + timedelta(number)
            with time_machine.travel(f"{today}T10:00:00+01:00", tick=False):
                for act in self.acts.get(today, []):
                    act()
                if today not in MISSED:
                    assert timezone.localdate() == today
                    dunning.send_reminders(on=today)
                    assert dunning.send_reminders(on=today) == 0
            rows = Email.objects.filter(pk__gt=seen, key__startswith="payments.reminder.").order_by("pk")
            for email in rows:
                rule = email.key.split(".")[3]
                heard.append((f"{today:%d/%m/%y}", email.to.partition("@")[0], rule))
                seen = email.pk
        return sorted(heard, key=lambda one: (one[1], one[0][-2:], one[0][3:5], one[0][:2]))


def payers_of(year):
    year.asks("silencieux", 2, 1, due=date(2027, 3, 1))
    year.asks("ponctuel", 2, 1, due=date(2027, 3, 1))
    year.pays("ponctuel", 2, 26)
    year.asks("partiel", 2, 1, due=date(2027, 3, 1))
    year.pays("partiel", 3, 8, 15)
    year.pays("partiel", 3, 25, 25)
    year.asks("presse", 2, 25, due=date(2027, 3, 1))  # asked for after the day of the first rule
    year.asks("comptant", 6, 1)  # no day agreed: from the books
    year.pays("comptant", 6, 20)
    year.asks("panier", 2, 1, booked=False)
    year.asks("panier-repris", 2, 1, booked=False)
    year.pays("panier-repris", 5, 10, 1)  # in the books from that day


def accidents_of(year):
    def take_back(charge):
        [payment] = charge.payments.all()
        charge.take_back(payment, amount=Decimal(40), reference="R", kind=Payment.Kind.CHARGEBACK)

    def undo(charge):
        charge.payments.get().undo(by=year.staff)

    def wait(charge):
        Checkout.objects.create(charge=charge, provider="stripe", reference="x", amount=40, state="waiting")

    def fail(charge):
        charge.checkouts.update(state="failed")

    year.asks("conteste", 7, 1, due=date(2027, 7, 10))
    year.pays("conteste", 7, 5, method="sandbox")
    year.does("conteste", 7, 20, take_back)
    year.asks("cheque-perdu", 7, 1, due=date(2027, 7, 10))
    year.pays("cheque-perdu", 7, 4)
    year.does("cheque-perdu", 7, 27, undo)
    year.asks("prelevement", 7, 1, due=date(2027, 7, 10))
    year.does("prelevement", 7, 2, wait)
    year.does("prelevement", 7, 18, fail)
    year.pays("prelevement", 7, 30)


def decisions_of(year):
    year.asks("annule", 9, 1, due=date(2027, 9, 10))
    year.does("annule", 9, 14, lambda charge: charge.cancel())
    year.asks("passe-en-perte", 9, 1, due=date(2027, 9, 10))
    year.does("passe-en-perte", 9, 26, lambda charge: charge.write_off(reason="Parti", by=year.staff))
    year.asks("repousse", 9, 1, due=date(2027, 9, 10))
    year.does(
        "repousse", 9, 14, lambda charge: Charge.objects.filter(pk=charge.pk).update(due_on="2027-10-10")
    )
    year.pays("repousse", 10, 20)
    year.asks("releve", 9, 1, due=date(2027, 9, 10))
    year.does("releve", 9, 23, lambda charge: dunning.remind_now(charge, on=timezone.localdate()))
    year.pays("releve", 10, 11)


HEARD = [
    ("05/09/27", "annule", "-5"),
    ("13/09/27", "annule", "3"),
    ("27/07/27", "cheque-perdu", "15"),  # the payment was undone that day
    ("09/08/27", "cheque-perdu", "30"),
    ("04/06/27", "comptant", "3"),
    ("16/06/27", "comptant", "15"),
    ("13/05/27", "panier-repris", "3"),
    ("25/05/27", "panier-repris", "15"),
    ("09/06/27", "panier-repris", "30"),
    ("24/02/27", "partiel", "-5"),
    ("06/03/27", "partiel", "3"),
    ("20/03/27", "partiel", "15"),
    ("05/09/27", "passe-en-perte", "-5"),
    ("13/09/27", "passe-en-perte", "3"),
    ("25/09/27", "passe-en-perte", "15"),
    ("24/02/27", "ponctuel", "-5"),
    ("18/07/27", "prelevement", "3"),
    ("25/07/27", "prelevement", "15"),
    ("06/03/27", "presse", "3"),
    ("20/03/27", "presse", "15"),
    ("31/03/27", "presse", "30"),
    ("05/09/27", "releve", "-5"),
    ("13/09/27", "releve", "3"),
    ("23/09/27", "releve", "2027-09-23"),
    ("30/09/27", "releve", "15"),
    ("10/10/27", "releve", "30"),
    ("05/09/27", "repousse", "-5"),
    ("13/09/27", "repousse", "3"),
    ("24/02/27", "silencieux", "-5"),
    ("06/03/27", "silencieux", "3"),
    ("20/03/27", "silencieux", "15"),
    ("31/03/27", "silencieux", "30"),
]


def test_a_year():
    year = Year()
    payers_of(year)
    accidents_of(year)
    decisions_of(year)

    assert year.run() == HEARD
