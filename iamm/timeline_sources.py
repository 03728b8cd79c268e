"""What a member's timeline is made of, and how each thing is told in one line."""

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.days import in_words
from events.models import Booking, Registration
from iamm.timeline import Source, Subject, Told
from journal.models import Entry
from mailing.models import Email
from members.models import Application, Departure, Mandate, Membership, Note, StatusOverride
from payments.models import Payment, Refund
from payments.money import euros

NOT_A_CHANGE = [
    Entry.Action.OPENED,
    Entry.Action.EXPORTED,
    Entry.Action.DECIDED,
]  # decisions are rows of their own


def _page(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def _applied(row: Application) -> Told:
    return Told(_("Demande\u00a0: %s") % row.plan.name, row.user or row.display_name, _page(row))


def _answered(row: Application) -> Told:
    words = _("Demande «\u00a0%(plan)s\u00a0»\u00a0: %(state)s") % {
        "plan": row.plan.name,
        "state": row.get_state_display(),
    }
    return Told(f"{words}. {row.answer}".strip() if row.answer else words, row.decided_by or "", _page(row))


def _opened(row: Membership) -> Told:
    facts = {"plan": row.plan.name, "start": in_words(row.starts_on), "end": in_words(row.ends_on)}
    parts = [_("Adhésion «\u00a0%(plan)s\u00a0» du %(start)s au %(end)s") % facts]
    if row.sold_until:
        parts.append(_("raccourcie, elle allait jusqu’au %s") % in_words(row.sold_until))
    if row.credit_until:
        parts.append(_("à crédit jusqu’au %s") % in_words(row.credit_until))
    return Told(", ".join(parts), url=_page(row))


def _closed(row: Membership) -> Told:
    return Told(_("Adhésion «\u00a0%s\u00a0» annulée") % row.plan.name, url=_page(row))


def _paid(row: Payment) -> Told:
    method = {
        "amount": euros(abs(row.amount)),
        "method": row.get_method_display(),
        "number": row.charge.number,
    }
    words = _("%(amount)s reçus par %(method)s pour %(number)s")
    if row.amount < 0:
        words = _("%(amount)s rendus par %(method)s pour %(number)s")
    return Told(words % method, row.recorded_by or "", _page(row.charge))


def _owed_back(row: Refund) -> Told:
    words = (
        _("%(amount)s à rendre (%(reason)s)")
        if row.payment_id is None
        else _("%(amount)s à rendre, fait (%(reason)s)")
    )
    facts = {"amount": euros(row.amount), "reason": row.get_reason_display()}
    return Told(words % facts, url=_page(row.charge))


def _written(row: Email) -> Told:
    """Neither a code nor what was erased is told."""
    subject = _("message confidentiel") if row.is_secret else row.subject or _("message effacé")
    return Told(f"{subject} – {row.get_state_display()}", url=_page(row))


def _registered(row: Registration) -> Told:
    state = _("annulée") if row.cancelled_at else row.booking.get_state_display()
    facts = {"event": row.booking.event, "name": row.name, "state": state}
    return Told(_("%(event)s, pour %(name)s – %(state)s") % facts, url=_page(row.booking))


def _noted(row: Note) -> Told:
    return Told(row.text, row.author or "")


def _left(row: Departure) -> Told:
    words = _("%(kind)s, dernier jour le %(day)s") % {
        "kind": row.get_kind_display().capitalize(),
        "day": in_words(row.left_on),
    }
    if row.cancelled_at:
        words = _("%s (annulé depuis)") % words
    return Told(f"{words}. {row.reason}" if row.reason else words, row.recorded_by or "")


def _decided(row: StatusOverride) -> Told:
    words = _("État décidé\u00a0: %s") % row
    if row.until:
        words = _("%(words)s, jusqu’au %(day)s") % {"words": words, "day": in_words(row.until)}
    return Told(_("%s (annulé depuis)") % words if row.cancelled_at else words, row.decided_by or "")


def _seated(row: Mandate) -> Told:
    facts = {"who": row.name, "role": row.get_role_display(), "where": row.organisation}
    words = _("%(who)s, %(role)s de %(where)s") % facts
    if row.ends_on:
        words = _("%(words)s, jusqu’au %(day)s") % {"words": words, "day": in_words(row.ends_on)}
    return Told(words, url=_page(row.organisation))


def _changed(row: Entry) -> Told:
    words = row.note or str(row.get_action_display()).capitalize()
    return Told(words, row.who, changes=tuple(row.described_changes()))


def _emails(subject: Subject) -> QuerySet[Email]:
    found = Q(to__in=subject.addresses) | Q(key__in=subject.keys.whole)
    for start in subject.keys.starts:
        found |= Q(key__startswith=start)
    return Email.objects.filter(found)


def _registrations(subject: Subject) -> QuerySet[Registration]:
    mine = Q(email__in=subject.addresses)
    if subject.member.user_id:
        mine |= Q(user=subject.member.user_id)
    bookings = Booking.objects.filter(mine).values("pk")
    return Registration.objects.filter(Q(email__in=subject.addresses) | Q(booking__in=bookings))


def _mandates(subject: Subject) -> QuerySet[Mandate]:
    mine = Q(organisation=subject.member) | Q(email__in=subject.addresses)
    if subject.member.user_id:
        mine |= Q(user=subject.member.user_id)
    return Mandate.objects.filter(mine)


SOURCES = [
    Source(
        "application",
        gettext_lazy("demande"),
        "members.view_application",
        lambda subject: subject.member.applications.all(),
        "created_at",
        _applied,
        ("plan", "user"),
    ),
    Source(
        "answer",
        gettext_lazy("réponse"),
        "members.view_application",
        lambda subject: subject.member.applications.exclude(state=Application.State.SUBMITTED),
        "state_since",
        _answered,
        ("plan", "decided_by"),
    ),
    Source(
        "period",
        gettext_lazy("adhésion"),
        "members.view_membership",
        lambda subject: subject.member.memberships.all(),
        "created_at",
        _opened,
        ("plan",),
    ),
    Source(
        "closing",
        gettext_lazy("adhésion annulée"),
        "members.view_membership",
        lambda subject: subject.member.memberships.exclude(cancelled_at=None),
        "cancelled_at",
        _closed,
        ("plan",),
    ),
    Source(
        "payment",
        gettext_lazy("paiement"),
        "payments.view_payment",
        lambda subject: Payment.objects.filter(charge__in=subject.charges),
        "recorded_at",
        _paid,
        ("charge", "recorded_by"),
    ),
    Source(
        "refund",
        gettext_lazy("remboursement"),
        "payments.view_refund",
        lambda subject: Refund.objects.filter(charge__in=subject.charges),
        "created_at",
        _owed_back,
        ("charge",),
    ),
    Source("email", gettext_lazy("message"), "mailing.view_email", _emails, "created_at", _written),
    Source(
        "registration",
        gettext_lazy("inscription"),
        "events.view_registration",
        _registrations,
        "booking__created_at",
        _registered,
        ("booking__event",),
    ),
    Source(
        "note",
        gettext_lazy("note"),
        "members.view_note",
        lambda subject: subject.member.notes.all(),
        "created_at",
        _noted,
        ("author",),
    ),
    Source(
        "departure",
        gettext_lazy("départ"),
        "members.view_departure",
        lambda subject: subject.member.departures.all(),
        "created_at",
        _left,
        ("recorded_by",),
    ),
    Source(
        "decision",
        gettext_lazy("état décidé"),
        "members.view_statusoverride",
        lambda subject: subject.member.overrides.all(),
        "created_at",
        _decided,
        ("decided_by",),
    ),
    Source(
        "mandate",
        gettext_lazy("mandat"),
        "members.view_mandate",
        _mandates,
        "starts_on",
        _seated,
        ("organisation",),
    ),
    Source(
        "change",
        gettext_lazy("modification"),
        "members.change_member",
        lambda subject: Entry.objects.about(subject.member).exclude(action__in=NOT_A_CHANGE),
        "at",
        _changed,
    ),
]
