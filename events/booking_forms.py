from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.validators import validate_name
from events.models import Event, Place, Price, PriceRefused, PromoCode, Question
from payments.money import euros

MAX_LENGTH = 2000
YES_NO = [("oui", gettext_lazy("Oui")), ("non", gettext_lazy("Non"))]
INCOMPLETE_EMAIL = gettext_lazy("Cette adresse e-mail n’est pas complète, par exemple nom@exemple.fr.")
NAME_OF_OTHER = gettext_lazy("Indiquez le nom de cette personne.")


class NameField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": options.pop("autocomplete", "off")})
        super().__init__(max_length=200, validators=[validate_name], widget=widget, **options)


def answer_field(question: Question) -> forms.Field:
    """The control that this kind of answer is typed with."""
    options: dict[str, Any] = {
        "label": question.label,
        "help_text": question.help_text,
        "required": question.is_required,
    }
    choices = [(choice, choice) for choice in question.choice_list]
    makers: dict[str, Callable[[], forms.Field]] = {
        Question.Kind.SHORT: lambda: forms.CharField(max_length=200, **options),
        Question.Kind.LONG: lambda: forms.CharField(
            max_length=MAX_LENGTH, widget=forms.Textarea(attrs={"rows": 3}), **options
        ),
        Question.Kind.CHOICE: lambda: forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **options),
        Question.Kind.SEVERAL: lambda: forms.MultipleChoiceField(
            choices=choices, widget=forms.CheckboxSelectMultiple, **options
        ),
        Question.Kind.YES_NO: lambda: forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **options),
        Question.Kind.NUMBER: lambda: forms.DecimalField(max_digits=12, decimal_places=2, **options),
    }
    return makers[question.kind]()


def as_text(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list) else "" if value is None else str(value)


