from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxValueValidator
from django.forms.models import fields_for_model
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.validators import validate_name
from documents import days
from members.models import (
    Application,
    Kind,
    Member,
    Membership,
    Plan,
    Purpose,
    normalise_email,
)
from members.models.consents import TEXTS, version_on
from members.offers import Offer, OfferRefused
from members.proofs import ProofField
from payments.companies import compact_siret
from payments.money import euros

PERSON = ["first_name", "last_name", "email", "phone"]
ADDRESS = ["address", "postcode", "city", "country"]
BILLING = ["billing_email", "purchase_order", "service_code", "engagement_number"]
AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "phone": "tel",
    "organisation": "organization",
    "address": "address-line1",
    "postcode": "postal-code",
    "city": "address-level2",
    "country": "country-name",
    "birth_year": "bday-year",
}
MOST = {"seats": 10_000, "headcount": 10_000_000}  # more than anybody has, less than the columns hold
NUMERIC = {"siret", "headcount", "seats", "birth_year"}
INCOMPLETE_EMAIL = gettext_lazy("Cette adresse e-mail n’est pas complète, par exemple nom@exemple.fr.")
MESSAGE_LENGTH = 2000


class JoinForm(forms.Form):
    """Asks what this plan needs of who applies, and nothing else. `member` is whom they have proved to act for."""

    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(
        self, *args: Any, plan: Plan, user: User | None, member: Member | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.plan, self.user, self.member, self.today = plan, user, member, timezone.localdate()
        self.after: Membership | None = member.last_period(on=self.today) if member else None
        self.is_by_link = member is not None and not self._opens(member)
        self._add_identity()
        self._add_choices()
        self._add_for_the_board()
        self._add_directory()
        self._prefill()

    def _opens(self, member: Member) -> bool:
        """Whether the account may read the whole record. The link of a reminder may have been sent on to anybody."""
        return self.user is not None and Member.objects.visible_to(self.user).filter(pk=member.pk).exists()

    # What it asks

    def _add_identity(self) -> None:
        if self.plan.kind == Kind.ORGANISATION:
            headcount = ["headcount"] if self.has_sizes else []
            seats = ["seats"] if self.plan.seats_included is not None else []
            names = ["organisation", "siret", *headcount, *seats, *ADDRESS, *BILLING, *PERSON]
            required = {"organisation", "siret", "headcount", "address", "postcode", "city"}
        else:
            address = ADDRESS if self.plan.asks_address else []
            names = [*PERSON, "birth_year", *address]
            required = set(address) - {"country"}
        self.fields |= fields_for_model(Application, names)
        for name in names:
            field = self.fields[name]
            field.required = name in required | {"first_name", "last_name", "email"}
            field.widget.attrs["autocomplete"] = AUTOCOMPLETE.get(name, "off")
            if name == "birth_year":
                field.validators += Application.birth_year.field.validators
            if name in MOST:
                field.validators.append(MaxValueValidator(MOST[name]))
            if name in NUMERIC:
                field.widget.attrs["inputmode"] = "numeric"
            if name in {"first_name", "last_name", "organisation"}:
                field.validators.append(validate_name)
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = INCOMPLETE_EMAIL
        self._word_identity()

    def _word_identity(self) -> None:
        texts = {
            "email": _("Pour le suivi de la demande, la confirmation et les rappels de fin d’adhésion."),
            "siret": _("9 ou 14 chiffres, avec ou sans espaces."),
            "headcount": _("Le prix dépend du nombre de personnes qui y travaillent."),
            "billing_email": _("Pour la facture, si ce n’est pas la vôtre."),
            "purchase_order": _("Son numéro, s’il doit figurer sur la facture."),
        }
        for name, text in texts.items():
            if name in self.fields:
                self.fields[name].help_text = text
        if self.plan.kind == Kind.ORGANISATION:
            words = {
                "organisation": _("Nom légal de l’organisation"),
                "first_name": _("Votre prénom"),
                "last_name": _("Votre nom"),
                "email": _("Votre adresse e-mail"),
                "phone": _("Votre téléphone"),
            }
            for name, label in words.items():
                self.fields[name].label = label
        if "siret" in self.fields:
            siret = self.fields["siret"]
            assert isinstance(siret, forms.CharField)  # noqa: S101 - a column of letters
            siret.max_length = 20  # typed with spaces, and kept without
            siret.validators = []
            siret.widget.attrs["maxlength"] = "20"
        if "seats" in self.fields:
            self.fields["seats"].label = _("Places pour vos collègues")
            self.fields["seats"].help_text = self._seats_in_words()

    def _seats_in_words(self) -> str:
        included = self.plan.seats_included or 0
        text = ngettext("%d place est comprise.", "%d places sont comprises.", included) % included
        price = self.plan.price_on(self.today)
        if price is not None and price.seat_amount is not None:
            text += " " + _("Chaque place au-delà coûte %s par période.") % euros(price.seat_amount)
        return text

    def _add_choices(self) -> None:
        if self.plan.max_terms > 1:
            choices = [
                (str(number), self._term_in_words(number)) for number in range(1, self.plan.max_terms + 1)
            ]
            self.fields["terms"] = forms.TypedChoiceField(
                label=_("Pour combien de temps"), coerce=int, choices=choices, initial="1"
            )
        if self.plan.is_amount_chosen:
            self.fields["amount"] = forms.DecimalField(
                label=_("Montant de votre choix, en euros"),
                max_digits=8,
                decimal_places=2,
                min_value=Decimal(0),
                localize=True,
                initial=self._minimum,
                help_text=_("Au moins %s.") % euros(self._minimum),
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    def _term_in_words(self, number: int) -> str:
        try:
            end = self._offer(terms=number).ends_on
        except OfferRefused:
            return ngettext("%d période", "%d périodes", number) % number
        return _("jusqu’au %s") % days.in_words(end)

    @property
    def _minimum(self) -> Decimal:
        try:
            return self._offer().total
        except OfferRefused:
            price = self.plan.price_on(self.today)
            return price.amount if price else Decimal(0)

    def _add_for_the_board(self) -> None:
        if self.plan.asks_proof(after=self.after, on=self.today):
            self.fields["proof"] = ProofField(label=self.plan.proof_label)
        if self.is_decided:
            self.fields["message"] = forms.CharField(
                label=_("Un mot pour le bureau"),
                required=False,
                max_length=MESSAGE_LENGTH,
                widget=forms.Textarea(attrs={"rows": 4}),
            )

    def _add_directory(self) -> None:
        """Asked at each renewal, and never ticked for somebody. Not of who only has the link of a reminder."""
        if self.plan.kind == Kind.PERSON and not self.is_by_link:
            self.fields["wants_directory"] = forms.BooleanField(
                label=_("Apparaître dans l’annuaire des membres"),
                required=False,
                help_text=TEXTS[Purpose.DIRECTORY][version_on(Purpose.DIRECTORY, self.today)],
            )

    def _prefill(self) -> None:
        """Who comes by the link of a reminder is shown the name of a person and the address it was sent to, no more."""
        known = self.member.identity() if self.member else {}
        known = {name: value for name, value in known.items() if value}
        is_organisation = self.plan.kind == Kind.ORGANISATION
        if self.member and self.is_by_link:
            shown = {*ADDRESS, *BILLING, "organisation", "siret", "headcount"} if is_organisation else set()
            shown |= {"first_name", "last_name"}
            known = {name: value for name, value in known.items() if name in shown}
            known["email"] = self.member.dues_email(on=self.today)
        if self.user and (is_organisation or not self.is_by_link):
            own = {name: getattr(self.user, name) for name in ("first_name", "last_name", "email")}
            known = {**known, **own, "phone": ""} if is_organisation else {**own, **known}
        if self.member and self.member.seats:
            known["seats"] = self.member.seats
        elif self.plan.seats_included is not None:
            known["seats"] = self.plan.seats_included
        self.initial.update({name: value for name, value in known.items() if name in self.fields})

    def ask_file_again(self) -> None:
        """A browser never sends a file twice: say it where the form comes back."""
        if "proof" in self.fields and self.files.get("proof"):
            again = _("Choisissez de nouveau votre fichier\u00a0: la page ne peut pas le garder.")
            self["proof"].help_text = f"{again} {self['proof'].help_text}"

    # What it knows

    @property
    def has_sizes(self) -> bool:
        price = self.plan.price_on(self.today, headcount=10**9)
        return bool(price and price.from_headcount)

    @property
    def is_decided(self) -> bool:
        return self.plan.asks_approval(after=self.after, on=self.today)

    @property
    def is_priced(self) -> bool:
        """Whether what is typed changes what it costs or gives."""
        return bool({"terms", "amount", "headcount", "seats"} & self.fields.keys())

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])

    def clean_billing_email(self) -> str:
        return normalise_email(self.cleaned_data["billing_email"])

    def clean_siret(self) -> str:
        return compact_siret(self.cleaned_data["siret"])

    # What was understood

    def offer(self) -> Offer:
        """With what was typed, where it can be read. Raises an OfferRefused."""
        if self.is_bound:
            self.full_clean()
        typed = getattr(self, "cleaned_data", {})
        shown = {
            name: typed.get(name, self.get_initial_for_field(self.fields[name], name))
            for name in ("headcount", "seats", "terms", "amount")
            if name in self.fields
        }
        return self._offer(
            headcount=int(shown.get("headcount") or 0),
            seats=int(shown.get("seats") or 0),
            terms=int(shown.get("terms") or 1),
            amount=shown.get("amount"),
        )

    def _offer(self, **chosen: Any) -> Offer:
        return self.plan.offer(on=self.today, after=self.after, **chosen)

    @property
    def wanted(self) -> dict[str, Any]:
        """The arguments of `Application.submit`."""
        data = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        if "amount" in data:
            data["chosen_amount"] = data.pop("amount")
        return {**data, "user": self.user, "member": self.member}


class CompletionForm(forms.Form):
    """What the board has asked for: some words, a file, or both."""

    message = forms.CharField(
        label=gettext_lazy("Votre réponse"),
        required=False,
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proof"] = ProofField(label=plan.proof_label or _("Un fichier"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not data.get("message") and not data.get("proof"):
            raise forms.ValidationError(_("Écrivez une réponse, ou joignez un fichier."))
        return data
