import os
from threading import get_ident

from django.core.cache import cache


def test_a_connection_that_redis_closed_is_opened_again():
    cache.set("nom", "valeur")
    client = cache._cache.get_client()

    client.execute_command("CLIENT", "KILL", "ID", client.client_id(), "SKIPME", "no")

    assert cache.get("nom") == "valeur"


def test_threads_each_read_their_own_answers(at_once):
    def write_and_read():
        mine = f"fil-{get_ident()}"
        cache.set(mine, mine)
        return [cache.get(mine) == mine for _time in range(200)]

    assert at_once(*[write_and_read] * 4) == [[True] * 200] * 4


def test_a_forked_process_has_a_connection_of_its_own():
    cache.set("nom", "parent")
    mine = cache._cache.get_client().client_id()

    child = os.fork()
    if not child:
        os._exit(0 if cache._cache.get_client().client_id() != mine and cache.get("nom") == "parent" else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert cache.get("nom") == "parent"
