"""Documents of a charge: whoever has its link may read them, and nobody else."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from payments.models import Document


def file_response(document: Document) -> HttpResponse:
    """The bytes as they were issued, to keep, in no cache."""
    response = HttpResponse(bytes(document.content), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{document.filename}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@login_not_required
@never_cache
@require_safe
def document(request: HttpRequest, uuid: UUID, token: UUID) -> HttpResponse:
    found = get_object_or_404(Document.objects.exclude(content=b""), charge__uuid=uuid, token=token)
    return file_response(found)