class BookingForm(forms.Form):
    """Who books, and for each place who comes, at what price, with what answers.

    Alone, whoever books is who comes. The fields of the n-th person end with `_n`.
    """

    code: PromoCode | None = None

    name = NameField(label=gettext_lazy("Votre nom"), autocomplete="name")
    email = forms.EmailField(
        label=gettext_lazy("Votre adresse e-mail"),
        max_length=254,
        help_text=gettext_lazy("Pour la confirmation, les rappels et le lien d’annulation. Rien d’autre."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": INCOMPLETE_EMAIL},
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, data: QueryDict | None, *, event: Event, user: User | None, count: int) -> None:
        self.sent = data.copy() if data else None
        super().__init__(self.sent)
        self.event, self.user = event, user
        self.count = min(max(count, 1), event.max_places)
        if user:
            self.initial.update({"name": user.get_full_name(), "email": user.email})
        questions = list(event.questions.all())
        self.of_booking = [one for one in questions if one.asked_of == Question.AskedOf.BOOKING]
        self.of_person = [one for one in questions if one.asked_of == Question.AskedOf.ATTENDEE]
        self.prices = self._offered_prices()
        for number in self.numbers:
            self._add_person(number)
        for question in self.of_booking:
            self.fields[f"question{question.pk}"] = answer_field(question)
        if event.promo_codes.exists():
            self.fields["code"] = forms.CharField(label=_("Code promotionnel"), required=False, max_length=60)
        if event.allows_invoice:
            self.fields["invoice_to"] = forms.CharField(
                label=_("Facturer à une organisation"),
                required=False,
                max_length=500,
                help_text=_(
                    "Son nom et son adresse : elle paiera plus tard, par virement. Sinon, laissez vide."
                ),
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    @property
    def numbers(self) -> range:
        return range(1, self.count + 1)

    def _offered_prices(self) -> list[Price]:
        """What this person can choose: on sale and for them."""
        return [price for price in self.event.prices.all() if price.is_on_sale and price.is_for(self.user)]

    def _add_person(self, number: int) -> None:
        if self.count > 1:
            help_text = _("Laissez vide si c’est vous.") if number == 1 else ""
            ticket_help = _("Pour son billet et ses rappels. Laissez vide pour utiliser la vôtre.")
            self.fields[f"name_{number}"] = NameField(
                label=_("Nom de la personne %d") % number,
                required=number > 1,
                help_text=help_text,
                error_messages={"required": NAME_OF_OTHER},
            )
            self.fields[f"email_{number}"] = forms.EmailField(
                label=_("Adresse e-mail de la personne %d") % number,
                required=False,
                max_length=254,
                help_text=ticket_help if number > 1 else "",
                widget=forms.EmailInput(attrs={"autocomplete": "off"}),
                error_messages={"invalid": INCOMPLETE_EMAIL},
            )
        self._add_price(number)
        for question in self.of_person:
            self.fields[f"question{question.pk}_{number}"] = answer_field(question)
        self.fields[f"need_{number}"] = forms.CharField(
            label=_("Un besoin pour venir ou pour suivre"),
            required=False,
            max_length=MAX_LENGTH,
            help_text=_(
                "Accès, place, langue des signes… Seule la personne chargée de l’accessibilité le lit."
            ),
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def _add_price(self, number: int) -> None:
        if self.prices:
            is_alone = len(self.prices) == 1  # hidden then, so that nobody pays another price than they saw
            presumed = str(self._presumed_price(number).pk)
            if self.sent is not None:  # a person just added has chosen nothing yet
                self.sent.setdefault(f"price_{number}", presumed)
            self.fields[f"price_{number}"] = forms.ChoiceField(
                label=_("Tarif"),
                required=not is_alone,
                choices=[(str(price.pk), self._price_label(price)) for price in self.prices],
                initial=presumed,
                widget=forms.HiddenInput if is_alone else forms.RadioSelect,
                error_messages={"invalid_choice": _("Ce tarif n’est plus proposé : voyez ceux qui restent.")},
            )
        if chosen := [price for price in self.prices if price.is_chosen]:
            self.fields[f"amount_{number}"] = forms.DecimalField(
                label=_("Montant de votre choix, en euros"),
                required=False,
                max_digits=8,
                decimal_places=2,
                min_value=Decimal(0),
                localize=True,
                help_text=_("Au moins %(amount)s pour « %(price)s ».")
                % {"amount": euros(chosen[0].amount), "price": chosen[0].name},
            )

    def _presumed_price(self, number: int) -> Price:
        """The best for the first person, what anybody may have for the others."""
        if number == 1:
            with suppress(PriceRefused):  # nothing is presumed of who may only choose, such as a student
                if (best := self.event.price_for(self.user)) in self.prices:
                    return best
        return next((price for price in self.prices if not price.is_sold_out), self.prices[0])

    @staticmethod
    def _price_label(price: Price) -> str:
        if price.is_chosen:
            amount = _("à partir de %(amount)s") % {"amount": euros(price.amount)}
        else:
            amount = euros(price.amount) if price.amount else _("gratuit")
        sold_out = _(", épuisé") if price.is_sold_out else ""
        return f"{price.name} – {amount}{sold_out}"

    # What the page shows, in its order

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        return [self["name"], self["email"]]

    @property
    def people(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        for number in self.numbers:
            yield number, [self[name] for name in self.fields if name.endswith(f"_{number}")]

    @property
    def booking_fields(self) -> list[forms.BoundField]:
        names = [f"question{question.pk}" for question in self.of_booking]
        return [self[name] for name in [*names, "code", "invoice_to"] if name in self.fields]

    # What was understood

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("code"):
            return data
        word = PromoCode.normalized(data["code"])
        self.code = self.event.promo_codes.filter(code=word).select_related("price").first()
        return data

    @property
    def wanted(self) -> dict[str, Any]:
        """The arguments of `Event.register`."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "email": data["email"],
            "request_key": data["request_key"],
            "user": self.user,
            "places": [self._place(number) for number in self.numbers],
            "code": data.get("code", ""),
            "invoice_to": data.get("invoice_to", ""),
            "answers": {question: as_text(data[f"question{question.pk}"]) for question in self.of_booking},
        }

    def _place(self, number: int) -> Place:
        data = self.cleaned_data
        price = next((one for one in self.prices if str(one.pk) == data.get(f"price_{number}")), None)
        if self.code and self.code.price and self.code.price.is_reserved:
            price = self.code.price  # the code was made for it
        return Place(
            name=data.get(f"name_{number}") or data["name"],
            email=data.get(f"email_{number}") or data["email"],
            price=price,
            amount=data.get(f"amount_{number}"),
            answers={
                question: as_text(data[f"question{question.pk}_{number}"]) for question in self.of_person
            },
            access_need=data[f"need_{number}"],
        )


class HandOverForm(forms.Form):
    name = NameField(
        label=gettext_lazy("Nom de la personne qui viendra"), error_messages={"required": NAME_OF_OTHER}
    )
    email = forms.EmailField(
        label=gettext_lazy("Son adresse e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": INCOMPLETE_EMAIL},
    )


class RenameForm(forms.Form):
    name = NameField(label=gettext_lazy("Nom"))
