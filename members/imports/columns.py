"""The columns of somebody else's file: which of ours each one is, and what a row says once they are known."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rapidfuzz import fuzz, process

from documents import cells
from documents.cells import BadCell, folded
from documents.reading import MAX_ROWS, Cell, Row, is_blank, too_many_rows
from members.imports import cells as own_cells
from members.models import College, Mandate, Member, Plan, normalise_email
from payments.companies import compact_siret

ALIKE = 88  # of 100: a letter or two apart
HEADER_WITHIN = 10


class Problem(NamedTuple):
    """Why a row is refused: of which column, in words, and which members it is about."""

    column: str
    message: str
    members: tuple[int, ...] = ()


class Vocabulary:
    """The plans and colleges, by name and by address."""

    def __init__(self) -> None:
        self.plans = {plan.pk: plan for plan in Plan.objects.select_related("college")}
        self.colleges = {college.pk: college for college in College.objects.all()}
        self._names = {
            model: {folded(word): row.pk for row in rows for word in (row.slug, row.name)}
            for model, rows in ((Plan, self.plans.values()), (College, self.colleges.values()))
        }

    def find(self, model: type[Plan] | type[College], cell: Cell) -> int:
        words = cells.text(cell)
        found = self._names[model].get(folded(words))
        if found is None:
            unknown = (
                _("Aucune formule ne s’appelle ainsi.")
                if model is Plan
                else _("Aucun collège ne s’appelle ainsi.")
            )
            raise BadCell(unknown)
        return found


Reader = Callable[[Cell, Vocabulary], Any]


class Column(NamedTuple):
    label: Any
    names: tuple[str, ...]
    read: Reader


def _plain(read: Callable[[Cell], Any]) -> Reader:
    return lambda cell, vocabulary: read(cell)


def _checked(model: Any, name: str, read: Callable[[Cell], Any], cell: Cell, vocabulary: Vocabulary) -> Any:
    """As the field of the model would have it: its length and its validators."""
    value = read(cell)
    try:
        model._meta.get_field(name).run_validators(value)
    except ValidationError as error:
        raise BadCell(" ".join(error.messages)) from error
    return value


def _of(
    model: Any, name: str, *names: str, read: Callable[[Cell], Any] = cells.text, label: Any = None
) -> Column:
    title = label or model._meta.get_field(name).verbose_name
    return Column(title, names, partial(_checked, model, name, read))


def _email(cell: Cell) -> str:
    return normalise_email(cells.text(cell).removeprefix("mailto:"))


def _siret(cell: Cell) -> str:
    try:
        return compact_siret(cells.text(cell))
    except ValidationError as error:
        raise BadCell(" ".join(error.messages)) from error


def _name(model: type[Plan] | type[College]) -> Reader:
    return lambda cell, vocabulary: vocabulary.find(model, cell)


COLUMNS: dict[str, Column] = {
    "number": Column(
        gettext_lazy("numéro d’adhérent"),
        ("numero d adherent", "numero adherent", "n adherent", "numero", "member number", "member id"),
        _plain(own_cells.member_number),
    ),
    "kind": Column(
        gettext_lazy("nature"),
        ("nature", "type", "type d adherent", "personne ou organisation", "kind"),
        _plain(own_cells.kind),
    ),
    "first_name": _of(Member, "first_name", "prenom", "prenoms", "first name", "firstname", "given name"),
    "last_name": _of(
        Member, "last_name", "nom", "nom de famille", "nom usuel", "last name", "lastname", "surname", "name"
    ),
    "organisation": _of(
        Member, "organisation", "organisation", "nom de l organisation", "raison sociale", "denomination",
        "entreprise", "societe", "structure", "etablissement", "organization", "company",
    ),
    "siret": _of(Member, "siret", "siret", "siren", "siren ou siret", "numero siret", "n siret", read=_siret),
    "email": _of(
        Member, "email", "e mail", "email", "mail", "courriel", "adresse e mail", "adresse mail",
        "adresse email", "adresse electronique", "email address", read=_email,
    ),
    "phone": _of(
        Member, "phone", "telephone", "tel", "portable", "mobile", "telephone portable",
        "numero de telephone", "phone", "phone number",
    ),
    "birth_year": _of(
        Member, "birth_year", "annee de naissance", "naissance", "date de naissance", "ne en",
        "birth year", "year of birth", "date of birth", read=cells.year,
    ),
    "address": _of(
        Member, "address", "adresse", "adresse postale", "rue", "voie", "address", "street", "postal address"
    ),
    "postcode": _of(
        Member, "postcode", "code postal", "cp", "postcode", "postal code", "zip", "zip code"
    ),
    "city": _of(Member, "city", "ville", "commune", "localite", "city", "town"),
    "country": _of(Member, "country", "pays", "country"),
    "college": Column(
        gettext_lazy("collège"), ("college", "college d adherent", "categorie"), _name(College)
    ),
    "headcount": _of(
        Member, "headcount", "effectif", "effectifs", "nombre de salaries", "salaries", "headcount",
        "employees", read=cells.whole_number,
    ),
    "seats": _of(Member, "seats", "places", "nombre de places", "seats", read=cells.whole_number),
    "joined_on": _of(
        Member, "joined_on", "adhere depuis le", "adherent depuis", "date d adhesion",
        "premiere adhesion", "date d inscription", "joined on", "join date", "member since", read=cells.day,
    ),
    "plan": Column(
        gettext_lazy("formule"),
        ("formule", "formule d adhesion", "type d adhesion", "tarif", "plan", "membership type"),
        _name(Plan),
    ),
    "starts_on": Column(
        gettext_lazy("premier jour de l’adhésion"),
        ("debut", "date de debut", "premier jour", "debut d adhesion", "debut de l adhesion", "start", "start date"),
        _plain(cells.day),
    ),
    "ends_on": Column(
        gettext_lazy("dernier jour de l’adhésion"),
        ("fin", "date de fin", "dernier jour", "fin d adhesion", "fin de l adhesion", "echeance", "date d echeance",
         "end", "end date", "expiry date"),
        _plain(cells.day),
    ),
    "amount": Column(
        gettext_lazy("montant payé"),
        ("montant", "montant paye", "montant regle", "cotisation", "cotisation payee", "amount", "amount paid"),
        _plain(cells.amount),
    ),
    "mandate_email": _of(
        Mandate, "email", "e mail du representant", "email representant", "mail du representant",
        "courriel du representant", "representative email", read=_email,
        label=gettext_lazy("représentant\u00a0: adresse e-mail"),
    ),
    "mandate_first_name": _of(
        Mandate, "first_name", "prenom du representant", "prenom representant", "representative first name",
        label=gettext_lazy("représentant\u00a0: prénom"),
    ),
    "mandate_last_name": _of(
        Mandate, "last_name", "nom du representant", "nom representant", "representant", "representative last name",
        label=gettext_lazy("représentant\u00a0: nom"),
    ),
    "mandate_role": Column(
        gettext_lazy("représentant\u00a0: rôle"),
        ("role", "role du representant", "fonction du representant", "representative role"),
        _plain(own_cells.role),
    ),
}  # fmt: skip
IDENTIFYING = {"number", "email", "siret", "last_name", "organisation"}
DAYS = {"joined_on", "starts_on", "ends_on"}
_KNOWN = {name: code for code, column in COLUMNS.items() for name in column.names}


@dataclass
class Line:
    """What one row of the file says: only what is written in it."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            code: str(value) if isinstance(value, date | Decimal) else value
            for code, value in self.values.items()
        }

    @classmethod
    def from_json(cls, number: int, values: dict[str, Any]) -> "Line":
        read = dict(values)
        for code in DAYS & read.keys():
            read[code] = date.fromisoformat(read[code])
        if "amount" in read:
            read["amount"] = Decimal(read["amount"])
        return cls(number, read)


