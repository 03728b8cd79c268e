from typing import ClassVar, NamedTuple

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import emails
from events.models.booking import Booking
from events.models.pricing import Price
from events.models.questions import Question
from events.models.registration import Registration
from mailing.broadcasts import Broadcast, BroadcastQuerySet
from mailing.models import Email


class Exclusion(models.TextChoices):
    """Why a place of the group gets no copy of the message."""

    CANCELLED = "cancelled", _("place annulée")
    NO_ADDRESS = "no_address", _("sans adresse e-mail")
    SAME_ADDRESS = "same_address", _("même adresse qu’une autre place")
    WRITTEN = "written", _("a déjà reçu ce message")


class Recipients(NamedTuple):
    chosen: list[Registration]
    excluded: list[tuple[Registration, Exclusion]]


class GroupMessage(Broadcast):
    """What staff write about an event to a group of those who booked: a draft, then sent once."""

    KEY: ClassVar = "events.message"

    event = models.ForeignKey(
        "events.Event", models.PROTECT, related_name="group_messages", verbose_name=_("événement")
    )
    states = models.JSONField(_("états"), default=list)
    price = models.ForeignKey(
        Price, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tarif")
    )
    question = models.ForeignKey(
        Question, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("question")
    )
    choice = models.CharField(_("réponse"), max_length=200, blank=True)

    objects: ClassVar = BroadcastQuerySet.as_manager()

    class Meta:
        verbose_name = _("message à un groupe")
        verbose_name_plural = _("messages à un groupe")
        ordering = ["-pk"]

    # To whom

    def in_words(self) -> str:
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

    def recipients(self) -> Recipients:
        """One copy an address, and why the other places get none."""
        written = self.written_keys()
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

    def to_write_to(self) -> list[Registration]:
        return self.recipients().chosen

    def queue_copy(self, reader: Registration) -> Email | None:
        return emails.group_message(self, reader)
