"""An invoice, a credit note or a quote as people read it. In French, whoever asks: the law and accountants read that."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import translation

from documents.days import in_words
from documents.typeset import typeset
from payments.countries import Country
from payments.facturx import NOTES
from payments.models import ChargeLine, Document
from payments.money import euros
from payments.seller import Seller
from payments.standing import standing
from payments.transfer import for_charge

HEADINGS = {"invoice": "Facture", "credit_note": "Avoir", "quote": "Devis"}
NOT_AN_INVOICE = "Devis, aussi appelé facture proforma. Ce document n’est pas une facture."


def title_of(paper: Document) -> str:
    return f"{HEADINGS[paper.kind]} {paper.number}"


def pdf(paper: Document) -> bytes:
    own = Seller(**paper.seller)
    with translation.override("fr"):
        return typeset(
            "payments/pdf/invoice.typ",
            title=title_of(paper),
            heading=title_of(paper),
            number=paper.number,
            notice=NOT_AN_INVOICE if paper.kind == Document.Kind.QUOTE else "",
            facts=_facts(paper),
            seller=_seller(own),
            buyer_is="Client" if paper.buyer["is_organisation"] else "Destinataire",
            buyer=_buyer(paper.buyer),
            lines=[_line(paper, line) for line in paper.lines],
            totals=_totals(paper),
            state=_state(paper),
            state_lines=_state_lines(paper),
            bank=_bank(paper),
            terms=_terms(paper),
            legal=f"{own.name}, association régie par la loi du 1er juillet 1901. {own.street}, {own.postcode} {own.city}."
            f" RNA {own.rna}. SIRET {own.siret}.",
        )


def _facts(paper: Document) -> list[tuple[str, str]]:
    to, charge = paper.buyer, paper.charge
    facts = [("Date", in_words(paper.issued_on)), ("Notre référence", charge.number)]
    if charge.supplied_on:
        facts.append(("Date de la prestation", in_words(charge.supplied_on)))
    if paper.corrects:
        facts.append(
            (
                "Annule tout ou partie de",
                f"facture {paper.corrects.number} du {in_words(paper.corrects.issued_on)}",
            )
        )
    if paper.kind != Document.Kind.QUOTE:
        facts.append(("Nature de l’opération", "Prestation de services"))
    theirs = [
        ("Votre bon de commande", to["purchase_order"]),
        ("Code service", to["service_code"]),
        ("Numéro d’engagement", to["engagement_number"]),
    ]
    return [*facts, *(one for one in theirs if one[1])]


def _seller(own: Seller) -> list[str]:
    vat = [f"TVA {own.vat_number}"] if own.vat_number else []
    town = f"{own.postcode} {own.city}"
    return [own.name, "Association loi 1901", own.street, town, f"SIRET {own.siret}", f"RNA {own.rna}", *vat]


def _buyer(to: dict[str, Any]) -> list[str]:
    number = "SIRET" if len(to["siret"]) == 14 else "SIREN"
    lines = [
        to["name"],
        to["address"],
        f"{to['postcode']} {to['city']}".strip(),
        "" if to["country"] == Country.FR else str(Country(to["country"]).label),
        f"{number} {to['siret']}" if to["siret"] else "",
        f"SIREN {to['siret'][:9]}" if len(to["siret"]) == 14 else "",
        f"TVA {to['vat_number']}" if to["vat_number"] else "",
    ]
    return [lines[0], *(line for line in lines[1:] if line)]


def _line(paper: Document, line: dict[str, Any]) -> dict[str, str]:
    _category, _code, text = settings.VAT_REASONS[paper.vat or settings.VAT[line["nature"]]]
    nature = str(ChargeLine.Nature(line["nature"]).label).capitalize()
    return {"label": line["label"], "vat": f"{nature}. {text}.", "amount": euros(Decimal(line["amount"]))}


def _totals(paper: Document) -> list[dict[str, Any]]:
    rows = [
        ("Total hors taxes", paper.total, False),
        ("TVA", Decimal(0), False),
        ("Total de l’avoir" if paper.corrects else "Total à payer", paper.total, True),
    ]
    if paper.paid:
        rows[2] = ("Total toutes taxes comprises", paper.total, True)
        rows.append(("Déjà réglé", -paper.paid, False))
        rows.append(("Reste à payer", paper.total - paper.paid, True))
    return [{"label": label, "amount": euros(amount), "strong": strong} for label, amount, strong in rows]


def _state(paper: Document) -> str:
    if paper.kind == Document.Kind.QUOTE:
        return "À accepter avant de payer"
    if paper.corrects:
        return "À votre crédit"
    if paper.is_paid and paper.paid_on:
        return f"Payée le {in_words(paper.paid_on)}"
    return f"À payer au plus tard le {in_words(paper.due_on)}" if paper.due_on else "À payer"


def _state_lines(paper: Document) -> list[str]:
    if paper.kind == Document.Kind.QUOTE:
        return [
            "Vous recevrez une facture une fois la somme réglée, ou dès notre accord si vous payez à échéance."
        ]
    if paper.corrects:
        amount = euros(paper.total)
        return [
            f"Cet avoir de {amount} vient en déduction de la facture, ou vous est remboursé si vous l’aviez réglée."
        ]
    if paper.is_paid:
        labels = dict.fromkeys(str(one.get_method_display()) for one in standing(paper.charge))
        return [f"Réglée par {' et '.join(labels)}. Merci."]
    return [f"{euros(paper.total - paper.paid)} à régler, référence {paper.charge.number} à rappeler."]


def _bank(paper: Document) -> list[tuple[str, str]]:
    how = for_charge(paper.charge) if paper.due_on else None
    if how is None:
        return []
    facts = [
        ("Titulaire", how.holder),
        ("IBAN", how.iban_in_groups),
        ("BIC", how.bic),
        ("Référence du virement", how.reference_in_groups),
    ]
    return [one for one in facts if one[1]]


def _terms(paper: Document) -> list[str]:
    return [] if paper.kind == Document.Kind.QUOTE else list(NOTES.values())
