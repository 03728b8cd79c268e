from typing import Any, cast

from allauth.decorators import rate_limit
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from mailing.forms import PreferencesForm
from mailing.models import List, OptOut


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limit(action="unsubscribe")
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A mailbox posts what RFC 8058 says, without a cookie; a person reads the page, then presses its button."""
    try:
        opt_out = OptOut.from_token(token)
    except BadSignature as error:
        raise Http404 from error
    if request.POST.get("List-Unsubscribe") == "One-Click":
        opt_out.keep()
        return HttpResponse(_("Désinscription enregistrée."), content_type="text/plain; charset=utf-8")
    return _answer_a_person(request, opt_out)


@csrf_protect
def _answer_a_person(request: HttpRequest, opt_out: OptOut) -> HttpResponse:
    match request.POST.get("choice"):
        case "leave":
            opt_out.keep()
        case "come_back":
            opt_out.forget()
            messages.success(request, _("C’est noté\u00a0: vous recevrez de nouveau ces messages."))
        case _unknown:
            context = {"list": opt_out.get_list_display(), "is_kept": opt_out.is_kept}
            status = 400 if request.method == "POST" else 200
            return render(request, "mailing/unsubscribe.html", context, status=status)
    return redirect("mailing:unsubscribe", opt_out.token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """A form an address, so that one added since the page was read loses nothing."""
    addresses = cast(Any, request.user).verified_emails
    refusing = {one: OptOut.objects.refusing(addresses, one) for one in List}
    status = 200
    forms = []
    for number, address in enumerate(addresses):
        form = PreferencesForm(
            request.POST if request.POST.get("address") == address else None,
            address=address,
            initial={"lists": [one for one in List if address not in refusing[one]]},
            auto_id=f"id_{number}_%s",
        )
        forms.append(form)
    if request.method == "POST":
        status = 400
        posted = next((form for form in forms if form.is_bound), None)
        if posted is None:
            messages.error(
                request, _("Cette adresse n’est pas à vous, ou n’est plus vérifiée\u00a0: rien n’a changé.")
            )
        elif posted.is_valid():
            posted.save()
            messages.success(request, _("C’est enregistré."))
            return redirect("mailing:preferences")
    return render(request, "mailing/preferences.html", {"forms": forms}, status=status)
