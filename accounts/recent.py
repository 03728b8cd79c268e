from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User

View = Callable[..., HttpResponse]
RECENT = timedelta(minutes=15)


def recent_authentication_required(view: View) -> View:
    """Ask again for the password or the second factor, or for a new code of whoever has neither.

    allauth lets the last ones through, whatever the age of their session.
    """
    asked_again: View = reauthentication_required(view)

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or get_adapter().get_reauthentication_methods(user):
            return asked_again(request, *args, **kwargs)
        if user.last_login and timezone.now() - user.last_login < RECENT:
            return view(request, *args, **kwargs)
        logout(request)
        messages.info(request, _("Pour continuer, connectez-vous de nouveau avec un code reçu par e-mail."))
        return redirect(f"{reverse('account_request_login_code')}?{urlencode({'next': request.path})}")

    return checked
