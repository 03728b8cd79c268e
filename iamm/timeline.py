"""Everything that happened to a member, newest first.

One query says what is on a page, whatever it is; then one a kind reads its rows.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import CharField, DateTimeField, F, QuerySet, Value
from django.db.models.functions import Cast

from members import emails
from members.models import Member
from payments.models import Charge, Refund

PAGE = 50


class Told(NamedTuple):
    """What a line says of a row, who did it, and where it is read."""

    words: str
    author: Any = ""
    url: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()


class Line(NamedTuple):
    at: datetime
    label: str
    told: Told


class Source(NamedTuple):
    """Rows of one kind about a member, the column that dates them, and how one is told."""

    name: str
    label: Any
    permission: str
    rows: Callable[["Subject"], QuerySet[Any]]
    at: str
    tell: Callable[[Any], Told]
    related: tuple[str, ...] = ()

    def dated(self, subject: "Subject") -> QuerySet[Any, Any]:
        name, moment = Value(self.name, CharField()), Cast(F(self.at), DateTimeField())
        rows = self.rows(subject).order_by().annotate(source=name, moment=moment)
        return rows.values_list("source", "pk", "moment")

    def read(self, subject: "Subject", pks: list[int]) -> dict[int, Told]:
        rows = self.rows(subject).model._default_manager.filter(pk__in=pks)
        return {row.pk: self.tell(row) for row in rows.select_related(*self.related)}


@dataclass
class Subject:
    """By what the rows of the other apps name a member."""

    member: Member

    @cached_property
    def addresses(self) -> list[str]:
        """Theirs, and those that their account has proved."""
        proved = self.member.user.verified_emails if self.member.user else []
        return sorted({self.member.email, *proved} - {""})

    @cached_property
    def charges(self) -> list[int]:
        """Of their periods and applications; and what is at their address, unless it is for another member."""
        own = set(self.member.charges.values_list("pk", flat=True))
        theirs = Charge.objects.filter(email__in=self.addresses)
        elsewhere = theirs.filter(membership=None, application=None)
        return sorted(own | set(elsewhere.values_list("pk", flat=True)))

    @cached_property
    def keys(self) -> emails.Keys:
        refunds = Refund.objects.filter(charge__in=self.charges).values_list("pk", flat=True)
        return emails.keys_about(
            applications=self.member.applications.values_list("pk", flat=True),
            memberships=self.member.memberships.values_list("pk", flat=True),
            charges=self.charges,
            refunds=refunds,
        )


class Timeline:
    """Of the kinds that this person may see; `hidden` names the others."""

    def __init__(self, member: Member, user: Any) -> None:
        from iamm.timeline_sources import SOURCES  # noqa: PLC0415 - they describe themselves with our words

        self.subject = Subject(member)
        self.sources = {one.name: one for one in SOURCES if user.has_perm(one.permission)}
        self.hidden = [one.label for one in SOURCES if one.name not in self.sources]

    def page(self, number: Any = 1, *, size: int = PAGE) -> Page[Line]:
        dated: Any = self._dated() if self.sources else []
        paginator: Paginator[Any] = Paginator(dated, size)
        page: Page[Any] = paginator.get_page(number)
        page.object_list = self._lines(list(page.object_list))
        return page

    def _dated(self) -> QuerySet[Any, Any]:
        first, *others = [one.dated(self.subject) for one in self.sources.values()]
        return first.union(*others, all=True).order_by("-moment", "source", "-pk")

    def _lines(self, dated: list[tuple[str, int, datetime]]) -> list[Line]:
        wanted = defaultdict(list)
        for name, pk, _at in dated:
            wanted[name].append(pk)
        told = {name: self.sources[name].read(self.subject, pks) for name, pks in wanted.items()}
        return [Line(at, self.sources[name].label, told[name][pk]) for name, pk, at in dated]
