from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refuse_nul_bytes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a NUL byte in the address, which PostgreSQL cannot store and no person types.

    Form fields say so next to themselves: see django.core.validators.ProhibitNullCharactersValidator.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return render(request, "400.html", status=400)
        return get_response(request)

    return middleware
