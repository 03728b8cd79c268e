import logging
from datetime import timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.limits import rate_limited
from payments import charge_page, checkouts, providers
from payments.models import Charge, Checkout, SandboxOrder, SandboxPayment
from payments.paper_views import papers_of
from payments.private import private_page

logger = logging.getLogger(__name__)
PLAIN_TEXT = "text/plain; charset=utf-8"
NOTIFICATION_BYTES = 256 * 1024
LATEST = 5  # checkouts of a charge that its return page reads again
SANDBOX_DELAY = timedelta(minutes=25)  # longer than the hold of a place


def _charges() -> QuerySet[Charge]:
    charges: QuerySet[Charge] = Charge.objects.with_rows()
    return charges


@login_not_required
@private_page
@require_safe
def charge(request: HttpRequest, uuid: UUID) -> HttpResponse:
    charge = get_object_or_404(_charges(), uuid=uuid)
    awaited = charge_page.awaited(charge)
    context = {
        "charge": charge,
        "title": charge_page.title(charge, awaited),
        "rows": charge_page.rows(charge),
        "awaited": awaited,
        "taken_back": charge_page.taken_back(charge),
        "offers": charge_page.offers(charge),
        "is_hurried": charge_page.is_hurried(charge),
        "refunds": [refund for refund in charge.refunds.all() if not refund.withdrawn_at],
        **papers_of(charge),
    }
    return render(request, "payments/charge.html", context)


@login_not_required
@private_page
@require_POST
@rate_limited("pay")
def charge_pay(request: HttpRequest, uuid: UUID) -> HttpResponse:
    charge = get_object_or_404(_charges(), uuid=uuid)
    try:
        return redirect(checkouts.start(charge, request.POST.get("provider", "")))
    except checkouts.NotPayable:
        messages.info(request, _("Il n’y a plus rien à payer ici."))
    except providers.UnknownProvider:
        messages.error(
            request, _("Le paiement en ligne n’est pas ouvert : écrivez-nous, nous trouverons une solution.")
        )
    except providers.ProviderDown:
        logger.warning("start_failed", exc_info=True)
        messages.error(
            request, _("Notre prestataire de paiement ne répond pas. Rien n’est perdu : réessayez.")
        )
    except providers.ProviderRefused:
        logger.exception("start_refused")
        messages.error(
            request,
            _("Notre prestataire refuse ce paiement. Rien n’est perdu\u00a0: écrivez-nous, nous trouverons."),
        )
    return redirect(charge)


@login_not_required
@private_page
@require_GET
@rate_limited("return", on=frozenset({"GET"}))
def charge_return(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Where the provider sends the browser back. It proves nothing: we ask the provider before we say anything."""
    charge = get_object_or_404(_charges(), uuid=uuid)
    told = _read_again(charge)
    charge.refresh_from_db()
    if charge.paid_at:
        return redirect(charge.return_path)
    if not charge_page.awaited(charge):  # otherwise its page says what to expect
        messages.warning(request, told)
    return redirect(charge)


def _read_again(charge: Charge) -> str:
    """Ask the providers of its latest checkouts. What to say if it is not paid then."""
    told = _("Nous n’avons pas reçu de paiement. Rien n’est perdu : vous pouvez réessayer.")
    for checkout in charge.checkouts.select_related("charge")[:LATEST]:
        try:
            is_read = checkouts.synchronise_if_due(checkout)
        except providers.UnknownProvider:  # switched off since
            continue
        except (providers.ProviderDown, providers.ProviderRefused):
            logger.warning("read_failed", exc_info=True)
            return _(  # the payer waits; the schedule reads them all
                "Nous n’arrivons pas à joindre notre prestataire. Si vous venez de payer, ne payez pas une seconde fois\u00a0: "
                "nous le saurons d’ici quelques minutes."
            )
        if not is_read and checkout.state == Checkout.State.OPEN:
            told = _(
                "Votre paiement n’est pas encore confirmé. Si vous venez de payer, ne payez pas une seconde fois\u00a0: "
                "nous le saurons d’ici quelques minutes."
            )
    if Checkout.objects.unclear().filter(charge=charge).exists():
        told = _(
            "Votre paiement n’est pas celui que nous attendions (autre devise ou autre montant). Ne payez pas une seconde fois\u00a0: "
            "nous regardons et nous vous écrivons."
        )
    return told


@csrf_exempt
@login_not_required
@require_POST
@rate_limited("notification")
def notification(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    """A provider says that something happened. Only a trigger: what it says is read again at the provider."""
    if not constant_time_compare(secret, settings.PAYMENT_NOTIFICATION_SECRET):
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > NOTIFICATION_BYTES:
        return HttpResponse(_("Notification trop longue."), status=413, content_type=PLAIN_TEXT)
    told = providers.Notification(request.body, request.headers, get_adapter().get_client_ip(request))
    try:
        reference = providers.get(provider).parse_notification(told)
    except providers.UnknownProvider as error:
        raise Http404 from error
    except providers.BadNotification:
        return HttpResponse(_("Notification illisible."), status=400, content_type=PLAIN_TEXT)
    if reference is None:
        return HttpResponse(_("Rien pour nous."), content_type=PLAIN_TEXT)
    spoken_of = list(Checkout.objects.about(provider, reference))
    if not spoken_of:
        return HttpResponse(_("Paiement inconnu."), status=404, content_type=PLAIN_TEXT)
    try:
        paid = [payment for checkout in spoken_of for payment in checkouts.synchronise(checkout)]
    except providers.ProviderRefused:
        return HttpResponse(_("Paiement inconnu."), status=404, content_type=PLAIN_TEXT)
    except providers.ProviderDown:  # they will say it again
        logger.warning("read_failed", exc_info=True)
        return HttpResponse(_("Réessayez plus tard."), status=503, content_type=PLAIN_TEXT)
    return HttpResponse(_("Enregistré.") if paid else _("Aucun paiement confirmé."), content_type=PLAIN_TEXT)


@login_not_required
@private_page
@require_http_methods(["GET", "POST"])
@rate_limited("pay")
def sandbox(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The pretended provider's page, where a tester chooses what happens."""
    if not settings.PAYMENT_SANDBOX:
        raise Http404
    from payments.providers import sandbox as provider  # noqa: PLC0415 - loaded only where it is allowed

    order = get_object_or_404(SandboxOrder, uuid=uuid)
    if request.method == "GET":
        return render(request, "payments/sandbox.html", {"order": order})
    match request.POST.get("choice"):
        case "pay":
            provider.make_payment(order, SandboxPayment.State.AUTHORIZED)
        case "pay_twice":
            provider.make_payment(order, SandboxPayment.State.AUTHORIZED)
            provider.make_payment(order, SandboxPayment.State.AUTHORIZED)
        case "pay_late":
            provider.make_payment(order, SandboxPayment.State.AUTHORIZED, late_by=SANDBOX_DELAY)
        case "refuse":
            provider.make_payment(order, SandboxPayment.State.REFUSED)
        case "leave":
            pass
        case _unknown:
            return render(request, "payments/sandbox.html", {"order": order}, status=400)
    return redirect(order.return_url)
