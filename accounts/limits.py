from collections.abc import Callable, Set
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = Callable[..., HttpResponse]


POSTS = frozenset({"POST"})


def _may(request: HttpRequest, action: str) -> bool:
    """Reading counts too: the public door of allauth lets every GET through."""
    usage = ratelimit.consume(request, app="allauth.account", action=action, limit_get=True)
    return usage is not None


def rate_limited(action: str, *, on: Set[str] = POSTS, preview: str | None = None) -> Callable[[View], View]:
    """Answer 429 when one address posts, or does what is in `on`, more often than ACCOUNT_RATE_LIMITS[action] allows.

    A form sent with a button named `preview` writes nothing, and may have a limit of its own.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            limit = preview if preview and "preview" in request.POST else action
            if request.method in on and not _may(request, limit):
                return render(request, "429.html", status=429)
            return view(request, *args, **kwargs)

        return limited

    return decorate
