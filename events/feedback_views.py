"""What those who came think of it: from the link of their place, without an account."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import rate_limited
from events.feedback_forms import FeedbackForm
from events.models import Feedback, FeedbackClosed, Registration


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("booking")
def place_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    place = get_object_or_404(Registration.objects.select_related("booking__event"), code=code)
    if not place.is_confirmed:
        raise Http404
    known = Feedback.objects.filter(place=place).values(*FeedbackForm.base_fields).first()
    form = FeedbackForm(request.POST or None, initial=known)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                place.give_feedback(**form.cleaned_data)
            except FeedbackClosed:
                messages.error(
                    request, _("Le questionnaire n’est pas ouvert\u00a0: rien n’a été enregistré.")
                )
            else:
                messages.success(request, _("Merci, votre avis est enregistré."))
            return redirect("bookings:place_feedback", code)
    context = {"place": place, "event": place.event, "form": form, "is_known": known is not None}
    return render(request, "events/place_feedback.html", context, status=status)
