"""One Chromium for the run; `site` is the address of the live server, `console` fails a test whose pages complain."""

import os

import pytest

# The browser's own loop runs in this thread: Django would refuse the database to the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "fr-FR", "timezone_id": "Europe/Paris"}


@pytest.fixture
def site(live_server, settings):
    """The address under which this test sees the site: on localhost, where browsers allow passkeys."""
    settings.SITE_URL = live_server.url.replace("127.0.0.1", "localhost")
    settings.CSRF_TRUSTED_ORIGINS = [settings.SITE_URL]
    return settings.SITE_URL


@pytest.fixture
def console(page):
    """What the pages complain about: script errors, refused resources, breaches of the content policy."""
    complaints = []
    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.text} {message.location.get('url')}")
            if message.type == "error"
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))

    yield complaints

    assert complaints == []
