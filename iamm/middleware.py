from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def refuse_nul_bytes(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keep out the NUL byte, which PostgreSQL cannot store and no person types: no page has it, and no filter says it.

    Form fields say so next to themselves: see django.core.validators.ProhibitNullCharactersValidator.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path:
            return render(request, "400.html", status=400)
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace("%00", "")
        return get_response(request)

    return middleware
