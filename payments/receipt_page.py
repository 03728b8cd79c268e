"""A tax receipt as the administration wants to read it: every mention of forms 2041-RD and 2041-MEC-SD that concerns us."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.text import capfirst

from documents.days import in_words
from documents.typeset import typeset
from payments.countries import Country
from payments.models import Document, Payment
from payments.money import euros
from payments.seller import Seller

CARD = "Virement, prélèvement, carte bancaire"
MODES = {Payment.Method.CHEQUE: "Remise de chèque", Payment.Method.CASH: "Remise d’espèces"}
ARTICLES = {
    False: "article 200 du code général des impôts",
    True: "article 238 bis du code général des impôts",
}


def pdf(receipt: Document) -> bytes:
    own, set_by_board, to = Seller(**receipt.seller), settings.TAX_RECEIPTS, receipt.buyer
    is_company = to["is_organisation"]
    article, title = ARTICLES[is_company], f"Reçu fiscal {receipt.number}"
    with translation.override("fr"):
        return typeset(
            "payments/pdf/receipt.typ",
            title=title,
            heading=title,
            number=receipt.number,
            subject="Reçu des dons et versements effectués par les entreprises"
            if is_company
            else "Reçu au titre des dons à certains organismes d’intérêt général",
            form=capfirst(set_by_board["form_company" if is_company else "form_person"]),
            replaces=f"Annule et remplace le reçu {receipt.corrects.number} du {in_words(receipt.corrects.issued_on)}."
            if receipt.corrects
            else "",
            seller=_seller(own, set_by_board),
            donor=_donor(to),
            amount=f"***{euros(receipt.total)}***",
            facts=_facts(receipt, article),
            certificate=f"{own.name} certifie sur l’honneur que les dons et versements qu’elle reçoit ouvrent droit à la"
            f" réduction d’impôt prévue à l’{article}.",
            signature=[*Path(set_by_board["signature"]).read_bytes()] if set_by_board["signature"] else [],
            signed=[f"Fait à {own.city}, le {in_words(receipt.issued_on)}.", set_by_board["signatory"]],
            legal=f"{own.name}. {own.street}, {own.postcode} {own.city}. RNA {own.rna}. SIREN {own.siren}.",
        )


def _seller(own: Seller, set_by_board: dict[str, str]) -> dict[str, Any]:
    return {
        "name": own.name,
        "lines": [own.street, f"{own.postcode} {own.city}", f"RNA {own.rna}", f"SIREN {own.siren}"],
        "object": set_by_board["object"],
        "quality": set_by_board["quality"],
    }


def _donor(to: dict[str, Any]) -> dict[str, Any]:
    company = [to["legal_form"], f"SIREN {to['siret'][:9]}"] if to["is_organisation"] else []
    country = [] if to["country"] == Country.FR else [str(Country(to["country"]).label)]
    return {
        "name": to["name"],
        "lines": [*company, to["address"], f"{to['postcode']} {to['city']}", *country],
    }


def _facts(receipt: Document, article: str) -> list[tuple[str, str]]:
    assert receipt.payment is not None and receipt.paid_on is not None  # noqa: S101, PT018 - of a payment, always
    return [
        ("Date du versement", in_words(receipt.paid_on)),
        ("Mode de versement", MODES.get(Payment.Method(receipt.payment.method), CARD)),
        ("Forme du don", "Déclaration de don manuel"),
        ("Nature du don", "Numéraire"),
        ("Réduction d’impôt", capfirst(article)),
        ("Pour", ", ".join(line["label"] for line in receipt.lines)),
    ]
