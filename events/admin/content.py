"""What the page of an event shows: speakers, programme, resources."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget, AdminTextareaWidget
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.admin.forms import MOMENTS
from events.documents import FORMATS
from events.models import Appearance, Resource, Slot, Speaker
from events.pictures import PictureField

LINKS: dict[Any, Any] = {models.URLField: {"assume_scheme": "https"}}
PICTURES: dict[Any, Any] = {
    PictureField: {"widget": AdminFileWidget(attrs={"accept": "image/png,image/jpeg,image/webp"})}
}
SHORT_TEXTS: dict[Any, Any] = {models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 3})}}
DOCUMENTS: dict[Any, Any] = {
    models.FileField: {"widget": AdminFileWidget(attrs={"accept": ",".join(f".{name}" for name in FORMATS)})}
}


class AppearanceInline(admin.StackedInline):
    model = Appearance
    extra = 0
    fields = [("speaker", "position")]
    autocomplete_fields = ["speaker"]


class SlotInline(admin.StackedInline):
    model = Slot
    extra = 0
    fields = [("starts_at", "ends_at"), "title", "speakers", "room", "text"]
    autocomplete_fields = ["speakers"]
    formfield_overrides = MOMENTS | SHORT_TEXTS


class ResourceInline(admin.StackedInline):
    model = Resource
    extra = 0
    fields = ["title", ("kind", "is_public", "position"), "url", "file"]
    formfield_overrides = LINKS | DOCUMENTS


@admin.register(Speaker)
class SpeakerAdmin(admin.ModelAdmin):
    list_display = ["name", "role"]
    search_fields = ["name", "role"]
    prepopulated_fields = {"slug": ["name"]}
    fields = [("name", "slug"), "role", "biography", "website", "photo", "photo_alt", "photo_preview"]
    readonly_fields = ["photo_preview"]
    formfield_overrides = LINKS | PICTURES

    @admin.display(description=_("aperçu"))
    def photo_preview(self, speaker: Speaker) -> str:
        photo: Any = speaker.photo
        if not photo:
            return gettext("Pas de photo.")
        return format_html('<img src="{}" alt="" width="160">', photo.smallest_url)
