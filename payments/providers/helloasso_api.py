"""HelloAsso's API v5, thinly: one pair of tokens for all processes, timeouts, and its refusals in words.

A token lives thirty minutes and renewing it replaces both; asking for one is allowed 50 times an hour, and 20 may live
at once. So the pair is shared, encrypted, in the cache, and one process at a time renews it. Losing the cache costs one
more call.
"""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

import requests
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from payments.locks import Busy, held
from payments.providers import ProviderDown, ProviderRefused

TIMEOUT = (4, 10)  # seconds to reach it, and to wait for its answer
AGAIN_AFTER = [0.3]  # seconds before a reading that failed is asked again
PATIENCE = 15  # seconds for which one process waits until another has renewed the pair
MARGIN = 60  # seconds before its end from which a token is no longer used
CALLS, WINDOW = 6, 600  # for a token, in so many seconds: 36 an hour, and 18 tokens alive, at the worst
KEPT = 30 * 24 * 3600  # what a refresh token lives
WORDS = 300  # of its own that we repeat


class Refused(ProviderRefused):
    """It answered no, with this HTTP status."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, repr=False)  # its words are secrets
class Pair:
    access: str = ""
    refresh: str = ""
    ends_at: float = 0
    asked: list[float] = field(default_factory=list)  # when: the last calls for a token

    @property
    def is_live(self) -> bool:
        return time.time() < self.ends_at - MARGIN


@sensitive_variables()
def call(
    method: str, path: str, *, params: dict[str, Any] | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What it answers. Raises ProviderDown, and Refused in its own words.

    Only a GET is asked again when it fails; a token that it no longer takes is renewed once.
    """
    url, given = settings.HELLOASSO["api"] + path, _access()
    response = _send(method, url, params=params, json=body, auth=_bearer(given))
    if response.status_code == 401:
        response = _send(method, url, params=params, json=body, auth=_bearer(_access(refused=given)))
    return _understood(response)


@sensitive_variables()
def _send(method: str, url: str, **options: Any) -> requests.Response:
    """Its answer, whatever it is. Raises ProviderDown, from nothing: what `requests` holds shows the token."""
    pauses = iter(AGAIN_AFTER if method == "GET" else ())
    while True:
        failure = ""
        try:
            response = requests.request(method, url, timeout=TIMEOUT, allow_redirects=False, **options)
        except requests.RequestException as error:
            failure = type(error).__name__
        else:
            if response.status_code < 500:
                return response
            failure = f"HTTP {response.status_code}"
        pause = next(pauses, None)
        if pause is None:
            raise ProviderDown(f"HelloAsso: {failure}") from None
        time.sleep(pause)


def _understood(response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if status == 429 or 300 <= status < 400 or (status < 300 and not isinstance(answer, dict)):
        raise ProviderDown(f"HelloAsso: HTTP {status}, unusable")
    if status >= 400:
        raise Refused(_words(answer) or gettext("HelloAsso refuse, sans dire pourquoi."), status)
    return dict(answer)


def _words(answer: Any) -> str:
    """Its own explanation, where it gives one: of each wrong field, of the whole, or of a key."""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    told = errors if isinstance(errors, list) else [answer]
    words = [one.get("message") or one.get("error_description") for one in told if isinstance(one, dict)]
    return "\u202f; ".join(str(word) for word in words if word)[:WORDS]


def _bearer(access: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """As `auth`, so that a .netrc of the machine cannot put its own in our place."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {access}"
        return request

    return sign


# The pair of tokens


@sensitive_variables()
def _access(refused: str = "") -> str:
    """A token that lives and is not the one it has just `refused`. Raises ProviderDown and Refused."""
    pair = _kept()
    if _serves(pair, refused):
        return pair.access
    try:
        with held(_key(), seconds=60, wait=PATIENCE):
            pair = _kept()  # another process may have renewed it meanwhile
            if not _serves(pair, refused):
                pair = _renewed(pair)
    except Busy as error:
        raise ProviderDown("HelloAsso: somebody else is renewing the token") from error
    return pair.access


def _serves(pair: Pair, refused: str) -> bool:
    return pair.is_live and pair.access != refused


@sensitive_variables()
def _renewed(pair: Pair) -> Pair:
    """A new pair, kept. The caller holds the lock."""
    counted = _counted(pair)
    try:
        answer = _understood(_send("POST", settings.HELLOASSO["token_url"], data=_form(pair)))
    except Refused:
        if not pair.refresh:
            raise
        return _renewed(replace(counted, refresh=""))  # too old, or replaced by an answer that we never got
    try:
        new = replace(
            counted,
            access=answer["access_token"],
            refresh=answer["refresh_token"],
            ends_at=time.time() + int(answer["expires_in"]),
        )
    except (KeyError, TypeError, ValueError):
        raise ProviderDown("HelloAsso: no token in its answer") from None
    _keep(new)
    return new


def _form(pair: Pair) -> dict[str, str]:
    """What to ask a pair with: the refresh token if there is one, else the key itself."""
    key = {"client_id": settings.HELLOASSO["client_id"]}
    if pair.refresh:
        return {"grant_type": "refresh_token", "refresh_token": pair.refresh, **key}
    return {
        "grant_type": "client_credentials",
        "client_secret": settings.HELLOASSO["client_secret"],
        **key,
    }


def _counted(pair: Pair) -> Pair:
    """Note one more call for a token before it is made, so that one that fails counts too. Raises ProviderDown."""
    now = time.time()
    recent = [at for at in pair.asked if abs(now - at) < WINDOW]
    if len(recent) >= CALLS:
        raise ProviderDown("HelloAsso: enough tokens were asked for in the last ten minutes")
    pair = replace(pair, access="", ends_at=0, asked=[*recent, now])
    _keep(pair)
    return pair


def _key() -> str:
    """Where the pair of this key is: another key, or their sandbox, has another."""
    whose = f"{settings.HELLOASSO['client_id']} {settings.HELLOASSO['token_url']}"
    return "helloasso." + sha256(whose.encode()).hexdigest()[:16]


def _cipher() -> Fernet:
    key = salted_hmac("payments.helloasso", "tokens", algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))


@sensitive_variables()
def _kept() -> Pair:
    """The pair as it was left; one that serves for nothing when there is none, or when SECRET_KEY has changed."""
    sealed = cache.get(_key())
    try:
        return Pair(**json.loads(_cipher().decrypt(sealed or b"")))
    except InvalidToken:
        return Pair()


@sensitive_variables()
def _keep(pair: Pair) -> None:
    cache.set(_key(), _cipher().encrypt(json.dumps(asdict(pair)).encode()), KEPT)
