"""allauth's forms with our words, and without the placeholders that repeat their labels. See ACCOUNT_FORMS."""

from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User

LETTERS = {"autocapitalize": "characters", "spellcheck": "false"}
DIGITS = {"inputmode": "numeric"}


class OurWords(forms.Form):
    words: ClassVar[dict[str, Any]] = {}
    attributes: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs.update(self.attributes.get(name, {}))
            field.label = self.words.get(name, field.label)
            if name == "password1":
                field.help_text = _(
                    "Douze caractères au moins ; quelques mots à la suite font un bon mot de passe."
                )


class LoginForm(OurWords, account.LoginForm):
    words = {"login": _("Adresse e-mail"), "remember": _("Rester connecté sur cet appareil")}


class SignupForm(OurWords, account.SignupForm):
    words = {"email": _("Adresse e-mail")}

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Take as long for an address that has an account as for a new one, whose password is hashed."""
        if self.account_already_exists:
            User().set_password(self.cleaned_data["password1"])
        result: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return result


class RequestLoginCodeForm(OurWords, account.RequestLoginCodeForm):
    words = {"email": _("Adresse e-mail")}


class ConfirmLoginCodeForm(OurWords, account.ConfirmLoginCodeForm):
    words = {"code": _("Code reçu par e-mail")}
    attributes = {"code": LETTERS}


class ConfirmEmailVerificationCodeForm(OurWords, account.ConfirmEmailVerificationCodeForm):
    words = {"code": _("Code reçu par e-mail")}
    attributes = {"code": LETTERS}


class ConfirmPasswordResetCodeForm(OurWords, account.ConfirmPasswordResetCodeForm):
    words = {"code": _("Code reçu par e-mail")}
    attributes = {"code": LETTERS}


class ResetPasswordForm(OurWords, account.ResetPasswordForm):
    words = {"email": _("Adresse e-mail")}


class ResetPasswordKeyForm(OurWords, account.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(OurWords, account.ChangePasswordForm):
    pass


class SetPasswordForm(OurWords, account.SetPasswordForm):
    pass


class AddEmailForm(OurWords, account.AddEmailForm):
    words = {"email": _("Nouvelle adresse e-mail")}


class ReauthenticateForm(OurWords, account.ReauthenticateForm):
    pass


class AuthenticateForm(OurWords, mfa.AuthenticateForm):
    words = {"code": _("Code de l’application, ou code de secours")}
    attributes = {"code": DIGITS}


class ReauthenticateCodeForm(OurWords, mfa.ReauthenticateForm):
    words = {"code": _("Code de l’application, ou code de secours")}
    attributes = {"code": DIGITS}


class ActivateTOTPForm(OurWords, totp.ActivateTOTPForm):
    words = {"code": _("Code à six chiffres de l’application")}
    attributes = {"code": DIGITS}


class AddWebAuthnForm(OurWords, webauthn.AddWebAuthnForm):
    words = {
        "name": _("Nom de cette clé, pour la reconnaître"),
        "passwordless": _("Me connecter avec cette clé seule, sans mot de passe"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].help_text = _(
            "L’appareil vous demandera votre empreinte, votre visage ou son code."
        )


class EditWebAuthnForm(OurWords, webauthn.EditWebAuthnForm):
    words = {"name": _("Nom de cette clé, pour la reconnaître")}
