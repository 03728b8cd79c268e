"""Why somebody does not get a seat in an organisation, or cannot leave theirs, in words for whoever asked."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from documents.days import in_words


class SeatRefused(Exception):
    """`field` is what to change in a form, if anything is."""

    field: str | None = None

    def in_words(self) -> str:
        raise NotImplementedError


class NoSeatLeft(SeatRefused):
    """Every seat of the membership is taken, or promised by an invitation."""

    def __init__(self, seats: int) -> None:
        self.seats = seats

    def in_words(self) -> str:
        return (
            ngettext(
                "La place de l’adhésion (%d) est prise ou promise.",
                "Les %d places de l’adhésion sont prises ou promises.",
                self.seats,
            )
            % self.seats
        )


class AlreadySeated(SeatRefused):
    field = "email"

    def in_words(self) -> str:
        return _("Cette personne a déjà une place dans l’organisation.")


class AlreadyInvited(SeatRefused):
    field = "email"

    def __init__(self, until: date) -> None:
        self.until = until

    def in_words(self) -> str:
        return _(
            "Cette adresse a déjà une invitation, valable jusqu’au %s\u00a0: vous pouvez la renvoyer ou l’annuler."
        ) % in_words(self.until)


class InvitationOver(SeatRefused):
    """It has served, has run out or was taken back."""

    def in_words(self) -> str:
        return _("Cette invitation n’est plus valable.")


class NotYourAddress(SeatRefused):
    """The account has not proved that it reads the address which was invited, or any of the domain."""

    def __init__(self, address: str) -> None:
        self.address = address

    def in_words(self) -> str:
        return _("Votre compte n’a pas d’adresse vérifiée qui soit %s.") % self.address


class PublicProvider(SeatRefused):
    field = "domain"

    def __init__(self, domain: str) -> None:
        self.domain = domain

    def in_words(self) -> str:
        return (
            _(
                "%s est une messagerie ouverte à tout le monde\u00a0: elle ne dit pas qui travaille pour votre organisation. Invitez plutôt vos collègues par leur adresse."
            )
            % self.domain
        )


class NotYourDomain(SeatRefused):
    field = "domain"

    def __init__(self, domain: str) -> None:
        self.domain = domain

    def in_words(self) -> str:
        return (
            _(
                "Pour prouver que ce domaine est le vôtre, votre compte doit avoir une adresse e-mail confirmée en @%s."
            )
            % self.domain
        )


class DomainTaken(SeatRefused):
    field = "domain"

    def in_words(self) -> str:
        return _("Ce domaine est déjà celui d’une organisation. Si c’est une erreur, écrivez-nous.")


class DomainClosed(SeatRefused):
    def in_words(self) -> str:
        return _("Ce lien ne sert plus.")


class LastRepresentative(SeatRefused):
    """Nobody would be left to act for the organisation."""

    def in_words(self) -> str:
        return _(
            "Il faut au moins une personne pour représenter l’organisation\u00a0: donnez d’abord ce rôle à quelqu’un d’autre, ou écrivez-nous."
        )


class MandateOver(SeatRefused):
    """It ended before the change came."""

    def in_words(self) -> str:
        return _("Ce mandat est terminé.")


class VoteNeedsMandate(SeatRefused):
    field = "is_voting"

    def in_words(self) -> str:
        return _("Seule une personne titulaire ou suppléante vote pour l’organisation.")
