from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "association": settings.ASSOCIATION,
        "site_url": settings.SITE_URL,
        "is_sandbox": settings.PAYMENT_SANDBOX,
    }
