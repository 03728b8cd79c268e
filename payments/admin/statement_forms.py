from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from documents.reading import Row
from documents.unreadable import Unreadable
from payments.models import Statement, TableLayout
from payments.statements import files, tables
from payments.statements.tables import Column

SAMPLES = 3
SHOWN = 60
OTHER = "+"


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("Fichier"),
        help_text=_(
            "CAMT.053 de préférence, OFX, ou tableau CSV ou XLSX\u202f; 10\u00a0Mo au plus. Un relevé déjà importé, en tout ou en partie, ne compte pas deux fois."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xml,.camt,.camt053,.ofx,.csv,.txt,.tsv,.xlsx"}),
    )

    format: str
    content: bytes

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > files.MAX_BYTES:
            raise ValidationError(str(files.too_large()))
        self.content = file.read()
        try:
            self.format = files.detect(self.content, file.name)
            if self.format == Statement.Format.TABLE and not tables.first_rows(self.content):
                raise ValidationError(gettext("Ce fichier est vide."))
        except Unreadable as error:
            raise ValidationError(str(error)) from error
        return file


class ColumnsForm(forms.Form):
    """What each column of a table is, under the row of its titles, and of which account it is the statement.

    No table says its account: it is asked each time, among those that are known, so that nothing is taken for another's.
    """

    account = forms.CharField(
        label=_("Compte"),
        max_length=64,
        initial=_("Compte courant"),
        help_text=_(
            "Le nom que vous donnez à ce compte\u00a0: deux comptes de la même banque ne se mélangent pas."
        ),
    )
    other_account = forms.CharField(
        label=_("Son nom, si c’est un autre compte"), max_length=64, required=False
    )

    def __init__(self, *args: Any, rows: Sequence[Row], header: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        titles = next(row.cells for row in rows if row.number == header)
        below = [row.cells for row in rows if row.number > header]
        self.signature = tables.signature(titles)
        known = TableLayout.objects.filter(signature=self.signature).first()
        first = known.columns if known else tables.guess(titles)
        self.accounts = known.accounts if known else []
        if known:
            choices = [("", "–"), *((one, one) for one in self.accounts), (OTHER, gettext("un autre compte"))]
            self.fields["account"] = forms.ChoiceField(
                label=gettext("De quel compte est ce relevé\u202f?"),
                choices=choices,
                help_text=gettext("Ce fichier ne le dit pas, et deux comptes d’une banque se ressemblent."),
            )
        else:
            del self.fields["other_account"]
        self.samples = []
        for index, title in enumerate(titles):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=str(title or gettext("Colonne %d, sans titre") % (index + 1))[:SHOWN],
                choices=[("", gettext("ignorer")), *Column.choices],
                required=False,
                initial=first[index] if index < len(first) else "",
            )
            found = [str(row[index]) for row in below if index < len(row) and row[index] not in (None, "")]
            self.samples.append([one[:SHOWN] for one in found[:SAMPLES]])

    @property
    def codes(self) -> list[str]:
        return [self.cleaned_data.get(f"column_{index}", "") for index in range(len(self.samples))]

    def columns(self) -> list[tuple[Any, list[str]]]:
        return [(self[f"column_{index}"], values) for index, values in enumerate(self.samples)]

    @property
    def account_name(self) -> str:
        return str(self.cleaned_data.get("other_account") or self.cleaned_data["account"])

    def clean_other_account(self) -> str:
        written = str(self.cleaned_data["other_account"])
        if self.cleaned_data.get("account") != OTHER:
            return ""
        if not written:
            raise ValidationError(gettext("Donnez un nom à ce compte."))
        if written.casefold() in {one.casefold() for one in self.accounts}:
            raise ValidationError(gettext("Ce compte est déjà dans la liste."))
        return written

    def clean(self) -> dict[str, Any]:
        once = [code for code in self.codes if code and code != Column.LABEL]
        for index, code in enumerate(self.codes):
            if code in once and self.codes.index(code) < index:
                self.add_error(f"column_{index}", gettext("Une autre colonne est déjà celle-là."))
        if Column.BOOKED not in once:
            raise ValidationError(gettext("Dites quelle colonne est la date de l’opération."))
        if not {Column.AMOUNT, Column.CREDIT} & {*once}:
            raise ValidationError(
                gettext("Dites quelle colonne est le montant, ou lesquelles sont le crédit et le débit.")
            )
        return self.cleaned_data


def likely_titles(rows: Sequence[Row]) -> dict[int, str]:
    """The first rows by their number, as one recognises them."""
    first = [row for row in rows if row.number <= tables.HEADER_WITHIN]
    return {row.number: " | ".join(str(cell) for cell in row.cells if cell)[:SHOWN] for row in first}
