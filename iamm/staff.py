"""What waits for the staff, each with the list where it is dealt with."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from events.models import AccessNeed, Booking, Event
from mailing.models import Email
from members.models import Application, DuplicatePair
from payments.models import Billing, Charge, Refund, StatementLine

# What to count, the query string of the same rows in the admin, and what they are called.
LISTS: list[tuple[Callable[[], QuerySet[Any]], str, Any]] = [
    (
        lambda: Application.objects.to_decide(),
        "state=to_decide",
        ngettext_lazy("%d demande d’adhésion à décider", "%d demandes d’adhésion à décider"),
    ),
    (
        lambda: Application.objects.to_place(),
        "state=to_place",
        ngettext_lazy(
            "%d demande d’adhésion payée, dates à fixer", "%d demandes d’adhésion payées, dates à fixer"
        ),
    ),
    (
        lambda: Application.objects.to_pay(),
        "state=to_pay",
        ngettext_lazy(
            "%d demande d’adhésion attend son paiement", "%d demandes d’adhésion attendent leur paiement"
        ),
    ),
    (
        lambda: DuplicatePair.objects.open(),
        "state=open",
        ngettext_lazy("%d doublon possible parmi les adhérents", "%d doublons possibles parmi les adhérents"),
    ),
    (
        lambda: Booking.objects.requested(),
        "state__exact=requested",
        ngettext_lazy("%d réservation à valider", "%d réservations à valider"),
    ),
    (
        lambda: AccessNeed.objects.open(),
        "state=open",
        ngettext_lazy("%d besoin d’accessibilité sans réponse", "%d besoins d’accessibilité sans réponse"),
    ),
    (
        lambda: Booking.objects.filter(state=Booking.State.HELD),
        "state__exact=held",
        ngettext_lazy("%d réservation attend son paiement", "%d réservations attendent leur paiement"),
    ),
    (
        lambda: Refund.objects.to_make(),
        "state=to_make",
        ngettext_lazy("%d remboursement à faire", "%d remboursements à faire"),
    ),
    (
        lambda: Billing.objects.to_invoice(),
        "state=to_invoice",
        ngettext_lazy("%d facture à émettre", "%d factures à émettre"),
    ),
    (
        lambda: StatementLine.objects.to_match(),
        "state=to_do",
        ngettext_lazy("%d ligne de la banque à rapprocher", "%d lignes de la banque à rapprocher"),
    ),
    (
        lambda: StatementLine.objects.doubtful(),
        "state=doubtful",
        ngettext_lazy(
            "%d ligne de la banque peut-être en double", "%d lignes de la banque peut-être en double"
        ),
    ),
    (
        lambda: Charge.objects.contested(),
        "state=contested",
        ngettext_lazy(
            "%d somme reprise par la banque ou le prestataire",
            "%d sommes reprises par la banque ou le prestataire",
        ),
    ),
    (
        lambda: Charge.objects.unclear(),
        "state=unclear",
        ngettext_lazy(
            "%d somme payée dans une autre devise, ou d’un autre montant que demandé",
            "%d sommes payées dans une autre devise, ou d’un autre montant que demandé",
        ),
    ),
    (
        lambda: Charge.objects.stranded(),
        "state=stranded",
        ngettext_lazy(
            "%d somme reçue en partie, dont le délai est passé",
            "%d sommes reçues en partie, dont le délai est passé",
        ),
    ),
    (
        lambda: Charge.objects.late(),
        "state=late",
        ngettext_lazy("%d somme due depuis plus de 15 jours", "%d sommes dues depuis plus de 15 jours"),
    ),
    (
        lambda: Event.objects.filter(status=Event.Status.DRAFT),
        "status__exact=draft",
        ngettext_lazy("%d événement en brouillon", "%d événements en brouillon"),
    ),
    (
        lambda: Event.objects.queued(),
        "places=queued",
        ngettext_lazy(
            "%d événement complet avec une liste d’attente", "%d événements complets avec une liste d’attente"
        ),
    ),
    (
        lambda: Email.objects.stuck(),
        "state=stuck",
        ngettext_lazy("%d message bloqué", "%d messages bloqués"),
    ),
]

LEGAL_NAMES: dict[str, Any] = {
    "address": _("adresse postale"),
    "phone": _("téléphone"),
    "email": _("adresse e-mail"),
    "rna": _("numéro RNA"),
    "siret": _("SIRET"),
    "publication_director": _("direction de la publication"),
    "host": _("hébergeur du site"),
    "privacy_contact": _("contact pour les données personnelles"),
    "bank_account": _("compte bancaire"),
}


class Row(NamedTuple):
    label: str
    url: str
    detail: str = ""


def waiting_for(user: Any) -> list[Row]:
    """What this person may see and is not empty. One query a list, however long the lists are."""
    rows = []
    for select, query, label in LISTS:
        found = select()
        meta = found.model._meta
        if user.has_perm(f"{meta.app_label}.view_{meta.model_name}") and (count := found.count()):
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
            rows.append(Row(label % count, f"{url}?{query}"))
    missing = [str(name) for key, name in LEGAL_NAMES.items() if not settings.ASSOCIATION[key]]
    if user.is_superuser and missing:
        label = ngettext_lazy("%d mention légale à remplir", "%d mentions légales à remplir") % len(missing)
        rows.append(Row(label, reverse("legal_notice"), ", ".join(missing)))
    return rows
