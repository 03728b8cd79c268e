from uuid import uuid4

from accounts.models import User
from mailing import outbox


def second_factor_removed(user: User) -> None:
    outbox.queue(
        "accounts/email/second_factor_removed",
        to=user.email,
        context={"user": user},
        key=f"accounts.{uuid4()}",
    )
