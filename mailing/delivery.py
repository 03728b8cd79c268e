"""From a stored row to the wire. A row is claimed first, so that two processes never send the same one."""

from collections.abc import Iterable
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPSenderRefused

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from mailing.models import Email


def deliver(email: Email, connection: BaseEmailBackend) -> None:
    """Send a row that the caller has claimed, and note how it went. A failed connection is closed."""
    if email.is_refused:
        email.mark_refused()
        return
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.text,
        to=[email.to],
        headers=_headers(email),
        connection=connection,
    )
    message.attach_alternative(email.html, "text/html")
    for attachment in email.attachments:
        message.attach(attachment["name"], attachment["content"], attachment["content_type"])
    try:
        connection.open()
        message.send()
    except (SMTPException, OSError, UnicodeError) as error:
        connection.close()
        email.mark_failed(error, is_final=_is_permanent(error))
    else:
        email.mark_sent()


def _headers(email: Email) -> dict[str, str]:
    headers = {"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"}
    if opt_out := email.opt_out:
        headers |= {
            "List-Unsubscribe": f"<{opt_out.url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    return headers


def deliver_one(pk: int) -> None:
    """Send this row unless somebody else has, or its time has not come."""
    if email := Email.objects.claim(pk):
        _deliver_all([email])


def deliver_due() -> int:
    """Send all that is due, one claim at a time, over one connection. Safe to run several times at once."""
    return _deliver_all(iter(Email.objects.claim, None))


def _deliver_all(emails: Iterable[Email]) -> int:
    connection = get_connection()
    count = 0
    try:
        for email in emails:
            deliver(email, connection)
            count += 1
    finally:
        connection.close()
    return count


def _is_permanent(error: Exception) -> bool:
    """The server knows the address, or the sender, and will never take it; or no server can be given it."""
    if isinstance(error, UnicodeError):
        return True
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, SMTPSenderRefused) and error.smtp_code >= 500
