"""The least that Django can do, as a limit to compare with: one view, no database, no template, no middleware.

Serves as its own settings and URLs; gunicorn calls `django.core.wsgi.get_wsgi_application`.
"""

import os

from django.http import HttpRequest, HttpResponse
from django.urls import path

SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "bench.bare"


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Bonjour")


urlpatterns = [path("", hello)]
