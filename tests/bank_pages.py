"""The pages where staff match the bank, in every state, for the tests that look at all pages."""

from decimal import Decimal

from django.urls import reverse

from payments.models import Statement, TableLayout
from payments.statements import importing, tables
from tests import factories
from tests.payments.statements import samples


def paths_of_bank():
    """The inbox, a line in each state, and a statement before and after it is imported."""
    staff = factories.create_staff()
    charges = [factories.create_charge(amount, name="Camille Démo") for amount in (40, 15)]
    to_do = factories.create_line(55, label="ADHESION ET ATELIER, ANTICONSTITUTIONNELLEMENT PARLANT" * 2)
    doubtful, matched = factories.create_line(40, twin=to_do), factories.create_line(20, twin=to_do)
    aside = factories.create_line(900, payer="HELLOASSO")
    matched.tell_apart(by=staff)
    matched.pay({charges[0].pk: Decimal(20)}, by=staff)
    aside.set_aside("helloasso", by=staff)
    factories.create_line(900, payer="HELLOASSO", label="VERSEMENT")
    factories.create_line(30, method="helloasso", bank_id="P-1", payer="Zoé Essai", email="zoe@example.org")
    charges[1].record_payment(method="cash", amount=Decimal(20), reference="trop")
    left = factories.create_line(-5, payer="CAMILLE DEMO")
    sent, table, done = (
        Statement.objects.create(filename=name, format=format, content=content, sha256="85" * 32)
        for name, format, content in [
            ("releve-de-janvier.xml", "camt053", samples.CAMT),
            ("releve.csv", "csv", samples.TABLE),
            ("releve.ofx", "ofx", samples.OFX),
        ]
    )
    importing.take_in(done, by=staff)
    rows = tables.first_rows(samples.TABLE)
    titles = next(row.cells for row in rows if row.number == tables.header_row(rows))
    TableLayout.objects.create(
        signature=tables.signature(titles), columns=tables.guess(titles), account="Compte courant"
    )
    names = ["statementline_changelist", "statement_changelist", "statement_add", "payeralias_changelist"]
    return [
        *[reverse(f"admin:payments_{name}") for name in names],
        *[
            f"{reverse('admin:payments_statementline_changelist')}?state={state}"
            for state in ("doubtful", "all")
        ],
        *[
            reverse("admin:payments_statementline_change", args=[one.pk])
            for one in (to_do, doubtful, matched, aside, left)
        ],
        f"{reverse('admin:payments_statementline_change', args=[to_do.pk])}?q=camille",
        *[reverse("admin:payments_statement_change", args=[one.pk]) for one in (sent, done)],
        reverse("admin:payments_statement_columns", args=[table.pk]),
    ]
