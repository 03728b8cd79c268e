"""One's own record, and that of an organisation one acts for: what is kept, and what the directory shows of it."""

from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import rate_limited
from accounts.models import User
from members import standing
from members.directory import preview
from members.models import DirectoryEntry, Member, NotUpToDate, Purpose, TextChanged
from members.models.consents import TEXTS, version_on
from members.record_forms import RECORD_FORMS, DirectoryEntryForm


def _records(request: HttpRequest) -> QuerySet[Member]:
    """One's own first."""
    records: QuerySet[Member] = Member.objects.visible_to(cast(User, request.user))
    return records.select_related("college").order_by("-kind", "organisation", "pk")


def _chosen(request: HttpRequest, pk: int | None) -> Member | None:
    return _records(request).first() if pk is None else get_object_or_404(_records(request), pk=pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("record")
def profile(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    member, user = _chosen(request, pk), cast(User, request.user)
    if member is None:
        return render(request, "members/profile.html")
    form = RECORD_FORMS[member.kind](request.POST or None, instance=member)
    if request.method == "POST" and form.is_valid():
        member.correct(by=user, **{name: form.cleaned_data[name] for name in form.changed_data})
        messages.success(request, _("C’est enregistré."))
        return redirect("members:profile", member.pk)
    records = _records(request)
    context = {"member": records.get(pk=member.pk), "records": records, "form": form}
    return render(request, "members/profile.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("record")
def directory_entry(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    member = _chosen(request, pk)
    if member is None:
        return render(request, "members/directory_entry.html")
    form = DirectoryEntryForm(request.POST or None, instance=DirectoryEntry.of(member))
    if request.method == "POST" and form.is_valid():
        DirectoryEntry.rewrite(member, by=cast(User, request.user), **form.cleaned_data)
        messages.success(request, _("Votre fiche est enregistrée."))
        return redirect("members:directory_entry", member.pk)
    context = {"member": member, "records": _records(request), "form": form} | _what_is_agreed(member)
    return render(request, "members/directory_entry.html", context, status=400 if form.errors else 200)


def _what_is_agreed(member: Member) -> dict[str, Any]:
    """Asked again where the consent in force ends before the membership does, or is to another wording."""
    entry, today = DirectoryEntry.of(member), timezone.localdate()
    version = version_on(Purpose.DIRECTORY, today)
    found = member.standing()
    until = standing.rights_until(member, on=today) if found.is_current else None
    consent = entry.consent
    is_lasting = consent and (consent.expires_on, consent.text_version) == (until, version)
    return {
        "standing": found,
        "preview": preview(entry) if entry.pk else None,
        "consent": consent,
        "is_shown": bool(entry.pk and consent and found.is_current),
        "asks": found.is_current and not is_lasting,
        "until": until,
        "version": version,
        "version_day": date.fromisoformat(version),
        "text": TEXTS[Purpose.DIRECTORY][version],
        "consents": member.consents.filter(purpose=Purpose.DIRECTORY).select_related("given_by"),
    }


@never_cache
@require_POST
@rate_limited("record")
def directory_appear(request: HttpRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(_records(request), pk=pk)
    try:
        DirectoryEntry.appear(member, version=request.POST.get("version", ""), by=cast(User, request.user))
    except NotUpToDate:
        messages.error(
            request, _("L’annuaire est celui des membres à jour\u00a0: renouvelez d’abord l’adhésion.")
        )
    except TextChanged:
        messages.error(
            request, _("Le texte de l’accord a changé\u00a0: relisez-le, puis choisissez de nouveau.")
        )
    else:
        messages.success(request, _("La fiche est maintenant dans l’annuaire."))
    return redirect("members:directory_entry", member.pk)


@never_cache
@require_POST
@rate_limited("record")
def directory_disappear(request: HttpRequest, pk: int) -> HttpResponse:
    """Twice is as once."""
    member = get_object_or_404(_records(request), pk=pk)
    DirectoryEntry.disappear(member, by=cast(User, request.user))
    messages.success(
        request, _("La fiche n’est plus dans l’annuaire. Ce qu’elle dit est gardé pour vous seul.")
    )
    return redirect("members:directory_entry", member.pk)
