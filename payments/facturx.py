"""Factur-X: an invoice for people and for machines in one file. The only module that knows the library and its EN 16931 terms.

`factur-x` is pinned (7.8): it changes from one version to the next. It is never let onto the network: the Schematron is for
the tests, and its PDF metadata would be in English.
"""

import logging
import re
from io import BytesIO
from typing import Any

from django.conf import settings
from facturx import generate_from_file
from facturx.generate_xml import generate_xml

from payments.models import Document
from payments.seller import Seller
from payments.transfer import reference_of

logging.getLogger("factur-x").setLevel(logging.ERROR)  # it tells each step

LEVEL: Any = {"flavor": "factur-x", "level": "en16931"}
INVOICE, CREDIT_NOTE = "380", "381"
TO_PAY, PAID = "S1", "S2"  # for services
SIREN, SIRET, FR_ADDRESS, EMAIL = "0002", "0009", "0225", "EM"
TRANSFER, ANY_MEANS = "58", "1"
NONE = "0.00"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOTES = {  # BR-FR-05 wants the first three of every invoice
    "PMD": "Pénalités de retard\u00a0: trois fois le taux d’intérêt légal, exigibles sans rappel.",
    "PMT": "Indemnité forfaitaire pour frais de recouvrement due par un client professionnel\u00a0: 40\u00a0€.",
    "AAB": "Pas d’escompte pour paiement anticipé.",
}
UA_SCHEMA = (
    b'<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Identification schema</pdfaSchema:schema>'
    b"<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    b"<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    b'<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    b"<pdfaProperty:valueType>Integer</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>"
    b"<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description></rdf:li></rdf:Seq>"
    b"</pdfaSchema:property></rdf:li>"
)
UA_MARK = b'<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>'


def xml(paper: Document) -> bytes:
    """The invoice or credit note for machines: EN 16931, with what the French rules ask for on top."""
    terms = _heading(paper) | _parties(paper) | _payment(paper) | _amounts(paper)
    made: bytes = generate_xml(_writable(terms), **LEVEL, check_xsd=True, check_schematron=None)
    return made


def _writable(terms: Any) -> Any:
    """Without the characters that XML cannot hold, such as a line break pasted from a word processor."""
    match terms:
        case dict():
            return {key: _writable(value) for key, value in terms.items()}
        case list():
            return [_writable(value) for value in terms]
        case str():
            return NOT_IN_XML.sub(" ", terms)
    return terms


def embed(pdf: bytes, content: bytes, *, title: str) -> bytes:
    """The PDF with its XML inside. Tags and language stay; the marks of PDF/A-3a and PDF/UA are put back."""
    metadata = {
        "author": settings.ASSOCIATION["name"],
        "title": title,
        "subject": title,
        "keywords": "Factur-X",
    }
    file = BytesIO(pdf)  # the way through bytes would go through a file on disk
    generate_from_file(
        file,
        content,
        **LEVEL,
        check_xsd=False,  # done when it was made
        check_schematron=False,
        lang="fr-FR",
        afrelationship="alternative",
        pdf_metadata=metadata,
        xmp_compression=False,
    )
    return _with_marks(file.getvalue())


def _heading(paper: Document) -> dict[str, Any]:
    notes = NOTES | {"REG": f"Association régie par la loi du 1er juillet 1901, RNA {paper.seller['rna']}"}
    terms: dict[str, Any] = {
        "BT-1": paper.number,
        "BT-2": paper.issued_on,
        "BT-3": CREDIT_NOTE if paper.corrects else INVOICE,
        "BT-5": "EUR",
        "BT-23": PAID if paper.is_paid else TO_PAY,
        "BT-72": paper.charge.supplied_on or paper.issued_on,  # unsaid, it is the same day
        "BG-1": [{"BT-21": code, "BT-22": text} for code, text in notes.items()],
    }
    if paper.corrects:
        terms["BG-3"] = [{"BT-25": paper.corrects.number, "BT-26": paper.corrects.issued_on}]
    return terms


