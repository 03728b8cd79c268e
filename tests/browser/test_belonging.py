"""How one comes to belong, told as people do it: a person, an organisation, and the staff who keep the list."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Application, Mandate, Member, Membership, Merge
from payments.models import Charge
from tests import factories
from tests.browser.test_walks import last_link, sign_in_by_code

pytestmark = pytest.mark.django_db(transaction=True)
ADA = "ada@essai.example.org"


def enter(page, site, user):
    """As somebody who is signed in already: signing in has walks of its own."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.clear_cookies()
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])


def leave(page):
    page.context.clear_cookies()


def open_admin(page, site, model, row, suffix="change"):
    page.goto(site + reverse(f"admin:members_{model}_{suffix}", args=[row.pk]))


def pay(page):
    page.get_by_role("button", name="Payer").click()
    page.get_by_role("heading", name="Bac à sable de paiement").wait_for()
    page.get_by_role("button", name="Payer").first.click()


def test_a_person_applies_is_accepted_pays_and_shows_the_card(page, site, console):
    factories.create_plan(name="Plein tarif", price=Decimal(40), approval="newcomers")
    board = factories.create_staff("bureau@example.org")

    page.goto(site + reverse("members:plan_list"))
    page.get_by_role("link", name="Choisir").click()
    page.get_by_label("Prénom").fill("Zoé")
    page.get_by_label("Nom", exact=True).fill("Démo")
    page.get_by_label("Adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Envoyer ma demande").click()
    page.get_by_role("heading", name="Le bureau lit votre demande").wait_for()
    assert Charge.objects.count() == 0

    enter(page, site, board)
    page.goto(site + reverse("admin:index"))
    page.get_by_role("link", name="1 demande d’adhésion à décider").click()
    page.get_by_role("button", name="Accepter la demande de Zoé Démo").click()
    page.locator(".messagelist").wait_for()

    leave(page)
    page.goto(last_link("zoe@example.org"))
    pay(page)
    page.get_by_text("Votre adhésion est active").wait_for()

    sign_in_by_code(page, site, "zoe@example.org", reverse("account"))
    page.get_by_role("link", name="Voir ma carte de membre").click()
    address = page.locator(".member-card-address").get_attribute("href")
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger en PDF").click()
    assert download.value.suggested_filename.endswith(".pdf")
    leave(page)
    page.goto(address.replace(settings.SITE_URL, site))
    shown = page.locator("main").inner_text()
    assert "Zoé Démo" in shown
    assert "zoe@example.org" not in shown


def join_as_a_company(page, site, plan):
    page.goto(site + reverse("members:join", args=[plan.slug]))
    fields = {
        "Nom légal de l’organisation": "Société d’essai",
        "SIREN ou SIRET": "732 829 320 00074",
        "Adresse postale": "1 rue de l’Essai",
        "Code postal": "34000",
        "Ville": "Montpellier",
        "Votre prénom": "Ada",
        "Votre nom": "Démo",
        "Votre adresse e-mail": ADA,
    }
    for label, text in fields.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Envoyer ma demande").click()
    page.get_by_role("heading", name="Le bureau lit votre demande").wait_for()


def take_a_seat(page, site, link, name):
    """Returns who asked, and the status of the answer: 302 leads to the account, with a seat."""
    colleague = factories.create_user(f"{name}@essai.example.org", first_name=name.title(), last_name="Démo")
    enter(page, site, colleague)
    page.goto(link.replace(settings.SITE_URL, site))
    with page.expect_response(lambda response: response.request.method == "POST") as answer:
        page.get_by_role("button", name="Prendre ma place").click()
    page.wait_for_load_state()
    return colleague, answer.value.status


def accept_on_credit(page, site, application, until):
    open_admin(page, site, "application", application)
    page.get_by_role("link", name="Accepter à crédit").click()
    page.locator("main input[type=date], #content input[type=date]").fill(until.isoformat())
    page.locator(".submit-row input[type=submit]").click()
    page.locator(".messagelist").wait_for()
    application.refresh_from_db()


def record_the_transfer(page, site, charge):
    page.goto(site + reverse("admin:payments_charge_payment", args=[charge.pk]))
    page.get_by_label("Référence").fill("VIR-2026-7")
    page.locator(".submit-row input[type=submit]").click()
    page.locator(".messagelist").wait_for()


