from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events import emails

if TYPE_CHECKING:
    from accounts.models import User


class Question(models.Model):
    """Something an event asks, of each booking or of each person who comes."""

    class Kind(models.TextChoices):
        SHORT = "courte", _("une ligne")
        LONG = "longue", _("plusieurs lignes")
        CHOICE = "choix", _("un choix")
        SEVERAL = "plusieurs", _("plusieurs choix")
        YES_NO = "oui-non", _("oui ou non")
        NUMBER = "nombre", _("un nombre")

    class AskedOf(models.TextChoices):
        BOOKING = "reservation", _("une fois par réservation")
        ATTENDEE = "personne", _("à chaque personne")

    WITH_CHOICES: ClassVar = [Kind.CHOICE, Kind.SEVERAL]

    event = models.ForeignKey(
        "events.Event", models.CASCADE, related_name="questions", verbose_name=_("événement")
    )
    label = models.CharField(_("question"), max_length=200)
    help_text = models.CharField(_("aide"), max_length=300, blank=True)
    kind = models.CharField(_("réponse"), max_length=10, choices=Kind, default=Kind.SHORT)
    asked_of = models.CharField(_("posée"), max_length=12, choices=AskedOf, default=AskedOf.ATTENDEE)
    is_required = models.BooleanField(_("obligatoire"), default=False)
    choices = models.TextField(_("choix"), blank=True, help_text=_("Un par ligne."))
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        if self.kind in self.WITH_CHOICES and len(self.choice_list) < 2:
            raise ValidationError({"choices": gettext("Donnez au moins deux choix, un par ligne.")})

    @property
    def choice_list(self) -> list[str]:
        return [line.strip() for line in self.choices.splitlines() if line.strip()]

    @property
    def answers_to_choose(self) -> list[str]:
        """What can be answered, when that can be listed."""
        if self.kind == self.Kind.YES_NO:
            return ["oui", "non"]
        return self.choice_list if self.kind in self.WITH_CHOICES else []


class Answer(models.Model):
    """What was answered, as text: several choices are lines. About one person, or about the whole booking."""

    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", verbose_name=_("question"))
    booking = models.ForeignKey(
        "events.Booking", models.CASCADE, related_name="answers", verbose_name=_("réservation")
    )
    registration = models.ForeignKey(
        "events.Registration",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("inscription"),
    )
    text = models.TextField(_("réponse"))

    class Meta:
        verbose_name = _("réponse")
        verbose_name_plural = _("réponses")
        ordering = ["question__position", "question_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["question", "registration"], name="one_answer_a_person"),
            models.UniqueConstraint(
                fields=["question", "booking"],
                name="one_answer_a_booking",
                condition=Q(registration__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


class AccessNeedQuerySet(models.QuerySet["AccessNeed"]):
    def open(self) -> "AccessNeedQuerySet":
        """Those that nobody has answered, of people who still come."""
        return self.filter(answered_at=None, registration__cancelled_at=None)


class AccessNeed(models.Model):
    """What one person needs in order to come. For the accessibility contact only, who answers here."""

    registration = models.OneToOneField(
        "events.Registration", models.CASCADE, related_name="access_need", verbose_name=_("inscription")
    )
    text = models.TextField(_("besoin"))
    answer = models.TextField(_("réponse"), blank=True)
    asked_at = models.DateTimeField(_("demandé le"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(_("répondu le"), null=True, blank=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("répondu par"),
    )

    objects: ClassVar = AccessNeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("besoin d’accessibilité")
        verbose_name_plural = _("besoins d’accessibilité")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.registration.name} – {self.registration.booking.event}"

    @transaction.atomic
    def reply(self, text: str, *, by: "User") -> None:
        """Keep the answer and who gave it, and send it to the person. A later one replaces it, and is sent too."""
        self.answer, self.answered_at, self.answered_by = text, timezone.now(), by
        self.save(update_fields=["answer", "answered_at", "answered_by"])
        emails.access_need_answered(self)
