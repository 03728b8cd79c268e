"""The treasurer's page: a period, its figures drawn and said, and what waits for a decision."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from payments import plots
from payments.models import Payment, Refund, StatementLine
from tests.admin import unlabelled
from tests.factories import create_charge, create_staff, create_user

pytestmark = pytest.mark.django_db
PAGE = reverse("admin:payments_treasury")


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel(datetime(2026, 6, 15, 11, tzinfo=UTC)):
        yield


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def paid(amount=40, *, on=date(2026, 3, 2), method="cheque", owed=40):
    charge = create_charge(owed)
    charge.record_payment(method=method, amount=Decimal(amount), reference=f"C{charge.pk}", valued_on=on)
    return charge


def test_it_opens_on_the_civil_year_with_a_table_for_each_drawing(staff):
    paid(30)
    paid(on=date(2025, 12, 31))

    page = staff.get(PAGE)

    assert "Du 1er\u00a0janvier 2026 au 31 décembre 2026" in page.text
    assert unlabelled(page) == []
    assert page.context["treasury"].total.received == 30
    for title in (
        "Dû, reçu et rendu, mois par mois",
        "par nature",
        "Reçu et rendu par moyen",
        "par ancienneté",
    ):
        assert title in page.text
    assert page.text.count('role="img"') == 4
    assert page.text.count("<caption id=") == 5
    assert 'fill="url(#plot-received)"' in page.text
    assert "Le plus haut\u00a0: 40,00\u00a0€, en mars." in page.text
    assert "Ce qui reste dû au 15 juin 2026" in page.text
    assert "<td>10,00\u00a0€</td>" in page.text


def test_a_month_or_another_year_is_chosen(staff):
    paid(on=date(2025, 12, 31))

    year, month = staff.get(PAGE, {"year": "2025"}), staff.get(PAGE, {"year": "2025", "month": "12"})

    assert [page.context["treasury"].total.received for page in (year, month)] == [40, 40]
    assert "Du 1er\u00a0décembre 2025 au 31 décembre 2025" in month.text
    assert ("Mois par mois" in year.text, "Mois par mois" in month.text) == (True, False)


@pytest.mark.parametrize("asked", [{"year": "1999"}, {"year": "deux"}, {"month": "13"}])
def test_a_period_that_is_not_one_is_refused_beside_its_field(staff, asked):
    page = staff.get(PAGE, asked)

    assert page.status_code == 400
    assert "errorlist" in page.text
    assert unlabelled(page) == []


def test_what_waits_for_a_decision_leads_to_its_list_with_its_amount(staff):
    refunded, contested, stranded = paid(), paid(method="sandbox"), paid(15)
    refunded.owe_refund(Decimal(25), reason=Refund.Reason.GESTURE)
    payment = contested.payments.get()
    contested.take_back(payment, amount=Decimal(40), reference="S2", kind=Payment.Kind.CHARGEBACK)
    type(stranded).objects.filter(pk=stranded.pk).update(payable_until=datetime(2026, 6, 1, tzinfo=UTC))
    create_charge(1000)
    day = date(2026, 6, 1)
    StatementLine.arrived(method="helloasso", reference="HA-1", amount=Decimal(12), on=day)

    waiting = staff.get(PAGE).context["waiting"]
    found = {row.url.partition("?")[2]: (row.label, row.amount) for row in waiting}

    assert found == {
        "state=to_make": ("1 remboursement à faire", 25),
        "state=to_do": ("1 ligne de la banque ou d’un prestataire à rapprocher", 12),
        "state=contested": ("1 somme reprise par la banque ou le prestataire", 40),
        "state=stranded": ("1 somme reçue en partie, dont le délai est passé", 15),
        "state=late": ("1 somme due depuis plus de 15 jours", 40),
    }


def test_a_basket_is_counted_apart(staff):
    create_charge(1000)

    page = staff.get(PAGE)

    assert "Hors des livres, 1 somme attend encore d’être réglée (1\u202f000,00\u00a0€)." in page.text
    assert page.context["treasury"].total.is_empty
    assert "Rien n’est écrit à ces dates." in page.text
    assert "Tout est réglé." in page.text


def test_it_costs_the_same_for_one_charge_and_for_many(staff):
    paid(30)
    staff.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        staff.get(PAGE)
    for _ in range(6):
        paid(30)
    with CaptureQueriesContext(connection) as many:
        staff.get(PAGE)

    assert len(many) == len(one)


def test_the_treasurer_sees_it_and_finds_it(client):
    call_command("load_roles", verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name="Trésorerie"))
    client.force_login(user)

    pages = [reverse("admin:index"), reverse("admin:payments_charge_changelist")]

    assert client.get(PAGE).status_code == 200
    assert [f'href="{PAGE}"' in client.get(page).text for page in pages] == [True, True]


def test_who_sees_charges_alone_does_not_see_it(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_charge"))
    client.force_login(user)

    pages = [reverse("admin:index"), reverse("admin:payments_charge_changelist")]

    assert client.get(PAGE).status_code == 403
    assert [PAGE in client.get(page).text for page in pages] == [False, False]


# The drawings


def test_columns_fill_the_width_and_the_highest_the_height():
    plot = plots.columns(
        [("a", {"x": Decimal(50), "y": Decimal(0)}), ("b", {"x": Decimal(-5), "y": Decimal(100)})]
    )

    assert (plot.top, plot.highest) == (100, "b")
    heights = [bar.height for group in plot.groups for bar in group.bars]
    assert heights == ["100.00", "0.00", "0.00", "200.00"]
    assert [group.x for group in plot.groups] == ["25.000%", "75.000%"]
    assert all(
        float(bar.x[:-1]) + float(bar.width[:-1]) <= 100 for group in plot.groups for bar in group.bars
    )


def test_lines_are_one_under_the_other():
    plot = plots.lines([("a", {"x": Decimal(50)}), ("b", {"x": Decimal(200)})])

    assert [bar.width for group in plot.groups for bar in group.bars] == ["25.000%", "100.000%"]
    tops = [int(bar.y) for group in plot.groups for bar in group.bars]
    assert tops[1] - tops[0] == plots.LABEL + plots.THICK + plots.GAP == plot.height / 2


@pytest.mark.parametrize("draw", [plots.columns, plots.lines])
def test_nothing_is_drawn_of_nothing(draw):
    assert (draw([]), draw([("a", {"x": Decimal(0)})])) == (None, None)
