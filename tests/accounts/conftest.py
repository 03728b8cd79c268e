import re

import pytest
from allauth.mfa.totp.internal import auth as totp

from mailing.models import Email


@pytest.fixture
def code_for():
    """`code_for(address)` is the code in the last mail to that address."""

    def read(address):
        text = Email.objects.filter(to=address).first().text
        return re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", text, re.MULTILINE)[0]

    return read


@pytest.fixture
def totp_code():
    """`totp_code(secret)` is what the app on the phone shows now."""

    def compute(secret):
        return totp.format_hotp_value(
            totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time())))
        )

    return compute


@pytest.fixture
def is_signed_in():
    return lambda client: "_auth_user_id" in client.session
