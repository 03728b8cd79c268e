from collections.abc import Iterator

from django.utils.translation import gettext as _

from documents.spreadsheets import Cell
from members.imports.columns import COLUMNS
from members.models import ImportBatch, ImportRow


class Errors:
    """The refused rows of an import, a line for each reason."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch

    @property
    def title(self) -> str:
        return _("Erreurs")

    @property
    def header(self) -> list[str]:
        return [_("Ligne"), _("Colonne"), _("Erreur"), _("Ce que la ligne dit")]

    def __iter__(self) -> Iterator[list[Cell]]:
        rows = self.batch.rows.filter(outcome=ImportRow.Outcome.ERROR)
        for row in rows.iterator():
            said = ", ".join(str(value) for value in row.values.values())
            for column, told, _members in row.problems:
                yield [row.number, label_of(column), told, said]


def label_of(column: str) -> str:
    """As staff read it; empty for the row as a whole."""
    others = {"period": _("adhésion"), "mandate": _("mandat")}
    return str(COLUMNS[column].label) if column in COLUMNS else others.get(column, "")
