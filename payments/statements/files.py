"""Which of the formats a file of the bank is written in."""

from django.utils.translation import gettext as _

from documents.reading import NOT_TABLES
from documents.unreadable import Unreadable
from payments.models.statements import Statement
from payments.statements import camt053

MAX_BYTES = 10_000_000  # some ten thousand movements
BLANK = b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"  # with the marks of UTF-8 and UTF-16


def detect(data: bytes, filename: str) -> str:
    """One of `Statement.Format`. Its name decides nothing: banks call anything anything. Raises Unreadable."""
    start = data[:4096].lstrip(BLANK)
    if not start:
        raise Unreadable(_("Ce fichier est vide."))
    if len(data) > MAX_BYTES:
        raise Unreadable(
            _("Ce fichier dépasse 10\u00a0Mo\u00a0: demandez à la banque une période plus courte.")
        )
    if start.startswith(NOT_TABLES) or filename.lower().endswith(".pdf"):
        raise Unreadable(
            _(
                "Ce n’est pas un relevé que l’on peut lire\u00a0: demandez à la banque du CAMT.053, de l’OFX ou du CSV."
            )
        )
    head = start.upper()
    if head.startswith(b"OFXHEADER") or b"<OFX>" in head or b"<?OFX" in head:
        return Statement.Format.OFX
    if head.startswith(b"<"):
        camt053.statements(camt053.parse(data))
        return Statement.Format.CAMT
    return Statement.Format.TABLE


def too_large() -> Unreadable:
    return Unreadable(_("Ce fichier dépasse 10\u00a0Mo\u00a0: demandez à la banque une période plus courte."))
