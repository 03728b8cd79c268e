from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from mailing.outbox import current_language
from members.models.identity import Identity, Kind
from members.models.members import Member
from members.models.memberships import Membership
from members.models.plans import Plan
from members.offers import Offer
from payments.models import Charge


def private_storage() -> Storage:
    return storages["private"]


class Wish(Identity):
    """What somebody asks for, what was announced to them, and what became of it: the columns of an application."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("à décider")
        TO_COMPLETE = "to_complete", _("à compléter")
        ACCEPTED = "accepted", _("acceptée, à régler")
        REFUSED = "refused", _("refusée")
        PAID = "paid", _("payée, dates à fixer")
        DONE = "done", _("terminée")
        ABANDONED = "abandoned", _("abandonnée")

    OPEN: ClassVar = [State.SUBMITTED, State.TO_COMPLETE, State.ACCEPTED]

    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)
    state = models.CharField(_("état"), max_length=12, choices=State, default=State.ACCEPTED, editable=False)
    state_since = models.DateTimeField(_("depuis le"), default=timezone.now, editable=False)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="applications", verbose_name=_("formule"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("compte"),
    )
    member = models.ForeignKey(
        Member,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="applications",
        verbose_name=_("adhérent"),
    )
    is_proven = models.BooleanField(
        _("adhérent vérifié"),
        default=False,
        editable=False,
        help_text=_("Qui a fait la demande a prouvé être cet adhérent, ou agir pour lui."),
    )
    replaces = models.ForeignKey(
        Membership,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="changes",
        verbose_name=_("change l’adhésion"),
    )
    terms = models.PositiveSmallIntegerField(_("périodes"), default=1)
    seats = models.PositiveSmallIntegerField(pgettext_lazy("organisation", "places"), default=0)
    chosen_amount = models.DecimalField(
        _("montant choisi"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    message = models.TextField(_("message"), blank=True)
    wants_directory = models.BooleanField(_("veut paraître dans l’annuaire"), default=False)
    proof = models.FileField(_("justificatif"), storage=private_storage, upload_to="proofs/", blank=True)
    starts_on = models.DateField(_("premier jour annoncé"), null=True, editable=False)
    ends_on = models.DateField(_("dernier jour annoncé"), null=True, editable=False)
    amount = models.DecimalField(
        _("montant annoncé"), max_digits=10, decimal_places=2, default=Decimal("0.00"), editable=False
    )
    answer = models.TextField(_("réponse du bureau"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("décidée par"),
    )
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="application", verbose_name=_("somme due")
    )
    membership = models.OneToOneField(
        Membership,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="application",
        verbose_name=_("adhésion"),
    )
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("reçue le"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        return reverse("members:application", args=[self.token])

    @property
    def submitted_on(self) -> date:
        return timezone.localdate(self.created_at)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_to_decide(self) -> bool:
        return self.state in {self.State.SUBMITTED, self.State.TO_COMPLETE}

    def is_open_on(self, day: date) -> bool:
        """Under way now, and already submitted that day."""
        return self.state in [*self.OPEN, self.State.PAID] and self.submitted_on <= day

    def offer(self, *, on: date, is_due: bool = False) -> Offer:
        """What it would give that day; as to a newcomer where the member is not proven. Raises an OfferRefused."""
        known = self.member if is_due or self.is_proven else None
        return self.plan.offer(
            on=on,
            after=known.last_period(on=on) if known else None,
            headcount=self.headcount or 0,
            seats=self.seats,
            terms=self.terms,
            amount=self.chosen_amount,
            is_due=is_due,
        )

    def known_member(self) -> Member | None:
        """The member this application is for: the account's own, the organisation's number, else this address."""
        same_kind = Member.objects.filter(kind=self.plan.kind)
        if self.plan.kind == Kind.ORGANISATION:
            return same_kind.filter(siret=self.siret).first() if self.siret else None
        own = same_kind.filter(user=self.user).first() if self.user else None
        return own or same_kind.filter(email__iexact=self.email).first()
