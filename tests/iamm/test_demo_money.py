"""What the treasurer finds in the demonstration: each situation, in books that add up."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from iamm.demo import bank
from mailing.models import Email
from payments import books, dunning
from payments.models import (
    Adjustment,
    Aside,
    Billing,
    Charge,
    ChargeLine,
    Closing,
    Document,
    PayerAlias,
    Payment,
    Refund,
    Series,
    Statement,
    StatementLine,
)
from payments.statements.proposals import Desk
from payments.treasury import Treasury
from tests.iamm.test_load_demo import load_demo
from tests.payments.balance import assert_books_balance

pytestmark = pytest.mark.django_db
MODELS = [
    Charge,
    Payment,
    Refund,
    Adjustment,
    Document,
    Statement,
    StatementLine,
    Aside,
    PayerAlias,
    Closing,
    Email,
]


RUN = Path(settings.BASE_DIR, "bin/run").read_text()
WHO = {name.lower(): value for name, value in re.findall(r"^ASSOCIATION_(\w+)=(.*)$", RUN, re.MULTILINE)}


@pytest.fixture(scope="module")
def demo(rows_of_module):
    with override_settings(DEBUG=True, ASSOCIATION=settings.ASSOCIATION | WHO):
        load_demo(members=12, events=8)
        yield


@pytest.fixture
def treasurer(demo, client, settings):
    settings.STAFF_WITHOUT_SECOND_FACTOR = True
    client.force_login(User.objects.get(email="admin@example.org"))
    return client


def lines(**wanted):
    return StatementLine.objects.with_left().filter(**wanted)


def first_proposal(**wanted):
    [line] = lines(**wanted)
    return Desk([line]).propose(line)[0]


def test_sums_due_are_in_every_situation(demo):
    amounts = Charge.objects.with_amounts()
    unpaid = amounts.filter(paid_at=None, cancelled_at=None)

    assert unpaid.filter(received__gt=0, missing__gt=0, payable_until=None, contested_at=None).exists()
    assert Charge.objects.contested().count() == 1
    assert Charge.objects.stranded().count() == 1
    assert amounts.filter(adjustments__kind=Adjustment.Kind.WRITTEN_OFF, received__gt=0).exists()
    assert Refund.objects.to_make().filter(reason=Refund.Reason.PAID_TWICE).exists()
    assert Refund.objects.to_make().filter(reason=Refund.Reason.CANCELLED).exists()
    assert Refund.objects.filter(payment__method=Payment.Method.CREDIT).exists()
    assert set(ChargeLine.objects.values_list("nature", flat=True)) == set(ChargeLine.Nature)
    assert (
        ChargeLine.objects.filter(
            nature="gift", deductible=F("amount"), charge__paid_at__isnull=False
        ).count()
        > 8
    )
    assert not Document.objects.filter(kind=Document.Kind.RECEIPT).exists()


def test_unpaid_sums_have_every_age_and_the_late_ones_were_reminded(demo):
    today = timezone.localdate()
    ages = {row.age.name for row in Treasury(today.replace(month=1, day=1), today).ages if row.charges}
    reminded = [
        charge for charge in Charge.objects.unpaid().exclude(reminded_on=None) if dunning.history(charge)
    ]

    assert ages == {"coming", "30", "60", "90", "older"}
    assert len(reminded) == 3
    assert {charge.reminded_on for charge in reminded} == {
        timezone.localdate(dunning.history(charge)[0].email.created_at) for charge in reminded
    }
    assert set(Email.objects.values_list("state", flat=True)) == {Email.State.SENT}


def test_documents_are_of_each_kind_and_are_what_they_were(demo):
    kinds = Counter(Document.objects.values_list("kind", flat=True))
    invoices = Document.objects.filter(kind=Document.Kind.INVOICE).order_by("issued_on")
    numbers = {one.number for one in Document.objects.all()}

    assert kinds == {"invoice": 6, "credit_note": 1, "quote": 1}
    assert not Charge.objects.to_credit().exists()
    assert any(one.is_paid for one in invoices)
    assert invoices.filter(paid=0, due_on__lt=timezone.localdate()).exists()
    assert invoices.filter(paid=0, due_on__gt=timezone.localdate()).exists()
    assert Billing.objects.exclude(siret="").exclude(service_code="").exclude(engagement_number="").exists()
    assert all(one.is_intact for one in Document.objects.all())
    assert all("démonstration" in one.seller["street"] for one in Document.objects.all())
    for series in Series.objects.all():
        mine = [f"{series}-{number:05d}" for number in range(1, series.last + 1)]
        assert numbers.issuperset(mine)
        days = Document.objects.filter(number__in=mine).order_by("number").values_list("issued_on", flat=True)
        assert list(days) == sorted(days)
    assert not Billing.objects.to_invoice().exists()


def test_the_inbox_has_each_kind_of_line(demo):
    assert StatementLine.objects.doubtful().count() == 1
    assert StatementLine.objects.matched().count() == 2
    assert set(StatementLine.objects.set_aside().values_list("asides__reason", flat=True)) == {
        "fees",
        "stripe",
        "subsidy",
    }
    assert StatementLine.objects.to_match().filter(statement=None, method="helloasso").count() == 1
    assert Statement.objects.exclude(imported_at=None).count() == 2
    assert PayerAlias.objects.exists()


def test_lines_to_match_have_the_proposals_that_they_are_there_to_show(demo):
    exact = first_proposal(label__contains=" REF S-")
    learnt = first_proposal(label__contains="RECU ATELIER")
    wrong = first_proposal(amount=150, label__contains="RECU S-")
    known = PayerAlias.objects.filter(name=bank.TRADE_NAME).first()
    [unknown] = lines(payer="M INCONNU DEMO")

    assert exact.is_sure
    assert (exact.kind, learnt.kind, learnt.rows[0].email) == ("pay", "pay", known.email)
    assert wrong.rows[0].number not in lines(amount=150).get().label
    assert len(first_proposal(amount=66).rows) == 2
    assert first_proposal(amount=-40).kind == "give_back"
    assert first_proposal(amount="212.75").key == "set_aside:helloasso"
    assert Desk([unknown]).propose(unknown) == []


def test_the_books_are_zero_sum_and_hold_what_payers_owe(demo):
    assert_books_balance()


def test_what_is_owed_back_is_there_and_a_paid_charge_is_covered(demo):
    for charge in Charge.objects.with_amounts().with_rows():
        assert charge.missing == charge.amount_owed - charge.amount_kept
        assert charge.amount_promised <= max(charge.amount_received, 0)
        assert charge.amount_kept <= charge.amount_owed
        if charge.paid_at and not charge.cancelled_at:
            assert charge.amount_missing == 0
        if charge.is_payable and charge.booked_on:
            assert charge.amount_missing > 0
        if charge.booked_on is None:
            assert not charge.payments.all()


def test_all_months_but_two_are_closed_and_intact(demo):
    closings, today = list(Closing.objects.order_by("month")), timezone.localdate()
    last = (today.replace(day=1) - timedelta(days=1)).replace(day=1) - timedelta(days=1)

    assert closings[-1].last_day == last
    assert all(one.is_intact for one in closings[::6])
    assert not books.has_entries(until=closings[0].month)


def test_rows_are_as_the_forms_and_the_admin_would_have_them(demo):
    for model in [Charge, ChargeLine, Payment, Refund, Adjustment, Billing, Document, StatementLine, Aside]:
        for row in model.objects.order_by("-pk")[:15]:
            row.full_clean(exclude=["content"])


def test_only_demo_addresses_are_written_to_or_named(demo):
    for model, field in [(Charge, "email"), (StatementLine, "email"), (PayerAlias, "email"), (Email, "to")]:
        others = model.objects.exclude(**{field: ""}).exclude(**{f"{field}__endswith": "@example.org"})
        assert not others.exists()


def test_the_treasurer_sees_them(treasurer):
    page = treasurer.get(reverse("admin:payments_treasury")).text
    inbox = treasurer.get(reverse("admin:payments_statementline_changelist")).text
    unpaid = treasurer.get(reverse("admin:payments_charge_changelist"), {"state": "late"}).text

    assert "1 somme reprise par la banque" in page
    assert "Mairie de Saint-Exemple-le-Vieux" in page
    assert "HELLOASSO" in inbox
    assert "jours" in unpaid


def test_the_demo_member_has_papers_of_hers(demo):
    camille = User.objects.get(email="camille@example.org")

    assert Document.objects.visible_to(camille).filter(kind=Document.Kind.INVOICE).count() == 1
    assert Charge.objects.visible_to(camille).filter(lines__nature="gift", paid_at__isnull=False).count() == 1


def test_a_second_run_adds_nothing(demo):
    before = [model.objects.count() for model in MODELS]

    load_demo(members=12, events=8)

    assert [model.objects.count() for model in MODELS] == before
