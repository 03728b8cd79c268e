from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def staff_second_factor(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keep staff out of the admin until they have an authenticator app or a passkey; that page says how.

    Once they have one, allauth asks for it at every sign-in, and the sessions opened without it are ended.
    """
    if settings.STAFF_WITHOUT_SECOND_FACTOR:
        return get_response
    admin = reverse("admin:index")

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        is_staff_in_admin = request.path.startswith(admin) and user.is_authenticated and user.is_staff
        if is_staff_in_admin and not is_mfa_enabled(user, SECOND_FACTORS):
            return redirect("mfa_index")
        return get_response(request)

    return middleware
