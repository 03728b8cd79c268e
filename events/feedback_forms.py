from django import forms
from django.utils.translation import gettext_lazy as _

from events.models import Feedback

YES_NO = [(True, _("Oui")), (False, _("Non"))]


class FeedbackForm(forms.Form):
    """Three questions, of which one wants an answer."""

    rating = forms.TypedChoiceField(
        label=_("Dans l’ensemble, comment était-ce ?"),
        choices=Feedback.Rating.choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez une réponse de 1 à 5.")},
    )
    useful = forms.CharField(
        label=_("Qu’est-ce qui vous a été utile ? Que changeriez-vous ?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("N’écrivez ni votre nom ni celui d’une autre personne, pour que l’avis reste anonyme."),
    )
    would_recommend = forms.TypedChoiceField(
        label=_("Le recommanderiez-vous à quelqu’un ?"),
        choices=YES_NO,
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
