from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import emails
from events.models.booking import Booking, Registration
from events.models.refusals import AlreadyRegistered, EventFull, EventOver, RegistrationClosed
from events.models.training import Training
from events.models.vocabulary import Audience, Level, Theme
from members.models import Member
from partners.models import Partner
from payments.models import Charge, ChargeLine, Line

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User

HOLD = timedelta(minutes=20)
OFFER = timedelta(hours=48)
FEW_PLACES = 5


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> "EventQuerySet":
        """What a visitor may see: a cancelled event keeps its page."""
        return self.exclude(status=Event.Status.DRAFT)

    def visible_to(self, user: "User | AnonymousUser") -> "EventQuerySet":
        return self.all() if user.has_perm("events.view_event") else self.public()

    def upcoming(self) -> "EventQuerySet":
        return self.public().filter(ends_at__gt=timezone.now()).order_by("starts_at", "pk")

    def queued(self) -> "EventQuerySet":
        """To come, with people in the waiting list."""
        waiting = Registration.objects.waiting().order_by().values("event")
        return self.filter(pk__in=waiting, status=Event.Status.PUBLISHED, starts_at__gt=timezone.now())

    def with_places(self) -> "EventQuerySet":
        """Annotate `taken` and `in_queue`, so that a list costs no query a row."""

        def count(registrations: models.QuerySet[Registration]) -> Coalesce:
            rows = (
                registrations.filter(event=OuterRef("pk")).order_by().values("event").annotate(n=Count("pk"))
            )
            return Coalesce(Subquery(rows.values("n"), output_field=models.IntegerField()), 0)

        return self.annotate(
            taken=count(Registration.objects.holding_place()), in_queue=count(Registration.objects.waiting())
        )


