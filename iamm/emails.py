from textwrap import indent
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from mailing import outbox
from members.models import Departure


def contact(*, name: str, email: str, message: str, request_key: UUID) -> None:
    """Pass a visitor's message on to the association, once for two clicks. It needs `ASSOCIATION_EMAIL`.

    The message is quoted line by line, so that nothing in it passes for a paragraph or a link of ours.
    """
    quoted = indent("\n".join(message.splitlines()), "> ", lambda line: True)
    outbox.queue(
        "iamm/email/contact",
        to=settings.ASSOCIATION["email"],
        context={"name": name, "sender": email, "message": quoted},
        key=f"iamm.contact.{request_key}",
    )


def account_unused(user: User, *, key: str) -> bool:
    """Tells whether it was queued: once for each time of use."""
    context = {"user": user, "account_path": reverse("account")}
    return outbox.queue("iamm/email/account_unused", to=user.email, context=context, key=key) is not None


def resigned(departure: Departure, *, to: str) -> None:
    """Confirm it to whoever resigned, and tell the association, where it has an address."""
    context = {"departure": departure, "member": departure.member}
    key = f"iamm.resigned.{departure.pk}"
    outbox.queue("iamm/email/resigned", to=to, context=context, key=key, language=outbox.current_language())
    if settings.ASSOCIATION["email"]:
        path = reverse("admin:members_member_change", args=[departure.member.pk])
        outbox.queue(
            "iamm/email/resigned_staff",
            to=settings.ASSOCIATION["email"],
            context=context | {"admin_path": path},
            key=f"{key}.staff",
        )


def erased(address: str, *, language: str | None = None) -> None:
    """The last message. Nothing of it stays once it is gone."""
    outbox.queue(
        "iamm/email/erased",
        to=address,
        context={},
        key=f"iamm.erased.{uuid4()}",
        language=language or outbox.current_language(),
        is_secret=True,
    )
