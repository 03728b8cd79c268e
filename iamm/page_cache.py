"""Public pages, kept whole in the shared cache for whoever is not signed in.

A view has its answer kept by saying `Cache-Control: public, no-cache`: the same for every stranger, and to be asked for
again each time. It is kept with its headers, and given before anything else runs, for as long as `page_version` says
that nothing has changed. See docs/decisions/0008-pages-gardees.md.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language_from_request

from iamm import page_version

CLOCK = "pages:clock"
PERSONAL_COOKIES = {settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name}
NEAR = 200
Page = dict[str, Any]  # version, until, route, headers, body

_near: dict[
    str, Page
] = {}  # this process's own copies: only the version is asked for, and still at each request


def shared_pages(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if not _is_from_a_stranger(request):
            return _private(get_response(request))
        key = _key(request) if settings.SHARED_PAGES else None
        if key is None:
            return get_response(request)
        now = timezone.now()
        try:
            version = page_version.current()
            page = _found(key, version, now)
        except page_version.CACHE_IS_DOWN:
            return get_response(request)
        if page is None:
            response = get_response(request)
            if not _is_shared(request, response):
                return response
            page = _page(request, response)
            with suppress(*page_version.CACHE_IS_DOWN):
                _keep(key, page, version, now)
        return _answer(request, page)

    return middleware


def _is_from_a_stranger(request: HttpRequest) -> bool:
    return (
        request.method in {"GET", "HEAD"}
        and PERSONAL_COOKIES.isdisjoint(request.COOKIES)
        and "HTTP_AUTHORIZATION" not in request.META
    )


def _key(request: HttpRequest) -> str | None:
    """All that an answer to a stranger may depend on. None for a host that is not ours: Django will say so."""
    try:
        host = request.get_host()
    except DisallowedHost:
        return None
    query = request.META.get("QUERY_STRING", "")
    parts = (request.scheme, host, request.path, query, get_language_from_request(request))
    return f"pages:{blake2b(repr(parts).encode(), digest_size=20).hexdigest()}"


def _says_it_is_shared(response: HttpResponseBase) -> bool:
    return {"public", "no-cache"} <= set(response.headers.get("Cache-Control", "").split(", "))


def _is_shared(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Not what is for one person, as its cookie tells, nor a page of which there may be any number."""
    return (
        request.method == "GET"
        and (not request.META.get("QUERY_STRING") or getattr(response, "is_of_a_known_query", False))
        and response.status_code == 200
        and not response.streaming
        and not response.cookies
        and _says_it_is_shared(response)
    )


def _private(response: HttpResponse) -> HttpResponse:
    if _says_it_is_shared(response):
        patch_cache_control(response, private=True)
    return response


def _page(request: HttpRequest, response: HttpResponse) -> Page:
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    response.headers["ETag"] = f'"{blake2b(response.content, digest_size=16).hexdigest()}"'
    route = request.resolver_match.route if request.resolver_match else ""
    return {"route": route, "headers": dict(response.items()), "body": response.content}


def _found(key: str, version: str, now: datetime) -> Page | None:
    page: Page | None = _near.get(key)
    if _holds(page, version, now):
        return page
    page = cache.get(key)
    if page is None or not _holds(page, version, now):
        return None
    _put_near(key, page)
    return page


def _holds(page: Page | None, version: str, now: datetime) -> bool:
    return page is not None and page["version"] == version and now < page["until"]


def _put_near(key: str, page: Page) -> None:
    if len(_near) >= NEAR and key not in _near:
        _near.clear()
    _near[key] = page


def _keep(key: str, page: Page, version: str, now: datetime) -> None:
    """Keep a page under the version read before it was rendered: what changed meanwhile has put it out of use already.

    The next change by the clock is the same for all the pages of a version, and is looked up once.
    """
    clock = cache.get(CLOCK)
    if not _holds(clock, version, now):
        clock = {"version": version, "until": page_version.next_change_at(now)}
        cache.set(CLOCK, clock, timeout=_seconds(now, clock["until"]))
    page |= clock
    cache.set(key, page, timeout=_seconds(now, page["until"]))


def _seconds(now: datetime, until: datetime) -> int:
    return ceil((until - now).total_seconds())


def _answer(request: HttpRequest, page: Page) -> HttpResponse:
    response = HttpResponse(page["body"], headers=page["headers"])
    request.resolver_match = ResolverMatch(shared_pages, (), {}, route=page["route"])  # for the access log
    if "HTTP_IF_NONE_MATCH" not in request.META:
        return response
    answer = get_conditional_response(request, etag=page["headers"]["ETag"], response=response)
    assert answer is not None  # noqa: S101 - it only is without a response
    return answer
