from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    EVERYONE = "tous", _("tout public")
    STUDENTS = "etudiants", _("étudiants")
    RESEARCHERS = "chercheurs", _("chercheurs")
    COMPANIES = "entreprises", _("entreprises")
    PUBLIC_BODIES = "collectivites", _("collectivités")


class Level(models.TextChoices):
    BEGINNER = "debutant", _("débutant")
    INTERMEDIATE = "intermediaire", _("intermédiaire")
    EXPERT = "expert", _("expert")


class Theme(models.Model):
    name = models.CharField(_("nom"), max_length=60, unique=True)
    slug = models.SlugField(_("adresse"), unique=True)

    class Meta:
        verbose_name = _("thème")
        verbose_name_plural = _("thèmes")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
