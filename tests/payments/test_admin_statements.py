"""Importing a statement: what it would bring is seen first."""

import pytest
from django.urls import reverse

from payments.models import Statement, StatementLine, TableLayout
from tests.admin import assert_same_queries, told, typed, unlabelled
from tests.factories import create_role
from tests.payments.statements import samples
from tests.uploads import PDF, upload

pytestmark = pytest.mark.django_db
STATEMENTS = reverse("admin:payments_statement_changelist")
ADD = reverse("admin:payments_statement_add")


@pytest.fixture
def staff(client):
    client.force_login(create_role("Trésorerie"))
    return client


def url(statement, verb="change"):
    return reverse(f"admin:payments_statement_{verb}", args=[statement.pk])


def send(client, content, name="releve.xml"):
    return client.post(ADD, {"file": upload(name, content)}, follow=True)


def import_(client):
    return client.post(url(Statement.objects.latest("pk"), "import"), follow=True)


def counts(response):
    plan = response.context["plan"]
    return [len(part) for part in plan]


@pytest.mark.parametrize(("content", "found"), [(samples.CAMT, [6, 0, 0, 1]), (samples.OFX, [4, 0, 0, 0])])
def test_what_a_statement_brings_is_shown_before_it_is_imported(staff, content, found):
    response = send(staff, content)

    assert counts(response) == found
    assert not StatementLine.objects.exists()

    done = import_(staff)
    assert told(done) == [f"Relevé importé\u00a0: {found[0]} lignes nouvelles, 0 doubles possibles."]
    assert StatementLine.objects.count() == found[0]
    assert done.redirect_chain[-1][0] == reverse("admin:payments_statementline_changelist")


def test_lines_that_are_not_read_are_told_with_their_rank(staff):
    page = send(staff, samples.CAMT).text

    assert "Ligne 6\u00a0: Cette opération est en USD" in page


def test_the_same_file_again_brings_nothing_and_says_so(staff):
    send(staff, samples.OFX)
    import_(staff)

    response = send(staff, samples.OFX, name="le même.ofx")

    assert counts(response) == [0, 0, 4, 0]
    assert "Ce même fichier a déjà été importé le" in response.text
    assert "Importer 0" not in response.text


def test_a_table_of_a_bank_is_explained_once(staff):
    columns = send(staff, samples.TABLE, name="banque.csv")
    statement = Statement.objects.get()
    shown = [values for _field, values in columns.context["form"].columns()]
    preview = staff.post(url(statement, "columns"), typed(columns), follow=True)

    assert shown[0][:2] == ["05/01/2026", "05/01/2026"]
    assert counts(preview) == [4, 0, 0, 2]
    import_(staff)
    assert set(StatementLine.objects.values_list("account", flat=True)) == {"Compte courant"}

    asked = send(staff, samples.TABLE, name="banque.csv")
    again = staff.post(
        url(Statement.objects.latest("pk"), "columns"), typed(asked, account="Compte courant"), follow=True
    )
    assert counts(again) == [0, 0, 4, 2]
    assert TableLayout.objects.count() == 1


def test_whose_account_a_table_is_of_is_asked_each_time_and_a_second_one_keeps_its_own_lines(staff):
    columns = send(staff, samples.TABLE, name="courant.csv")
    staff.post(url(Statement.objects.get(), "columns"), typed(columns))
    import_(staff)

    asked = send(staff, samples.TABLE, name="livret.csv")
    second = Statement.objects.latest("pk")
    refusals = [
        staff.post(url(second, "columns"), typed(asked, **changes))
        for changes in ({}, {"account": "+"}, {"account": "+", "other_account": "Compte courant "})
    ]
    preview = staff.post(
        url(second, "columns"), typed(asked, account="+", other_account="Livret"), follow=True
    )

    assert [name for name, _label in asked.context["form"].fields["account"].choices] == [
        "",
        "Compte courant",
        "+",
    ]
    assert [list(one.context["errors"]) for one in refusals] == [
        ["account"],
        ["other_account"],
        ["other_account"],
    ]
    assert counts(preview) == [4, 0, 0, 2]
    assert "Livret" in preview.text
    import_(staff)
    assert StatementLine.objects.filter(account="Livret").count() == 4
    third = send(staff, samples.TABLE, name="livret.csv").context["form"]
    assert third["account"].value() is None
    assert [name for name, _label in third.fields["account"].choices] == [
        "",
        "Compte courant",
        "Livret",
        "+",
    ]
    assert unlabelled(asked) == []


