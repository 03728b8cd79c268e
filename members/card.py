"""The card of a member: what it says, its code to scan, and the page to print."""

from typing import NamedTuple

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from documents.days import in_words
from documents.typeset import typeset
from members.models import Member, Merge
from members.standing import Standing

INK = "#12233f"


class Card(NamedTuple):
    member: Member
    standing: Standing

    @property
    def url(self) -> str:
        """Where anybody reads whether it is valid."""
        return f"{settings.SITE_URL}{reverse('members:card_check', args=[self.member.card_code])}"

    @property
    def validity(self) -> str:
        until = self.standing.until
        return _("Valable jusqu’au %s inclus") % in_words(until) if until else self.standing.title

    @property
    def picture(self) -> str:
        """The code for a page, on white whatever the theme, as the address of an image."""
        return segno.make(self.url, error="m", micro=False).svg_data_uri(border=3, dark=INK, light="#ffffff")

    def pdf(self) -> bytes:
        code = segno.make(self.url, error="m", micro=False)
        return typeset(
            "members/pdf/card.typ",
            title=_("Carte de membre\u00a0: %s") % self.member,
            name=str(self.member),
            college=self.member.college.name,
            number=self.member.number,
            validity=self.validity,
            url=self.url,
            qr=code.svg_inline(border=0, dark=INK),
            words={
                "card": _("Carte de membre"),
                "qr": _("Code QR\u00a0: l’adresse où vérifier cette carte, écrite plus bas"),
                "cut": _(
                    "Imprimez à 100\u00a0%, découpez selon le trait, ou gardez cette page sur un écran."
                ),
                "check": _("Chacun peut vérifier que la carte est valable, à cette adresse\u00a0:"),
                "lost": _(
                    "Carte perdue\u202f? Écrivez-nous\u00a0: nous changeons son code, et l’ancienne ne vaut plus."
                ),
            },
        )


def find(code: str) -> Member | None:
    """Whose card has that code, whatever its case. The card of a member merged into another is the other's."""
    if not (code.isascii() and code.isalnum()):
        return None
    code = code.upper()
    found: Member | None = Member.objects.with_standing().filter(card_code=code).first()
    return found or Merge.objects.kept_for(code)


def of(member: Member) -> Card:
    return Card(member, member.standing())
