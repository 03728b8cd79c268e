import pytest

from iamm.checks import mail_leaves


@pytest.mark.parametrize(
    ("backend", "expected"),
    [("filebased", ["iamm.W001"]), ("smtp", []), ("locmem", [])],
)
def test_a_production_whose_mail_goes_to_a_folder_is_warned(settings, backend, expected):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"

    assert [message.id for message in mail_leaves(None)] == expected