@pytest.mark.parametrize("content", [b"\n;;\nQuoi;Combien\n1;2\n", b"\n" * 30 + b"Quoi;Combien\n1;2\n"])
def test_a_table_that_begins_with_blank_rows_and_unknown_titles_is_explained(staff, content):
    page = send(staff, content, name="banque.csv")

    assert page.status_code == 200
    assert len(page.context["form"].columns()) == 2


def test_the_row_of_titles_is_chosen_and_columns_are_seen_again(staff):
    send(staff, samples.TABLE, name="banque.csv")
    statement = Statement.objects.get()

    other = staff.get(url(statement, "columns"), {"titres": "1"})
    assert other.context["form"].header == 1

    page = staff.get(url(statement, "columns"))
    staff.post(url(statement, "columns"), typed(page, account="Livret"))
    again = staff.get(url(statement, "columns"))
    assert again.context["form"]["account"].value() == "Livret"
    assert unlabelled(again) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column_0": ""}, "Dites quelle colonne est la date de l’opération."),
        ({"column_5": "", "column_6": ""}, "Dites quelle colonne est le montant"),
        ({"column_7": "booked_on"}, "Une autre colonne est déjà celle-là."),
        ({"account": ""}, "obligatoire"),
    ],
)
def test_columns_that_do_not_make_a_statement_are_refused(staff, changes, message):
    page = send(staff, samples.TABLE, name="banque.csv")

    response = staff.post(url(Statement.objects.get(), "columns"), typed(page, **changes))

    assert response.status_code == 400
    assert message in response.text
    assert not TableLayout.objects.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "vide"),
        (b" \n", "Ce fichier est vide."),
        (PDF, "Ce n’est pas un relevé que l’on peut lire"),
        (samples.BOMB, "Ce fichier XML contient des définitions"),
        (samples.CAMT[:3000], "Ce fichier XML est coupé ou abîmé"),
        (b"x" * 20_000_000, "Ce fichier dépasse 10\u00a0Mo"),
    ],
)
def test_what_is_not_a_statement_is_refused_beside_the_field(staff, content, message):
    response = send(staff, content)

    assert response.status_code == 400
    assert message in response.context["errors"]["file"][0]
    assert not Statement.objects.exists()


def test_a_file_that_stops_before_its_end_is_said_so_and_can_be_forgotten(staff):
    response = send(staff, samples.OFX[:900], name="coupe.ofx")
    statement = Statement.objects.get()

    assert "Ce fichier OFX s’arrête avant sa fin" in response.text
    staff.post(url(statement, "import"))
    staff.post(url(statement, "abandon"))

    assert not Statement.objects.exists()
    assert not StatementLine.objects.exists()


def test_an_imported_statement_is_neither_imported_again_nor_forgotten(staff):
    send(staff, samples.OFX)
    import_(staff)
    statement = Statement.objects.get()

    again = import_(staff)
    staff.post(url(statement, "abandon"))
    page = staff.get(url(statement)).text

    assert told(again) == ["Ce relevé est déjà importé."]
    assert Statement.objects.get() == statement
    assert statement.sha256 in page
    assert "99999 00001 00000000085" in page


def test_the_list_of_statements_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, STATEMENTS, lambda: Statement.objects.create(filename="x", format="ofx"))


def test_the_file_has_a_label(staff):
    assert unlabelled(staff.get(ADD)) == []


def test_others_import_nothing(client):
    client.force_login(create_role("Formations"))
    statement = Statement.objects.create(filename="x", format="ofx")

    assert [
        client.get(one).status_code for one in (ADD, STATEMENTS, url(statement), url(statement, "columns"))
    ] == [403] * 4
    assert client.post(url(statement, "import")).status_code == 403


@pytest.mark.parametrize("row", ["9" * 5000, "0", "-1", "²"])
def test_a_row_of_titles_that_is_not_there_is_not_followed(staff, row):
    page = send(staff, samples.TABLE, name="banque.csv")

    response = staff.post(url(Statement.objects.get(), "columns"), typed(page, header_row=row, account=""))

    assert response.status_code == 400
