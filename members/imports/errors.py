from collections.abc import Iterable, Iterator

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
            said = ", ".join(str(row.values[column]) for column in in_order(row.values))
            for column, told, _members in row.problems:
                yield [row.number, label_of(column), told, said]


def label_of(column: str) -> str:
    """As staff read it; empty for the row as a whole."""
    others = {"period": _("adhésion"), "mandate": _("mandat")}
    return str(COLUMNS[column].label) if column in COLUMNS else others.get(column, "")


def in_order(columns: Iterable[str]) -> list[str]:
    """As the fields are listed: the database keeps no order."""
    ranks = {code: rank for rank, code in enumerate(COLUMNS)}
    return sorted(columns, key=lambda code: ranks.get(code, len(ranks)))