def _parties(paper: Document) -> dict[str, Any]:
    own, is_out_of_scope = Seller(**paper.seller), settings.VAT_REASONS[paper.vat][0] == "O"
    seller = _party(own.name, own.street, own.postcode, own.city, "FR", own.siret)
    seller["legal_info"] = f"Association loi 1901, RNA {own.rna}"
    if own.vat_number and not is_out_of_scope:  # BR-O-02: none where VAT does not reach
        seller["vat_identifier"] = own.vat_number
    else:
        seller["tax_identifier"] = own.rna  # BR-E-02 wants one of the two
    to = paper.buyer
    buyer = _party(to["name"], to["address"], to["postcode"], to["city"], to["country"], to["siret"])
    if not to["siret"]:
        buyer |= {"einvoicing_addr": paper.charge.email, "einvoicing_addr_schemeid": EMAIL}
    if to["vat_number"] and not is_out_of_scope:
        buyer["vat_identifier"] = to["vat_number"]
    terms: dict[str, Any] = {"BG-4": seller, "BG-7": buyer}
    if to["service_code"]:
        terms["BT-10"] = to["service_code"]
    if order := to["engagement_number"] or to["purchase_order"]:
        terms["BT-13"] = order
    return terms


def _party(name: str, street: str, postcode: str, city: str, country: str, siret: str) -> dict[str, Any]:
    party: dict[str, Any] = {
        "name": name,
        "addr_l1": street,
        "postcode": postcode,
        "city": city,
        "country_code": country,
    }
    if siret:
        siren = siret[:9]
        party |= {"legal_identifier": siren, "legal_identifier_schemeid": SIREN}
        party |= {"einvoicing_addr": siren, "einvoicing_addr_schemeid": FR_ADDRESS}
    if len(siret) == 14:
        party["identifiers"] = {SIRET: siret}
    return party


def _payment(paper: Document) -> dict[str, Any]:
    terms: dict[str, Any] = {"BT-83": reference_of(paper.charge), "BT-81": ANY_MEANS}
    if paper.due_on and settings.BANK["iban"]:
        terms |= {"BT-81": TRANSFER, "BT-84": settings.BANK["iban"], "BT-85": settings.BANK["holder"]}
    if day := paper.paid_on if paper.is_paid else paper.due_on:  # BR-FR-CO-09
        terms["BT-9"] = day
    return terms


def _amounts(paper: Document) -> dict[str, Any]:
    """As strings: the library refuses a Decimal."""
    category, code, text = settings.VAT_REASONS[paper.vat]
    rate = {} if category == "O" else {"BT-119": NONE}
    tax = {"BT-116": f"{paper.total:.2f}", "BT-117": NONE, "BT-118": category, "BT-120": text, "BT-121": code}
    lines = [
        {
            **{"BT-126": str(rank), "BT-153": line["label"], "BT-129": "1", "BT-130": "C62"},
            **{"BT-146": line["amount"], "BT-131": line["amount"], "BT-151": category},
            **({"BT-152": NONE} if rate else {}),
        }
        for rank, line in enumerate(paper.lines, start=1)
    ]
    return {
        **dict.fromkeys(["BT-106", "BT-109", "BT-112"], f"{paper.total:.2f}"),
        "BT-110": NONE,
        "BT-113": f"{paper.paid:.2f}",
        "BT-115": f"{paper.total - paper.paid:.2f}",
        "BG-23": [tax | rate],
        "BG-25": lines,
    }


def _with_marks(pdf: bytes) -> bytes:
    """Say again in the metadata what the file still is, in as many bytes: nothing else of it moves."""
    start = pdf.index(b"<?xpacket begin")
    end = pdf.index(b"<?xpacket end", start)
    packet = re.sub(rb">\s+<", b"><", pdf[start:end])
    packet = packet.replace(b"<pdfaid:conformance>B<", b"<pdfaid:conformance>A<")
    packet = packet.replace(
        b"</rdf:Bag></pdfaExtension:schemas>", UA_SCHEMA + b"</rdf:Bag></pdfaExtension:schemas>"
    )
    packet = packet.replace(b"</rdf:RDF>", UA_MARK + b"</rdf:RDF>")
    if len(packet) > end - start:
        raise ValueError("The metadata of the PDF have grown: factur-x has changed.")
    return pdf[:start] + packet.ljust(end - start) + pdf[end:]
