from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.html import format_html


def site(request: HttpRequest) -> dict[str, Any]:
    """`content_lang` marks what staff wrote, in French, on a page in another language."""
    is_french = translation.get_language() == settings.LANGUAGE_CODE
    return {
        "content_lang": "" if is_french else format_html(' lang="{}"', settings.LANGUAGE_CODE),
        "association": settings.ASSOCIATION,
        "site_url": settings.SITE_URL,
        "is_sandbox": settings.PAYMENT_SANDBOX,
    }
