"""Accounts as staff see them. Nobody sees or sets another's password or codes here: people do, with their own e-mail."""

from typing import Any

from allauth.account import admin as account_admin
from allauth.account.models import EmailAddress
from allauth.mfa import admin as mfa_admin
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as usersessions_admin
from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import emails
from accounts.admin_pages import ReadOnlyInline, act, confirm
from accounts.middleware import SECOND_FACTORS
from accounts.models import User

# These pages would let staff vouch for an address, read a TOTP secret or lend a session: `UserAdmin` shows enough.
for module in (account_admin.EmailAddress, mfa_admin.Authenticator, usersessions_admin.UserSession):
    admin.site.unregister(module)


class UserForm(forms.ModelForm):
    def clean_email(self) -> str:
        """An address is somebody's once, as the login or as another address of their account."""
        email: str = self.cleaned_data["email"].lower()
        if EmailAddress.objects.filter(email=email).exclude(user=self.instance.pk).exists():
            raise forms.ValidationError(gettext("Un compte existe déjà avec cette adresse e-mail."))
        return email


class EmailAddressInline(ReadOnlyInline):
    model = EmailAddress
    fields = ["email", "verified", "primary"]
    verbose_name_plural = _("adresses prouvées ou à prouver")


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    form = UserForm
    list_display = [
        "email",
        "last_name",
        "first_name",
        "is_active",
        "is_staff",
        "has_second_factor",
        "last_login",
    ]
    list_filter = ["is_staff", "is_superuser", "is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    filter_horizontal = ["groups", "user_permissions"]
    readonly_fields = ["last_login", "date_joined"]
    inlines = [EmailAddressInline]
    actions = ["remove_second_factors"]
    identity = (None, {"fields": ["email", "first_name", "last_name", "is_active"]})
    rights = (_("Droits"), {"fields": ["is_staff", "is_superuser", "groups", "user_permissions"]})
    dates = (_("Dates"), {"fields": ["last_login", "date_joined"]})

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [self.identity, self.rights, self.dates] if obj else [self.identity, self.rights]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
        return super().get_queryset(request).annotate(second_factor=Exists(factors))

    @admin.display(description=_("second facteur"), boolean=True)
    def has_second_factor(self, user: Any) -> bool:
        return bool(user.second_factor)

    # Who may do what: an e-mail is a login and a right is a key, so both are for superusers only.

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if request.user.is_superuser:
            return self.readonly_fields
        return [*self.readonly_fields, *self.rights[1]["fields"], *(["email"] if obj else [])]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return (
            super().has_delete_permission(request, obj)
            and self._may_touch(request, obj)
            and obj != request.user
        )

    def _may_touch(self, request: HttpRequest, user: User | None) -> bool:
        return request.user.is_superuser or user is None or not (user.is_staff or user.is_superuser)

    def has_superuser_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    # Acts

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        """A new address is to be proved by its owner, who signs in with a code; the old ones open nothing any more."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            EmailAddress.objects.filter(user=obj).delete()
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True)

    @admin.action(description=_("Retirer les seconds facteurs (téléphone perdu)"), permissions=["superuser"])
    def remove_second_factors(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse | None:
        """For somebody who has lost their phone and their recovery codes; they are told by mail."""
        page = confirm(
            self,
            request,
            users,
            title=gettext("Retirer les seconds facteurs"),
            warning=gettext(
                "Faites-le seulement pour une personne que vous avez reconnue de vive voix. "
                "Elle est prévenue par e-mail, et en ajoutera un autre avant de revenir dans l’administration."
            ),
            submit=gettext("Retirer les seconds facteurs"),
        )
        if page is None:
            history = gettext("Seconds facteurs retirés.")
            done = act(self, request, users, self._remove_second_factors, history=history)
            text = ngettext(
                "%d compte n’a plus de second facteur.", "%d comptes n’ont plus de second facteur.", done
            )
            messages.success(request, text % done)
        return page

    @staticmethod
    def _remove_second_factors(user: User) -> None:
        Authenticator.objects.filter(user=user).delete()
        emails.second_factor_removed(user)
