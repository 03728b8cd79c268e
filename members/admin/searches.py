"""Searches of the list of members, kept under a name, and run again as the list itself would."""

from copy import copy
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from members.models import Member, SavedSearch

LONGEST = 2000


class BadSearch(Exception):
    """The list has no such filter, or no such value any more: it would keep everybody."""


def run(request: HttpRequest, query: str) -> QuerySet[Member]:
    """Who answers now. Raises BadSearch."""
    member_admin: Any = admin.site.get_model_admin(Member)
    asked = copy(request)
    asked.GET = QueryDict(query)
    try:
        page = member_admin.get_changelist_instance(asked)
        _refuse_unknown(page, asked.GET)
        members: QuerySet[Member] = page.get_queryset(asked)
    except (IncorrectLookupParameters, DisallowedModelAdminLookup, ValidationError) as error:
        raise BadSearch from error
    return members.order_by("pk")


def tidy(query: str) -> str:
    """Without the page one was on."""
    asked = QueryDict(query[:LONGEST], mutable=True)
    for name in ("p", "all", "e", "_changelist_filters"):
        asked.pop(name, None)
    return asked.urlencode()


def _refuse_unknown(page: Any, asked: QueryDict) -> None:
    """A filter ignores a value that it does not know; a search that says so would be of everybody."""
    known = {SEARCH_VAR, ORDER_VAR}
    for filter_spec in page.filter_specs:
        names = filter_spec.expected_parameters()
        known.update(name for name in names if name)
        choices = [str(value) for value, _label in getattr(filter_spec, "lookup_choices", [])]
        value = asked.get(getattr(filter_spec, "parameter_name", None) or "")
        is_typed = getattr(filter_spec, "form", None) is not None
        if (
            value
            and isinstance(filter_spec, admin.SimpleListFilter)
            and not is_typed
            and value not in choices
        ):
            raise BadSearch
        if is_typed and not filter_spec.form.is_valid():
            raise BadSearch
    if set(asked) - known:
        raise BadSearch


class SavedSearchForm(forms.ModelForm):
    query = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST)
    request: HttpRequest

    class Meta:
        model = SavedSearch
        fields = ["name", "is_shared"]

    def clean_query(self) -> str:
        query = tidy(self.cleaned_data["query"])
        try:
            run(self.request, query)
        except BadSearch as error:
            raise ValidationError(gettext("La liste des adhérents n’a pas ces filtres.")) from error
        if not query:
            raise ValidationError(gettext("Choisissez d’abord des filtres dans la liste des adhérents."))
        return query

    def clean(self) -> None:
        """As the constraint says, whose author is not a field."""
        others = SavedSearch.objects.filter(
            author=self.instance.author_id, name=self.cleaned_data.get("name")
        )
        if others.exclude(pk=self.instance.pk).exists():
            self.add_error("name", gettext("Vous avez déjà une recherche de ce nom."))
        for error in self.errors.get("query", []):  # its field is not seen
            self.add_error(None, error)

    def save(self, commit: bool = True) -> Any:
        self.instance.query = self.cleaned_data["query"]
        return super().save(commit)


@admin.register(SavedSearch)
class SavedSearchAdmin(admin.ModelAdmin):
    form = SavedSearchForm
    list_display = ["name", "opens", "is_shared", "author", "created_at"]
    list_filter = ["is_shared"]
    list_select_related = ["author"]
    search_fields = ["name"]
    fields = ["name", "is_shared", "query"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedSearch]:
        found: QuerySet[SavedSearch] = SavedSearch.objects.visible_to(request.user)
        return found

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_of(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_of(request, obj) and super().has_delete_permission(request, obj)

    @staticmethod
    def _is_of(request: HttpRequest, search: SavedSearch | None) -> bool:
        return search is None or search.author_id == request.user.pk

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        instance = obj or SavedSearch(author=cast(User, request.user))

        class Form(form):
            def __init__(self, *args: Any, **options: Any) -> None:
                self.request = request
                if options.get("instance") is None:
                    options["instance"] = instance
                options["initial"] = {"query": instance.query} | dict(options.get("initial") or {})
                super().__init__(*args, **options)

        return Form

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_write": request.user.has_perm("members.add_membermessage")}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    @admin.display(description=_("ouvrir"))
    def opens(self, search: SavedSearch) -> str:
        url = reverse("admin:members_member_changelist")
        return format_html('<a href="{}?{}">{}</a>', url, search.query, _("les adhérents d’aujourd’hui"))
