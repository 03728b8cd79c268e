from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.models import Booking, Event, GroupMessage, Question

COUNTED = [*Question.WITH_CHOICES, Question.Kind.YES_NO]


class GroupMessageForm(forms.ModelForm):
    """What to say, and to whom: those in these states, and among them at this price, or who gave this answer."""

    states = forms.MultipleChoiceField(label=_("À qui"), widget=forms.CheckboxSelectMultiple)
    answer = forms.ChoiceField(label=_("Qui a répondu"), required=False)

    class Meta:
        model = GroupMessage
        fields = ["states", "price", "answer", "subject", "text"]
        widgets = {
            "subject": forms.TextInput(attrs={"class": "vTextField"}),
            "text": forms.Textarea(attrs={"rows": 12, "class": "vLargeTextField"}),
        }

    def __init__(self, event: Event, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.event = event
        fields: Any = self.fields
        states = list(Booking.LIVE)
        if event.status == Event.Status.CANCELLED:  # everybody's booking is, and they may have to know more
            states.append(Booking.State.CANCELLED)
        fields["states"].choices = [(state.value, state.label) for state in states]
        fields["states"].initial = [Booking.State.CONFIRMED.value]
        fields["price"].queryset = event.prices.all()
        fields["price"].empty_label = gettext("Tous les tarifs")
        questions = [
            (question.label, [(f"{question.pk}:{choice}", choice) for choice in question.answers_to_choose])
            for question in event.questions.filter(kind__in=COUNTED)
        ]
        fields["answer"].choices = [("", gettext("Toutes les réponses")), *questions]
        if self.instance.question_id:
            fields["answer"].initial = f"{self.instance.question_id}:{self.instance.choice}"

    def clean_text(self) -> str:
        return "\n".join(self.cleaned_data["text"].splitlines())

    def save(self, commit: bool = True) -> Any:
        question, _colon, choice = self.cleaned_data["answer"].partition(":")
        self.instance.question_id = int(question) if question else None
        self.instance.choice = choice
        self.instance.audience = self.instance.in_words()
        return super().save(commit)
