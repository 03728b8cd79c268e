from typing import Any
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter

from mailing import outbox


class AccountAdapter(DefaultAccountAdapter):
    """Sends allauth's mails through the outbox. They hold codes, so they are stored as secrets."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        outbox.queue(template_prefix, to=email, context=context, key=f"accounts.{uuid4()}", is_secret=True)
