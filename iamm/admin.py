"""What only the top floor can do from the lists of the apps below."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from accounts.admin_pages import confirm
from accounts.models import User
from events.admin import BookingAdmin
from events.models import Booking
from iamm import erasure
from iamm.personal import Person
from members.admin import MemberAdmin
from members.models import Kind, Member

REASONS: dict[type[erasure.ErasureRefused], Any] = {
    erasure.IsStaff: _("ce compte administre le portail\u00a0: retirez-en d’abord les droits."),
    erasure.Owes: _("il reste une somme à payer, ou une facture à annuler."),
    erasure.PaidAndToCome: _("une place payée est à venir\u00a0: annulez-la d’abord."),
    erasure.ToPlace: _("une demande d’adhésion payée attend ses dates."),
    erasure.LastTitular: _("c’est la dernière personne titulaire d’une organisation membre."),
}


@admin.action(description=_("Effacer la personne (à sa demande)"))
def erase_person(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse | None:
    """Somebody who asks by letter or by voice has the same right as with an account."""
    page = confirm(
        model_admin,
        request,
        rows,
        title=gettext("Effacer des personnes"),
        warning=gettext(
            "Assurez-vous que la demande vient bien d’elles. Leur compte, leur fiche, leurs réservations, leurs mandats et "
            "leurs messages perdent leur nom, partout et pour toujours\u202f; seules les pièces comptables le gardent, dix ans. "
            "Ce qui est à venir et gratuit est annulé, et qui est membre démissionne."
        ),
        submit=gettext("Effacer, pour toujours"),
    )
    if page is None:
        done = sum(_erase(request, row) for row in rows)
        text = ngettext("%d personne effacée.", "%d personnes effacées.", done)
        messages.success(request, text % done)
    return page


@transaction.atomic
def _erase(request: HttpRequest, row: Any) -> bool:
    """Two rows may be of one person: the second finds nobody."""
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    if isinstance(row, Member) and row.kind == Kind.ORGANISATION:
        messages.error(
            request, gettext("%s est une organisation\u00a0: effacez son contact depuis son compte.") % row
        )
        return False
    try:
        erasure.erase(_person(row), by=request.user)
    except erasure.ErasureRefused as refusal:
        messages.error(request, f"{row}\u00a0: {REASONS[type(refusal)]}")
        return False
    return True


def _person(row: Any) -> Person:
    match row:
        case User():
            return Person.of_user(row)
        case Member():
            return Person.of_member(row)
        case Booking():
            return Person.of_address(row.email)
        case _:
            raise TypeError(row)


def _offers_erasure(model_admin: type[admin.ModelAdmin]) -> None:
    offered = model_admin.get_actions

    def get_actions(self: admin.ModelAdmin, request: HttpRequest) -> dict[str, Any]:
        actions = offered(self, request)
        if not request.user.has_perm("accounts.delete_user"):
            actions.pop("erase_person", None)
        return actions

    model_admin.actions = [*(model_admin.actions or []), erase_person]
    model_admin.get_actions = get_actions  # type: ignore[method-assign]


for each in (UserAdmin, MemberAdmin, BookingAdmin):
    _offers_erasure(each)
