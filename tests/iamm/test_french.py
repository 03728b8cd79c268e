"""The typography of dates, hours and money. U+00A0 and U+202F keep what belongs together on one line."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from iamm.templatetags.french import day, euros, hour


@pytest.mark.parametrize(
    ("moment", "style", "expected"),
    [
        (date(2026, 12, 1), "j F Y", "1er\u00a0décembre 2026"),
        (date(2026, 12, 2), "j F Y", "2 décembre 2026"),
        (date(2026, 12, 11), "j F Y", "11 décembre 2026"),
        (date(2026, 12, 21), "l j F", "lundi 21 décembre"),
        (date(2027, 2, 1), "l j F Y", "lundi 1er\u00a0février 2027"),
        (date(2027, 8, 1), "j", "1er"),
        (date(2027, 8, 15), "j", "15"),
        (date(2027, 2, 1), "F Y", "février 2027"),
        (None, "j F Y", ""),
    ],
)
def test_the_first_of_the_month_is_an_ordinal_and_it_alone(moment, style, expected):
    assert day(moment, style) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 12, 3, 17, 30, tzinfo=UTC), "18\u00a0h\u00a030"),
        (datetime(2026, 7, 3, 16, 5, tzinfo=UTC), "18\u00a0h\u00a005"),
        (datetime(2026, 7, 2, 22, 0, tzinfo=UTC), "0\u00a0h\u00a000"),
        (None, ""),
    ],
)
def test_an_hour_is_that_of_paris_with_no_break_spaces(moment, expected):
    assert hour(moment) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), ("28 mars 2027", "1\u00a0h\u00a059")),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), ("28 mars 2027", "3\u00a0h\u00a000")),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), ("31 octobre 2027", "2\u00a0h\u00a030")),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), ("31 octobre 2027", "2\u00a0h\u00a030")),
        (datetime(2027, 10, 31, 23, 0, tzinfo=UTC), ("1er\u00a0novembre 2027", "0\u00a0h\u00a000")),
    ],
)
def test_both_changes_of_the_clock_are_followed(moment, expected):
    assert (day(moment), hour(moment)) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Decimal(0), "0,00\u00a0€"),
        (Decimal("20"), "20,00\u00a0€"),
        (Decimal("1234.5"), "1\u202f234,50\u00a0€"),
        (Decimal("1234567.89"), "1\u202f234\u202f567,89\u00a0€"),
        (Decimal("-40"), "-40,00\u00a0€"),
        (40, "40,00\u00a0€"),
        (None, ""),
    ],
)
def test_money_has_a_comma_a_narrow_space_and_its_sign_after(amount, expected):
    assert euros(amount) == expected


def test_in_english_dates_hours_and_money_are_written_as_the_english_do():
    moment = datetime(2026, 12, 1, 17, 30, tzinfo=UTC)

    with translation.override("en"):
        written = (day(moment), hour(moment), euros(Decimal("1234.5")))

    assert written == ("1 December 2026", "18:30", "€1,234.50")
