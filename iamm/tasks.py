from celery import shared_task

from iamm import retention_night


@shared_task
def apply_retention() -> dict[str, int]:
    return retention_night.apply()
