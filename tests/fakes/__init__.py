from contextlib import contextmanager
from unittest.mock import patch

import requests
from django.db import connection


@contextmanager
def no_request_inside_a_transaction():
    """Fail, when the block ends, if a request left this thread while a transaction begun in the block was open."""
    begun, inside = len(connection.atomic_blocks), []
    send = requests.Session.send

    def watched(session, request, **options):
        if len(connection.atomic_blocks) > begun:
            inside.append(f"{request.method} {request.url}")
        return send(session, request, **options)

    with patch.object(requests.Session, "send", watched):
        yield
    assert inside == []
