"""What joining with a plan gives today: the exact days, the lines to pay, or the reason why it is refused.

Days are inclusive and in Paris. Each line is rounded once, to the cent.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents.days import in_words
from payments.models import ChargeLine, Line
from payments.money import euros

if TYPE_CHECKING:
    from members.models import Membership, Plan, PlanPrice

CENT = Decimal("0.01")
ONE_DAY = timedelta(days=1)


class OfferRefused(Exception):
    """Nothing can be sold on these terms. `field` is what to change in a form, if anything is."""

    field: str | None = None

    def in_words(self) -> str:
        raise NotImplementedError


class PlanClosed(OfferRefused):
    """Nobody can join with this plan now: it is closed, or has no price yet."""

    def in_words(self) -> str:
        return _("On ne peut pas adhérer avec cette formule en ce moment.")


class AddsNoDay(OfferRefused):
    """The person is covered until the end of what would be sold, or beyond."""

    def __init__(self, until: date) -> None:
        self.until = until

    def in_words(self) -> str:
        return _(
            "Cela n’ajouterait aucun jour\u00a0: la période s’arrêterait le %s. Rien n’est à payer."
        ) % in_words(self.until)


class TooEarly(OfferRefused):
    """The renewal is not open yet."""

    def __init__(self, opens_on: date) -> None:
        self.opens_on = opens_on

    def in_words(self) -> str:
        return _("Le renouvellement ouvrira le %s.") % in_words(self.opens_on)


class AmountTooLow(OfferRefused):
    field = "amount"

    def __init__(self, minimum: Decimal) -> None:
        self.minimum = minimum

    def in_words(self) -> str:
        return _("Le montant minimum est de %s.") % euros(self.minimum)


class TooManySeats(OfferRefused):
    """More seats than the plan includes, and none is sold on top."""

    field = "seats"

    def __init__(self, included: int) -> None:
        self.included = included

    def in_words(self) -> str:
        return ngettext(
            "Cette formule ne va pas au-delà de %d place.",
            "Cette formule ne va pas au-delà de %d places.",
            self.included,
        ) % (self.included)


class TooManyTerms(OfferRefused):
    field = "terms"

    def __init__(self, most: int) -> None:
        self.most = most

    def in_words(self) -> str:
        return ngettext(
            "On ne paie pas plus de %d période d’avance.",
            "On ne paie pas plus de %d périodes d’avance.",
            self.most,
        ) % (self.most)


@dataclass(frozen=True)
class Offer:
    """The days and lines that paying now would give."""

    plan: "Plan"
    on: date
    starts_on: date
    ends_on: date
    lines: tuple[Line, ...]
    renews: "Membership | None" = None

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def added_days(self) -> int:
        """How many days from today on are covered thanks to it."""
        return (self.ends_on - max(self.starts_on, self.on)).days + 1


def make(
    plan: "Plan",
    *,
    on: date,
    after: "Membership | None",
    headcount: int,
    seats: int,
    terms: int,
    amount: Decimal | None,
    is_due: bool,
) -> Offer:
    """See `Plan.offer`."""
    if not 1 <= terms <= plan.max_terms:
        raise TooManyTerms(plan.max_terms)
    start = first_day(plan, on=on, after=after)
    if after is not None and not is_due:
        opens_on = after.ends_on - timedelta(days=plan.renewal_opens_days)
        if on < opens_on:
            raise TooEarly(opens_on)
    price = plan.price_on(max(start, on), headcount=headcount)
    if price is None:
        raise PlanClosed
    end = last_day(plan, start, terms=terms, is_joining=start == on)
    offer = Offer(plan, on, start, end, tuple(_lines(plan, price, start, seats, terms, amount)), after)
    if offer.added_days <= 0:
        raise AddsNoDay(end)
    return offer


def first_day(plan: "Plan", *, on: date, after: "Membership | None") -> date:
    """The day after the last period while it runs or is in grace: no day is lost. After a gap, today.

    A plan may instead start again from the end of the last period, whatever the gap.
    """
    start = on
    if after is not None and (on <= after.last_grace_day or plan.backdates):
        start = after.ends_on + ONE_DAY
    if plan.period == plan.Period.FIXED and plan.fixed_starts_on:
        start = max(start, plan.fixed_starts_on)
    return start


def last_day(plan: "Plan", start: date, *, terms: int = 1, is_joining: bool = False) -> date:
    """The inclusive end of `terms` periods: 12 months from 31 January end on 30 January, one on 27 or 28 February."""
    match plan.period:
        case plan.Period.CALENDAR:
            is_given = is_joining and plan.gives_next_year(start)
            return date(start.year + terms - 1 + is_given, 12, 31)
        case plan.Period.FIXED:
            assert plan.fixed_ends_on is not None  # noqa: S101 - a constraint of the plan
            return plan.fixed_ends_on
        case _:
            return add_months(start, plan.months * terms) - ONE_DAY


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def round_cents(amount: Fraction | Decimal) -> Decimal:
    """To the nearest cent, half a cent up."""
    exact = Fraction(amount) * 100
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1), ROUND_HALF_UP) * CENT


def _share(plan: "Plan", start: date) -> Fraction:
    """The part of the first period's price that is due: the months left, this one included, where the plan says so."""
    if plan.late_join != plan.LateJoin.BY_MONTH:
        return Fraction(1)
    if plan.period == plan.Period.FIXED and plan.fixed_starts_on and plan.fixed_ends_on:
        return Fraction(_months(start, plan.fixed_ends_on), _months(plan.fixed_starts_on, plan.fixed_ends_on))
    return Fraction(_months(start, date(start.year, 12, 31)), 12)


