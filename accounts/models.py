from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, BaseUserManager, Permission
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

ERASED_NAME = "Personne effacée"  # what a row that must stay calls somebody who is no longer known


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def treasurers(self) -> "models.QuerySet[User]":
        """Staff who may record money: who is told when it goes wrong."""
        right = Permission.objects.filter(content_type__app_label="payments", codename="add_payment")
        may = Q(groups__permissions__in=right) | Q(user_permissions__in=right)
        return self.filter(may, is_active=True, is_staff=True).distinct()

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Also vouch for the address, so that the account can sign in without a confirmation mail."""
        user = self.create_user(email, password, **{"is_staff": True, "is_superuser": True} | fields)
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)  # type: ignore[attr-defined]
        return user

    def for_address(self, email: str, *, first_name: str = "", last_name: str = "") -> "User | None":
        """The account of whoever reads this address, made without a password where there is none.

        Only the mailbox opens such an account: by a code. None where an account has the address and never proved it.
        """
        address = email.strip().lower()
        names = {"first_name": first_name, "last_name": last_name}
        user, is_new = self.get_or_create(email=address, defaults={**names, "password": make_password(None)})
        if is_new:
            user.emailaddress_set.create(email=address, verified=False, primary=True)  # type: ignore[attr-defined]
            return user
        return user if address in user.verified_emails else None

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractUser):
    """Somebody who can sign in. The e-mail is the login; what they are to the association lives elsewhere."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("adresse e-mail"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_whatever_the_case",
                violation_error_message=_("Un compte existe déjà avec cette adresse e-mail."),
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @transaction.atomic
    def close(self, *, keep_row: bool) -> None:
        """End every session and forget the person. The row stays, empty, for what it did where that must be told."""
        keys = UserSession.objects.filter(user=self).values_list("session_key", flat=True)
        Session.objects.filter(session_key__in=list(keys)).delete()
        if not keep_row:
            self.delete()
            return
        for rows in (EmailAddress.objects, Authenticator.objects, UserSession.objects):
            rows.filter(user=self).delete()
        self.groups.clear()
        self.user_permissions.clear()
        self.email, self.first_name, self.last_name = f"efface-{self.pk}@invalid", "", ERASED_NAME
        self.is_active, self.last_login = False, None
        self.set_unusable_password()
        self.save(update_fields=["email", "first_name", "last_name", "is_active", "last_login", "password"])

    @property
    def verified_emails(self) -> list[str]:
        """The lower-case addresses this person has proved to read: what was done with them is theirs to see."""
        emails = self.emailaddress_set.filter(verified=True)  # type: ignore[attr-defined]
        return [email.lower() for email in emails.values_list("email", flat=True)]
