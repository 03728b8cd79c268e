"""What a plan promises and asks, in sentences: how its period runs, who decides, what is to be shown."""

from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents import days

if TYPE_CHECKING:
    from members.models import Plan


def in_words(plan: "Plan", *, on: date) -> list[str]:
    """The period first, then what is not usual."""
    sentences = (period(plan, on=on), _late_join(plan, on), _approval(plan), _proof(plan))
    return [sentence for sentence in sentences if sentence]


def period(plan: "Plan", *, on: date) -> str:
    """« Année civile 2026 », for who joins that day."""
    match plan.period:
        case plan.Period.CALENDAR:
            return _("Année civile %d") % on.year
        case plan.Period.FIXED:
            assert plan.fixed_starts_on and plan.fixed_ends_on  # noqa: S101, PT018 - a constraint of the plan
            start, end = days.in_words(plan.fixed_starts_on), days.in_words(plan.fixed_ends_on)
            return _("Du %(start)s au %(end)s") % {"start": start, "end": end}
        case _:
            return (
                ngettext("%d mois à partir du paiement", "%d mois à partir du paiement", plan.months)
                % plan.months
            )


def _late_join(plan: "Plan", on: date) -> str:
    if plan.late_join == plan.LateJoin.BY_MONTH:
        return _("En cours de période, on ne paie que les mois qui restent, celui-ci compris")
    if plan.late_join != plan.LateJoin.NEXT_FREE:
        return ""
    if plan.gives_next_year(on):
        return _("Qui adhère maintenant a aussi toute l’année %d") % (on.year + 1)
    assert plan.free_from_month and plan.free_from_day  # noqa: S101, PT018 - a constraint of the plan
    first = days.in_words(date(on.year, plan.free_from_month, plan.free_from_day), "j F")
    return _("Qui adhère à partir du %s a aussi toute l’année suivante") % first


def _approval(plan: "Plan") -> str:
    match plan.approval:
        case plan.Approval.EVERYBODY:
            return _("Le bureau accepte chaque demande avant le paiement")
        case plan.Approval.NEWCOMERS:
            return _("Le bureau accepte les nouvelles demandes avant le paiement")
    return ""


def _proof(plan: "Plan") -> str:
    if plan.proof == plan.Proof.NONE:
        return ""
    return _("Justificatif demandé\u00a0: %s") % plan.proof_label
