"""Who somebody is to the association on a day, and why: one answer for the account, the staff, the card and the voters.

`Member.objects.current` says the same in SQL for many rows. A departure comes before a decision of the board, which
comes before the periods.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.days import in_words

if TYPE_CHECKING:
    from members.models import Application, Departure, Member, Membership, StatusOverride


class Status(models.TextChoices):
    APPLICANT = "applicant", gettext_lazy("candidat")
    ACTIVE = "active", gettext_lazy("à jour")
    GRACE = "grace", gettext_lazy("en délai de grâce")
    LAPSED = "lapsed", gettext_lazy("pas à jour")
    RESIGNED = "resigned", gettext_lazy("démissionnaire")
    EXCLUDED = "excluded", gettext_lazy("exclu")
    DECEASED = "deceased", gettext_lazy("décédé")
    HONORARY = "honorary", gettext_lazy("membre d’honneur")
    NONE = "none", gettext_lazy("jamais adhéré")


UP_TO_DATE = frozenset({Status.ACTIVE, Status.GRACE, Status.HONORARY})


@dataclass(frozen=True)
class Standing:
    """The status on a day, the last day it lasts as things are, and the sentences that explain it."""

    status: Status
    on: date
    until: date | None
    reasons: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Up to date: votes, has the price of members, and holds a valid card."""
        return self.status in UP_TO_DATE

    @property
    def title(self) -> str:
        """« À jour jusqu’au 31 décembre 2026 inclus », or what it is instead."""
        if self.is_current and self.until is not None:
            return _("%(status)s jusqu’au %(day)s inclus") % {
                "status": self._label,
                "day": in_words(self.until),
            }
        return self._label

    @property
    def _label(self) -> str:
        label = str(self.status.label)
        return label[0].upper() + label[1:]

    @property
    def explanation(self) -> str:
        return " ".join(self.reasons)


def standing(member: "Member", *, on: date) -> Standing:
    """Reads `memberships`, `departures`, `overrides` and `applications`, which lists prefetch: see `with_standing`."""
    periods = sorted(
        (one for one in member.memberships.all() if one.cancelled_at is None), key=lambda one: one.starts_on
    )
    for departure in member.departures.all():
        if departure.is_in_force(on):
            return _departed(departure, on)
    overrides = [one for one in member.overrides.all() if one.is_in_force(on)]
    if overrides:
        return _decided(max(overrides, key=lambda one: one.pk), on)
    covering = next((one for one in periods if one.covers(on)), None)
    if covering is not None:
        return _covered(covering, _run_end(periods, covering), on)
    in_grace = next((one for one in periods if one.is_in_grace(on)), None)
    if in_grace is not None:
        reasons = (
            _ended(in_grace),
            _("Le délai de grâce court jusqu’au %s inclus.") % in_words(in_grace.last_grace_day),
        )
        return Standing(Status.GRACE, on, in_grace.last_grace_day, (*reasons, *_waiting(member, on)))
    return _uncovered(member, periods, on)


def rights_until(member: "Member", *, on: date) -> date | None:
    """The last day, grace and a decision of the board included, of the unbroken run of rights of somebody up to date.

    None where nothing ends them: an honorary member.
    """
    ends = [one.until for one in member.overrides.all() if one.is_in_force(on)]
    if None in ends:
        return None
    end = max((one for one in ends if one is not None), default=on - timedelta(days=1))
    periods = [one for one in member.memberships.all() if one.cancelled_at is None]
    for period in sorted(periods, key=lambda one: one.starts_on):
        if period.starts_on <= max(end + timedelta(days=1), on) and period.last_grace_day >= on:
            end = max(end, period.last_grace_day)
    return end


def _departed(departure: "Departure", on: date) -> Standing:
    days = {"left": in_words(departure.left_on), "decided": in_words(departure.decided_on)}
    sentences = {
        departure.Kind.RESIGNED: _(
            "Démission reçue le %(decided)s\u00a0: dernier jour comme membre, le %(left)s."
        ),
        departure.Kind.EXCLUDED: _(
            "Exclusion décidée le %(decided)s\u00a0: dernier jour comme membre, le %(left)s."
        ),
        departure.Kind.DECEASED: _("Décès noté le %(decided)s."),
    }
    kind = departure.Kind(departure.kind)
    return Standing(Status(departure.kind), on, None, (sentences[kind] % days,))


