from typing import Any

from django.db import models


class FrozenRow(models.Model):
    """A row that is written once: a mistake is countered by another row, never edited or deleted."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise TypeError(f"{type(self).__name__} {self.pk} is never edited: record a counter-entry.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{type(self).__name__} {self.pk} is never deleted: record a counter-entry.")
