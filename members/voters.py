"""Who may vote on a day: one voice for each person or organisation that is up to date, and why the others have none."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents.alphabet import alphabetical
from documents.days import in_words
from documents.spreadsheets import Cell
from documents.typeset import is_drawable, typeset
from members.models import College, Kind, Mandate, Member, Membership
from members.models.members import MemberQuerySet

CHUNK = 1000


@dataclass(frozen=True)
class Voter:
    """A line of the list. `holder` casts the vote of an organisation."""

    member: Member
    holder: str

    @property
    def name(self) -> str:
        """As one looks for it in a list: by the last name."""
        if self.member.kind == Kind.ORGANISATION:
            return str(self.member)
        return f"{self.member.last_name.upper()} {self.member.first_name}".strip()


class Voters:
    def __init__(self, on: date) -> None:
        self.on = on

    @cached_property
    def colleges(self) -> dict[int, College]:
        return {college.pk: college for college in College.objects.all()}

    @cached_property
    def all(self) -> list[Voter]:
        """In three queries, by college then by name."""
        columns = ["kind", "first_name", "last_name", "organisation", "email", "college"]
        voters = []
        for member in Member.objects.current(on=self.on).only(*columns).order_by():
            member.college = self.colleges[member.college_id]
            voters.append(Voter(member, self._holders.get(member.pk, "")))
        rank = {pk: position for position, pk in enumerate(self.colleges)}
        return sorted(
            voters,
            key=lambda one: (rank[one.member.college_id], alphabetical(one.name), one.member.pk),
        )

    @cached_property
    def _holders(self) -> dict[int, str]:
        """By organisation: who votes for it that day, its titular before its deputy."""
        mandates = Mandate.objects.live(on=self.on).filter(is_voting=True).order_by("role", "-pk")
        return {mandate.organisation_id: mandate.name for mandate in mandates}  # titular is the last role

    def counts(self) -> list[tuple[College, int]]:
        found = Counter(one.member.college_id for one in self.all)
        return [(college, found[pk]) for pk, college in self.colleges.items() if found[pk]]

    def of(self, college: College | None) -> list[Voter]:
        return [one for one in self.all if college is None or one.member.college_id == college.pk]

    @property
    def absent(self) -> MemberQuerySet:
        """Those who have been members, and do not vote that day."""
        begun = Membership.objects.effective().filter(member=OuterRef("pk"), starts_on__lte=self.on)
        once = Member.objects.filter(
            Q(Exists(begun)) | Q(departures__cancelled_at=None, departures__isnull=False)
        )
        absent: MemberQuerySet = once.exclude(
            pk__in=Member.objects.current(on=self.on).values("pk")
        ).distinct()
        return absent

    def pdf(self, college: College | None = None) -> bytes:
        """The list to sign: a table for each college, its header on each page."""
        chosen = [one for one, _count in self.counts() if college is None or one == college]
        tables = [{"college": one.name, "voters": [_line(voter) for voter in self.of(one)]} for one in chosen]
        day = in_words(self.on)
        total = sum(len(self.of(one)) for one in chosen)
        return typeset(
            "members/pdf/voters.typ",
            title=_("Liste électorale au %s") % day,
            tables=tables,
            words={
                "title": _("Liste électorale"),
                "current": _("À jour au %s") % day,
                "made": _("Établie le %s") % in_words(timezone.localdate()),
                "rank": _("N°"),
                "name": _("Nom"),
                "number": _("Numéro"),
                "signature": _("Signature"),
                "total": ngettext("%d voix", "%d voix", total) % total,
                "page": _("Page"),
                "nobody": _("Personne n’est à jour à cette date."),
            },
        )


def _line(voter: Voter) -> dict[str, str]:
    """A name that our fonts cannot draw gives way to the address, so that one finds the line."""
    holder = _("représentée par %s") % voter.holder if voter.holder else ""
    return {
        "name": voter.name if is_drawable(voter.name) else voter.member.email,
        "holder": _("pas de mandat de vote")
        if voter.member.kind == Kind.ORGANISATION and not holder
        else holder,
        "number": voter.member.number,
    }


class VoterTable:
    """For a spreadsheet."""

    def __init__(self, voters: Voters, college: College | None) -> None:
        self.voters, self.college = voters, college

    @property
    def title(self) -> str:
        return _("Liste électorale")

    @property
    def header(self) -> list[str]:
        return [
            _("Collège"),
            _("Numéro"),
            _("Nom"),
            _("Nature"),
            _("Vote pour l’organisation"),
            _("À jour au"),
        ]

    def __iter__(self) -> Iterator[list[Cell]]:
        for voter in self.voters.of(self.college):
            college = voter.member.college.name
            kind = str(voter.member.get_kind_display())
            yield [college, voter.member.number, voter.name, kind, voter.holder, self.voters.on]


class AbsentTable:
    """Who is not on the list, and why, in the words of their own account."""

    def __init__(self, voters: Voters) -> None:
        self.voters = voters

    @property
    def title(self) -> str:
        return _("Absents de la liste électorale")

    @property
    def header(self) -> list[str]:
        return [_("Collège"), _("Numéro"), _("Nom"), _("État"), _("Pourquoi")]

    def __iter__(self) -> Iterator[list[Cell]]:
        for member in self.voters.absent.order_by("pk").with_standing().iterator(chunk_size=CHUNK):
            standing = member.standing(on=self.voters.on)
            college = self.voters.colleges[member.college_id].name
            yield [college, member.number, str(member), standing.title, standing.explanation]
