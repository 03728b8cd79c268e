"""What the policy of retention does each night."""

import logging
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from iamm import due, emails
from iamm.retention import POLICY, rule
from iamm.retention_rules import AT_MOST
from journal import trail
from journal.models import Entry

logger = logging.getLogger("iamm.retention")


def warn_unused_accounts() -> int:
    """Write once to whoever has an account that will be erased. Returns to how many."""
    users: QuerySet[Any] = due.accounts_to_warn(rule("accounts").kept)[:AT_MOST]
    return sum(emails.account_unused(user, key=user.warning) for user in users)


def apply() -> dict[str, int]:
    """Forget what has been kept long enough; how many rows, by rule. A rule that fails is raised once all had their turn."""
    warn_unused_accounts()
    done: dict[str, int] = {}
    failed: list[Exception] = []
    for one in POLICY:
        try:
            done[one.slug] = one.run()
        except Exception as error:
            logger.exception("retention %s", one.slug)
            failed.append(error)
    if any(done.values()):
        note = ", ".join(f"{slug}\u00a0: {count}" for slug, count in done.items() if count)
        trail.record(ContentType.objects.get_for_model(Entry), trail.Action.ERASED, note=note)
    if failed:
        raise failed[0]
    return done
