from textwrap import indent
from uuid import UUID

from django.conf import settings

from mailing import outbox


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