class Event(models.Model):
    """Anything with a date. A training's session is an event whose `training` is set."""

    class Kind(models.TextChoices):
        CONFERENCE = "conference", _("conférence")
        MEETUP = "rencontre", _("rencontre")
        WORKSHOP = "atelier", _("atelier")
        DEBATE = "debat", _("débat")
        SEMINAR = "seminaire", _("séminaire")
        TRAINING = "formation", _("formation")

    class Status(models.TextChoices):
        DRAFT = "draft", _("brouillon")
        PUBLISHED = "published", _("publié")
        CANCELLED = "cancelled", _("annulé")

    class Format(models.TextChoices):
        ON_SITE = "sur-place", _("sur place")
        ONLINE = "en-ligne", _("en ligne")
        HYBRID = "hybride", _("sur place et en ligne")

    class Availability(models.TextChoices):
        """What a visitor can do now, in the order in which it is decided."""

        CANCELLED = "cancelled", _("annulé")
        OVER = "over", _("terminé")
        NOT_YET = "not_yet", _("inscriptions pas encore ouvertes")
        CLOSED = "closed", _("inscriptions closes")
        OPEN = "open", _("places disponibles")
        FEW = "few", _("dernières places")
        QUEUE = "queue", _("complet, liste d’attente ouverte")
        FULL = "full", _("complet")

    title = models.CharField(_("titre"), max_length=200)
    slug = models.SlugField(_("adresse"), max_length=220, unique=True)
    kind = models.CharField(_("nature"), max_length=12, choices=Kind)
    training = models.ForeignKey(
        Training, models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("formation")
    )
    status = models.CharField(_("état"), max_length=10, choices=Status, default=Status.DRAFT)
    summary = models.CharField(_("en une phrase"), max_length=300)
    description = models.TextField(_("description"), blank=True, help_text=_("En Markdown."))
    starts_at = models.DateTimeField(_("début"))
    ends_at = models.DateTimeField(_("fin"))
    format = models.CharField(_("où"), max_length=10, choices=Format, default=Format.ON_SITE)
    venue = models.CharField(_("lieu"), max_length=200, blank=True)
    address = models.CharField(_("adresse postale"), max_length=300, blank=True)
    access = models.TextField(_("accès et accessibilité"), blank=True)
    online_url = models.URLField(
        _("lien de connexion"),
        blank=True,
        help_text=_("Montré aux seules personnes dont l’inscription est confirmée."),
    )
    audience = models.CharField(_("pour qui"), max_length=13, choices=Audience, default=Audience.EVERYONE)
    level = models.CharField(_("niveau"), max_length=13, choices=Level, default=Level.BEGINNER)
    themes = models.ManyToManyField(Theme, blank=True, related_name="events", verbose_name=_("thèmes"))
    partners = models.ManyToManyField(
        Partner, blank=True, related_name="events", verbose_name=_("organisé avec")
    )
    capacity = models.PositiveIntegerField(
        _("nombre de places"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Vide : sans limite."),
    )
    has_waiting_list = models.BooleanField(_("liste d’attente"), default=True)
    price = models.DecimalField(_("tarif public"), max_digits=8, decimal_places=2, default=Decimal(0))
    member_price = models.DecimalField(
        _("tarif adhérent"),
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Vide : le tarif public."),
    )
    registration_opens_at = models.DateTimeField(_("ouverture des inscriptions"), null=True, blank=True)
    registration_closes_at = models.DateTimeField(
        _("clôture des inscriptions"), null=True, blank=True, help_text=_("Vide : au début de l’événement.")
    )
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    objects: ClassVar = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("événement")
        verbose_name_plural = _("événements")
        ordering = ["-starts_at"]
        indexes = [models.Index(fields=["status", "ends_at"], name="event_status_end")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_it_starts",
                violation_error_message=_("La fin doit suivre le début."),
            ),
            models.CheckConstraint(
                condition=Q(kind="formation", training__isnull=False)
                | (~Q(kind="formation") & Q(training__isnull=True)),
                name="event_training_if_and_only_if_session",
                violation_error_message=_("Une session de formation nomme sa formation, et elle seule."),
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0)
                & (Q(member_price__isnull=True) | Q(member_price__gte=0, member_price__lte=F("price"))),
                name="event_member_price_not_above_price",
                violation_error_message=_("Le tarif adhérent ne dépasse pas le tarif public."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("events:event", args=[self.slug])

    def clean(self) -> None:
        if self.format != self.Format.ONLINE and not self.venue:
            raise ValidationError({"venue": gettext("Indiquez le lieu, ou choisissez « en ligne ».")})

    # Time

    @property
    def is_over(self) -> bool:
        return self.ends_at <= timezone.now()

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= timezone.now()

    @property
    def registration_ends_at(self) -> datetime:
        return min(self.registration_closes_at or self.starts_at, self.starts_at)

    # Places: nothing is stored, live rows are counted. Annotated by `with_places` in lists.

    @property
    def places_taken(self) -> int:
        if hasattr(self, "taken"):
            return int(self.taken)
        return self.registrations.holding_place().count()

    @property
    def queue_length(self) -> int:
        if hasattr(self, "in_queue"):
            return int(self.in_queue)
        return self.registrations.waiting().count()

    @property
    def places_left(self) -> int | None:
        """What the public can still take: those who wait are served first. None without a limit."""
        return (
            None if self.capacity is None else max(self.capacity - self.places_taken - self.queue_length, 0)
        )

    def has_room(self) -> bool:
        return self.places_left is None or self.places_left > 0

    @property
    def availability(self) -> Availability:
        now, left = timezone.now(), self.places_left
        cases = [
            (self.status == self.Status.CANCELLED, self.Availability.CANCELLED),
            (self.has_begun, self.Availability.OVER),
            (
                self.registration_opens_at is not None and now < self.registration_opens_at,
                self.Availability.NOT_YET,
            ),
            (self.status == self.Status.DRAFT or now >= self.registration_ends_at, self.Availability.CLOSED),
            (left is None or left > FEW_PLACES, self.Availability.OPEN),
            (bool(left), self.Availability.FEW),
            (self.has_waiting_list, self.Availability.QUEUE),
        ]
        return next((state for holds, state in cases if holds), self.Availability.FULL)

    @property
    def takes_registrations(self) -> bool:
        can = self.Availability
        return self.availability in {can.OPEN, can.FEW, can.QUEUE}

    # Price

    @property
    def is_free(self) -> bool:
        return self.price == 0

    def price_for(self, user: "User | None", *, email: str | None = None) -> Decimal:
        """What this person pays today: the member price belongs to an account that is up to date, for itself.

        With `email`, the place is for that address: it must be one of the account's own.
        """
        if self.member_price is None or user is None or (email and email not in user.verified_emails):
            return self.price
        is_member = Member.objects.visible_to(user).current(on=timezone.localdate()).exists()
        return self.member_price if is_member else self.price

    # Verbs

    def locked(self) -> "Event":
        """This event read again, and locked until the end of the transaction: places change under it only."""
        return Event.objects.select_for_update(of=("self",)).get(pk=self.pk)

    def refuse_if_over(self) -> None:
        if self.has_begun:
            raise EventOver

    def _refuse_unless_open(self) -> None:
        self.refuse_if_over()
        closed = {self.Availability.CANCELLED, self.Availability.NOT_YET, self.Availability.CLOSED}
        if self.availability in closed:
            raise RegistrationClosed

    @transaction.atomic
    def register(self, *, name: str, email: str, request_key: str, user: "User | None" = None) -> Booking:
        """Take a place, hold one until it is paid, or join the queue.

        The same `request_key` (two clicks) gives the same booking. Raises RegistrationClosed, EventOver, EventFull,
        AlreadyRegistered.
        """
        event, email = self.locked(), email.lower()
        known = Booking.objects.filter(request_key=request_key).first()
        if known is not None:
            return known
        event._refuse_unless_open()
        for registration in event.registrations.expired().filter(email=email):
            registration.expire()
        live = event.registrations.live().filter(email=email).select_related("booking").first()
        if live is not None:
            raise AlreadyRegistered(live.booking)
        has_room = event.has_room()
        if not has_room and not event.has_waiting_list:
            raise EventFull
        booking = Booking.objects.create(
            event=event, name=name, email=email, user=user, request_key=request_key
        )
        registration = Registration.objects.create(
            booking=booking, event=event, name=name, email=email, state=Registration.State.WAITING
        )
        if has_room:
            event._give_place(registration, hold=HOLD)
        else:
            emails.registration_waiting(registration)
        return booking

    def _give_place(self, registration: Registration, *, hold: timedelta) -> None:
        """Confirm a free place; hold a paid one, with its charge, until it is paid. The caller holds the lock."""
        booking = registration.booking
        price = self.price_for(booking.user, email=booking.email)
        if not price:
            registration.confirm()
            return
        nature = ChargeLine.Nature.TRAINING if self.training_id else ChargeLine.Nature.EVENT
        until = min(timezone.now() + hold, self.starts_at)
        booking.charge = Charge.open(
            name=booking.name,
            email=booking.email,
            user=booking.user,
            language=booking.language,
            lines=[Line(nature, self.title, price)],
            return_path=booking.get_absolute_url(),
            payable_until=until,
        )
        booking.save(update_fields=["charge"])
        registration.hold(until)
        emails.place_held(registration, is_offer=hold == OFFER)

    @transaction.atomic
    def promote_waiting(self) -> int:
        """Serve the queue in its order while there are places. Returns how many were served."""
        event = self.locked()
        if event.status != self.Status.PUBLISHED or event.has_begun:
            return 0
        queue = event.registrations.waiting().select_related("booking", "booking__user")
        if event.capacity is not None:
            queue = queue[: max(event.capacity - event.places_taken, 0)]
        served = list(queue)
        for registration in served:
            event._give_place(registration, hold=OFFER)
        return len(served)

    @transaction.atomic
    def release_expired_holds(self) -> int:
        """Give the places whose hold has run out to those who wait. A late payment is `Booking.confirm_paid`'s matter."""
        event = self.locked()
        expired = list(event.registrations.expired())
        for registration in expired:
            registration.expire()
        event.promote_waiting()
        return len(expired)

    @transaction.atomic
    def publish(self) -> None:
        """Show a draft to the public. Does nothing to an event that is not a draft."""
        Event.objects.filter(pk=self.pk, status=self.Status.DRAFT).update(
            status=self.Status.PUBLISHED, updated_at=timezone.now()
        )
        self.refresh_from_db()

    @transaction.atomic
    def cancel(self) -> None:
        """Call the event off: every live registration is cancelled, told, and owed back. A second call changes nothing."""
        list(Charge.objects.select_for_update(of=("self",)).filter(booking__event=self).order_by("pk"))
        event = self.locked()
        if event.status == self.Status.CANCELLED:
            return
        event.status = self.status = self.Status.CANCELLED
        event.save(update_fields=["status", "updated_at"])
        for registration in event.registrations.live().select_related("booking", "booking__charge"):
            registration.cancel()
            if registration.booking.charge:
                registration.booking.charge.cancel()
            emails.event_cancelled(registration)
