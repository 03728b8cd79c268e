"""Four schedules by mistake instead of one: what is due is done once."""

import re
from shutil import copy

import pytest
from django.db import connection

from tests import processes, services

pytestmark = pytest.mark.django_db(transaction=True)
MAILS = 60
QUEUE_MAILS = f"""
from mailing.models import Email
for number in range({MAILS}):
    Email.objects.create(key=f"essai.{{number}}", to=f"personne{{number}}@example.org", subject="Essai",
        text="Bonjour", html="<p>Bonjour</p>", message_id=Email.new_message_id())
"""


@pytest.fixture
def environment(tmp_path):
    """Where the four processes run: production's database and cache, or those of the embedded portal."""
    env = {"EMAIL_URL": f"filemail:///{tmp_path}/mails", "PAYMENT_SANDBOX": "0"}
    if connection.vendor == "postgresql":
        return env | {"DATABASE_URL": processes.database_url()}
    copy(services.wait_for_migrations(), tmp_path / "db.sqlite3")
    return env | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}


def test_four_ticks_at_once_send_each_mail_once(environment, tmp_path):
    processes.finish(processes.manage("shell", "-v", "0", "-c", QUEUE_MAILS, env=environment))

    ticks = [processes.manage("tick", env=environment) for _ in range(4)]
    for tick in ticks:
        processes.finish(tick)

    mails = processes.written_mails(tmp_path / "mails")
    recipients = [re.search(r"^To: (.*)$", mail, re.MULTILINE)[1] for mail in mails]
    assert sorted(recipients) == sorted(f"personne{number}@example.org" for number in range(MAILS))
    assert len({re.search(r"^Message-ID: (.*)$", mail, re.MULTILINE)[1] for mail in mails}) == MAILS
