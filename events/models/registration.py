from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ERASED_NAME
from events import emails
from events.models.booking import Booking
from events.models.places import holding_place
from events.models.pricing import Price, PromoCode
from events.models.questions import AccessNeed, Answer, Question
from events.models.refusals import EventOver, FeedbackClosed, OfferGone, PriceRefused
from members.models import Mandate, Member

if TYPE_CHECKING:
    from accounts.models import User
    from events.models.event import Event


class RegistrationQuerySet(models.QuerySet["Registration"]):
    def given_to(self, user: "User") -> "RegistrationQuerySet":
        """This account's places in the bookings of others."""
        others = ~Q(booking__in=Booking.objects.visible_to(user).values("pk"))
        return self.filter(others, email__in=user.verified_emails).select_related("booking__event")

    def made_for(self, organisation: Member) -> "RegistrationQuerySet":
        """The live places of people who have a seat in it now, that are its business and not theirs alone.

        Those are at its own price or code, invoiced to its name, or given to an address of its domain.
        """
        seats = Mandate.objects.live(on=timezone.localdate()).filter(organisation=organisation)
        seated = EmailAddress.objects.filter(verified=True, user__in=seats.values("user"))
        own = Q(email__in=seats.exclude(email="").values("email")) | Q(email__in=seated.values("email"))
        its = Q(price__organisation=organisation) | Q(promo_code__price__organisation=organisation)
        its |= Q(booking__invoice_to__icontains=organisation.organisation)
        for domain in organisation.mail_domains.open():
            its |= Q(email__endswith=f"@{domain}")
        return self.live().filter(own, its).select_related("booking__event")

    def upcoming(self) -> "RegistrationQuerySet":
        return self.filter(booking__event__ends_at__gt=timezone.now())

    def live(self) -> "RegistrationQuerySet":
        return self.filter(cancelled_at=None, booking__state__in=Booking.LIVE)

    def holding_place(self) -> "RegistrationQuerySet":
        """Those that count against the capacity."""
        return self.filter(holding_place())

    def in_state(self, state: str) -> "RegistrationQuerySet":
        return self.filter(cancelled_at=None, booking__state=state)

    @transaction.atomic
    def erase(self) -> int:
        """Take who comes, what they answered and what they need out of places that stay for what they count."""
        from events.models.feedback import Feedback  # noqa: PLC0415 - an opinion knows its place

        places = list(self.select_related("booking__event", "booking__charge", "price"))
        pks = [place.pk for place in places]
        for place in places:
            place._unname_what_is_owed()
        Answer.objects.filter(registration__in=pks).delete()
        AccessNeed.objects.filter(registration__in=pks).delete()
        Feedback.objects.filter(place__in=pks).update(place=None)
        return Registration.objects.filter(pk__in=pks).update(name=ERASED_NAME, email="")

    def confirmed(self) -> "RegistrationQuerySet":
        return self.in_state(Booking.State.CONFIRMED)

    def waiting(self) -> "RegistrationQuerySet":
        return self.in_state(Booking.State.WAITING)


class Registration(models.Model):
    """One place of one attendee, at one price. Reached by its code by whoever comes; its state is its booking's."""

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    booking = models.ForeignKey(
        Booking, models.PROTECT, related_name="registrations", verbose_name=_("réservation")
    )
    name = models.CharField(_("nom"), max_length=200)
    email = models.EmailField(_("adresse e-mail"))
    price = models.ForeignKey(
        Price,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="registrations",
        verbose_name=_("tarif"),
    )
    promo_code = models.ForeignKey(
        PromoCode,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="registrations",
        verbose_name=_("code promotionnel"),
    )
    amount = models.DecimalField(_("montant"), max_digits=8, decimal_places=2, default=Decimal(0))
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True)

    objects: ClassVar = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("inscription")
        verbose_name_plural = _("inscriptions")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="registration_not_negative")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("bookings:place", args=[self.code])

    @property
    def number(self) -> str:
        """What is said aloud at the door, and printed: the head of the code, that opens nothing by itself."""
        head = self.code.hex[:8].upper()
        return f"{head[:4]} {head[4:]}"

    @property
    def event(self) -> "Event":
        return self.booking.event

    @property
    def label(self) -> str:
        """As a line of what is owed."""
        price = f" ({self.price})" if self.price else ""
        return f"{self.booking.event.title} – {self.name}{price}"[:250]

    @property
    def is_live(self) -> bool:
        return self.cancelled_at is None and self.booking.is_live

    @property
    def is_confirmed(self) -> bool:
        return self.cancelled_at is None and self.booking.is_confirmed

    def note(self, *, answers: dict[Question, str], access_need: str) -> None:
        """Keep what this person answered; a need goes to the accessibility contact and to nobody else."""
        Answer.objects.bulk_create(
            Answer(question=question, booking=self.booking, registration=self, text=text)
            for question, text in answers.items()
            if text
        )
        if access_need:
            need = AccessNeed.objects.create(registration=self, text=access_need)
            emails.access_need_asked(need)

    def give_back(self) -> None:
        self.cancelled_at = timezone.now()
        self.save(update_fields=["cancelled_at"])

    def _unname_what_is_owed(self) -> None:
        """The line of a charge says who comes; once money has come in, it is an accounting document and stays."""
        charge = self.booking.charge
        if charge is not None and not charge.payments.exists():
            charge.lines.filter(label=self.label).update(label=self.booking.event.title)

    @transaction.atomic
    def rename(self, name: str) -> None:
        """Correct the name of who comes."""
        self.name = name
        self.save(update_fields=["name"])

    @transaction.atomic
    def give_feedback(self, *, rating: int, useful: str, would_recommend: bool | None) -> None:
        """One answer a place, which may change until the questionnaire closes. Raises FeedbackClosed."""
        if not (self.is_confirmed and self.event.takes_feedback):
            raise FeedbackClosed
        answer = {"rating": rating, "useful": useful, "would_recommend": would_recommend}
        self.event.feedback.update_or_create(place=self, defaults=answer)

    @transaction.atomic
    def hand_over(self, *, name: str, email: str) -> None:
        """Give this place to somebody else. The link and the ticket of who had it are worth nothing any more.

        What that person answered, or needs in order to come, was about them: it goes with them.
        Raises EventOver, OfferGone, and PriceRefused when the price was for that person only.
        """
        booking = self.booking.locked()
        place = booking.registrations.select_related("price").get(pk=self.pk)
        if booking.event.has_begun:
            raise EventOver
        if place.cancelled_at or not booking.is_live:
            raise OfferGone
        if place.price and place.price.for_whom in Price.PERSONAL:
            raise PriceRefused(place.price, PriceRefused.Why.NOT_FOR_YOU)
        former, before = place.name, place.email
        place.name, place.email, place.code = name, email.lower(), uuid4()
        place.save(update_fields=["name", "email", "code"])
        place.answers.all().delete()
        AccessNeed.objects.filter(registration=place).delete()
        booking.step()
        place.booking = booking
        emails.place_handed_over(place, former=former, before=before)
