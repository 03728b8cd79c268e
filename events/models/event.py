from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models.bookable import Bookable
from events.models.booking import Booking
from events.models.changes import Announced
from events.models.content import Content
from events.models.feedback import Evaluated
from events.models.pricing import Price
from events.models.programme import Slot
from events.models.registration import Registration
from events.models.reminder import Reminding
from events.models.series import Repeatable
from events.models.speaker import Appearance, Speaker
from events.models.training import Training
from events.models.vocabulary import Audience, Level, Theme
from partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class EventQuerySet(models.QuerySet["Event"]):
    def public(self) -> "EventQuerySet":
        """What a visitor may see: a cancelled event keeps its page."""
        return self.exclude(status=Event.Status.DRAFT)

    def visible_to(self, user: "User | AnonymousUser") -> "EventQuerySet":
        return self.all() if user.has_perm("events.view_event") else self.public()

    def upcoming(self) -> "EventQuerySet":
        return self.public().filter(ends_at__gt=timezone.now()).order_by("starts_at", "pk")

    def past(self) -> "EventQuerySet":
        """What took place, the last first."""
        took_place = self.public().exclude(status=Event.Status.CANCELLED)
        return took_place.filter(ends_at__lte=timezone.now()).order_by("-starts_at", "-pk")

    def queued(self) -> "EventQuerySet":
        """To come, with people in the waiting list."""
        waiting = Booking.objects.waiting().order_by().values("event")
        return self.filter(pk__in=waiting, status=Event.Status.PUBLISHED, starts_at__gt=timezone.now())

    def with_places(self) -> "EventQuerySet":
        """Annotate `taken` and `in_queue` and bring the prices, so that a list costs no query a row."""

        def count(registrations: models.QuerySet[Registration]) -> Coalesce:
            rows = registrations.filter(booking__event=OuterRef("pk")).order_by().values("booking__event")
            counted = rows.annotate(n=Count("pk")).values("n")
            return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)

        return self.annotate(
            taken=count(Registration.objects.holding_place()), in_queue=count(Registration.objects.waiting())
        ).prefetch_related(models.Prefetch("prices", Price.objects.with_places()))

    def for_display(self) -> "EventQuerySet":
        """What a row of a list shows, in as many queries for one event as for a hundred."""
        return self.with_places().prefetch_related("audiences")

    def with_content(self) -> "EventQuerySet":
        """All that the page of an event shows."""
        return self.select_related("training", "series").prefetch_related(
            "audiences",
            "themes",
            "partners",
            "resources",
            models.Prefetch("appearances", Appearance.objects.select_related("speaker")),
            models.Prefetch("slots", Slot.objects.prefetch_related("speakers")),
        )

    def by(self, speaker: Speaker) -> "EventQuerySet":
        """Those at which this person speaks, in the whole of it or in one slot."""
        in_slots = Slot.speakers.through.objects.filter(speaker=speaker).values("slot__event")
        named = Appearance.objects.filter(speaker=speaker).order_by().values("event")
        return self.filter(Q(pk__in=named) | Q(pk__in=in_slots))

    def free(self) -> "EventQuerySet":
        """Those that nobody pays for."""
        return self.exclude(Exists(Price.objects.filter(event=OuterRef("pk"), amount__gt=0)))

    def paid(self) -> "EventQuerySet":
        return self.filter(Exists(Price.objects.filter(event=OuterRef("pk"), amount__gt=0)))


class Event(Content, Repeatable, Reminding, Announced, Evaluated, Bookable):
    """Anything with a date. A training's session is an event whose `training` is set."""

    class Kind(models.TextChoices):
        CONFERENCE = "conference", _("conférence")
        MEETUP = "rencontre", _("rencontre")
        WORKSHOP = "atelier", _("atelier")
        DEBATE = "debat", _("débat")
        SEMINAR = "seminaire", _("séminaire")
        TRAINING = "formation", _("formation")

    class Format(models.TextChoices):
        ON_SITE = "sur-place", _("sur place")
        ONLINE = "en-ligne", _("en ligne")
        HYBRID = "hybride", _("sur place et en ligne")

    PLANNED: ClassVar = {"starts_at", "ends_at", "format", "venue", "address"}  # what calendars hold

    title = models.CharField(_("titre"), max_length=200)
    slug = models.SlugField(_("adresse"), max_length=220, unique=True)
    kind = models.CharField(_("nature"), max_length=12, choices=Kind)
    training = models.ForeignKey(
        Training, models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("formation")
    )
    summary = models.CharField(_("en une phrase"), max_length=300)
    description = models.TextField(_("description"), blank=True, help_text=_("En Markdown."))
    format = models.CharField(_("où"), max_length=10, choices=Format, default=Format.ON_SITE)
    venue = models.CharField(_("lieu"), max_length=200, blank=True)
    address = models.CharField(_("adresse postale"), max_length=300, blank=True)
    audiences = models.ManyToManyField(
        Audience,
        blank=True,
        related_name="events",
        verbose_name=_("pour qui"),
        help_text=_("Vide : tout public."),
    )
    level = models.CharField(_("niveau"), max_length=13, choices=Level, default=Level.BEGINNER)
    themes = models.ManyToManyField(Theme, blank=True, related_name="events", verbose_name=_("thèmes"))
    partners = models.ManyToManyField(
        Partner, blank=True, related_name="events", verbose_name=_("organisé avec")
    )
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
                condition=Q(image="") | ~Q(image_alt=""),
                name="event_image_has_words",
                violation_error_message=_("Décrivez l’image pour qui ne la voit pas."),
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False)
                & Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="event_is_at_a_point_of_the_earth",
                violation_error_message=_("Donnez la latitude et la longitude, ou aucune."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("events:event", args=[self.slug])

    def clean(self) -> None:
        super().clean()
        if self.format != self.Format.ONLINE and not self.venue:
            raise ValidationError({"venue": gettext("Indiquez le lieu, ou choisissez « en ligne ».")})
        if self.slug == "archives":
            raise ValidationError({"slug": gettext("Cette adresse est celle des rendez-vous passés.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A calendar tells another time or place from a repetition by its greater SEQUENCE."""
        written = kwargs.get("update_fields")
        if self.pk and (written is None or self.PLANNED & set(written)):
            before = Event.objects.filter(pk=self.pk).values(*self.PLANNED, "sequence").first()
            if before and any(getattr(self, name) != before[name] for name in self.PLANNED):
                self.sequence = before["sequence"] + 1
                kwargs |= {"update_fields": {*written, "sequence"}} if written else {}
        super().save(*args, **kwargs)

    # Verbs

    @transaction.atomic
    def publish(self) -> None:
        """Show a draft to the public. Does nothing to an event that is not a draft."""
        Event.objects.filter(pk=self.pk, status=self.Status.DRAFT).update(
            status=self.Status.PUBLISHED, updated_at=timezone.now()
        )
        self.refresh_from_db()
