from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connections, models, transaction
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class AppendOnly(TypeError):
    """An entry is written once. Only `redact` and `forget_actor` take words out of it, and time ends it: `forget_before`."""


class EntryQuerySet(models.QuerySet["Entry"]):
    def about(self, subject: models.Model) -> "EntryQuerySet":
        return self.filter(content_type=ContentType.objects.get_for_model(subject), object_id=subject.pk)

    def seen_by_subject(self) -> "EntryQuerySet":
        """What a person is told of what was done with their record: who opened it, who took it away in a file."""
        return self.filter(action__in=[Entry.Action.OPENED, Entry.Action.EXPORTED])

    def about_all(self, model: type[models.Model], pks: Iterable[int]) -> "EntryQuerySet":
        return self.filter(content_type=ContentType.objects.get_for_model(model), object_id__in=pks)

    def mentioning(self, word: str) -> "EntryQuerySet":
        """Those about anything else that hold this word, such as an address, in what they say."""
        said = self.alias(said=Cast("changes", models.TextField()))
        return said.filter(Q(said__icontains=word) | Q(label__icontains=word) | Q(note__icontains=word))

    def redact(self, subject: models.Model) -> int:
        """Take out what entries say of a person who is erased. That they were written, by whom and when, stays."""
        return self.about(subject).redact_all()

    def redact_all(self) -> int:
        entries = list(self.only("changes"))
        for entry in entries:
            entry.changes = {field: [None, None] for field in entry.changes}
            entry.label = entry.note = ""
        return self._rewrite(entries, ["changes", "label", "note"])

    def forget_actor(self, user: models.Model) -> int:
        """Take out the name of somebody who acted and is erased."""
        entries = list(self.filter(actor=user.pk).only("actor_name"))
        for entry in entries:
            entry.actor_name = Entry.FORGOTTEN
        return self._rewrite(entries, ["actor_name"])

    @transaction.atomic
    def _rewrite(self, entries: "Sequence[Entry]", fields: list[str]) -> int:
        plain: models.QuerySet[Entry] = models.QuerySet(Entry, using=self.db)
        _let_rewrite("on", using=self.db)
        done = plain.bulk_update(entries, fields, batch_size=500)
        _let_rewrite("off", using=self.db)
        return done

    @transaction.atomic
    def forget_before(self, moment: datetime) -> int:
        """Let those go whose time is over: the policy of retention is the only one to ask it."""
        pks = list(self.filter(at__lt=moment).values_list("pk", flat=True))
        _let_rewrite("on", using=self.db)
        plain: models.QuerySet[Entry] = models.QuerySet(Entry, using=self.db)
        plain.filter(pk__in=pks).delete()
        _let_rewrite("off", using=self.db)
        return len(pks)

    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnly("An entry of the journal is never edited.")

    def delete(self) -> NoReturn:
        raise AppendOnly("An entry of the journal is never deleted.")


def _let_rewrite(state: str, *, using: str) -> None:
    """Tell the trigger of PostgreSQL, for this transaction. A rollback forgets it by itself."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('journal.redacting', %s, true)", [state])


class Entry(models.Model):
    """Who did what to which row, and when. Written by `journal.trail`, never edited: see the migration 0002 too.

    Names are kept as they were: neither the actor nor the subject needs to exist for the entry to be read.
    """

    class Action(models.TextChoices):
        CREATED = "created", _("création")
        CHANGED = "changed", _("modification")
        OPENED = "opened", _("consultation")
        EXPORTED = "exported", _("export")
        IMPORTED = "imported", _("import")
        MERGED = "merged", _("fusion")
        DECIDED = "decided", _("décision")
        UNDONE = "undone", _("retour en arrière")
        ERASED = "erased", _("effacement")

    NAME_LENGTH: ClassVar = 200
    FORGOTTEN: ClassVar = "?"  # the name of an actor who is erased; an empty one is the portal itself

    at = models.DateTimeField(_("date"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("compte"),
    )
    actor_name = models.CharField(_("par"), max_length=NAME_LENGTH, blank=True)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", verbose_name=_("type"))
    object_id = models.BigIntegerField(_("numéro"))
    label = models.CharField(_("objet"), max_length=NAME_LENGTH, blank=True)
    changes = models.JSONField(_("changements"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    note = models.TextField(_("note"), blank=True)
    reference = models.CharField(
        _("référence"), max_length=100, blank=True, help_text=_("Ce qui réunit les lignes d’un même geste.")
    )

    objects: ClassVar = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ligne du journal")
        verbose_name_plural = _("lignes du journal")
        ordering = ["-pk"]
        indexes = [
            models.Index("content_type", "object_id", models.F("id").desc(), name="entry_about"),
            models.Index(fields=["at"], name="entry_at"),
            models.Index(fields=["reference"], name="entry_reference", condition=~models.Q(reference="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} – {self.about}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"Entry {self.pk} is never edited.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"Entry {self.pk} is never deleted.")

    @property
    def about(self) -> str:
        """The subject as it was called, or its number once its name was taken out."""
        kind = ContentType.objects.get_for_id(self.content_type_id)
        return self.label or gettext("%(kind)s n°\u00a0%(number)d") % {
            "kind": kind.name,
            "number": self.object_id,
        }

    @property
    def who(self) -> str:
        if self.actor_name == self.FORGOTTEN:
            return gettext("compte effacé")
        return self.actor_name or gettext("le portail")

    def described_changes(self) -> Iterable[tuple[str, str, str]]:
        """Each field by its name for people, with what it was and what it became."""
        model = ContentType.objects.get_for_id(self.content_type_id).model_class()
        fields: dict[str, Any] = {field.name: field for field in model._meta.get_fields()} if model else {}
        for name, (before, after) in self.changes.items():
            field = fields.get(name)
            labels = dict(getattr(field, "flatchoices", ()))
            yield str(getattr(field, "verbose_name", name)), _said(before, labels), _said(after, labels)


def _said(value: Any, labels: dict[Any, Any]) -> str:
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return gettext("oui") if value else gettext("non")
        case list():
            return ", ".join(str(one) for one in value)
        case dict():
            return str(value)
        case _:
            return str(labels.get(value, value))