def _decided(override: "StatusOverride", on: date) -> Standing:
    words = {
        "status": override.get_status_display(),
        "start": in_words(override.starts_on),
        "reason": override.reason.rstrip("."),
    }
    if override.until is None:
        sentence = _("Décision du bureau\u00a0: %(status)s depuis le %(start)s. Raison\u00a0: %(reason)s.")
    else:
        words["until"] = in_words(override.until)
        sentence = _(
            "Décision du bureau\u00a0: %(status)s du %(start)s au %(until)s inclus. Raison\u00a0: %(reason)s."
        )
    return Standing(Status(override.status), on, override.until, (sentence % words,))


def _covered(period: "Membership", until: date, on: date) -> Standing:
    reasons = [_("Adhésion «\u00a0%(plan)s\u00a0» du %(start)s au %(end)s inclus.") % _facts(period)]
    if until > period.ends_on:
        reasons.append(_("La suite est déjà réglée, jusqu’au %s inclus.") % in_words(until))
    if period.credit_until is not None:
        until = min(until, period.credit_until)
        reasons.append(
            _("Elle est ouverte à crédit\u00a0: la cotisation reste à régler, au plus tard le %s.")
            % in_words(period.credit_until)
        )
    return Standing(Status.ACTIVE, on, until, tuple(reasons))


def _uncovered(member: "Member", periods: list["Membership"], on: date) -> Standing:
    begun = [one for one in periods if one.starts_on <= on]
    coming = next((one for one in periods if one.starts_on > on), None)
    waiting = _waiting(member, on)
    reasons: list[str] = []
    if begun and not begun[-1].has_credit(on):
        reasons.append(_unpaid(begun[-1]))
    elif begun:
        reasons.append(_ended(begun[-1]))
    if coming is not None:
        reasons.append(_("L’adhésion «\u00a0%(plan)s\u00a0» commence le %(start)s.") % _facts(coming))
    reasons += waiting
    if begun:
        return Standing(Status.LAPSED, on, None, tuple(reasons))
    if waiting or coming is not None:
        return Standing(Status.APPLICANT, on, None, tuple(reasons))
    return Standing(
        Status.NONE, on, None, (_cancelled(member, on) or _("Aucune adhésion n’a commencé à cette date."),)
    )


def _cancelled(member: "Member", on: date) -> str | None:
    gone = [one for one in member.memberships.all() if one.cancelled_at and one.starts_on <= on]
    if not gone:
        return None
    return _("L’adhésion «\u00a0%(plan)s\u00a0», qui commençait le %(start)s, a été annulée.") % _facts(
        gone[0]
    )


def _ended(period: "Membership") -> str:
    if period.sold_until:
        return _("L’adhésion «\u00a0%(plan)s\u00a0» a été arrêtée le %(end)s.") % _facts(period)
    return _("L’adhésion «\u00a0%(plan)s\u00a0» a pris fin le %(end)s.") % _facts(period)


def _unpaid(period: "Membership") -> str:
    assert period.credit_until is not None  # noqa: S101 - it has run out
    words = _facts(period) | {"credit": in_words(period.credit_until)}
    return (
        _(
            "L’adhésion «\u00a0%(plan)s\u00a0» était ouverte à crédit jusqu’au %(credit)s\u00a0: elle n’est pas réglée."
        )
        % words
    )


def _waiting(member: "Member", on: date) -> tuple[str, ...]:
    """What is under way, in a sentence each; `applications` may hold those of any state."""
    return tuple(_application(one) for one in member.applications.all() if one.is_open_on(on))


def _application(application: "Application") -> str:
    state = application.State
    sentences = {
        state.SUBMITTED: _("Une demande du %s attend la décision du bureau."),
        state.TO_COMPLETE: _("Une demande du %s est à compléter."),
        state.ACCEPTED: _("Une demande du %s attend son paiement."),
        state.PAID: _("Une demande du %s est payée\u00a0: l’équipe doit fixer ses dates."),
    }
    return sentences[state(application.state)] % in_words(application.submitted_on)


def _facts(period: "Membership") -> dict[str, str]:
    return {
        "plan": period.plan.name,
        "start": in_words(period.starts_on),
        "end": in_words(period.ends_on),
    }


def _run_end(periods: list["Membership"], first: "Membership") -> date:
    """The last day of the unbroken run of periods that goes on from `first`."""
    end = first.ends_on
    for period in periods:
        if period.starts_on == end + timedelta(days=1):
            end = period.ends_on
    return end