def _months(first: date, last: date) -> int:
    """How many calendar months have a day in it."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def _lines(
    plan: "Plan", price: "PlanPrice", start: date, seats: int, terms: int, amount: Decimal | None
) -> list[Line]:
    periods = _share(plan, start) + terms - 1
    due = round_cents(Fraction(price.amount) * periods)
    if plan.is_amount_chosen and amount is not None:
        if amount < due:
            raise AmountTooLow(due)
        due = amount
    deductible = due if plan.is_deductible else None
    lines = [Line(ChargeLine.Nature.DUES, _("Adhésion – %s") % plan.name, due, deductible)]
    extra = max(seats - plan.seats_included, 0) if plan.seats_included is not None else 0
    if extra:
        if price.seat_amount is None:
            raise TooManySeats(plan.seats_included or 0)
        label = ngettext("%d place en plus", "%d places en plus", extra) % extra
        lines.append(
            Line(ChargeLine.Nature.DUES, label, round_cents(Fraction(price.seat_amount) * extra * periods))
        )
    return lines


def difference(old: "Membership", plan: "Plan", *, on: date, headcount: int = 0) -> Decimal:
    """What changing to `plan` on that day costs, in euros and cents: negative when it gives money back.

    The part that is left, by days, of the difference between what was paid and what the same sale would cost with the
    other plan. Rounded once. Raises PlanClosed when the plan has no price that day.
    """
    price = plan.price_on(on, headcount=headcount)
    if price is None:
        raise PlanClosed
    sale = _sale(old)
    left = Fraction(_days(on, old.ends_on), sale.days)
    return round_cents((Fraction(price.amount) * sale.periods - sale.worth) * left)


class Sale(NamedTuple):
    """How a period was sold: its days, how many periods' price that was, and what they are paid at now."""

    days: int
    periods: Fraction
    worth: Fraction


def _sale(period: "Membership") -> Sale:
    """Of a period that came of a change: the first sale, at the price that the changes since have made of it."""
    wish = getattr(period, "application", None)
    if wish is None or wish.replaces is None:
        days = _days(period.starts_on, period.sold_until or period.ends_on)
        periods = _share(period.plan, period.starts_on) + wish.terms - 1 if wish else Fraction(1)
        return Sale(days, periods, Fraction(period.amount))
    first = _sale(wish.replaces)
    left = Fraction(_days(wish.starts_on, wish.ends_on), first.days)
    return first._replace(worth=first.worth + Fraction(period.amount) / left)


def _days(first: date, last: date) -> int:
    return (last - first).days + 1
