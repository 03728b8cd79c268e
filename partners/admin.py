from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget, AdminTextareaWidget
from django.db import models
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partners.models import Fact, Partner


class FactForm(forms.ModelForm):
    class Meta:
        widgets = {"text": AdminTextareaWidget(attrs={"rows": 2})}


class FactInline(admin.StackedInline):
    model = Fact
    form = FactForm
    extra = 0
    fields = ["text", ("figure", "dated"), "source", "position"]


class PartnerForm(forms.ModelForm):
    class Meta:
        widgets = {"summary": AdminTextareaWidget(attrs={"rows": 2})}


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):
    form = PartnerForm
    formfield_overrides = {
        models.FileField: {"widget": AdminFileWidget(attrs={"accept": "image/png,image/jpeg,image/webp"})},
        models.URLField: {"assume_scheme": "https"},
    }
    list_display = ["name", "role", "is_founder", "position", "has_logo"]
    list_filter = ["is_founder"]
    search_fields = ["name", "role", "summary"]
    fields = [
        "name",
        "slug",
        ("is_founder", "position"),
        "role",
        "summary",
        "presentation",
        "website",
        ("monogram", "tint"),
        "logo",
        "logo_preview",
    ]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["logo_preview"]
    inlines = [FactInline]

    @admin.display(description=_("logo"), boolean=True)
    def has_logo(self, partner: Partner) -> bool:
        return bool(partner.logo)

    @admin.display(description=_("aperçu du logo"))
    def logo_preview(self, partner: Partner) -> str:
        if not partner.logo:
            return gettext("Pas de logo : les pages montrent le monogramme.")
        return format_html('<img src="{}" alt="" width="160">', partner.logo.url)
