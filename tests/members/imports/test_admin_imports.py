import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journal.models import Entry
from members import tasks
from members.models import ImportBatch, Member
from tests.admin import told, typed, unlabelled
from tests.factories import create_college, create_member, create_plan, create_user
from tests.members.imports.files import apply, preview, receive, table, workbook
from tests.uploads import PDF, upload

pytestmark = pytest.mark.django_db
State = ImportBatch.State
ADD = reverse("admin:members_importbatch_add")
CONTENT = table(
    "Liste 2026",
    "Prénom;Nom;Courriel;Ville;Surnom",
    "Zoé;Démo;zoe@example.org;Sète;Zouzou",
    "Léo;Faux;leo@;=1+1;",
)


def page_of(batch, name="change"):
    return reverse(f"admin:members_importbatch_{name}", args=[batch.pk])


def create_importer(*codenames):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture(autouse=True)
def college():
    return create_college()


@pytest.fixture
def staff(client):
    user = create_importer("import_member", "view_member")
    client.force_login(user)
    return user


@pytest.fixture
def send(client, staff):
    """`send(content)` is the page that answers the upload."""
    return lambda content, name="adherents.csv": client.post(
        ADD, {"file": upload(name, content)}, follow=True
    )


def test_a_file_is_sent_mapped_looked_at_imported_and_taken_back(client, send, college, run_commit_hooks):
    columns = send(CONTENT)
    batch = ImportBatch.objects.get()
    assert columns.redirect_chain == [(page_of(batch, "columns"), 302)]
    assert unlabelled(columns) == []
    form = typed(columns)
    assert form["column_2"] == "email"
    assert (form["column_4"], form["header_row"]) == ("", "2")

    with run_commit_hooks():
        client.post(page_of(batch, "columns"), form | {"college": college.pk})
    result = client.get(page_of(batch))
    assert [(str(one.label), count) for one, count in result.context["counts"]] == [
        ("création", 1),
        ("modification", 0),
        ("sans changement", 0),
        ("erreur", 1),
    ]
    assert "Importer 1 ligne" in result.text
    assert Member.objects.count() == 0

    with run_commit_hooks():
        client.post(page_of(batch, "apply"))
    assert [str(one) for one in Member.objects.all()] == ["Zoé Démo"]
    assert "On peut l’annuler jusqu’au" in client.get(page_of(batch)).text

    assert "retrouvent exactement ce qu’elles étaient" in client.get(page_of(batch, "undo")).text
    with run_commit_hooks():
        client.post(page_of(batch, "undo"))
    assert Member.objects.count() == 0
    assert "tout est comme avant l’import" in client.get(page_of(batch)).text


def test_the_journal_says_who_brought_a_file_and_what_became_of_it(send, client, staff):
    send(CONTENT)
    batch = ImportBatch.objects.get()

    [entry] = Entry.objects.filter(reference=str(batch.token))
    assert (entry.action, entry.actor, entry.label) == (Entry.Action.CREATED, staff, "adherents.csv")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Le fichier soumis est vide."),
        (b"\r\n\r\n", "Ce fichier est vide."),
        (PDF, "Ce fichier n’est ni un CSV ni un classeur XLSX."),
        (workbook(["Nom"], ["=1+1"]), "Des formules de ce classeur n’ont pas été calculées"),
        (b"Nom\n" + b"Demo\n" * 60_000, "Ce fichier a plus de 50\u202f000 lignes"),
        (b"Nom\n" + b"x" * 20_000_000, "Ce fichier dépasse 20\u00a0Mo."),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_next_to_the_field(send, content, said):
    page = send(content)

    assert page.status_code == 400
    [error] = page.context["form"].errors["file"]
    assert error.startswith(said)
    assert ImportBatch.objects.count() == 0


def test_another_row_of_titles_is_chosen(client, staff):
    client.post(ADD, {"file": upload("x.csv", table("a;b", "Nom;Ville", "E-mail;Tél", "zoe@example.org;06"))})
    batch = ImportBatch.objects.get()

    first = client.get(page_of(batch, "columns")).context["form"]
    other = client.get(page_of(batch, "columns"), {"titres": "3"}).context["form"]

    assert [first.header_row, other.header_row] == [2, 3]
    assert [field.label for field, _samples in other.columns()] == ["E-mail", "Tél"]
    assert [samples for _field, samples in other.columns()] == [["zoe@example.org"], ["06"]]
    assert client.get(page_of(batch, "columns"), {"titres": "99"}).context["form"].header_row == 2


