"""A year of the association, day by day, with days on which nothing ran: exactly who heard what, and when."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from mailing.models import Email, List, OptOut
from members import renewals
from members.models import Application, Mandate, ReminderRule
from tests.factories import create_member, create_organisation, create_plan

pytestmark = pytest.mark.django_db
START, LAST = date(2027, 1, 1), date(2028, 3, 15)
MISSED = {date(2027, 12, 24), date(2027, 12, 31), *(date(2028, 1, 15) + timedelta(n) for n in range(4))}


class Year:
    """What happens, by day, before the run of that day."""

    def __init__(self):
        ReminderRule.objects.all().delete()
        for days in (-30, -7, 0, 15, 30):
            ReminderRule.objects.create(days=days)
        self.acts = {}
        self.calendar = create_plan(period="calendar", price=Decimal(0))
        self.months = create_plan(months=3, price=Decimal(0))
        ReminderRule.objects.create(plan=self.months, days=-10)
        ReminderRule.objects.create(plan=self.months, days=20)

    def on(self, month, day, act, *, year=2027):
        self.acts.setdefault(date(year, month, day), []).append(act)

    def joins(self, name, plan, month, day, *, member=None):
        member = member or create_member(email=f"{name}@example.org")
        self.on(month, day, lambda: member.add_membership(plan))
        return member

    def applies(self, member, plan, month, day, *, year=2027):
        def submit():
            Application.submit(plan, email=member.email, request_key=uuid4(), member=member)

        self.on(month, day, submit, year=year)

    def run(self):
        heard, seen = [], 0
        for number in range((LAST - START).days + 1):
            today = START + timedelta(number)
            with time_machine.travel(f"{today}T10:00:00+01:00", tick=False):
                for act in self.acts.get(today, []):
                    act()
                Application.objects.purge_abandoned()
                if today in MISSED:
                    continue
                assert timezone.localdate() == today
                renewals.send_reminders(on=today)
                renewals.send_reminders(on=today)
            rows = Email.objects.filter(pk__gt=seen, key__startswith="members.renewal.").order_by("pk")
            for email in rows:
                heard.append((f"{today:%d/%m/%y}", email.to.partition("@")[0], int(email.key.split(".")[3])))
                seen = email.pk
        return sorted(heard, key=lambda one: (one[1], one[0][-2:], one[2]))


def renewals_of(year):
    year.joins("silencieux", year.calendar, 1, 1)
    renews_early = year.joins("prevoyant", year.calendar, 1, 10)
    year.applies(renews_early, year.calendar, 12, 5)
    renews_late = year.joins("tardif", year.calendar, 2, 1)
    year.applies(renews_late, year.calendar, 1, 10, year=2028)
    hesitates = year.joins("hesitant", year.calendar, 2, 1)
    paid = create_plan(period="calendar", price=Decimal(40))
    year.applies(hesitates, paid, 12, 20)


def departures_of(year):
    resigns = year.joins("partant", year.calendar, 3, 1)
    year.on(12, 10, lambda: resigns.leave("resigned", left_on=date(2027, 12, 31)))
    excluded = year.joins("exclu", year.calendar, 3, 1)
    year.on(9, 1, lambda: excluded.leave("excluded", left_on=date(2027, 9, 1), reason="Grave"))
    dead = year.joins("defunt", year.calendar, 3, 1)
    year.on(12, 26, lambda: dead.leave("deceased", left_on=date(2027, 12, 20)))
    honoured = year.joins("honneur", year.calendar, 3, 1)
    year.on(
        12,
        15,
        lambda: honoured.decide_status("honorary", reason="Merci", starts_on=date(2027, 12, 15), until=None),
    )


def refusals_and_short_periods_of(year):
    year.joins("sourd", year.calendar, 3, 1)
    year.on(11, 1, lambda: OptOut.objects.leave("sourd@example.org", List.RENEWALS))
    year.joins("revenant", year.calendar, 3, 1)
    year.on(11, 1, lambda: OptOut.objects.leave("revenant@example.org", List.RENEWALS))
    year.on(12, 28, lambda: OptOut.objects.come_back("revenant@example.org", List.RENEWALS))
    year.joins("dernier", year.calendar, 12, 26)

    quarter = year.joins("trimestre", year.months, 1, 11)  # until 10 April
    year.on(4, 5, lambda: quarter.add_membership(year.months))  # until 10 July


def organisations_of(year):
    company = create_organisation()
    year.joins("societe", create_plan(kind="organisation", period="calendar"), 4, 1, member=company)
    dues = Mandate.objects.create(
        organisation=company, email="compta@example.org", is_dues_contact=True, starts_on=date(2027, 4, 1)
    )
    Mandate.objects.create(
        organisation=company, email="titulaire@example.org", role="titular", starts_on=date(2027, 4, 1)
    )
    year.on(12, 31, lambda: dues.end(on=date(2027, 12, 31)))


HEARD = [
    ("01/12/27", "compta", -30),
    ("25/12/27", "compta", -7),
    ("01/12/27", "defunt", -30),
    ("25/12/27", "defunt", -7),
    ("01/01/28", "dernier", 0),
    ("19/01/28", "dernier", 15),
    ("30/01/28", "dernier", 30),
    ("01/12/27", "hesitant", -30),
    ("21/01/28", "hesitant", 15),  # the application was dropped after a month
    ("30/01/28", "hesitant", 30),
    ("01/12/27", "honneur", -30),
    ("01/12/27", "partant", -30),
    ("01/12/27", "prevoyant", -30),
    ("28/12/27", "revenant", -7),
    ("01/01/28", "revenant", 0),
    ("19/01/28", "revenant", 15),
    ("30/01/28", "revenant", 30),
    ("01/12/27", "silencieux", -30),
    ("25/12/27", "silencieux", -7),
    ("01/01/28", "silencieux", 0),
    ("19/01/28", "silencieux", 15),
    ("30/01/28", "silencieux", 30),
    ("01/12/27", "tardif", -30),
    ("25/12/27", "tardif", -7),
    ("01/01/28", "tardif", 0),
    ("01/01/28", "titulaire", 0),
    ("19/01/28", "titulaire", 15),
    ("30/01/28", "titulaire", 30),
    ("31/03/27", "trimestre", -10),
    ("30/06/27", "trimestre", -10),
    ("30/07/27", "trimestre", 20),
]


def test_a_year():
    year = Year()
    renewals_of(year)
    departures_of(year)
    refusals_and_short_periods_of(year)
    organisations_of(year)

    assert year.run() == HEARD
