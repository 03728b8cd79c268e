"""Belonging with the keys alone, and where no script runs."""

from decimal import Decimal

import pytest
from django.urls import reverse

from members.models import Application, DirectoryEntry, ImportBatch, Invitation, Member, Skill
from payments.models import StatementLine
from tests import factories
from tests.browser.keyboard import tab_to
from tests.browser.test_belonging import enter

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_joins_by_keyboard_alone(page, site, console):
    plan = factories.create_plan(price=Decimal(40), max_terms=3)
    page.goto(site + plan.get_absolute_url())

    for label, text in [("Prénom", "Zoé"), ("Nom", "Démo"), ("Adresse e-mail", "zoe@example.org")]:
        tab_to(page, label)
        page.keyboard.type(text)
    tab_to(page, "Pour combien de temps")
    page.keyboard.press("ArrowDown")
    page.locator("#offre").get_by_text("80,00").first.wait_for()
    tab_to(page, "Continuer vers le paiement")
    page.keyboard.press("Enter")

    page.get_by_role("button", name="Payer 80,00").wait_for()
    assert Application.objects.get().amount == Decimal(80)


def test_a_colleague_is_invited_by_keyboard_alone(page, site, console):
    titular = factories.create_mandate(user=factories.create_user())
    enter(page, site, titular.user)
    page.goto(site + reverse("organisation", args=[titular.organisation_id]))

    tab_to(page, "Adresse e-mail de la personne")
    page.keyboard.type("lou@example.org")
    tab_to(page, "Elle sera")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Envoyer l’invitation")
    page.keyboard.press("Enter")

    page.get_by_text("lou@example.org").first.wait_for()
    assert [(row.email, row.role) for row in Invitation.objects.all()] == [("lou@example.org", "deputy")]


def test_the_columns_of_a_file_are_chosen_by_keyboard_alone(page, site, console, tmp_path):
    table = tmp_path / "adherents.csv"
    table.write_text("Prénom;Nom;Divers\nLou;Démo;lou@example.org\n", encoding="utf-8")
    enter(page, site, factories.create_staff())
    page.goto(site + reverse("admin:members_importbatch_add"))
    page.locator("input[type=file]").set_input_files(table)
    tab_to(page, "Lire ce fichier", most=120)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Les colonnes du fichier").wait_for()

    tab_to(page, "Divers", most=120)
    page.keyboard.type("Adresse e-mail")
    tab_to(page, "Voir ce qui va se passer", most=120)
    page.keyboard.press("Enter")

    page.locator(".import-counts").wait_for()
    assert "email" in ImportBatch.objects.get().columns


def test_one_line_after_another_is_matched_by_keyboard_alone(page, site, console):
    enter(page, site, factories.create_staff())
    for name in ("Zoé Démo", "Lou Essai"):
        factories.create_charge(40, name=name)
        factories.create_line(40, payer=name.upper())
    page.goto(site + reverse("admin:payments_statementline_changelist"))

    tab_to(page, "Rapprocher", most=120)
    page.keyboard.press("Enter")
    page.wait_for_url("**#inbox")
    tab_to(page, "Rapprocher", most=4)  # the next line, without the whole page again
    page.keyboard.press("Enter")

    page.get_by_text("Rien ici").wait_for()
    assert StatementLine.objects.matched().count() == 2


@pytest.fixture
def bare(browser, browser_context_args):
    """A page where no script runs."""
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_total_is_worked_out_again_without_javascript(bare, site):
    bare.goto(site + factories.create_plan(price=Decimal(40), max_terms=3).get_absolute_url())
    bare.get_by_label("Prénom").fill("Zoé")
    bare.get_by_label("Pour combien de temps").select_option("3")

    bare.get_by_role("button", name="Mettre à jour le total").click()

    assert "120,00" in bare.locator("#offre").inner_text()
    assert bare.get_by_label("Prénom").input_value() == "Zoé"
    assert not Application.objects.exists()


def test_the_directory_is_filtered_without_javascript(bare, site):
    user = factories.create_user()
    skill, other = (Skill.objects.create(name=name, slug=name.lower()) for name in ("Vision", "Parole"))
    mine = factories.create_membership(factories.create_member(user=user, last_name="Cherchée")).member
    factories.create_entry(mine, skills=[skill])
    factories.create_entry(
        factories.create_membership(factories.create_member(last_name="Autre")).member, skills=[other]
    )
    enter(bare, site, user)
    bare.goto(site + reverse("members:directory"))

    bare.locator(".facet summary").first.click()
    bare.get_by_label(skill.name, exact=False).check()
    bare.locator(".filters").get_by_role("button", name="Filtrer").click()

    assert bare.locator(".directory-card h2").all_inner_texts() == [str(mine)]


def test_the_forms_of_the_account_work_without_javascript(bare, site):
    user = factories.create_user()
    member = factories.create_membership(factories.create_member(user=user, email=user.email)).member
    enter(bare, site, user)

    bare.goto(site + reverse("members:profile"))
    bare.get_by_label("Ville").fill("Sète")
    bare.get_by_role("button", name="Enregistrer").click()
    bare.goto(site + reverse("members:directory_entry"))
    bare.get_by_label("En une ligne").fill("Répare des robots")
    bare.get_by_role("button", name="Enregistrer la fiche").click()
    bare.get_by_role("button", name="J’accepte").click()

    assert Member.objects.get().city == "Sète"
    assert DirectoryEntry.objects.get(member=member).headline == "Répare des robots"
    assert bare.get_by_role("heading", name="Dans l’annuaire", exact=True).count() == 1


def test_a_line_of_the_bank_is_split_and_set_aside_without_javascript(bare, site):
    enter(bare, site, factories.create_staff())
    for amount in (40, 15):
        factories.create_charge(amount, name="Zoé Démo")
    line = factories.create_line(60, payer="INCONNU", label="")
    bare.goto(site + reverse("admin:payments_statementline_change", args=[line.pk]))

    bare.get_by_label("Numéro, nom ou adresse").fill("zoé")
    bare.get_by_role("button", name="Chercher").click()
    for field, amount in zip(bare.locator("td input[type=text]").all(), ("15,00", "40,00"), strict=True):
        field.fill(amount)
    bare.get_by_role("button", name="Rapprocher", exact=True).click()
    bare.get_by_label("Raison").select_option("subsidy")
    bare.get_by_role("button", name="Mettre de côté").click()

    assert StatementLine.objects.get().remainder == 0
    assert bare.get_by_role("link", name="Annuler S-").count() == 2
