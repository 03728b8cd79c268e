from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal import trail
from mailing.outbox import current_language
from members import mandate_emails
from members.models.identity import normalise_email
from members.models.mandates import Mandate
from members.seats import DomainClosed, InvitationOver, NotYourAddress

if TYPE_CHECKING:
    from accounts.models import User

INVITATION_DAYS = 14


def in_two_weeks() -> datetime:
    return timezone.now() + timedelta(days=INVITATION_DAYS)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unanswered(self) -> "InvitationQuerySet":
        return self.filter(accepted_at=None, cancelled_at=None)

    def open(self) -> "InvitationQuerySet":
        """Those that keep a seat."""
        return self.unanswered().filter(expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A seat promised to whoever reads an address, once, for two weeks. A forwarded link is worth nothing."""

    organisation = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="invitations", verbose_name=_("organisation")
    )
    email = models.EmailField(_("adresse e-mail"))
    role = models.CharField(_("rôle"), max_length=10, choices=Mandate.Role, default=Mandate.Role.COLLEAGUE)
    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("par"),
    )
    language = models.CharField(_("langue"), max_length=5, default=current_language, editable=False)
    created_at = models.DateTimeField(_("envoyée le"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valable jusqu’au"), default=in_two_weeks, editable=False)
    accepted_at = models.DateTimeField(_("acceptée le"), null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True, editable=False)

    objects: ClassVar = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(accepted_at=None, cancelled_at=None),
                name="one_invitation_an_address",
                violation_error_message=_("Cette adresse a déjà une invitation."),
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(cancelled_at=None),
                name="invitation_has_one_end",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["colleague", "deputy"]), name="nobody_is_invited_as_titular"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} – {self.organisation}"

    def get_absolute_url(self) -> str:
        return reverse("organisations:invitation", args=[self.token])

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.cancelled_at is None and self.expires_at > timezone.now()

    # Verbs

    @transaction.atomic
    def accept(self, user: "User") -> Mandate:
        """Take the seat. Who has taken it already finds it again.

        Raises NotYourAddress, InvitationOver, and NoSeatLeft where the membership has fewer seats than it had.
        """
        if self.email not in map(normalise_email, user.verified_emails):
            raise NotYourAddress(self.email)
        organisation = self.organisation.lock()
        invitation = Invitation.objects.get(pk=self.pk)
        if invitation.accepted_at:
            own = organisation.mandates.unfinished(on=timezone.localdate()).of(user).first()
            if own is None:
                raise InvitationOver
            mandate: Mandate = own
            return mandate
        if not invitation.is_open:
            raise InvitationOver
        mandate = organisation.seat(user, self.email, role=self.role)
        self.accepted_at = timezone.now()
        self.save(update_fields=["accepted_at"])
        return mandate

    @transaction.atomic
    def cancel(self, *, by: "User | None" = None) -> None:
        """Take it back, and the seat it kept. Does nothing to one that was answered."""
        self.organisation.lock()
        done = Invitation.objects.unanswered().filter(pk=self.pk).update(cancelled_at=timezone.now())
        self.refresh_from_db()
        if done and by:
            trail.record(self, trail.Action.UNDONE, actor=by)

    @transaction.atomic
    def send_again(self) -> None:
        """The same link, for two weeks more. Twice on one day sends one message. Raises InvitationOver."""
        self.organisation.lock()
        if not Invitation.objects.open().filter(pk=self.pk).exists():
            raise InvitationOver
        self.expires_at = in_two_weeks()
        self.save(update_fields=["expires_at"])
        mandate_emails.invited(self)


class MailDomainQuerySet(models.QuerySet["MailDomain"]):
    def open(self) -> "MailDomainQuerySet":
        return self.filter(closed_at=None)


class MailDomain(models.Model):
    """The addresses of an organisation: whoever has one takes a seat by its link."""

    organisation = models.ForeignKey(
        "members.Member", models.PROTECT, related_name="mail_domains", verbose_name=_("organisation")
    )
    domain = models.CharField(_("domaine"), max_length=253)
    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    verified_at = models.DateTimeField(_("vérifié le"), default=timezone.now, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("par"),
    )
    closed_at = models.DateTimeField(_("fermé le"), null=True, blank=True, editable=False)

    objects: ClassVar = MailDomainQuerySet.as_manager()

    class Meta:
        verbose_name = _("domaine de messagerie")
        verbose_name_plural = _("domaines de messagerie")
        ordering = ["domain", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(closed_at=None),
                name="one_organisation_a_domain",
                violation_error_message=_("Ce domaine est déjà celui d’une organisation."),
            )
        ]

    def __str__(self) -> str:
        return self.domain

    def get_absolute_url(self) -> str:
        return reverse("organisations:join_by_domain", args=[self.token])

    @property
    def link(self) -> str:
        """As one copies it."""
        return f"{settings.SITE_URL}{self.get_absolute_url()}"

    def address_of(self, user: "User") -> str | None:
        """The address by which this account is of the domain. A name under it is another domain."""
        known = map(normalise_email, user.verified_emails)
        return next((email for email in known if email.endswith(f"@{self.domain}")), None)

    # Verbs

    @transaction.atomic
    def join(self, user: "User") -> Mandate:
        """Take a seat as a colleague; who has one keeps it. Raises DomainClosed, NotYourAddress and NoSeatLeft."""
        organisation = self.organisation.lock()
        self.refresh_from_db(fields=["closed_at"])
        if self.closed_at:
            raise DomainClosed
        email = self.address_of(user)
        if email is None:
            raise NotYourAddress(f"@{self.domain}")
        mandate: Mandate = organisation.seat(user, email)
        return mandate

    @transaction.atomic
    def close(self, *, by: "User") -> None:
        """The link serves no more; the seats taken stay. Twice changes nothing."""
        if MailDomain.objects.open().filter(pk=self.pk).update(closed_at=timezone.now()):
            trail.record(self, trail.Action.UNDONE, actor=by)
        self.refresh_from_db()
