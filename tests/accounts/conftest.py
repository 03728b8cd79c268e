import re

import pytest

from mailing.models import Email


@pytest.fixture
def code_for():
    """`code_for(address)` is the code in the last mail to that address."""

    def read(address):
        text = Email.objects.filter(to=address).first().text
        return re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", text, re.MULTILINE)[0]

    return read


@pytest.fixture
def is_signed_in():
    return lambda client: "_auth_user_id" in client.session
