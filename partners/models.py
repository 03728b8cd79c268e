from functools import partial
from typing import Any, ClassVar

from django.core.files.storage import default_storage
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partners.logos import reencode, store_logo, validate_logo


class PartnerQuerySet(models.QuerySet["Partner"]):
    def founders(self) -> "PartnerQuerySet":
        return self.filter(is_founder=True)


class Partner(models.Model):
    """An organisation that carries the association. The six founders have `is_founder`."""

    name = models.CharField(_("nom"), max_length=150, unique=True)
    slug = models.SlugField(_("adresse"), unique=True)
    is_founder = models.BooleanField(_("membre fondateur"), default=False)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)
    monogram = models.CharField(
        _("monogramme"), max_length=4, help_text=_("Montré tant qu’il n’y a pas de logo.")
    )
    tint = models.PositiveSmallIntegerField(
        _("teinte"),
        default=0,
        validators=[MaxValueValidator(6)],
        help_text=_("De 1 à 6 : la couleur de sa page. 0 : celle du site."),
    )
    role = models.CharField(_("rôle"), max_length=100, help_text=_("En deux ou trois mots."))
    summary = models.CharField(_("en une phrase"), max_length=300)
    presentation = models.TextField(
        _("présentation"), help_text=_("En Markdown : ce qu’il fait ici pour l’IA.")
    )
    website = models.URLField(_("site"), blank=True)
    logo = models.FileField(
        _("logo"),
        upload_to=store_logo,
        blank=True,
        validators=[validate_logo],
        help_text=_("PNG, JPEG ou WebP, 2\u00a0Mo au plus."),
    )

    objects: ClassVar = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("partenaire")
        verbose_name_plural = _("partenaires")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new logo as our own re-encoded file. The file it replaces goes once the change is sure."""
        rows = Partner.objects.filter(pk=self.pk)
        before = rows.select_for_update(of=("self",)).values_list("logo", flat=True).first()
        if self.logo and not self.logo._committed:  # type: ignore[attr-defined]
            self.logo.save("logo.webp", reencode(self.logo), save=False)
        super().save(*args, **kwargs)
        if before and not rows.filter(logo=before).exists():
            transaction.on_commit(partial(default_storage.delete, before))

    def get_absolute_url(self) -> str:
        return reverse("founder", args=[self.slug])


class Fact(models.Model):
    """Something the page says, with where it was read and of when it is."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="facts", verbose_name=_("partenaire"))
    figure = models.CharField(
        _("chiffre"), max_length=40, blank=True, help_text=_("Vide si le fait n’en a pas.")
    )
    text = models.CharField(_("fait"), max_length=300)
    dated = models.CharField(
        _("date"), max_length=40, blank=True, help_text=_("Celle du fait : « 2023 », « juillet 2024 ».")
    )
    source = models.CharField(_("source"), max_length=150)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("fait")
        verbose_name_plural = _("faits")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text
