"""Statements of three banks that do not exist, in the shapes of those that do."""

from pathlib import Path

HERE = Path(__file__).parent
CAMT, OFX, TABLE = (
    (HERE / name).read_bytes() for name in ("credit-demo.xml", "mutuelle-demo.ofx", "banque-demo.csv")
)
CAMT_HEAD = b'<?xml version="1.0"?><Document xmlns="urn:x"><BkToCstmrStmt><Stmt>'
CAMT_FOOT = b"</Stmt></BkToCstmrStmt></Document>"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]><Document>&l9;</Document>"
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><Document/>'


def entry(amount="40.00", *, direction="CRDT", on="2026-01-05", more="", status="BOOK"):
    """One entry of a CAMT.053, as a file of its own."""
    body = (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts>{status}</Sts>'
        f"<BookgDt><Dt>{on}</Dt></BookgDt>{more}</Ntry>"
    )
    return CAMT_HEAD + body.encode() + CAMT_FOOT
