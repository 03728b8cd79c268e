"""A ticket is a page to show at the door: who, what, when, where, and a code that leads to the page of the place."""

from collections.abc import Iterable
from typing import Any

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents.typeset import is_drawable, typeset
from events.models import Event, Registration
from payments.money import euros

LONGEST_ACCESS = 700  # letters, and
MOST_LINES = 12  # both so that a ticket is one page


def tickets(event: Event, places: Iterable[Registration]) -> bytes:
    """A PDF with a page for each place."""
    pages = [_page(place) for place in places]
    title = ngettext("Billet pour : %s", "Billets pour : %s", len(pages)) % event.title
    return typeset(
        "events/pdf/ticket.typ",
        title=title,
        event=_what(event),
        places=pages,
        footer=settings.SITE_URL + event.get_absolute_url(),
        words={
            "when": _("Quand"),
            "where": _("Où"),
            "name": _("Au nom de"),
            "price": _("Tarif"),
            "number": _("Billet"),
            "qr": _("Code QR : l’adresse de la page de cette place, écrite en bas de ce billet"),
            "access": _("Comment venir"),
            "come": _("À l’entrée"),
            "show": _("Montrez ce billet, imprimé ou sur un écran. Il vaut pour une personne."),
            "give_back": _(
                "Vous ne pouvez plus venir ? Rendez votre place à quelqu’un d’autre, depuis sa page :"
            ),
        },
    )


def when(event: Event) -> list[str]:
    return render_to_string("events/pdf/when.txt", {"event": event}).strip().splitlines()


def where(event: Event) -> str:
    if event.format == Event.Format.ONLINE:
        return _("En ligne")
    if event.format == Event.Format.HYBRID:
        return _("%(venue)s et en ligne") % {"venue": event.venue}
    return event.venue


def _what(event: Event) -> dict[str, Any]:
    is_online = event.format == Event.Format.ONLINE
    access = [] if is_online else Truncator(event.access.strip()).chars(LONGEST_ACCESS).splitlines()
    if is_online:
        access = [_("Le lien de connexion sera sur la page de votre place.")] if event.online_url else []
    return {
        "title": event.title,
        "kind": event.get_kind_display().capitalize(),
        "when": when(event),
        "where": where(event),
        "address": "" if is_online else event.address,
        "access": [*access[:MOST_LINES], "…"] if len(access) > MOST_LINES else access,
    }


def _page(place: Registration) -> dict[str, Any]:
    url = settings.SITE_URL + place.get_absolute_url()
    return {
        "name": place.name,
        "email": "" if is_drawable(place.name) else place.email,
        "number": place.number,
        "price": str(place.price or ""),
        "amount": euros(place.amount) if place.amount else _("Gratuit"),
        "url": url,
        "qr": segno.make(url, error="m", micro=False).svg_inline(border=0, dark="#12233f"),
    }
