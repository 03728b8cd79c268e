"""What a line of the bank may be that pays no charge: what a provider passes on, what the bank takes, what was typed already."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from documents.cells import folded
from payments.models import Aside, StatementLine
from payments.statements.open_rows import BY_HAND_AROUND, OpenRows

if TYPE_CHECKING:
    from payments.statements.proposals import Proposal

CERTAIN, LIKELY, MAYBE = 200, 110, 60
WORDS = [
    (1, Aside.Reason.HELLOASSO, LIKELY, r"\bhello ?asso\b"),
    (1, Aside.Reason.STRIPE, LIKELY, r"\bstripe\b"),
    (1, Aside.Reason.CASH, LIKELY, r"\b(versement|depot|remise) (d )?especes\b"),
    (1, Aside.Reason.KNOWN, MAYBE, r"\bremise (de |d )?cheques?\b"),
    (1, Aside.Reason.SUBSIDY, MAYBE, r"\bsubvention\b"),
    (
        -1,
        Aside.Reason.FEES,
        LIKELY,
        r"\b(frais|commissions?|agios|tenue de compte|cotisation (carte|cb|mensuelle))\b",
    ),
]


def not_a_payment(line: StatementLine, left: Decimal, rows: OpenRows) -> "Iterator[Proposal]":
    from payments.statements.proposals import Proposal  # noqa: PLC0415 - it proposes what is found here

    def proposal(reason: str, score: float, why: str) -> Proposal:
        return Proposal("set_aside", (reason,), (left,), score, (why,))

    if (line.method, line.bank_id) in rows.recorded:
        yield proposal(Aside.Reason.KNOWN, CERTAIN, _("ce paiement a trouvé sa somme due depuis"))
    if others := rows.countering(line, left):
        yield proposal(
            Aside.Reason.GIVEN_BACK,
            CERTAIN,
            _("l’argent est venu, puis reparti\u00a0: %s") % ", ".join(others),
        )
    if not line.is_of_the_bank:
        return
    said = folded(f"{line.payer} {line.label}")
    for sign, reason, score, pattern in WORDS:
        if left * sign > 0 and re.search(pattern, said):
            why = _("d’après le libellé")
            if reason == Aside.Reason.STRIPE:
                why = _("d’après le libellé\u202f; ce que Stripe a retenu s’écrit sur la page de la ligne")
            yield proposal(reason, score, why)
            break
    named = rows.names_typed.named_in(said) if left in rows.typed else {}
    for payment in rows.typed.get(left, []):
        if abs(payment.valued_on - line.booked_on) <= BY_HAND_AROUND and payment.pk in named:
            why = _("virement déjà saisi pour %s") % payment.charge
            yield proposal(Aside.Reason.KNOWN, LIKELY, why)
            break