def test_three_values_of_each_column_are_shown(send):
    page = send(table("Nom;Ville", "Un;Agde", "Deux;", "Trois;Sète", "Quatre;Mèze", "Cinq;Lunel"))

    samples = [values for _field, values in page.context["form"].columns()]
    assert samples == [["Un", "Deux", "Trois"], ["Agde", "Sète", "Mèze"]]


def test_choices_are_remembered_for_the_next_file_with_these_columns(send, client, run_commit_hooks):
    page = send(CONTENT)
    first = ImportBatch.objects.get()
    with run_commit_hooks():
        client.post(page_of(first, "columns"), typed(page, column_3="", column_4="city"))

    again = typed(send(CONTENT))

    assert [again[f"column_{index}"] for index in range(5)] == [
        "first_name",
        "last_name",
        "email",
        "",
        "city",
    ]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"column_4": "email"}, "column_4", "La colonne «\u00a0Courriel\u00a0» est déjà ce champ."),
        ({"column_4": "licorne"}, "column_4", "Sélectionnez un choix valide."),
        ({"column_1": "", "column_2": ""}, "__all__", "Dites au moins quelle colonne est le nom"),
        ({"college": "999999"}, "college", "Sélectionnez un choix valide."),
    ],
)
def test_a_wrong_choice_is_said_and_nothing_is_lost(send, client, changes, field, said):
    page = send(CONTENT)
    batch = ImportBatch.objects.get()

    answer = client.post(page_of(batch, "columns"), typed(page, column_0="city", column_3="") | changes)

    assert answer.status_code == 400
    assert answer.context["form"].errors[field][0].startswith(said)
    assert typed(answer)["column_0"] == "city"
    batch.refresh_from_db()
    assert batch.state == State.RECEIVED


def test_rows_are_filtered_paged_and_lead_to_the_records(client, staff, college):
    members = [create_member(first_name="Zoé", last_name="Démo", birth_year=1980) for _ in range(2)]
    rows = [f"Prénom;Nom {number};n{number}@example.org;1980;citoyens" for number in range(60)]
    batch = preview(table("Prénom;Nom;E-mail;Naissance;Collège", *rows, "Zoé;Démo;;1980;citoyens"))

    first, second = (client.get(page_of(batch), {"page": page}) for page in (1, 2))
    errors = client.get(page_of(batch), {"resultat": "error"})

    assert [len(page.context["rows"]) for page in (first, second, errors)] == [50, 11, 1]
    for member in members:
        assert reverse("admin:members_member_change", args=[member.pk]) in errors.text
    assert "Plusieurs fiches correspondent." in errors.text
    assert len(client.get(page_of(batch), {"page": "x", "resultat": "licorne"}).context["rows"]) == 50


def test_a_change_is_shown_from_what_to_what(client, staff):
    create_member(email="zoe@example.org", city="Agde")
    batch = preview(table("E-mail;Ville", "zoe@example.org;Sète"))

    text = client.get(page_of(batch)).text

    assert "<li>Ville\u00a0: <del>Agde</del> → <ins>Sète</ins>" in text


def test_changes_are_in_the_order_of_the_fields(client, staff, college):
    batch = preview(table("Ville;E-mail;Nom;Prénom;Collège", "Sète;zoe@example.org;Démo;Zoé;citoyens"))

    [row] = client.get(page_of(batch)).context["rows"]

    labels = [change.label for change in row.changes]
    assert labels == ["Nature", "Prénom", "Nom", "Adresse e-mail", "Ville", "Collège"]


