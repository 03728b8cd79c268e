"""CAMT.053, the statement of ISO 20022, of any version: elements are found by their name, whatever their namespace.

No entity is expanded and no document type read: nothing is fetched, nothing swells.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from documents.cells import BadCell, day
from documents.unreadable import Unreadable
from payments.statements.lines import Problem, Reading, ReadLine, refuse_currency, told, words

BOOKED = "BOOK"
Element = Any


def read(data: bytes) -> Reading:
    """What is booked, in the order of the file. An entry that holds several transactions gives as many lines.

    Raises Unreadable.
    """
    reading = Reading([], [])
    of_each = [(_account(one), _all(one, "Ntry")) for one in statements(parse(data))]
    entries = [(account, entry) for account, some in of_each for entry in some]
    for number, (account, entry) in enumerate(entries, start=1):
        if (_text(entry, "Sts", "Cd") or _text(entry, "Sts")) != BOOKED:
            continue
        try:
            reading.lines.extend(_lines(entry, account, number))
        except BadCell as error:
            reading.problems.append(Problem(number, str(error)))
    return reading


def parse(data: bytes) -> Element:
    """The root of an XML that has no document type. Raises Unreadable."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _with_definitions()
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(
            _("Ce fichier XML est coupé ou abîmé\u00a0: téléchargez-le de nouveau à la banque.")
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:  # in letters of which the bytes say nothing
        raise _with_definitions()
    return root


def _with_definitions() -> Unreadable:
    return Unreadable(
        _("Ce fichier XML contient des définitions qu’aucune banque n’écrit\u00a0: il est refusé.")
    )


def statements(root: Element) -> list[Element]:
    """Raises Unreadable for an XML of something else."""
    found = _all(root, "BkToCstmrStmt", "Stmt")
    if not found:
        raise Unreadable(
            _(
                "Ce fichier XML n’est pas un relevé CAMT.053\u00a0: demandez à la banque le relevé des opérations passées."
            )
        )
    return found


def _account(statement: Element) -> str:
    return told(_text(statement, "Acct", "Id", "IBAN") or _text(statement, "Acct", "Id", "Othr", "Id"), 64)


def _lines(entry: Element, account: str, number: int) -> Iterator[ReadLine]:
    """One, or one a transaction where their amounts make up that of the entry."""
    amount = _amount(entry, _one(entry, "Amt"))
    booked_on = _day(entry, "BookgDt")
    valued_on = _day(entry, "ValDt") or booked_on
    if booked_on is None or valued_on is None:
        raise BadCell(_("Cette opération n’a pas de date."))
    details = _all(entry, "NtryDtls", "TxDtls")
    parts = [_part(entry, one) for one in details]
    is_batch = len(details) > 1 and None not in parts and sum(part or 0 for part in parts) == amount
    alone = details[0] if len(details) == 1 else None
    pairs = list(zip(details, parts, strict=True)) if is_batch else [(alone, amount)]
    for rank, (detail, part) in enumerate(pairs, start=1):
        value = part or amount
        yield ReadLine(
            number=number,
            booked_on=booked_on,
            valued_on=valued_on,
            amount=value,
            label=_label(entry, detail),
            account=account,
            bank_id=_bank_id(entry, detail, rank=rank if is_batch else 0),
            **_counterparty(detail, is_credit=value > 0),
            end_to_end=told(_text(detail, "Refs", "EndToEndId")),
            reference=told(_text(detail, "RmtInf", "Strd", "CdtrRefInf", "Ref"), 50).replace(" ", ""),
        )


def _bank_id(entry: Element, detail: Element | None, *, rank: int) -> str:
    """Its own, or that of the entry with its rank in the batch."""
    of_entry, own = told(_text(entry, "AcctSvcrRef")), told(_text(detail, "Refs", "AcctSvcrRef"))
    if not rank or (own and own != of_entry):
        return own or of_entry
    return f"{of_entry}/{rank}" if of_entry else ""


def _amount(owner: Element, amount: Element | None, *, otherwise: str = "") -> Decimal:
    """Signed by the direction that its owner gives."""
    if amount is None or not (amount.text or "").strip():
        raise BadCell(_("Cette opération n’a pas de montant."))
    refuse_currency(amount.get("Ccy", "EUR"))
    try:
        value = Decimal(amount.text.strip())
        exact = value.quantize(Decimal("0.01"))
    except ArithmeticError as error:
        raise BadCell(_("Ce n’est pas un montant.")) from error
    if exact != value or not 0 < exact < 10**9:
        raise BadCell(_("Ce montant n’est pas possible."))
    direction = _text(owner, "CdtDbtInd") or otherwise
    if direction not in {"CRDT", "DBIT"}:
        raise BadCell(_("Cette opération ne dit pas si elle est au crédit ou au débit."))
    return exact if direction == "CRDT" else -exact


def _part(entry: Element, detail: Element) -> Decimal | None:
    """What one transaction of a batch is worth, where the bank says so."""
    amount = _one(detail, "Amt")
    if amount is None:
        amount = _one(detail, "AmtDtls", "TxAmt", "Amt")
    if amount is None:
        return None
    try:
        return _amount(detail, amount, otherwise=_text(entry, "CdtDbtInd"))
    except BadCell:
        return None


def _label(entry: Element, detail: Element | None) -> str:
    found = [one.text for one in _all(detail, "RmtInf", "Ustrd")]
    found += [one.text for one in _all(detail, "RmtInf", "Strd", "AddtlRmtInf")]
    found = [*found, _text(detail, "AddtlTxInf")] if any(found) else [_text(detail, "AddtlTxInf")]
    return words(" ".join(text for text in found if text)) or words(_text(entry, "AddtlNtryInf"))


def _counterparty(detail: Element | None, *, is_credit: bool) -> dict[str, str]:
    """Who paid, or was paid: the final one if there is an agent between."""
    ultimate, side = ("UltmtDbtr", "Dbtr") if is_credit else ("UltmtCdtr", "Cdtr")
    names = [
        _text(detail, "RltdPties", party, *below)
        for party in (ultimate, side)
        for below in (("Nm",), ("Pty", "Nm"))
    ]
    iban = _text(detail, "RltdPties", f"{side}Acct", "Id", "IBAN")
    return {
        "payer": told(next(filter(None, names), ""), 200),
        "iban": told(iban, 34).replace(" ", "").upper(),
    }


def _day(entry: Element, name: str) -> date | None:
    written = _text(entry, name, "Dt") or _text(entry, name, "DtTm")
    return day(written[:10]) if written else None


# Finding elements by their name


def _all(owner: Element | None, *path: str) -> list[Element]:
    if owner is None:
        return []
    found: list[Element] = owner.findall("/".join(f"{{*}}{name}" for name in path))
    return found


def _one(owner: Element | None, *path: str) -> Element | None:
    return next(iter(_all(owner, *path)), None)


def _text(owner: Element | None, *path: str) -> str:
    found = _one(owner, *path)
    return (found.text or "").strip() if found is not None else ""
