"""Staff import a file in the browser; each page of it, light and dark, narrow and wide, has no fault for axe."""

import pytest
from django.urls import reverse

from documents.models import Export
from members.models import ImportBatch, Member
from tests import factories
from tests.browser.test_every_page import complaints_of, faults, session_of
from tests.members.imports.files import table

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "Association de démonstration de la Méditerranée occidentale et de l’arrière-pays"


@pytest.fixture
def content(tmp_path, monkeypatch):
    monkeypatch.setitem(vars(Export._meta.get_field("file").storage), "location", str(tmp_path))
    factories.create_plan(name="Citoyens", college=factories.create_college())
    factories.create_member(first_name="Zoé", last_name="Démo", email="zoe@example.org", city="Agde")
    rows = [f"Camille;Essai {n};c{n}@example.org;Lattes;citoyens;01/01/2026;40" for n in range(60)]
    return table(
        "Liste des adhérents 2026",
        "Prénom;Nom;Courriel;Ville;Formule;Début;Montant;Surnom",
        f"Zoé;Démo;zoe@example.org;{LONG};;;;Zouzou",
        "Léo;Faux;leo@;Sète;poètes;31/02/2026;x;",
        *rows,
    )


def test_a_file_is_imported_and_taken_back(browser, browser_context_args, site, content):
    context = browser.new_context(
        **browser_context_args, color_scheme="dark", viewport={"width": 1280, "height": 900}
    )
    context.add_cookies(session_of(factories.create_staff(), site))
    page = context.new_page()
    complaints = complaints_of(page)
    found = {}

    def look(name):
        if told := faults(page, ("dark", 1280)):
            found[name] = told

    page.goto(site + reverse("admin:members_member_changelist"))
    page.get_by_role("link", name="Importer", exact=True).click()
    look("upload")
    page.get_by_label("Fichier").set_input_files(
        {"name": "adherents.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Lire ce fichier").click()
    look("columns")
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    look("result")
    page.get_by_role("link", name="Erreur 1").click()
    look("errors")
    page.get_by_role("button", name="Importer 61 lignes").click()
    look("applied")
    assert Member.objects.count() == 61
    page.get_by_role("link", name="Annuler cet import").click()
    look("undo")
    page.get_by_role("button", name="Annuler cet import").click()
    look("undone")
    context.close()

    assert (found, complaints) == ({}, [])
    assert Member.objects.count() == 1
    assert ImportBatch.objects.get().state == ImportBatch.State.UNDONE
