"""Four schedules by mistake instead of one: what is due is done once."""

import re

import pytest
from django.conf import settings

from tests import processes

MAILS = 60
QUEUE_MAILS = f"""
from mailing.models import Email
for number in range({MAILS}):
    Email.objects.create(key=f"essai.{{number}}", to=f"personne{{number}}@example.org", subject="Essai",
        text="Bonjour", html="<p>Bonjour</p>", message_id=Email.new_message_id())
"""


@pytest.fixture(params=["postgresql", "sqlite"])
def environment(request, tmp_path):
    """Where the four processes run: production's database and cache, or those of the embedded portal."""
    env = {"EMAIL_URL": f"filemail:///{tmp_path}/mails", "PAYMENT_SANDBOX": "0"}
    if request.param == "postgresql":
        return env | {"DATABASE_URL": processes.database_url(), "REDIS_URL": settings.REDIS_URL}
    env |= {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "REDIS_URL": ""}
    processes.finish(processes.manage("migrate", "--verbosity", "0", env=env))
    processes.finish(processes.manage("createcachetable", env=env))
    return env


def test_four_ticks_at_once_send_each_mail_once(environment, tmp_path):
    processes.finish(processes.manage("shell", "-v", "0", "-c", QUEUE_MAILS, env=environment))

    ticks = [processes.manage("tick", env=environment) for _ in range(4)]
    for tick in ticks:
        processes.finish(tick)

    mails = processes.written_mails(tmp_path / "mails")
    recipients = [re.search(r"^To: (.*)$", mail, re.MULTILINE)[1] for mail in mails]
    assert sorted(recipients) == sorted(f"personne{number}@example.org" for number in range(MAILS))
    assert len({re.search(r"^Message-ID: (.*)$", mail, re.MULTILINE)[1] for mail in mails}) == MAILS
