from hashlib import sha256
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import emails
from events.models.booking import Booking
from events.models.pricing import Price
from events.models.questions import Question
from events.models.registration import Registration
from mailing.models import Email

if TYPE_CHECKING:
    from accounts.models import User


class Exclusion(models.TextChoices):
    """Why a place of the group gets no copy of the message."""

    CANCELLED = "cancelled", _("place annulée")
    NO_ADDRESS = "no_address", _("sans adresse e-mail")
    SAME_ADDRESS = "same_address", _("même adresse qu’une autre place")
    WRITTEN = "written", _("a déjà reçu ce message")


class Recipients(NamedTuple):
    chosen: list[Registration]
    excluded: list[tuple[Registration, Exclusion]]


class GroupMessageQuerySet(models.QuerySet["GroupMessage"]):
    def with_counts(self) -> "GroupMessageQuerySet":
        """Annotate how many copies wait, are gone, were given up."""
        state = Email.State
        return self.annotate(
            queued=Count("copies", filter=Q(copies__state__in=Email.UNFINISHED)),
            sent=Count("copies", filter=Q(copies__state=state.SENT)),
            failed=Count("copies", filter=Q(copies__state=state.FAILED)),
        )

    def unfinished(self) -> "GroupMessageQuerySet":
        """Those staff sent and whose copies are not all written."""
        return self.filter(sent_at__isnull=False, queued_at=None)


class GroupMessage(models.Model):
    """What staff write about an event to a group of those who booked: a draft, then sent once.

    Each copy is a row of the outbox; the key of the row keeps an address from getting two.
    """

    event = models.ForeignKey(
        "events.Event", models.PROTECT, related_name="group_messages", verbose_name=_("événement")
    )
    subject = models.CharField(_("objet"), max_length=200)
    text = models.TextField(
        _("texte"),
        help_text=_(
            "Une ligne vide sépare deux paragraphes ; des lignes qui commencent par « - » font une liste ; une adresse "
            "web seule sur sa ligne devient un bouton."
        ),
    )
    states = models.JSONField(_("états"), default=list)
    price = models.ForeignKey(
        Price, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tarif")
    )
    question = models.ForeignKey(
        Question, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("question")
    )
    choice = models.CharField(_("réponse"), max_length=200, blank=True)
    audience = models.TextField(_("à qui"), editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("envoyé par"),
    )
    created_at = models.DateTimeField(_("écrit le"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, editable=False)
    queued_at = models.DateTimeField(null=True, editable=False)
    copies = models.ManyToManyField(Email, related_name="+", editable=False)

    objects: ClassVar = GroupMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message à un groupe")
        verbose_name_plural = _("messages à un groupe")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_draft(self) -> bool:
        return self.sent_at is None

    # To whom

    def in_words(self) -> str:
        """Whom it is for, as the log of messages says it for good."""
        words = [", ".join(str(Booking.State(state).label) for state in self.states)]
        if self.price:
            words.append(gettext("tarif « %s »") % self.price)
        if self.question:
            answer = {"question": self.question, "choice": self.choice}
            words.append(gettext("« %(choice)s » à « %(question)s »") % answer)
        return "\u202f; ".join(words)

    def group(self) -> "models.QuerySet[Registration]":
        """The places that the filter keeps, those given back too."""
        places = Registration.objects.filter(booking__event=self.event_id, booking__state__in=self.states)
        if self.price_id:
            places = places.filter(price=self.price_id)
        if self.question_id:
            places = places.filter(pk__in=places.filter(self._answered()).values("pk"))
        return places.select_related("booking__event").order_by("booking__queued_at", "booking_id", "pk")

    def _answered(self) -> Q:
        """Somebody's own answer, or that of the whole booking. Several choices are lines."""

        def says(path: str) -> Q:
            line = self.choice
            text = f"{path}answers__text"
            return Q(**{f"{path}answers__question": self.question_id}) & (
                Q(**{text: line})
                | Q(**{f"{text}__startswith": f"{line}\n"})
                | Q(**{f"{text}__endswith": f"\n{line}"})
                | Q(**{f"{text}__contains": f"\n{line}\n"})
            )

        return says("") | says("booking__") & Q(booking__answers__registration=None)

    def key_for(self, address: str) -> str:
        return f"events.message.{self.pk}.{sha256(address.encode()).hexdigest()[:32]}"

    def recipients(self) -> Recipients:
        """One copy an address, and why the other places get none."""
        written = set(
            Email.objects.filter(key__startswith=self.key_for("")[:-32]).values_list("key", flat=True)
        )
        recipients, seen = Recipients([], []), set[str]()
        for place in self.group():
            address = place.email.lower()
            if place.cancelled_at:
                recipients.excluded.append((place, Exclusion.CANCELLED))
            elif not address:
                recipients.excluded.append((place, Exclusion.NO_ADDRESS))
            elif address in seen:
                recipients.excluded.append((place, Exclusion.SAME_ADDRESS))
            elif self.key_for(address) in written:
                recipients.excluded.append((place, Exclusion.WRITTEN))
            else:
                recipients.chosen.append(place)
                seen.add(address)
        return recipients

    # Verbs

    @transaction.atomic
    def send(self, *, by: "User") -> bool:
        """Let it go to everybody in the group: a task writes the copies. False if it is gone already: it goes once."""
        message = GroupMessage.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if not message.is_draft:
            return False
        message.sent_at, message.author = timezone.now(), by
        message.audience = message.in_words()
        message.save(update_fields=["sent_at", "author", "audience"])
        return True

    def write_copies(self) -> int:
        """Queue what is not queued yet. Stopped half way, a second run does the rest."""
        if self.is_draft or self.queued_at:
            return 0
        count = sum(self._write_to(place) for place in self.recipients().chosen)
        self.queued_at = timezone.now()
        self.save(update_fields=["queued_at"])
        return count

    @transaction.atomic
    def _write_to(self, place: Registration) -> bool:
        email = emails.group_message(self, place)
        if email is not None:
            self.copies.add(email)
        return email is not None
