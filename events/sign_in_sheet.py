"""The sheet that those who come sign at the door, once each half-day."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from documents.alphabet import alphabetical
from documents.typeset import is_drawable, typeset
from events.models import Event, Registration
from events.tickets import when, where
from members.models import Member

NOON = time(13)
LONGEST_HALF_DAY = timedelta(hours=4, minutes=30)
SHORTEST_PRESENCE = timedelta(minutes=45)


def sign_in_sheet(event: Event) -> bytes:
    """One row for each confirmed attendee, by name, then one for each speaker."""
    return typeset(
        "events/pdf/sign_in_sheet.typ",
        title=_("Feuille d’émargement : %s") % event.title,
        event=event.title,
        when=when(event),
        where=[where(event), event.address if event.format != Event.Format.ONLINE else ""],
        half_days=_columns(event),
        people=_people(event),
        speakers=[{"name": one.name, "organisation": one.role} for one in event.people],
        made=render_to_string("events/pdf/made.txt", {"now": timezone.now()}).strip(),
        words={
            "title": _("Feuille d’émargement"),
            "number": _("N°"),
            "name": _("Nom"),
            "when": _("Quand"),
            "where": _("Où"),
            "speakers": _("Avec"),
            "page": _("Page"),
            "nobody": _("Personne n’a encore de place confirmée."),
        },
    )


def half_days(event: Event) -> list[tuple[date, str]]:
    """Each morning and afternoon in which something happens: of the programme if there is one, else of the event."""
    slots = list(event.slots.all())
    periods = [(one.starts_at, one.ends_at) for one in slots] or [(event.starts_at, event.ends_at)]
    found = {
        half_day
        for start, end in periods
        for half_day, presence in _cut(start, end)
        if presence >= _least(start, end)
    }
    return sorted(found, key=lambda one: (one[0], one[1] == "afternoon"))


def _cut(start: datetime, end: datetime) -> Iterator[tuple[tuple[date, str], timedelta]]:
    """The half-days that a period touches, and how long it lasts in each."""
    start, end = timezone.localtime(start), timezone.localtime(end)
    day = start.date()
    while day <= end.date():
        zone = start.tzinfo
        noon = datetime.combine(day, NOON, zone)
        bounds = {
            "morning": (datetime.combine(day, time.min, zone), noon),
            "afternoon": (noon, datetime.combine(day + timedelta(days=1), time.min, zone)),
        }
        for half, (first, last) in bounds.items():
            yield (day, half), min(end, last) - max(start, first)
        day += timedelta(days=1)


def _least(start: datetime, end: datetime) -> timedelta:
    """A talk of twenty minutes makes a half-day; the end of a morning that runs late does not."""
    return min(SHORTEST_PRESENCE, (end - start) / 2)


def _columns(event: Event) -> list[str]:
    halves = half_days(event)
    if event.ends_at - event.starts_at <= LONGEST_HALF_DAY or len(halves) < 2:
        return [_("Signature")]
    return [
        render_to_string("events/pdf/half_day.txt", {"date": day, "half": half}).strip()
        for day, half in halves
    ]


def _people(event: Event) -> list[dict[str, str]]:
    places = Registration.objects.confirmed().filter(booking__event=event).select_related("booking")
    mine = Member.objects.exclude(organisation="").annotate(mailbox=Lower("email"))
    known = dict(
        mine.filter(mailbox__in=places.order_by().values(mailbox=Lower("email"))).values_list(
            "mailbox", "organisation"
        )
    )
    rows = [
        {
            "name": place.name,
            "organisation": (known.get(place.email.lower(), "") or _payer(place))
            if is_drawable(place.name)
            else place.email,
        }
        for place in places
    ]
    return sorted(rows, key=lambda row: alphabetical(row["name"]))


def _payer(place: Registration) -> str:
    """The organisation to which the booking is invoiced: the first line of its address."""
    return next(iter(place.booking.invoice_to.strip().splitlines()), "")
