from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from documents import models


@shared_task
def make_export(export_id: int) -> None:
    models.Export.objects.get(pk=export_id).make()


@shared_task
def finish_exports() -> int:
    """Hand out again what no worker took or finished. One that is only late is not made twice."""
    models.Export.objects.give_up()
    due = models.Export.objects.due().filter(asked_at__lte=timezone.now() - timedelta(minutes=1))
    pks = list(due.values_list("pk", flat=True))
    for pk in pks:
        make_export.delay(pk)
    return len(pks)


@shared_task
def purge_exports() -> int:
    exports = list(models.Export.objects.over())
    for export in exports:
        export.purge()
    return len(exports)