def guess(headers: Sequence[str]) -> list[str]:
    """The code of ours that each header means, or "" for none. A code is given once, to the header most like it."""
    scored = []
    for index, header in enumerate(headers):
        match = process.extractOne(folded(header), _KNOWN.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE)
        if match is not None:
            scored.append((-match[1], index, _KNOWN[match[0]]))
    codes = [""] * len(headers)
    for _score, index, code in sorted(scored):
        if code not in codes:
            codes[index] = code
    return codes


def header_row(head: Sequence[Row]) -> int:
    """The number of the first row of which most cells are names we know; the first of all when none is."""
    widest = max(len(row.cells) for row in head)
    for row in head:
        if row.number > HEADER_WITHIN:
            break
        filled = [str(cell) for cell in row.cells if not is_blank(cell)]
        known = sum(1 for code in guess(filled) if code)
        if known * 2 > len(filled) and known >= min(2, widest):
            return row.number
    return head[0].number


def key_of(headers: Iterable[str]) -> str:
    """By which the choices made for a file are found again for the next one with these columns."""
    return sha256("\n".join(folded(header) for header in headers).encode()).hexdigest()


def lines(rows: Iterable[Row], *, below: int, codes: Sequence[str], vocabulary: Vocabulary) -> Iterator[Line]:
    """Those under the header. Raises Unreadable when there are too many."""
    body = (row for row in rows if row.number > below)
    for count, row in enumerate(body, start=1):
        if count > MAX_ROWS:
            raise too_many_rows()
        yield _line(row, codes, vocabulary)


def _line(row: Row, codes: Sequence[str], vocabulary: Vocabulary) -> Line:
    line = Line(row.number)
    if any(not is_blank(cell) for cell in row.cells[len(codes) :]):
        message = _("Cette ligne a plus de cellules que de titres\u00a0: elle est peut-être décalée.")
        line.problems.append(Problem("", message))
    for code, cell in zip(codes, row.cells, strict=False):
        if code and not is_blank(cell):
            try:
                line.values[code] = COLUMNS[code].read(cell, vocabulary)
            except BadCell as error:
                line.problems.append(Problem(code, str(error)))
    return line
