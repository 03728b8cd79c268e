from calendar import monthrange
from datetime import date
from typing import Any, cast

from dateutil.relativedelta import relativedelta
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.admin_pages import ReadOnlyAdmin, form_page
from accounts.models import User
from documents.spreadsheets import CONTENT_TYPES, as_csv
from journal import trail
from payments import books, fec
from payments.admin.forms import OLDEST
from payments.models import Charge, Closing, MonthNotOver, MonthsBefore
from payments.money import euros


class MonthInput(forms.DateInput):
    input_type = "month"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m")


def month_field(label: Any, **options: Any) -> forms.DateField:
    errors = {"invalid": _("Écrivez un mois sous la forme 2026-11.")}
    return forms.DateField(
        label=label, widget=MonthInput(), input_formats=["%Y-%m"], error_messages=errors, **options
    )


def last_month() -> date:
    return timezone.localdate().replace(day=1) - relativedelta(months=1)


class ClosingForm(forms.Form):
    month = month_field(_("Mois à clore"), initial=last_month)

    def clean_month(self) -> date:
        """What is closed stays so."""
        month: date = self.cleaned_data["month"]
        if month < timezone.localdate() - OLDEST:
            raise ValidationError(gettext("Cette date a plus de dix ans\u00a0: vérifiez l’année."))
        return month


class PeriodForm(forms.Form):
    since = month_field(_("Du mois"))
    until = month_field(_("au mois"))

    def clean_until(self) -> date:
        """Its last day."""
        month: date = self.cleaned_data["until"]
        if self.cleaned_data.get("since") and month < self.cleaned_data["since"]:
            raise ValidationError(gettext("Ce mois est avant le premier."))
        return month.replace(day=monthrange(month.year, month.month)[1])


@admin.register(Closing)
class ClosingAdmin(ReadOnlyAdmin):
    """The books: what each closed month held, the files that an accountant asks for, and the next month to close."""

    list_display = ["month_name", "entry_count", "sum", "closed_at", "closed_by"]
    list_select_related = ["closed_by"]
    fields = ["month_name", "entry_count", "sum", "sha256", "intact", "closed_at", "closed_by"]
    readonly_fields = ["month_name", "sum", "intact", "closed_at"]

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_site.admin_view(view), name=f"payments_{name}")

        return [
            page("clore/", self.close, "closing_close"),
            page("ecritures/", require_safe(self.books), "books"),
            page("journal.csv", require_safe(self.journal_csv), "books_csv"),
            page("fec.txt", require_safe(self.fec), "books_fec"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"may_close": self.has_close_permission(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def has_close_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("payments.add_closing")

    @admin.display(description=_("mois"), ordering="month")
    def month_name(self, closing: Closing) -> str:
        return str(closing)

    @admin.display(description=_("total des débits"), ordering="total")
    def sum(self, closing: Closing) -> str:
        return euros(closing.total)

    @admin.display(description=_("inchangé depuis"), boolean=True)
    def intact(self, closing: Closing) -> bool:
        return closing.is_intact

    def close(self, request: HttpRequest) -> HttpResponse:
        """Nothing will be dated in that month any more."""
        if not self.has_close_permission(request):
            raise PermissionDenied
        form = ClosingForm(request.POST or None)
        if form.is_valid():
            try:
                closing = Closing.close(form.cleaned_data["month"], by=cast(User, request.user))
            except MonthNotOver:
                form.add_error("month", gettext("Ce mois n’est pas fini."))
            except MonthsBefore:
                form.add_error("month", gettext("Un mois d’avant est encore ouvert : clôturez-le d’abord."))
            else:
                self.log_addition(request, closing, gettext("Mois clos."))
                messages.success(request, gettext("%s est clos.") % str(closing).capitalize())
                return redirect("admin:payments_closing_changelist")
        return form_page(
            self,
            request,
            Closing(month=last_month()),
            form,
            title=gettext("Clore un mois"),
            submit=gettext("Clore ce mois"),
            note=gettext(
                "Plus rien ne s’écrira à une date de ce mois, et rien ne l’ouvrira de nouveau. Ce qui arrive encore pour lui s’écrit le premier jour encore ouvert."
            ),
        )

    def books(self, request: HttpRequest) -> HttpResponse:
        """What is written from month to month, by account, with both files."""
        form = self._period(request)
        context: dict[str, Any] = {"title": gettext("Écritures"), "opts": self.opts, "form": form}
        if not form.errors:
            held = books.balances(form.cleaned_data["since"], form.cleaned_data["until"])
            context |= {
                "accounts": [(number, fec.account_name(number), *sides) for number, sides in held.items()],
                "total": sum(debit for debit, _credit in held.values()),
                "query": request.GET.urlencode(),
            }
        return TemplateResponse(
            request,
            "admin/payments/closing/books.html",
            self.admin_site.each_context(request) | context,
            status=400 if form.errors else 200,
        )

    def journal_csv(self, request: HttpRequest) -> HttpResponseBase:
        form = self._period(request)
        if form.errors:
            return self.books(request)
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        name = f"{gettext('journal')}-{since:%Y-%m}-{until:%Y-%m}.csv"
        self._note(request, since, until, name)
        return self._attached(as_csv(fec.JournalTable(since, until)), CONTENT_TYPES["csv"], name)

    def fec(self, request: HttpRequest) -> HttpResponseBase:
        form = self._period(request)
        if form.errors:
            return self.books(request)
        since, until = form.cleaned_data["since"], form.cleaned_data["until"]
        self._note(request, since, until, fec.filename(until))
        return self._attached(fec.lines(since, until), "text/plain; charset=utf-8", fec.filename(until))

    def _note(self, request: HttpRequest, since: date, until: date, name: str) -> None:
        """Whose names were taken away, in the journal of acts."""
        charges, actor = books.charges(since, until), cast(User, request.user)
        trail.record_many(charges, trail.Action.EXPORTED, model=Charge, actor=actor, note=name)

    def _period(self, request: HttpRequest) -> PeriodForm:
        """What was asked, or the year of last month."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        until = last_month()
        year = {"since": f"{fec.first_day_of_year(until):%Y-%m}", "until": f"{until:%Y-%m}"}
        form = PeriodForm({**year, **request.GET.dict()})
        form.is_valid()
        return form

    def _attached(self, lines: Any, content_type: str, name: str) -> HttpResponseBase:
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(lines, content_type=content_type, headers=headers)