def renew_by_invoice(page, site, company, board):
    """With a purchase order, accepted on credit, settled later by a transfer."""
    cockpit = site + reverse("organisation", args=[company.pk])
    end = timezone.localdate() + timedelta(days=20)
    Membership.objects.update(starts_on=end - timedelta(days=364), ends_on=end)
    ada = Mandate.objects.get(role="titular").user
    enter(page, site, ada)
    page.goto(cockpit)
    page.get_by_role("link", name="Renouveler l’adhésion").click()
    page.get_by_label("Bon de commande").fill("BC-2026-7")
    page.get_by_role("button", name="Envoyer ma demande").click()
    page.get_by_role("heading", name="Le bureau lit votre demande").wait_for()
    renewal = Application.objects.to_decide().get()
    assert (renewal.member, renewal.purchase_order) == (company, "BC-2026-7")

    enter(page, site, board)
    accept_on_credit(page, site, renewal, end + timedelta(days=60))
    assert (renewal.membership.starts_on, renewal.charge.paid_at) == (end + timedelta(days=1), None)
    record_the_transfer(page, site, renewal.charge)
    renewal.membership.refresh_from_db()
    assert renewal.membership.credit_until is None
    enter(page, site, ada)
    page.goto(cockpit)
    assert "La suite est déjà réglée" in page.locator("main").inner_text()


def test_a_company_joins_seats_three_colleagues_by_domain_loses_one_and_renews_by_invoice(
    page, site, console
):
    plan = factories.create_plan(
        name="Entreprise", kind="organisation", price=Decimal(300), seats_included=4, approval="everybody"
    )
    board = factories.create_staff("bureau@example.org")

    join_as_a_company(page, site, plan)
    Application.objects.get().accept(by=board)
    page.goto(last_link(ADA))
    pay(page)
    page.get_by_text("Votre adhésion est active").wait_for()

    company = Member.objects.get(kind="organisation")
    cockpit = reverse("organisation", args=[company.pk])
    sign_in_by_code(page, site, ADA, cockpit)
    page.get_by_role("textbox", name="Domaine").fill("essai.example.org")
    page.get_by_role("button", name="Créer le lien").click()
    link = page.locator("[id^=lien-]").inner_text()
    taken = [take_a_seat(page, site, link, name)[1] for name in ("bob", "chloe", "dan")]
    late = take_a_seat(page, site, link, "eve")[1]
    console.clear()  # the browser has reported the 409 itself
    assert (taken, late) == ([302, 302, 302], 409)

    enter(page, site, Mandate.objects.get(first_name="Dan").user)
    page.goto(site + reverse("organisations:leave", args=[company.pk]))
    page.get_by_role("button", name="Rendre ma place").click()
    page.wait_for_url(site + reverse("account"))
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert sorted(one.first_name for one in Mandate.objects.live(on=tomorrow)) == ["Ada", "Bob", "Chloe"]

    renew_by_invoice(page, site, company, board)


def import_a_file(page, site, table):
    page.goto(site + reverse("admin:members_member_changelist"))
    page.get_by_role("link", name="Importer", exact=True).click()
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Lire ce fichier").click()
    page.get_by_role("button", name="Voir ce qui va se passer").click()
    page.get_by_role("button", name="Importer 2 lignes").click()
    page.locator(".import-counts").wait_for()


def test_the_staff_import_a_file_find_a_duplicate_merge_it_and_take_it_back(page, site, console, tmp_path):
    known = factories.create_member(
        first_name="Hélène", last_name="Démo", email="helene@example.org", phone="04 67 00 00 01"
    )
    factories.create_membership(known)
    table = tmp_path / "adherents.csv"
    table.write_text(
        "Prénom;Nom;E-mail;Téléphone;Collège\n"
        "Helene;DEMO;h.demo@example.org;0467000001;Citoyens\n"
        "Louis;Démo;louis@example.org;;Citoyens\n",
        encoding="cp1252",
    )
    enter(page, site, factories.create_staff("equipe@example.org"))

    import_a_file(page, site, table)
    assert sorted(str(member) for member in Member.objects.all()) == [
        "Helene DEMO",
        "Hélène Démo",
        "Louis Démo",
    ]
    twin = Member.objects.get(email="h.demo@example.org")
    before = list(Member.objects.order_by("pk").values())

    page.goto(site + reverse("admin:members_duplicatepair_changelist"))
    page.get_by_role("button", name="Chercher maintenant").click()
    page.goto(site + reverse("admin:members_duplicatepair_changelist"))
    page.get_by_role("link", name="Hélène Démo").click()
    page.get_by_role("button", name="Fusionner").click()
    page.locator(".messagelist").wait_for()
    kept = Member.objects.get(last_name__iexact="démo", first_name__startswith="H")
    assert (kept, kept.memberships.count()) == (known, 1)
    page.goto(site + reverse("admin:members_member_change", args=[twin.pk]))
    page.wait_for_url(site + reverse("admin:members_member_change", args=[known.pk]))

    open_admin(page, site, "merge", Merge.objects.get())
    page.get_by_role("button", name="Annuler la fusion").click()
    page.locator("#content input[type=submit]").last.click()
    page.locator(".messagelist").wait_for()
    assert list(Member.objects.order_by("pk").values()) == before
