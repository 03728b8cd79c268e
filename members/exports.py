"""The table of members that staff take away: who they are, where they stand, what they paid. No secret is in it."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.utils.text import capfirst
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from documents.spreadsheets import Cell
from members.models import Identity, Member, Membership
from payments.models import Payment

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

CHUNK = 1000


class MemberTable:
    """Those members, in that order, a thousand at a time."""

    subject_model = Member

    def __init__(self, pks: list[int]) -> None:
        self.pks = pks
        self._seen: list[int] = []

    @classmethod
    def asked(cls, parameters: dict[str, Any], user: "AbstractUser") -> "MemberTable":
        return cls(parameters["members"])

    @property
    def title(self) -> str:
        return _("Adhérents")

    @property
    def header(self) -> list[str]:
        identity = [
            str(capfirst(field.verbose_name))
            for field in Member._meta.concrete_fields
            if field.name in Identity.identity_fields()
        ]
        return [
            _("Numéro"),
            _("Nature"),
            *identity,
            _("Collège"),
            _("Adhère depuis le"),
            _("État"),
            _("Formule"),
            _("Premier jour"),
            _("Dernier jour"),
            _("Cotisation"),
            _("Reçu"),
        ]

    def __iter__(self) -> Iterator[list[Cell]]:
        today = localdate()
        self._seen = []
        for start in range(0, len(self.pks), CHUNK):
            chunk = self.pks[start : start + CHUNK]
            found = Member.objects.select_related("college").with_standing().in_bulk(chunk)
            lasts = {pk: _last(member) for pk, member in found.items()}
            received = _received(last.charge_id for last in lasts.values() if last)
            for pk in chunk:
                if pk in found:  # the others are gone since the table was asked for
                    last = lasts[pk]
                    paid = received.get(last.charge_id, Decimal("0.00")) if last else None
                    self._seen.append(pk)
                    yield [*_who(found[pk]), found[pk].standing(on=today).title, *_what(last), paid]

    def subjects(self) -> Iterable[int]:
        return self._seen


def _who(member: Member) -> list[Cell]:
    identity = [value if value != "" else None for value in member.identity().values()]
    return [
        member.number,
        str(member.get_kind_display()),
        *identity,
        member.college.name,
        member.joined_on,
    ]


def _what(last: Membership | None) -> list[Cell]:
    return [last.plan.name, last.starts_on, last.ends_on, last.amount] if last else [None] * 4


def _last(member: Member) -> Membership | None:
    periods = [one for one in member.memberships.all() if one.cancelled_at is None]
    return max(periods, key=lambda one: one.ends_on, default=None)


def _received(charges: Iterable[int | None]) -> dict[int | None, Decimal]:
    payments = Payment.objects.filter(charge__in=[pk for pk in charges if pk]).order_by()
    return dict(payments.values_list("charge").annotate(Sum("amount")))
