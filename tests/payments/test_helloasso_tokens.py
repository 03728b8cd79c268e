"""The pair of tokens that all processes share: within the quotas, renewed once, kept secret; and how requests fail."""

from contextlib import contextmanager

import pytest
import requests
from django.core.cache import cache

from payments import checkouts
from payments.locks import Busy, held
from payments.providers import ProviderDown, ProviderRefused, helloasso_api
from tests.factories import create_charge
from tests.fakes.helloasso import KEY, SECRET

pytestmark = pytest.mark.django_db
PATH = "/organizations/ia-montpellier/payments"


@pytest.fixture
def ask(helloasso):
    """Any request of the API."""
    return lambda: helloasso_api.call("GET", PATH)


def refusal(ask):
    with pytest.raises((ProviderRefused, ProviderDown)) as error:
        ask()
    return str(error.value)


def test_one_token_serves_many_requests(helloasso, ask):
    for _time in range(5):
        ask()

    assert helloasso.ways == ["client_credentials"]


def test_a_token_is_renewed_before_its_end_and_by_the_key_after_a_month_of_silence(
    helloasso, ask, time_machine_travel
):
    ask()
    for days in [0, 10, 35]:
        with time_machine_travel(days=days, minutes=29):
            ask()
    assert helloasso.ways == ["client_credentials", *["refresh_token"] * 3]

    with time_machine_travel(days=80):
        ask()

    assert helloasso.ways[-1] == "client_credentials"
    assert len(helloasso.access) == 1


def test_a_token_that_is_refused_is_renewed_once_and_the_request_asked_again(helloasso, ask):
    ask()
    helloasso.access.clear()

    assert ask()["data"] == []

    assert helloasso.ways == ["client_credentials", "refresh_token"]


def test_a_key_that_has_lost_its_rights_stops_after_one_renewal(helloasso, ask):
    ask()
    helloasso.refuses_tokens = True

    with pytest.raises(ProviderRefused):
        ask()
    assert len(helloasso.ways) == 2


def test_a_pair_that_another_process_renewed_is_taken_up(helloasso, ask, monkeypatch):
    ask()
    old = helloasso_api._kept()
    helloasso.access.clear()

    @contextmanager
    def while_we_wait(*args, **kwargs):
        helloasso_api._keep(helloasso_api._renewed(old))
        yield

    monkeypatch.setattr(helloasso_api, "held", while_we_wait)

    assert ask()["data"] == []
    assert helloasso_api._access(refused=old.access) == helloasso_api._kept().access != old.access
    assert helloasso.ways == ["client_credentials", "refresh_token"]


def test_a_refresh_token_that_is_refused_gives_way_to_the_key(helloasso, ask):
    ask()
    helloasso.access.clear()
    helloasso.refresh.clear()

    ask()

    assert helloasso.ways == ["client_credentials", "refresh_token", "client_credentials"]


@pytest.mark.parametrize("loss", ["evicted", "another secret key"])
def test_a_lost_cache_costs_one_call(helloasso, ask, settings, loss):
    ask()
    if loss == "evicted":
        cache.delete(helloasso_api._key())
    else:
        settings.SECRET_KEY = "another"

    ask()

    assert helloasso.ways == ["client_credentials"] * 2


def test_a_wrong_key_is_said_in_their_words_and_never_asked_beyond_the_quota(helloasso, ask, settings):
    settings.HELLOASSO = settings.HELLOASSO | {"client_secret": "faux"}

    words = [refusal(ask) for _time in range(30)]

    assert words[0] == "Clé inconnue"
    assert words[-1].endswith("in the last ten minutes")
    assert len(helloasso.token_calls) == helloasso_api.CALLS


def test_an_hour_of_failures_stays_within_the_quotas(helloasso, ask, time_machine_travel):
    """Every token is refused at once, and somebody asks for something every minute."""
    helloasso.refuses_tokens = True
    for seconds in range(0, 3600, 60):
        with time_machine_travel(seconds=seconds):
            refusal(ask)

    assert helloasso.refusals_by_quota == 0
    assert len(helloasso.token_calls) <= 40


def test_the_quotas_are_those_of_helloasso(helloasso):
    """Whoever asked for a token each time would be refused at the eleventh."""
    form = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}

    answers = [requests.post(f"{helloasso.url}/oauth2/token", data=form, timeout=5) for _time in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert helloasso.refusals_by_quota == 1


@pytest.mark.parametrize(
    "answer", [b"{}", b"[]", b"<html>", b'{"access_token": "a", "refresh_token": "r", "expires_in": "x"}']
)
def test_an_answer_without_a_token_is_left_for_later(helloasso, ask, answer):
    helloasso.faults = [answer]

    with pytest.raises(ProviderDown):
        ask()
    ask()


def test_only_a_reading_is_asked_again(helloasso, begin, ask):
    checkout, _intent = begin(create_charge())
    helloasso.faults = [503]
    checkouts.synchronise(checkout)

    helloasso.faults = [503]
    with pytest.raises(ProviderDown, match="HTTP 503"):
        begin(create_charge())
    helloasso.faults = [503, 503]
    with pytest.raises(ProviderDown, match="HTTP 503"):
        ask()


def test_a_server_that_is_slow_or_away_is_down(helloasso, ask, settings, monkeypatch):
    ask()
    monkeypatch.setattr(helloasso_api, "TIMEOUT", (1, 0.1))
    helloasso.faults = [0.2, 0.2]
    with pytest.raises(ProviderDown, match="ReadTimeout"):
        ask()

    settings.HELLOASSO = settings.HELLOASSO | {"api": "http://127.0.0.1:9/v5"}
    with pytest.raises(ProviderDown, match="ConnectionError"):
        ask()


def test_who_waits_too_long_for_a_renewal_is_told_to_come_back(helloasso, ask, monkeypatch):
    monkeypatch.setattr(helloasso_api, "PATIENCE", 0)

    with held(helloasso_api._key(), seconds=30, wait=0), pytest.raises(ProviderDown, match="renewing"):
        ask()


def test_the_pair_is_unreadable_where_it_is_kept(helloasso, ask):
    ask()

    sealed = cache.get(helloasso_api._key())
    pair = helloasso_api._kept()

    assert pair.access in helloasso.access
    assert pair.access.encode() not in sealed
    assert pair.refresh.encode() not in sealed
    assert pair.access not in repr(pair)


def test_a_netrc_of_the_machine_does_not_replace_the_token(helloasso, ask, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login quelqu-un password autre")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    ask()

    assert helloasso.asked[-1][3]["Authorization"].startswith("Bearer ")


# Locks


def test_a_lock_is_held_by_one_and_let_go(db):
    with held("essai", seconds=30, wait=0):
        with pytest.raises(Busy), held("essai", seconds=30, wait=0.06):
            pass
        with held("autre", seconds=30, wait=0):
            pass

    with held("essai", seconds=30, wait=0):
        pass


def test_a_lock_whose_time_is_over_is_not_taken_from_its_next_holder(db):
    with held("essai", seconds=30, wait=0):
        cache.set("held.essai", "somebody else", 30)

    assert cache.get("held.essai") == "somebody else"
