from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.utils.cache import add_never_cache_headers

View = Callable[..., HttpResponseBase]


def private_page(view: View) -> View:
    """Whoever has the address of such a page sees what it tells: it stays in no cache, and is told to no other site.

    To no other site only: with `no-referrer`, browsers send our own forms without the origin that CSRF checks want.
    """

    @wraps(view)
    def private(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        add_never_cache_headers(response)
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return private
