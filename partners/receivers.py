from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from partners.models import Partner


@receiver(post_delete, sender=Partner)
def delete_logo(instance: Partner, **kwargs: Any) -> None:
    """The admin deletes several rows at once without calling `Partner.delete`: this hears both ways."""
    if name := instance.logo.name:
        transaction.on_commit(partial(default_storage.delete, name))
