"""How dates, hours and money are written: French typography, or English when the page is in English."""

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from iamm import markdown
from payments import money

register = template.Library()

SPACE = "\u00a0"  # no-break space


def _is_french() -> bool:
    return (translation.get_language() or "fr").startswith("fr")


def _local(moment: date | datetime) -> date | datetime:
    return (
        timezone.localtime(moment) if isinstance(moment, datetime) and timezone.is_aware(moment) else moment
    )


@register.filter
def day(moment: date | datetime | None, style: str = "j F Y") -> str:
    """« 1er décembre 2026 »; `style` is a Django date format, such as « l j F »."""
    if moment is None:
        return ""
    local = _local(moment)
    if _is_french() and local.day == 1:
        style = style.replace("j", r"j\e\r").replace(r"\r ", rf"\r{SPACE}")
    return formats.date_format(local, style)


@register.filter
def hour(moment: datetime | None) -> str:
    """« 14 h 30 »."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{local.hour}{SPACE}h{SPACE}{local.minute:02d}" if _is_french() else f"{local:%H:%M}"


@register.filter
def euros(amount: Decimal | int | None) -> str:
    return "" if amount is None else money.euros(amount)


@register.filter
def breakable(address: str) -> SafeString:
    """An e-mail address that a narrow column cuts after its « @ », not in the middle of a word."""
    name, at, domain = address.partition("@")
    return format_html("{}{}<wbr>{}", name, at, domain)


@register.filter(name="markdown")
def markdown_filter(source: str) -> SafeString:
    return markdown.render(source)
