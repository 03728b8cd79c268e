from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = Callable[..., HttpResponse]


def rate_limited(action: str) -> Callable[[View], View]:
    """Answer 429 when one address posts more often than ACCOUNT_RATE_LIMITS[action] allows."""

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not ratelimit.consume(request, action=action):
                return render(request, "429.html", status=429)
            return view(request, *args, **kwargs)

        return limited

    return decorate
