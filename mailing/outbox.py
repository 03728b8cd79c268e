"""The one door for mail: `queue` stores a row in the caller's transaction, delivery happens after it."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template import Context, engines
from django.template.loader import render_to_string
from django.utils import translation

from mailing import tasks
from mailing.models import Email, OptOut

BLANK_LINES = re.compile(r"\n\s*\n\s*\n")  # what a condition of a template leaves behind


class Attachment(NamedTuple):
    """A text that goes with a message, such as an entry for a calendar."""

    name: str
    content_type: str
    content: str


def current_language() -> str:
    """The language of whoever acts now: kept with what they do, for the mails that follow."""
    return translation.get_language() or settings.LANGUAGE_CODE


def queue(
    template: str,
    *,
    to: str,
    context: dict[str, Any],
    key: str,
    language: str = settings.LANGUAGE_CODE,
    is_secret: bool = False,
    attachments: Sequence[Attachment] = (),
    list: str | None = None,
) -> Email | None:
    """Store the message `<template>_subject.txt` and `<template>_message.txt` for `to`, once per `key`.

    Returns None, and sends nothing, when `key` was used before, or when `to` has left `list`: the key is then still free.
    Without a list it is a message of service, which always leaves. `language` is the reader's, not that of whoever acts.
    """
    if Email.objects.filter(key=key).exists() or (list and OptOut.objects.refuses(to, list)):
        return None
    opt_out = OptOut.of(to, list) if list else None
    parts = render(template, context, language=language, opt_out=opt_out)
    try:
        with transaction.atomic():
            email = Email.objects.create(
                key=key,
                to=to,
                list=list or "",
                is_secret=is_secret,
                attachments=[attachment._asdict() for attachment in attachments],
                message_id=Email.new_message_id(),
                **parts,
            )
    except IntegrityError:  # another process used the key meanwhile
        return None
    tasks.deliver.delay_on_commit(email.pk)  # type: ignore[attr-defined]
    return email


def render(
    template: str, context: dict[str, Any], *, language: str, opt_out: OptOut | None = None
) -> dict[str, str]:
    """Subject and text from their templates; the HTML part is the same text in our layout.

    `opt_out` is what the link at the foot keeps, when the reader may leave.
    """
    context = {"site_url": settings.SITE_URL, "association": settings.ASSOCIATION, **context}
    with translation.override(language):
        subject = " ".join(_render_text(f"{template}_subject.txt", context).splitlines()).strip()[:250]
        text = BLANK_LINES.sub("\n\n", _render_text(f"{template}_message.txt", context).strip()) + "\n"
        footer = _render_text("mailing/email/unsubscribe.txt", {"opt_out": opt_out}) if opt_out else ""
        layout = {"subject": subject, "blocks": text_blocks(text), "language": language}
        layout["footer_blocks"] = text_blocks(footer)
        html = render_to_string("mailing/email/layout.html", context | layout)
    return {"subject": subject, "text": f"{text}\n{footer}" if footer else text, "html": html}


def _render_text(name: str, context: dict[str, Any]) -> str:
    template = engines["django"].get_template(name).template  # type: ignore[attr-defined]
    return str(template.render(Context(context, autoescape=False)))


def text_blocks(text: str) -> list[dict[str, Any]]:
    """Cut a text into what the layout can show: a lone address, a list of « name : value » facts, or a paragraph."""
    blocks: list[dict[str, Any]] = []
    for paragraph in text.strip().split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if not lines:
            continue
        *before, last = lines
        if last.startswith(("https://", "http://")) and " " not in last:
            label = " ".join(before).rstrip(" :\u00a0")
            is_main = bool(label) and not any(block.get("is_main") for block in blocks)
            blocks.append({"kind": "action", "label": label, "url": last, "is_main": is_main})
        elif all(line.startswith("- ") for line in lines):
            blocks.append({"kind": "list", "items": [line[2:] for line in lines]})
        else:
            blocks.append({"kind": "paragraph", "lines": lines})
    return blocks
