from django.db import models


class Sequenced(models.Model):
    """What a calendar shows beside its event: each of its own changes counts too."""

    sequence = models.PositiveIntegerField(
        default=0, editable=False, help_text="What its calendar entry adds to the SEQUENCE of the event."
    )

    class Meta:
        abstract = True

    def step(self, *fields: str) -> None:
        """Write these fields, and that calendars have something to learn."""
        self.sequence += 1
        self.save(update_fields=[*fields, "sequence"])
