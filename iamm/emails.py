from uuid import UUID

from django.conf import settings

from mailing import outbox


def contact(*, name: str, email: str, message: str, request_key: UUID) -> None:
    """Pass a visitor's message on to the association, once for two clicks."""
    outbox.queue(
        "iamm/email/contact",
        to=settings.ASSOCIATION["email"] or settings.DEFAULT_FROM_EMAIL.rpartition("<")[2].rstrip(">"),
        context={"name": name, "sender": email, "message": message},
        key=f"iamm.contact.{request_key}",
    )
