from functools import partial
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models.fields.files import FieldFile


class KeepsFile(models.Model):
    """A row with a file. The file goes once no row names it any more: the copies of an event share one picture."""

    FILE: ClassVar[str]

    class Meta:
        abstract = True

    @transaction.atomic
    def save(self, *args: Any, update_fields: Any = None, **kwargs: Any) -> None:
        before = None
        if self.pk and (update_fields is None or self.FILE in update_fields):
            before = type(self)._default_manager.filter(pk=self.pk).only(self.FILE).first()
        super().save(*args, update_fields=update_fields, **kwargs)
        if before is not None:
            before.discard_file()

    def discard_file(self) -> None:
        """Delete the file this row had, once the change is sure, unless a row still has it."""
        file = getattr(self, self.FILE)
        if file:
            transaction.on_commit(partial(_delete_unless_used, type(self), self.FILE, file))


def _delete_unless_used(model: type[models.Model], field: str, file: FieldFile) -> None:
    if not model._default_manager.filter(**{field: file.name}).exists():
        for path in getattr(file, "paths", [file.name]):
            file.storage.delete(path)