def test_the_page_runs_as_many_queries_for_many_rows_as_for_one(client, staff, college):
    counts = []
    for size in (1, 40):
        rows = [f"Nom {number};n{number}@example.org;citoyens" for number in range(size)]
        batch = preview(table("Nom;E-mail;Collège", *rows))
        client.get(page_of(batch))
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(batch))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_errors_are_taken_away_as_a_table_that_runs_no_formula(client, staff):
    batch = preview(table("Ville;E-mail;Nom", "Sète;zoe@;=1+1"))

    answer = client.get(page_of(batch, "errors"))

    lines = answer.getvalue().decode("utf-8-sig").splitlines()
    assert lines == [
        "Ligne;Colonne;Erreur;Ce que la ligne dit",
        "2;adresse e-mail;Saisissez une adresse de courriel valide.;'=1+1, Sète",
    ]
    assert Entry.objects.filter(action=Entry.Action.EXPORTED, object_id=batch.pk).count() == 1


# Who, and when


def test_who_may_import_finds_the_button_and_nobody_else(client, staff):
    members = reverse("admin:members_member_changelist")
    assert ADD in client.get(members).text

    client.force_login(create_importer("view_member", "change_member", "add_member"))
    assert ADD not in client.get(members).text


@pytest.mark.parametrize("name", ["change", "columns", "undo", "errors", "apply"])
def test_an_import_is_not_for_whoever_may_only_edit_members(client, name):
    batch = preview(CONTENT)
    client.force_login(create_importer("view_member", "change_member", "add_member"))

    answer = client.post(page_of(batch, name)) if name == "apply" else client.get(page_of(batch, name))

    assert answer.status_code == 403
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"file": upload("x.csv", CONTENT)}).status_code == 403
    assert client.get(reverse("admin:members_importbatch_changelist")).status_code == 403
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize("name", ["change", "columns", "undo", "errors", "apply"])
def test_a_forged_number_is_no_import(client, staff, name):
    address = reverse(f"admin:members_importbatch_{name}", args=[999_999])

    answer = client.post(address) if name == "apply" else client.get(address)

    assert answer.status_code == 404
    assert client.get("/admin/members/importbatch/abc/change/").status_code == 404


def test_an_act_that_comes_too_late_says_where_things_stand(client, staff, run_commit_hooks, college):
    batch = apply(preview(table("Nom;E-mail;Collège", "Démo;zoe@example.org;citoyens")))

    answers = [client.post(page_of(batch, name), {}, follow=True) for name in ("apply", "columns")]
    batch.undo(by=staff)
    answers.append(client.post(page_of(batch, "undo"), {}, follow=True))

    late = ["C’est déjà fait, ou en cours\u00a0: voici où en est cet import."]
    assert [told(one) for one in answers] == [late] * 3
    assert Member.objects.count() == 1


def test_nothing_is_applied_by_opening_an_address(client, staff):
    batch = preview(CONTENT)

    assert client.get(page_of(batch, "apply")).status_code == 405


def test_while_it_is_worked_on_the_page_can_only_be_looked_at_again(client, staff):
    batch = receive(CONTENT)

    text = client.get(page_of(batch)).text

    assert "L’aperçu se prépare en arrière-plan." in text
    assert "Actualiser" in text
    assert page_of(batch, "apply") not in text


def test_an_erased_import_says_that_it_is_over(client, staff, college):
    batch = apply(preview(table("Nom;E-mail;Collège", "Démo;zoe@example.org;citoyens")))
    batch.erase()

    page = client.get(page_of(batch))

    assert "cet import ne s’annule plus" in page.text
    assert page_of(batch, "undo") not in page.text
    assert told(client.get(page_of(batch, "undo"), follow=True)) != []


def test_a_refused_undo_lists_the_rows(client, staff, college, run_commit_hooks):
    create_plan(name="Citoyens", college=college)
    batch = apply(preview(table("Nom;E-mail;Collège", "Démo;zoe@example.org;citoyens")))
    Member.objects.update(phone="0611111111")

    with run_commit_hooks():
        client.post(page_of(batch, "undo"))

    assert "Ligne 2\u00a0: Ce qui a été importé a été modifié depuis." in client.get(page_of(batch)).text


def test_the_list_of_imports_leads_to_each(client, staff):
    batch = preview(CONTENT)

    page = client.get(reverse("admin:members_importbatch_changelist"))

    assert page_of(batch) in page.text
    assert tasks.finish_imports() == 0
