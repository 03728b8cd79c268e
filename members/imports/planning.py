"""What each row will do: create, change what differs, nothing, or be refused with the reason. Nothing is written here.

The same plan is made again when the rows are applied, so that whatever changed in between shows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from documents.days import in_words
from members.imports.columns import COLUMNS, Line, Problem, Vocabulary
from members.imports.matching import Candidates, Seen, Unmatched
from members.imports.records import columns_of
from members.models import (
    Departure,
    ImportRow,
    Invitation,
    Kind,
    Mandate,
    Member,
    Membership,
    normalise_email,
)
from members.models.memberships import grace_after
from members.seats import NoSeatLeft
from payments.money import euros

OF_MEMBER = [
    code for code in COLUMNS if code in {field.name for field in Member._meta.concrete_fields}
]  # in their order, under our names
OF_PERIOD = ("plan", "starts_on", "ends_on", "amount")
OF_MANDATE = ("mandate_email", "mandate_first_name", "mandate_last_name", "mandate_role")
Outcome = ImportRow.Outcome


@dataclass
class Planned:
    """One row, and what it would do."""

    line: Line
    kind: str = Kind.PERSON
    member: Member | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    period: Membership | None = None
    mandate: Mandate | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        if self.problems:
            return Outcome.ERROR
        if self.member is None:
            return Outcome.CREATED
        return Outcome.CHANGED if self.changes else Outcome.UNCHANGED

    @property
    def before(self) -> dict[str, Any]:
        """The whole record as it stands, where it will be touched."""
        return columns_of(self.member) if self.member and self.outcome == Outcome.CHANGED else {}

    def refuse(self, column: str, message: str, members: Iterable[int] = ()) -> None:
        self.problems.append(Problem(column, message, tuple(members)))


class Planner:
    """Plans rows a chunk at a time; with `seen`, a row that says again what another said is refused."""

    def __init__(
        self, vocabulary: Vocabulary, *, college_id: int | None = None, seen: Seen | None = None
    ) -> None:
        self.vocabulary = vocabulary
        self.college_id = college_id
        self.seen = seen
        self.today = timezone.localdate()

    def plan(self, lines: Sequence[Line]) -> list[Planned]:
        self.candidates = Candidates(lines)
        planned = [self._matched(line) for line in lines]
        self._read_their_periods(planned)
        for one in planned:
            if not one.problems:
                self._plan(one)
        return planned

    # Whose

    def _matched(self, line: Line) -> Planned:
        planned = Planned(line, self._kind(line.values), problems=list(line.problems))
        if planned.problems:
            return planned
        try:
            planned.member = self.candidates.match(line.values, planned.kind)
        except Unmatched as error:
            planned.problems.append(error.problem)
            return planned
        if planned.member is not None:
            self._take_the_kind_of(planned.member, planned)
        if not planned.problems and self.seen is not None:
            first = self.seen.first(line, planned.kind, planned.member)
            if first is not None:
                planned.refuse("", _("Cette fiche est déjà à la ligne %d du fichier.") % first)
        return planned

    def _kind(self, values: dict[str, Any]) -> str:
        if "kind" in values:
            return str(values["kind"])
        if "plan" in values:
            return str(self.vocabulary.plans[values["plan"]].kind)
        is_organisation = "organisation" in values and "last_name" not in values
        return Kind.ORGANISATION if is_organisation else Kind.PERSON

    @staticmethod
    def _take_the_kind_of(member: Member, planned: Planned) -> None:
        if "kind" in planned.line.values and planned.kind != member.kind:
            message = (
                _("Cette fiche est celle d’une organisation.")
                if member.kind == Kind.ORGANISATION
                else _("Cette fiche est celle d’une personne.")
            )
            planned.refuse("kind", message, [member.pk])
        planned.kind = member.kind

    def _read_their_periods(self, planned: Iterable[Planned]) -> None:
        members = {one.member.pk for one in planned if one.member and not one.problems}
        periods = Membership.objects.effective().filter(member__in=members)
        mandates = Mandate.objects.unfinished(on=self.today).filter(organisation__in=members)
        departures = Departure.objects.filter(member__in=members, cancelled_at=None)
        invitations = Invitation.objects.open().filter(organisation__in=members)
        self.periods = _grouped(periods, "member_id")
        self.mandates = _grouped(mandates, "organisation_id")
        self.invitations = _grouped(invitations, "organisation_id")
        self.departures = _grouped(departures, "member_id")

    # What

    def _plan(self, planned: Planned) -> None:
        planned.period = self._period(planned)
        planned.mandate = self._mandate(planned)
        if planned.member is None:
            self._complete(planned)
        self._compare(planned)
        for name, row in (("period", planned.period), ("mandate", planned.mandate)):
            if row is not None:
                planned.changes[name] = [None, said_of(row)]
        if planned.problems:
            planned.changes = {}

    def _complete(self, planned: Planned) -> None:
        """What a new record needs and the row may leave to be understood."""
        values = planned.line.values
        planned.fields["kind"] = planned.kind
        name = "organisation" if planned.kind == Kind.ORGANISATION else "last_name"
        if name not in values:
            planned.refuse(name, _("Il manque à cette fiche\u00a0: %s.") % COLUMNS[name].label)
        college = self.college_id
        if planned.period is not None:
            planned.fields["joined_on"] = planned.period.starts_on
            college = self.vocabulary.plans[planned.period.plan_id].college_id
        if "college" not in values and college is None:
            planned.refuse("college", _("Il manque à cette fiche\u00a0: %s.") % COLUMNS["college"].label)
        planned.fields["college_id"] = college

    def _compare(self, planned: Planned) -> None:
        member, values = planned.member, planned.line.values
        for code in OF_MEMBER:
            if code in values and code != "kind":
                planned.fields["college_id" if code == "college" else code] = values[code]
        if member is not None:
            planned.fields = {
                name: value for name, value in planned.fields.items() if getattr(member, name) != value
            }
        for name, value in planned.fields.items():
            old = None if member is None else getattr(member, name)
            planned.changes[name.removesuffix("_id")] = [self._said(name, old), self._said(name, value)]
        owner = self.candidates.by_email.get((planned.kind, planned.fields.get("email", "")))
        if owner is not None and owner != member:
            planned.refuse("email", _("Cette adresse e-mail est déjà celle d’un adhérent."), [owner.pk])

    def _said(self, name: str, value: Any) -> Any:
        if name == "college_id" and value is not None:
            return self.vocabulary.colleges[value].name
        return value.isoformat() if isinstance(value, date) else value

    def _period(self, planned: Planned) -> Membership | None:
        """The one to open, or None where none is asked, or where it is there already."""
        values = planned.line.values
        if not any(code in values for code in OF_PERIOD):
            return None
        missing = [code for code in ("plan", "starts_on") if code not in values]
        for code in missing:
            planned.refuse(code, _("Il manque à cette adhésion\u00a0: %s.") % COLUMNS[code].label)
        if missing:
            return None
        plan, start = self.vocabulary.plans[values["plan"]], values["starts_on"]
        if plan.kind != planned.kind:
            planned.refuse("plan", _("Cette formule est pour l’autre nature d’adhérent."))
            return None
        end = values.get("ends_on") or plan.last_day(start)
        if end < start:
            planned.refuse("ends_on", _("Le dernier jour ne peut pas précéder le premier."))
            return None
        period = Membership(plan=plan, starts_on=start, ends_on=end, grace_until=grace_after(plan, end))
        period.amount = values.get("amount", period.amount)
        return None if self._is_there(period, planned) else period

    def _is_there(self, period: Membership, planned: Planned) -> bool:
        pk = planned.member.pk if planned.member else None
        for other in self.periods[pk]:
            dates = (other.plan_id, other.starts_on, other.ends_on)
            if dates == (period.plan_id, period.starts_on, period.ends_on):
                return True
            if other.starts_on <= period.ends_on and other.ends_on >= period.starts_on:
                days = {"start": in_words(other.starts_on), "end": in_words(other.ends_on)}
                planned.refuse(
                    "starts_on",
                    _("Ces dates chevauchent une autre adhésion, du %(start)s au %(end)s.") % days,
                )
        for departure in self.departures[pk]:
            if departure.is_in_force(period.ends_on):
                left = in_words(departure.left_on)
                planned.refuse(
                    "ends_on",
                    _(
                        "Le départ de cette fiche est noté au %s\u00a0: annulez-le d’abord, ou finissez l’adhésion avant."
                    )
                    % left,
                )
        return False

    def _mandate(self, planned: Planned) -> Mandate | None:
        """The one to give, or None where none is asked, or where that person has one already."""
        values = {
            code.removeprefix("mandate_"): planned.line.values[code]
            for code in OF_MANDATE
            if code in planned.line.values
        }
        if not values:
            return None
        if planned.kind != Kind.ORGANISATION:
            planned.refuse("mandate_email", _("Un représentant va avec une organisation."))
            return None
        if not values.keys() & {"email", "last_name"}:
            planned.refuse("mandate_email", _("Il manque le nom ou l’adresse e-mail du représentant."))
            return None
        return self._seat(Mandate(**{"role": Mandate.Role.TITULAR} | values), planned)

    def _seat(self, mandate: Mandate, planned: Planned) -> Mandate | None:
        """None where that person has a seat. The first who represents the organisation votes for it."""
        pk = planned.member.pk if planned.member else None
        others = self.mandates[pk]
        if any(_is_same(mandate, other) for other in others):
            return None
        seats = planned.line.values.get("seats", planned.member.seats if planned.member else None)
        if seats is not None and len(others) + len(self.invitations[pk]) >= seats:
            planned.refuse("mandate_email", NoSeatLeft(seats).in_words())
        mandate.is_voting = mandate.represents and not any(other.represents for other in others)
        return mandate


def _is_same(mandate: Mandate, other: Mandate) -> bool:
    if mandate.email:
        return normalise_email(other.email) == mandate.email
    return other.name.casefold() == mandate.name.casefold()


def said_of(row: Membership | Mandate) -> str:
    if isinstance(row, Mandate):
        return f"{row} {row.email}" if row.email and row.name != row.email else str(row)
    return _("%(plan)s, du %(start)s au %(end)s, %(amount)s") % {
        "plan": row.plan.name,
        "start": in_words(row.starts_on),
        "end": in_words(row.ends_on),
        "amount": euros(row.amount),
    }


def _grouped(rows: Iterable[Any], key: str) -> defaultdict[int | None, list[Any]]:
    found: defaultdict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return found
