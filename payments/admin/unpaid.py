"""What is not paid, in the list of charges: since when, reminded when, and a reminder that staff send now."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_pages import act, confirm
from documents.days import in_words
from payments import dunning
from payments.ageing import AGES
from payments.models import Charge, ChargeLine


class AgeFilter(admin.SimpleListFilter):
    """Of what is not paid, how long it has been due."""

    title = _("ancienneté de l’impayé")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(age.name, age.label) for age in AGES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Charge]) -> QuerySet[Charge]:
        age = next((age for age in AGES if age.name == self.value()), None)
        if age is None:
            return queryset
        unpaid = Charge.objects.unpaid()
        return queryset.filter(pk__in=age.of(unpaid, on=timezone.localdate()).order_by().values("pk"))


class NatureFilter(admin.SimpleListFilter):
    """Of charges that hold at least one line of it."""

    title = _("nature")
    parameter_name = "nature"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ChargeLine.Nature.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Charge]) -> QuerySet[Charge]:
        if self.value() not in ChargeLine.Nature.values:
            return queryset
        return queryset.filter(Exists(ChargeLine.objects.filter(charge=OuterRef("pk"), nature=self.value())))


class RemindsUnpaid(admin.ModelAdmin):
    actions = ["remind"]

    @admin.display(description=_("échéance"), ordering="due_since")
    def due(self, charge: Charge) -> str:
        """Its day, and of what is still asked for how long ago it was."""
        day = f"{charge.due_day:%d/%m/%Y}"
        late = (timezone.localdate() - charge.due_day).days
        if not charge.is_payable or charge.has_lapsed or late < 1:
            return day
        since = ngettext("%d jour", "%d jours", late) % late
        return f"{day}, {since}"

    def has_remind_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(["payments.view_charge", "payments.change_dunningrule"]))

    @admin.action(description=_("Relancer maintenant"), permissions=["remind"])
    def remind(self, request: HttpRequest, queryset: QuerySet[Charge]) -> HttpResponse | None:
        page = confirm(
            self,
            request,
            queryset,
            title=gettext("Relancer ces payeurs"),
            warning=gettext(
                "Chacun reçoit tout de suite ce qui reste à régler, avec les mots de la dernière relance dont le jour est venu. "
                "Une fois par jour au plus. Une somme contestée ou reprise est alors redemandée, et relancée comme les autres."
            ),
            submit=gettext("Envoyer ces relances"),
        )
        if page is None:
            charges = Charge.objects.filter(pk__in=queryset.order_by().values("pk")).order_by("pk")
            done = act(self, request, charges, _remind, history=gettext("Relance envoyée."))
            if done:
                messages.success(request, ngettext("%d relance part.", "%d relances partent.", done) % done)
        return page

    def reminders_of(self, charge: Charge) -> list[str]:
        """What left for it, the latest first."""
        return [
            f"{in_words(timezone.localdate(one.email.created_at))}\u00a0: {one.rule}, {one.email.get_state_display()}"
            for one in dunning.history(charge)
        ]


def _remind(charge: Charge) -> str | None:
    try:
        dunning.remind_now(charge, on=timezone.localdate())
    except dunning.NotRemindable as refusal:
        return str(refusal)
    return None
