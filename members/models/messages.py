from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mailing.broadcasts import Broadcast, BroadcastQuerySet
from mailing.models import Email, List, OptOut
from members import emails
from members.models.decisions import Departure
from members.models.members import Member

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 2000


class LeftOut(models.TextChoices):
    """Why a member of the selection gets no copy of the message."""

    DECEASED = "deceased", _("décès")
    GONE = "gone", _("n’est plus membre")
    BY_HAND = "by_hand", _("écarté à la main")
    NO_ADDRESS = "no_address", _("sans adresse e-mail")
    OPTED_OUT = "opted_out", _("ne veut plus de ces messages")
    SAME_ADDRESS = "same_address", _("même adresse qu’une autre fiche")
    WRITTEN = "written", _("a déjà reçu ce message")


class Reader(NamedTuple):
    member: Member
    address: str


class Readers(NamedTuple):
    chosen: list[Reader]
    left_out: list[tuple[Reader, LeftOut]]


class MemberMessage(Broadcast):
    """What staff write to members they selected. The selection is made once, when the draft is: what its page shows is
    what leaves, whoever joins a group or answers a search meanwhile.
    """

    KEY: ClassVar = "members.message"

    members = models.ManyToManyField(Member, related_name="+", editable=False)
    by_hand = models.ManyToManyField(Member, related_name="+", editable=False)  # not to write to
    is_service = models.BooleanField(
        _("message de service"),
        default=False,
        help_text=_(
            "Convocation ou cotisation\u00a0: il part aussi à qui s’est désinscrit des messages de l’association."
        ),
    )
    service_reason = models.CharField(
        _("raison"),
        max_length=200,
        blank=True,
        help_text=_("Pourquoi ce message ne se refuse pas\u00a0: les destinataires le liront."),
    )

    objects: ClassVar = BroadcastQuerySet.as_manager()

    class Meta:
        verbose_name = _("message à des adhérents")
        verbose_name_plural = _("messages à des adhérents")
        ordering = ["-pk"]
        permissions = [("send_service_message", "Peut envoyer un message de service à des adhérents")]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_service=False) | ~Q(service_reason=""),
                name="service_message_has_a_reason",
                violation_error_message=_("Dites pourquoi ce message ne se refuse pas."),
            )
        ]

    def __str__(self) -> str:
        return self.subject or str(_("brouillon"))

    @classmethod
    @transaction.atomic
    def draft(cls, members: "models.QuerySet[Member]", *, audience: str, by: "User") -> "MemberMessage":
        """To these members as they are selected now."""
        message = cls.objects.create(audience=audience, author=by)
        link = cls.members.through
        links = [
            link(membermessage_id=message.pk, member_id=pk) for pk in members.values_list("pk", flat=True)
        ]
        link.objects.bulk_create(links, batch_size=BATCH)
        return message

    @property
    def list(self) -> str | None:
        return None if self.is_service else List.NEWS

    def in_words(self) -> str:
        return self.audience

    def key_for_reader(self, reader: Reader) -> str:
        return self.key_for(reader.address.lower())

    def readers(self) -> Readers:
        """One copy an address, and why the other members get none."""
        today = timezone.localdate()
        members = self.members.prefetch_related("mandates__user").order_by("pk")
        found = [Reader(member, member.dues_email(on=today)) for member in members]
        departures = Departure.objects.in_force(on=today).filter(member__in=self.members.values("pk"))
        gone = dict(departures.values_list("member", "kind"))
        by_hand = set(self.by_hand.values_list("pk", flat=True))
        refusing = _refusing([reader.address for reader in found if reader.address], self.list)
        written, seen, readers = self.written_keys(), set[str](), Readers([], [])
        for reader in found:
            why = None
            if reader.member.pk in gone:
                is_dead = gone[reader.member.pk] == Departure.Kind.DECEASED
                why = LeftOut.DECEASED if is_dead else LeftOut.GONE
            elif reader.member.pk in by_hand:
                why = LeftOut.BY_HAND
            elif not reader.address:
                why = LeftOut.NO_ADDRESS
            elif reader.address in refusing:
                why = LeftOut.OPTED_OUT
            elif reader.address.lower() in seen:
                why = LeftOut.SAME_ADDRESS
            elif self.key_for_reader(reader) in written:
                why = LeftOut.WRITTEN
            if why:
                readers.left_out.append((reader, why))
            else:
                readers.chosen.append(reader)
                seen.add(reader.address.lower())
        return readers

    def to_write_to(self) -> Iterable[Reader]:
        return self.readers().chosen

    def queue_copy(self, reader: Reader) -> Email | None:
        return emails.member_message(self, reader)

    # Verbs

    @transaction.atomic
    def leave_out(self, ticked: Iterable[int], *, among: Iterable[int]) -> bool:
        """Of the members that a page showed, these get no copy. False where the message has left."""
        message = MemberMessage.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if not message.is_draft:
            return False
        shown = message.members.filter(pk__in=among)
        message.by_hand.remove(*shown)
        message.by_hand.add(*shown.filter(pk__in=ticked))
        return True


def _refusing(addresses: Sequence[str], list_name: str | None) -> set[str]:
    if list_name is None:
        return set()
    batches = [addresses[start : start + BATCH] for start in range(0, len(addresses), BATCH)]
    return set().union(*(OptOut.objects.refusing(batch, list_name) for batch in batches))
