"""The main job, told as people do it, in Chromium against the running server."""

from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from members.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "un-mot-de-passe-long"


def last_link(to):
    """The first page of our site in the last mail to this person."""
    message = [message for message in mail.outbox if message.to == [to]][-1]
    return next(
        line for line in message.body.splitlines() if line.startswith("http") and not line.endswith(".pdf")
    )


def sign_in(page, site, user, path):
    page.goto(site + path)
    page.get_by_label("Adresse e-mail").fill(user.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def test_a_visitor_registers_for_a_free_event_and_cancels(page, site, console):
    factories.create_event(title="L’IA à l’hôpital", capacity=10)

    page.goto(site)
    page.get_by_role("link", name="L’IA à l’hôpital").first.click()
    page.get_by_role("link", name="M’inscrire").first.click()
    page.get_by_label("Votre nom").fill("Zoé Démo")
    page.get_by_label("Votre adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="M’inscrire").click()
    page.get_by_role("heading", name="Votre place est confirmée").wait_for()

    page.goto(last_link("zoe@example.org"))
    page.get_by_text("Je ne peux pas venir").click()
    page.get_by_role("button", name="Annuler mon inscription").click()
    page.get_by_role("heading", name="Cette inscription est annulée").wait_for()

    assert [message.subject for message in mail.outbox] == [
        "Votre inscription est confirmée\u00a0: L’IA à l’hôpital",
        "Votre inscription est annulée\u00a0: L’IA à l’hôpital",
    ]


def test_a_mistake_is_said_beside_the_field_and_nothing_typed_is_lost(page, site, console):
    event = factories.create_event()

    page.goto(site + reverse("events:event_register", args=[event.slug]))
    page.get_by_label("Votre nom").fill("Zoé Démo")
    page.get_by_label("Votre adresse e-mail").fill("zoe@")
    with (
        page.expect_response(lambda response: response.request.method == "POST") as answer,
        page.expect_console_message(lambda message: "status of 400" in message.text),
    ):
        page.get_by_role("button", name="M’inscrire").click()

    console.clear()  # the browser has reported the 400 itself
    assert answer.value.status == 400
    assert page.get_by_label("Votre nom").input_value() == "Zoé Démo"
    assert page.get_by_label("Votre adresse e-mail").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.className").split()[-1] == "error-summary"


def test_a_visitor_joins_pays_and_finds_the_active_membership_in_the_account_that_was_made(
    page, site, console
):
    factories.create_plan(name="Plein tarif", price=Decimal(40))

    page.goto(site + reverse("members:plan_list"))
    page.get_by_role("link", name="Choisir").click()
    page.get_by_label("Prénom").fill("Zoé")
    page.get_by_label("Nom", exact=True).fill("Démo")
    page.get_by_label("Adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Continuer vers le paiement").click()
    page.get_by_role("button", name="Payer 40,00").click()
    page.get_by_role("heading", name="Bac à sable de paiement").wait_for()
    page.get_by_role("button", name="Payer 40,00").click()
    page.get_by_text("Votre adhésion est active").wait_for()
    assert [message.to for message in mail.outbox] == [["zoe@example.org"]]

    sign_in_by_code(page, site, "zoe@example.org", reverse("account"))

    until = timezone.localdate() + timedelta(days=300)
    assert "À jour jusqu’au" in page.locator("main").inner_text()
    assert until < Membership.objects.get().ends_on


def sign_in_by_code(page, site, email, path):
    """Without a password: whoever joins has an account that their mailbox opens."""
    page.goto(f"{site}{reverse('account_request_login_code')}?next={path}")
    page.get_by_label("Adresse e-mail").fill(email)
    page.locator("main form button[type=submit]").first.click()
    page.locator("input[name=code]").fill(code_in(mail.outbox[-1]))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(site + path)


def code_in(message):
    """The code stands alone on its line."""
    return next(
        line.strip()
        for line in message.body.splitlines()
        if len(line.strip()) == 9 and line.strip()[4] == "-"
    )


def test_a_refused_card_leaves_the_membership_unpaid_and_says_so(page, site, console):
    factories.create_plan(price=Decimal(40))

    page.goto(site + reverse("members:plan_list"))
    page.get_by_role("link", name="Choisir").click()
    page.get_by_label("Prénom").fill("Zoé")
    page.get_by_label("Nom", exact=True).fill("Démo")
    page.get_by_label("Adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Continuer vers le paiement").click()
    page.get_by_role("button", name="Payer 40,00").click()
    page.get_by_role("button", name="Carte refusée").click()

    page.get_by_text("Nous n’avons pas reçu de paiement").wait_for()
    assert page.get_by_role("button", name="Payer 40,00").is_visible()


def test_staff_with_a_second_factor_publishes_an_event_and_sees_the_registration(
    page, site, console, totp_code
):
    user = factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    event = factories.create_event(title="Atelier du soir", status=Event.Status.DRAFT)

    sign_in(page, site, user, reverse("admin:index"))
    page.locator("input[name=code]").fill(totp_code(secret))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(site + reverse("admin:index"))
    page.goto(site + reverse("admin:events_event_change", args=[event.pk]))
    page.get_by_role("button", name="Publier").click()
    event.refresh_from_db()
    assert event.status == Event.Status.PUBLISHED

    factories.register(event, "zoe@example.org", name="Zoé Démo")
    page.goto(site + reverse("admin:events_registration_changelist") + f"?event={event.pk}")
    assert page.locator("#result_list tbody tr").count() == 1
    assert "Zoé Démo" in page.locator("#result_list").inner_text()


def test_staff_without_a_second_factor_are_led_to_its_set_up(page, site, console):
    user = factories.create_user("equipe@example.org", is_staff=True, is_superuser=True)

    sign_in(page, site, user, reverse("admin:index"))

    page.wait_for_url(site + reverse("mfa_index"))
    assert Authenticator.objects.count() == 0


def test_registering_works_by_keyboard_alone(page, site, console):
    event = factories.create_event()
    page.goto(site + reverse("events:event_register", args=[event.slug]))

    page.get_by_label("Votre nom").focus()
    page.keyboard.type("Zoé Démo")
    page.keyboard.press("Tab")
    page.keyboard.type("zoe@example.org")
    page.keyboard.press("Enter")  # sends the form, and adds nobody to it

    page.get_by_role("heading", name="Votre place est confirmée").wait_for()


def test_registering_works_without_javascript(browser, browser_context_args, site):
    event = factories.create_event()
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()

    page.goto(site + event.get_absolute_url())
    page.get_by_role("link", name="M’inscrire").first.click()
    page.get_by_label("Votre nom").fill("Zoé Démo")
    page.get_by_label("Votre adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="M’inscrire").click()

    page.get_by_role("heading", name="Votre place est confirmée").wait_for()
    context.close()


def test_the_links_of_the_header_and_the_footer_carry_no_bullet(page, site, console):
    page.goto(site)

    styles = page.eval_on_selector_all(
        ".site-header ul, .site-footer ul", "lists => lists.map(list => getComputedStyle(list).listStyleType)"
    )

    assert set(styles) == {"none"}
