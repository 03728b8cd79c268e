"""What representatives do for their organisation. Whoever does not represent it gets a 404."""

from typing import cast

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import rate_limited
from accounts.models import User
from members.models import Kind, Mandate, Member
from members.organisation_forms import BillingForm, DomainForm, InviteForm, MandateForm
from members.seats import SeatRefused

reads_and_posts = require_http_methods(["GET", "HEAD", "POST"])


def represented(user: User, pk: int) -> Member:
    """The organisation, for who acts for it."""
    return get_object_or_404(Member.objects.visible_to(user), kind=Kind.ORGANISATION, pk=pk)


def _account(request: HttpRequest) -> User:
    return cast(User, request.user)


def _refuse(form: forms.Form, refusal: SeatRefused) -> int:
    form.add_error(refusal.field, refusal.in_words())
    return 409


@never_cache
@reads_and_posts
@rate_limited("invite")
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = represented(_account(request), pk)
    form, status = InviteForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                invitation = organisation.invite(**form.cleaned_data, by=_account(request))
            except SeatRefused as refusal:
                status = _refuse(form, refusal)
            else:
                messages.success(
                    request, _("L’invitation part à %s. Elle vaut deux semaines.") % invitation.email
                )
                return redirect("organisation", pk)
    context = {"organisation": organisation, "form": form}
    return render(request, "members/invite.html", context, status=status)


@require_POST
@rate_limited("invite")
def send_again(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    found = get_object_or_404(represented(_account(request), pk).invitations, pk=invitation)
    try:
        found.send_again()
    except SeatRefused as refusal:
        messages.error(request, refusal.in_words())
    else:
        messages.success(request, _("L’invitation repart à %s, pour deux semaines.") % found.email)
    return redirect("organisation", pk)


@require_POST
def cancel_invitation(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    found = get_object_or_404(represented(_account(request), pk).invitations, pk=invitation)
    found.cancel(by=_account(request))
    if found.accepted_at:
        messages.error(request, _("%s a déjà accepté l’invitation.") % found.email)
    else:
        messages.success(request, _("L’invitation de %s est annulée.") % found.email)
    return redirect("organisation", pk)


@never_cache
@reads_and_posts
def add_domain(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = represented(_account(request), pk)
    form, status = DomainForm(request.POST or None), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                organisation.add_domain(**form.cleaned_data, by=_account(request))
            except SeatRefused as refusal:
                status = _refuse(form, refusal)
            else:
                messages.success(request, _("Le lien est prêt\u00a0: donnez-le à vos collègues."))
                return redirect("organisation", pk)
    context = {"organisation": organisation, "form": form}
    return render(request, "members/add_domain.html", context, status=status)


@require_POST
def close_domain(request: HttpRequest, pk: int, domain: int) -> HttpResponse:
    found = get_object_or_404(represented(_account(request), pk).mail_domains, pk=domain)
    found.close(by=_account(request))
    messages.success(request, _("Le lien de %s ne sert plus. Les places prises restent.") % found)
    return redirect("organisation", pk)


@never_cache
@reads_and_posts
def billing(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = represented(_account(request), pk)
    form = BillingForm(request.POST or None, instance=organisation)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.record(by=_account(request))
        messages.success(request, _("Les données de facturation sont enregistrées."))
        return redirect("organisation", pk)
    context = {"organisation": Member.objects.get(pk=pk), "form": form}
    return render(request, "members/billing.html", context, status=400 if form.errors else 200)


def _seat(request: HttpRequest, pk: int, mandate: int) -> Mandate:
    organisation = represented(_account(request), pk)
    mandates = organisation.mandates.unfinished(on=timezone.localdate()).select_related("organisation")
    found: Mandate = get_object_or_404(mandates, pk=mandate)
    return found


@never_cache
@reads_and_posts
def mandate(request: HttpRequest, pk: int, mandate: int) -> HttpResponse:
    found = _seat(request, pk, mandate)
    terms = {name: getattr(found, name) for name in MandateForm.base_fields}
    form, status = MandateForm(request.POST or None, initial=terms), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                found.change(**form.cleaned_data, by=_account(request))
            except SeatRefused as refusal:
                status = _refuse(form, refusal)
            else:
                messages.success(request, _("Le mandat de %s est à jour.") % found.name)
                return _back(request, pk)
    context = {"mandate": found, "organisation": found.organisation, "form": form}
    return render(request, "members/mandate.html", context, status=status)


@never_cache
@reads_and_posts
def remove(request: HttpRequest, pk: int, mandate: int) -> HttpResponse:
    """Take somebody's seat back."""
    found = _seat(request, pk, mandate)
    if request.method == "POST":
        try:
            found.withdraw(by=_account(request))
        except SeatRefused as refusal:
            messages.error(request, refusal.in_words())
        else:
            messages.success(request, _("%s n’a plus de place dans l’organisation.") % found.name)
        return _back(request, pk)
    return render(request, "members/remove.html", {"mandate": found, "organisation": found.organisation})


@never_cache
@reads_and_posts
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one's own seat back."""
    mandates = Mandate.objects.unfinished(on=timezone.localdate()).of(_account(request))
    found = mandates.filter(organisation=pk).select_related("organisation").first()
    if found is None:
        raise Http404
    if request.method == "POST":
        try:
            found.withdraw(by=_account(request))
        except SeatRefused as refusal:
            messages.error(request, refusal.in_words())
        else:
            messages.success(request, _("Vous n’avez plus de place chez %s.") % found.organisation)
        return redirect("account")
    return render(request, "members/leave.html", {"mandate": found, "organisation": found.organisation})


def _back(request: HttpRequest, pk: int) -> HttpResponse:
    """To the organisation, for who still acts for it."""
    if Member.objects.visible_to(_account(request)).filter(pk=pk).exists():
        return redirect("organisation", pk)
    return redirect("account")
