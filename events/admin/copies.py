"""The same event at other dates."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import form_page
from events.admin.forms import MomentInput
from events.facets import YEARS
from events.models import Event
from events.recurrence import (
    MAX_DATES,
    Pattern,
    Recurrence,
    SeriesRefused,
    is_last_of_month,
    on_the_clock,
    week_of,
)

REFUSALS: dict[SeriesRefused.Why, Any] = {
    SeriesRefused.Why.NO_DATE: _("Ces choix ne donnent aucune date nouvelle."),
    SeriesRefused.Why.TOO_MANY: _("Une série a au plus 60 dates : choisissez une fin plus proche."),
    SeriesRefused.Why.IN_THE_PAST: _("La série commencerait dans le passé : dupliquez d’abord l’événement."),
    SeriesRefused.Why.OVERLAP: _("L’événement dure plus longtemps que l’intervalle entre deux dates."),
}
RANKS = [_("premier"), _("deuxième"), _("troisième"), _("quatrième")]


class CopyForm(forms.Form):
    starts_at = forms.DateTimeField(
        label=_("Début"),
        widget=MomentInput,
        help_text=_("La fin, le programme, les inscriptions et les tarifs sont décalés d’autant."),
    )

    def clean_starts_at(self) -> datetime:
        starts_at: datetime = self.cleaned_data["starts_at"]
        if starts_at.year not in YEARS:
            raise forms.ValidationError(gettext("Cette date est trop lointaine."))
        return starts_at


class SeriesForm(forms.Form):
    pattern = forms.ChoiceField(label=_("Quand"))
    every = forms.IntegerField(
        label=_("Intervalle"),
        min_value=1,
        max_value=52,
        initial=1,
        help_text=_("1 : chaque semaine ou chaque mois ; 2 : une semaine ou un mois sur deux."),
    )
    count = forms.IntegerField(
        label=_("Nombre de dates à créer"), min_value=1, max_value=MAX_DATES, required=False
    )
    until = forms.DateField(
        label=_("Ou jusqu’au"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    is_published = forms.BooleanField(label=_("Publier tout de suite les nouvelles dates"), required=False)

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = self.fields["pattern"]
        assert isinstance(pattern, forms.ChoiceField)  # noqa: S101 - declared above
        pattern.choices = _patterns(event)
        if event.status != Event.Status.PUBLISHED:
            del self.fields["is_published"]

    def clean(self) -> None:
        """Two ends would contradict each other, and none would have no end."""
        if not self.errors and bool(self.cleaned_data["count"]) == bool(self.cleaned_data["until"]):
            self.add_error(None, gettext("Dites combien de dates, ou jusqu’à quand : l’un des deux."))

    def recurrence(self) -> Recurrence:
        data = self.cleaned_data
        return Recurrence(Pattern(data["pattern"]), data["every"], data["count"], data["until"])


def _patterns(event: Event) -> list[tuple[str, str]]:
    """What this date may be a part of. Many months have no fifth Tuesday: it is the last one."""
    start = on_the_clock(event.starts_at)
    weekday = date_format(start, "l")
    found = [(Pattern.WEEKS.value, gettext("toutes les semaines, le %s") % weekday)]
    if week_of(start) <= len(RANKS):
        nth = {"rank": RANKS[week_of(start) - 1], "weekday": weekday}
        found.append((Pattern.NTH_WEEKDAY.value, gettext("tous les mois, le %(rank)s %(weekday)s") % nth))
    if is_last_of_month(start):
        found.append((Pattern.LAST_WEEKDAY.value, gettext("tous les mois, le dernier %s") % weekday))
    return found


class CopiesAdmin(admin.ModelAdmin):
    """Two pages beside that of an event. What is copied and what is not: `Event.copy`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/copy/", view(self.copy_event), name="events_event_copy"),
            path("<int:pk>/series/", view(self.create_series), name="events_event_series"),
            *super().get_urls(),
        ]

    def copy_event(self, request: HttpRequest, pk: int) -> HttpResponse:
        event = self._event(request, pk)
        later = event.starts_at + timedelta(weeks=1)
        form = CopyForm(request.POST or None, initial={"starts_at": later})
        if form.is_valid():
            twin = event.copy(starts_at=form.cleaned_data["starts_at"])
            self._note(request, event, twin)
            messages.success(request, gettext("Voici la copie, en brouillon."))
            return redirect("admin:events_event_change", twin.pk)
        note = gettext("Ni les inscriptions, ni les codes promotionnels, ni les ressources ne sont copiés.")
        submit, title = gettext("Dupliquer"), gettext("Dupliquer l’événement")
        return form_page(self, request, event, form, title=title, submit=submit, note=note)

    def create_series(self, request: HttpRequest, pk: int) -> HttpResponse:
        event = self._event(request, pk)
        form = SeriesForm(request.POST or None, event=event)
        if form.is_valid():
            try:
                twins = event.repeat(
                    form.recurrence(), is_published=form.cleaned_data.get("is_published", False)
                )
            except SeriesRefused as refusal:
                form.add_error(None, str(REFUSALS[refusal.why]))
            else:
                return self._show_series(request, event, twins)
        note = gettext("L’heure reste la même, en été comme en hiver. Chaque date se modifie ensuite seule.")
        submit, title = gettext("Créer les dates"), gettext("Créer une série")
        return form_page(self, request, event, form, title=title, submit=submit, note=note)

    def _event(self, request: HttpRequest, pk: int) -> Event:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return get_object_or_404(Event, pk=pk)

    def _show_series(self, request: HttpRequest, event: Event, twins: list[Event]) -> HttpResponse:
        for twin in twins:
            self._note(request, event, twin)
        told = ngettext("%d date créée.", "%d dates créées.", len(twins)) % len(twins)
        messages.success(request, told)
        return redirect(f"{reverse('admin:events_event_changelist')}?series__id__exact={event.series_id}")

    def _note(self, request: HttpRequest, event: Event, twin: Event) -> None:
        self.log_addition(request, twin, gettext("Copié de « %s ».") % event.slug)
