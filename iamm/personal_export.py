"""All that we hold of a person, to take away: one file for machines, one table a family, and their documents."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import User
from documents import spreadsheets
from events.models import Registration
from events.tickets import tickets
from iamm import retention
from iamm.personal import SOURCES, Person, Source
from iamm.retention_rules import Rule
from journal import trail
from journal.models import Entry
from members import card
from payments.models import Document

MOST_TICKETS = 30


@dataclass(frozen=True)
class Sheet:
    """The rows of one model, under one rule."""

    rule: Rule
    source: Source
    rows: Sequence[dict[str, Any]]

    @property
    def name(self) -> str:
        return f"{self.rule.slug}-{slugify(str(self.source.model._meta.verbose_name_plural))}"

    @property
    def title(self) -> str:
        return str(self.source.model._meta.verbose_name_plural)

    @property
    def header(self) -> Sequence[str]:
        return [self._heading(name) for name in self.rows[0]]

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            yield [_cell(value) for value in row.values()]

    def _heading(self, column: str) -> str:
        if column == EVENT:
            return _("événement")
        return str(getattr(self.source.model._meta.get_field(column), "verbose_name", column))


EVENT = "event"  # of a place: its booking, that says it, may be another person's


def write(person: Person, file: IO[bytes]) -> None:
    """The whole archive."""
    sheets = [sheet for sheet in _sheets(person) if sheet.rows]
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(
            "LISEZ-MOI.txt", render_to_string("iamm/personal_export.txt", _about(person, sheets))
        )
        archive.writestr("donnees.json", json.dumps(_as_json(person, sheets), ensure_ascii=False, indent=2))
        for sheet in sheets:
            archive.writestr(f"tableaux/{sheet.name}.csv", "".join(spreadsheets.as_csv(sheet)))
        for name, content in _documents(person):
            archive.writestr(f"documents/{name}", content)


def _sheets(person: Person) -> Iterator[Sheet]:
    rules = {rule.slug: rule for rule in retention.POLICY}
    for source in SOURCES:
        rule = rules[source.rule]
        hidden = rule.secrets.get(source.label, [])
        columns = [name for name in rule.data[source.label] if name not in hidden]
        rows = [_row(one, columns) for one in _related(source.rows(person), columns)]
        yield Sheet(rule, source, rows)


def _related(rows: QuerySet[Any], columns: Sequence[str]) -> QuerySet[Any]:
    """With what their links are called, in one query."""
    meta = rows.model._meta
    links = [name for name in columns if meta.get_field(name).is_relation]
    links += ["booking__event"] if rows.model is Registration else []
    return (rows.select_related(*links) if links else rows).order_by("pk")


def _row(instance: Model, columns: Sequence[str]) -> dict[str, Any]:
    values = trail.snapshot(instance, columns)
    if isinstance(instance, Registration):
        values[EVENT] = str(instance.event)
    if isinstance(instance, Entry) and "changes" in values:
        values["changes"] = _without_staff(instance)
    return values


def _without_staff(entry: Entry) -> dict[str, Any]:
    """Which account decided is that person's, not this one's."""
    model = ContentType.objects.get_for_id(entry.content_type_id).model_class()
    links = (
        {field.name for field in model._meta.concrete_fields if field.related_model is User}
        if model
        else set()
    )
    return {name: change for name, change in entry.changes.items() if name not in links}


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _as_json(person: Person, sheets: Sequence[Sheet]) -> dict[str, Any]:
    return {
        "portail": settings.SITE_URL,
        "date": timezone.localtime().isoformat(timespec="seconds"),
        "adresses": sorted(person.emails),
        "familles": [
            {
                "regle": sheet.rule.slug,
                "famille": str(sheet.rule.title),
                "conservation": str(sheet.rule.kept),
                "modele": sheet.source.label,
                "lignes": list(sheet.rows),
            }
            for sheet in sheets
        ],
    }


def _about(person: Person, sheets: Sequence[Sheet]) -> dict[str, Any]:
    return {
        "sheets": sheets,
        "emails": sorted(person.emails),
        "now": timezone.now(),
        "site_url": settings.SITE_URL,
    }


def _documents(person: Person) -> Iterator[tuple[str, bytes]]:
    """Their card, their tickets for what is to come, invoices and receipts, and proofs that the board has not looked at yet."""
    for member in person.members.with_standing().select_related("college"):
        if member.is_current:
            yield f"carte-{member.number}.pdf", card.of(member).pdf()
    own = person.places.confirmed().filter(booking__event__ends_at__gt=timezone.now())
    for place in own.select_related("booking__event", "price").order_by("pk")[:MOST_TICKETS]:
        yield f"billet-{place.event.slug}-{place.pk}.pdf", tickets(place.event, [place])
    issued = Document.objects.readable().filter(charge__in=person.charges.values("pk"))
    for document in issued.order_by("pk").iterator(chunk_size=MOST_TICKETS):
        yield document.filename, bytes(document.content)
    for application in person.applications.exclude(proof=""):
        with application.proof.open() as file:
            yield (
                f"justificatif-{application.pk}-{str(application.proof.name).rpartition('/')[2]}",
                file.read(),
            )
