"""What was said of a line of the bank and is taken back: that it repeats nothing."""

from decimal import Decimal

import pytest
from django.urls import reverse

from payments.models import LineSpent, StatementLine
from tests.admin import told
from tests.factories import create_charge, create_line, create_role, create_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(create_role("Trésorerie"))
    return client


def url(line, verb):
    return reverse(f"admin:payments_statementline_{verb}", args=[line.pk])


def test_whoever_took_a_double_for_another_operation_says_so_on_the_line(staff):
    line = create_line(40, twin=create_line(40))
    staff.post(url(line, "apart"))
    assert url(line, "doubt") in staff.get(url(line, "change")).text

    first, second = (staff.post(url(line, "doubt"), follow=True) for _twice in range(2))

    assert told(first) == ["Cette ligne est de nouveau un double possible."]
    assert told(second) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]
    assert StatementLine.objects.doubtful().get() == line
    assert url(line, "doubt") not in staff.get(url(line, "change")).text
    assert "Cette ligne est de nouveau un double possible." in staff.get(url(line, "history")).text


def test_a_line_that_pays_something_is_in_doubt_again_once_that_is_undone(staff):
    line, by = create_line(40, twin=create_line(40)), create_staff()
    line.tell_apart(by=by)
    [payment] = line.pay({create_charge(30).pk: Decimal(30)}, by=by)

    assert url(line, "doubt") not in staff.get(url(line, "change")).text
    with pytest.raises(LineSpent):
        line.doubt_again()
    payment.undo(by=by)
    line.doubt_again()

    assert StatementLine.objects.doubtful().get() == line
