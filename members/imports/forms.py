from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from documents.reading import MAX_BYTES, Head, Row, head, is_blank, too_many_rows
from documents.unreadable import Unreadable
from members.imports.columns import COLUMNS, IDENTIFYING, guess, header_row, key_of
from members.models import College, ImportBatch

SAMPLES = 3
SHOWN = 60


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Fichier"),
        help_text=gettext_lazy(
            "CSV ou XLSX, 20\u00a0Mo et 50\u202f000 lignes au plus, une ligne par adhérent. D’un classeur, la première feuille est lue."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    head: Head

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("Ce fichier dépasse 20\u00a0Mo."))
        try:
            self.head = head(file)
        except Unreadable as error:
            raise forms.ValidationError(str(error)) from error
        if not self.head.rows:
            raise forms.ValidationError(_("Ce fichier est vide."))
        if self.head.has_more_rows_than_allowed:
            raise forms.ValidationError(str(too_many_rows()))
        return file

    def head_as_json(self) -> list[Any]:
        return [[row.number, [_shown(cell) for cell in row.cells]] for row in self.head.rows]


def _shown(cell: Any) -> str:
    """As one reads it on the page of the columns, where it only helps to recognise them."""
    words = "" if is_blank(cell) else " ".join(str(cell).removesuffix(" 00:00:00").split())
    return words.replace("\x00", "\ufffd")[:SHOWN]


class ColumnsForm(forms.Form):
    """A choice for each column of the file, under the row of its titles."""

    college = forms.ModelChoiceField(
        label=gettext_lazy("Collège des nouvelles fiches"),
        queryset=College.objects.all(),
        required=False,
        empty_label=gettext_lazy("aucun\u00a0: le fichier ou la formule le dit"),
    )

    def __init__(self, batch: ImportBatch, *args: Any, header_row: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [Row(number, cells) for number, cells in batch.head]
        self.header_row = header_row
        self.headers = [str(cell) for cell in next(row.cells for row in rows if row.number == header_row)]
        self.key = key_of(self.headers)
        below = [row.cells for row in rows if row.number > header_row]
        self.samples = [_samples(below, index) for index in range(len(self.headers))]
        self.initial.setdefault("college", batch.college)
        ignored = ("", _("ignorer"))
        choices = [ignored, *((code, capfirst(column.label)) for code, column in COLUMNS.items())]
        for index, code in enumerate(self._first_choices(batch)):
            title = self.headers[index] or _("Colonne %d, sans titre") % (index + 1)
            field = forms.ChoiceField(label=title, choices=choices, required=False, initial=code)
            self.fields[f"column_{index}"] = field

    def _first_choices(self, batch: ImportBatch) -> list[str]:
        """What was chosen for the last file with these columns, or what their titles say."""
        last = ImportBatch.objects.filter(columns_key=self.key).order_by("-state_since").first()
        if last is not None and len(last.columns) == len(self.headers):
            return [code if code in COLUMNS else "" for code in last.columns]
        return guess(self.headers)

    @property
    def codes(self) -> list[str]:
        return [self.cleaned_data.get(f"column_{index}", "") for index in range(len(self.headers))]

    def columns(self) -> list[tuple[Any, list[str]]]:
        """Each choice, with what the file holds there."""
        return [(self[f"column_{index}"], values) for index, values in enumerate(self.samples)]

    def clean(self) -> None:
        first: dict[str, int] = {}
        for index, code in enumerate(self.codes):
            if code and code in first:
                title = self.fields[f"column_{first[code]}"].label
                told = _("La colonne «\u00a0%s\u00a0» est déjà ce champ.") % title
                self.add_error(f"column_{index}", told)
            first.setdefault(code, index)
        if not self.errors and not IDENTIFYING & first.keys():
            raise forms.ValidationError(
                _(
                    "Dites au moins quelle colonne est le nom, l’organisation, l’adresse e-mail, le SIRET ou le numéro d’adhérent."
                )
            )


def _samples(rows: list[Any], index: int) -> list[str]:
    found = [row[index] for row in rows if index < len(row) and row[index]]
    return found[:SAMPLES]


def rows_that_may_be_titles(batch: ImportBatch) -> dict[int, str]:
    """The first rows of the file by their number, as one recognises them."""
    return {number: " | ".join(cell for cell in cells if cell)[:SHOWN] for number, cells in batch.head[:10]}


def likely_header_row(batch: ImportBatch) -> int:
    return header_row([Row(number, cells) for number, cells in batch.head])
