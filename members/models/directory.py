from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import URLValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from journal import trail
from members import standing
from members.models.consents import Consent, Purpose, TextChanged, version_on
from members.models.members import Member

if TYPE_CHECKING:
    from accounts.models import User


class NotUpToDate(Exception):
    """Only members who are up to date appear in the directory."""


class Skill(models.Model):
    """What a member of the association knows about AI, in words that the staff keep few."""

    name = models.CharField(_("nom"), max_length=60, unique=True)
    slug = models.SlugField(_("adresse"), max_length=60, unique=True)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("compétence")
        verbose_name_plural = _("compétences")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class DirectoryEntryQuerySet(models.QuerySet["DirectoryEntry"]):
    def shown(self, *, on: date) -> "DirectoryEntryQuerySet":
        """Those that other members may read: agreed to, by a member who is up to date."""
        agreed = Consent.objects.in_force(on=on).filter(purpose=Purpose.DIRECTORY, member=OuterRef("member"))
        return self.filter(Exists(agreed), member__in=Member.objects.current(on=on))


class DirectoryEntry(models.Model):
    """What a member lets the others read: a name and skills, and of the rest only what was opened field by field.

    It says nothing of whether it is shown: a consent does.
    """

    member = models.OneToOneField(
        Member, models.CASCADE, related_name="directory_entry", verbose_name=_("adhérent")
    )
    headline = models.CharField(
        _("en une ligne"), max_length=120, blank=True, help_text=_("Votre métier, ou ce qui vous intéresse.")
    )
    bio = models.TextField(
        _("présentation"), max_length=600, blank=True, help_text=_("600 caractères au plus.")
    )
    website = models.URLField(_("site web"), blank=True, validators=[URLValidator(schemes=["https", "http"])])
    skills = models.ManyToManyField(Skill, blank=True, related_name="entries", verbose_name=_("compétences"))
    shows_organisation = models.BooleanField(_("Montrer mon organisation"), default=False)
    shows_college = models.BooleanField(_("Montrer le collège"), default=False)
    shows_email = models.BooleanField(_("Montrer l’adresse e-mail"), default=False)
    shows_phone = models.BooleanField(_("Montrer le téléphone"), default=False)
    shows_city = models.BooleanField(_("Montrer la ville"), default=False)

    objects: ClassVar = DirectoryEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("fiche de l’annuaire")
        verbose_name_plural = _("fiches de l’annuaire")

    def __str__(self) -> str:
        return str(self.member)

    @classmethod
    def of(cls, member: Member) -> "DirectoryEntry":
        """The one of this member, saved or not yet."""
        return cls.objects.filter(member=member).select_related("member").first() or cls(member=member)

    @property
    def consent(self) -> Consent | None:
        """The one in force that lasts longest."""
        rows = self.member.consents.in_force(on=timezone.localdate()).filter(purpose=Purpose.DIRECTORY)
        lasting: Consent | None = rows.order_by(models.F("expires_on").desc(nulls_first=True), "-pk").first()
        return lasting

    # Verbs: each takes the lock of the member, and not of an entry that may not exist yet

    @classmethod
    @transaction.atomic
    def appear(cls, member: Member, *, version: str, by: "User | None") -> Consent:
        """Show the entry until the membership that runs ends. Raises NotUpToDate, and TextChanged."""
        member = member.lock()
        today = timezone.localdate()
        if not member.is_current:
            raise NotUpToDate
        if version != version_on(Purpose.DIRECTORY, today):
            raise TextChanged
        return cls.appear_until(member, until=standing.rights_until(member, on=today), version=version, by=by)

    @classmethod
    @transaction.atomic
    def appear_until(cls, member: Member, *, until: date | None, version: str, by: "User | None") -> Consent:
        """For a period that opens now: see `completion.place`."""
        member = member.lock()
        consent = Consent.give(member, Purpose.DIRECTORY, version=version, until=until, by=by)
        cls.objects.get_or_create(member=member)
        return consent

    @classmethod
    @transaction.atomic
    def disappear(cls, member: Member, *, by: "User") -> bool:
        """At once. Whether it could be read until now."""
        return Consent.withdraw(member.lock(), Purpose.DIRECTORY, by=by)

    @classmethod
    @transaction.atomic
    def rewrite(
        cls, member: Member, *, by: "User", skills: Iterable[Skill], **fields: Any
    ) -> "DirectoryEntry":
        """Write what it says, and note what has changed."""
        member = member.lock()
        entry, is_new = cls.objects.get_or_create(member=member)
        before = {} if is_new else trail.snapshot(entry)
        for name, value in fields.items():
            setattr(entry, name, value)
        entry.save(update_fields=list(fields))
        entry.skills.set(skills)
        if changes := trail.diff(before, trail.snapshot(entry)):
            action = trail.Action.CREATED if is_new else trail.Action.CHANGED
            trail.record(entry, action, actor=by, changes=changes)
        return entry
