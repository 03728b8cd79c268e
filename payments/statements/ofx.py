"""OFX, both the SGML of version 1, whose leaves are not closed, and the XML of version 2.

Read as a string of tags: there is no entity to expand and no document type to follow.
"""

import html
import re
from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _

from documents.cells import BadCell, signed_amount
from documents.unreadable import Unreadable
from payments.statements.lines import Problem, Reading, ReadLine, refuse_currency, told, words

TAG = re.compile(r"<(/?)([A-Za-z0-9._]+)\s*/?>([^<]*)")
CDATA, CDATA_ENDS = "<![CDATA[", "]]>"
CHARACTER = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp);")
DECLARED = re.compile(rb'<\?xml[^>]*encoding=["\'](iso-8859-1|iso-8859-15)["\']', re.IGNORECASE)
DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")  # perhaps followed by a time and a zone
TRANSACTION = "STMTTRN"
ACCOUNT = ("BANKID", "BRANCHID", "ACCTID")
Facts = dict[str, str]


def read(data: bytes) -> Reading:
    """Raises Unreadable."""
    reading = Reading([], [])
    for number, facts in enumerate(_transactions(_decoded(data)), start=1):
        try:
            reading.lines.append(_line(number, facts))
        except BadCell as error:
            reading.problems.append(Problem(number, str(error)))
    return reading


def _decoded(data: bytes) -> str:
    """UTF-8 where it can be, whatever the header says: what is not UTF-8 cannot be mistaken for it."""
    declared = DECLARED.search(data[:500])
    for name in ("utf-8-sig", declared[1].decode("ascii") if declared else "cp1252"):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _without_cdata(text: str) -> str:
    """The same, with the signs that such a mark protects escaped. One that is not closed stays as it is."""
    first, *rest = text.split(CDATA)
    parts = [first]
    for one in rest:
        inside, end, after = one.partition(CDATA_ENDS)
        parts.append(html.escape(inside) + after if end else CDATA + one)
    return "".join(parts)


def _transactions(text: str) -> Iterator[Facts]:
    """The leaves of each, with the account and the currency they stand under. Raises Unreadable."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unreadable(
            _("Ce fichier OFX contient des définitions qu’aucune banque n’écrit\u00a0: il est refusé.")
        )
    around: Facts = {}
    inside: Facts | None = None
    last = ""
    for closing, name, value in TAG.findall(_without_cdata(text)):
        tag = last = name.upper()
        if tag == TRANSACTION and closing and inside is not None:
            yield around | inside
            inside = None
        elif tag == TRANSACTION:
            inside = {}
        elif inside is not None and not closing:
            inside.setdefault(tag, _unescaped(value))
        elif tag in {"BANKACCTFROM", "CCACCTFROM"} and not closing:
            around = {"CURDEF": around.get("CURDEF", "")}
        elif tag in {"CURDEF", *ACCOUNT} and not closing:
            around[tag if tag == "CURDEF" else f"OUR {tag}"] = _unescaped(value)
    if last != "OFX" or inside is not None:
        raise Unreadable(
            _("Ce fichier OFX s’arrête avant sa fin\u00a0: téléchargez-le de nouveau à la banque.")
        )


def _line(number: int, facts: Facts) -> ReadLine:
    refuse_currency(facts.get("CURSYM") or facts.get("CURDEF") or "EUR")
    amount = signed_amount(facts.get("TRNAMT", ""))
    if not amount:
        raise BadCell(_("Cette opération n’a pas de montant."))
    booked_on = _day(facts.get("DTPOSTED", ""))
    valued = facts.get("DTAVAIL", "")
    return ReadLine(
        number=number,
        booked_on=booked_on,
        valued_on=_day(valued) if valued else booked_on,
        amount=amount,
        label=_label(facts),
        account=told(" ".join(facts.get(f"OUR {part}", "") for part in ACCOUNT), 64),
        bank_id=told(facts.get("FITID")),
        payer=told(facts.get("NAME"), 200),
    )


def _label(facts: Facts) -> str:
    """What French banks call the name is often the first part of the label: it is said once."""
    name, memo = words(facts.get("NAME")), words(facts.get("MEMO"))
    first = "" if memo.startswith(name) else name
    return words(" ".join(filter(None, [first, memo, words(facts.get("CHECKNUM"))])))


def _day(written: str) -> date:
    match = DAY.match(written)
    if match is None:
        raise BadCell(_("Cette opération n’a pas de date."))
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise BadCell(_("Ce jour n’existe pas.")) from error


def _unescaped(value: str) -> str:
    return CHARACTER.sub(lambda found: html.unescape(found[0]), value).strip()
