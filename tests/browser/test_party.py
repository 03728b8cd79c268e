"""A family of three, told as they live it: one waits, one gives the place to a friend, one cannot come."""

from decimal import Decimal

import pytest
from django.core import mail

from events.models import Booking, Event, Price, Question
from payments.models import Refund
from tests import factories
from tests.browser.keyboard import tab_to

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("daytime")]


def mails_to(address):
    return [message for message in mail.outbox if message.to == [address]]


def subjects_to(address):
    return [message.subject.split("\u00a0:")[0] for message in mails_to(address)]


def booking_link(address):
    [*_, message] = [one for one in mails_to(address) if "/reservations/" in one.body]
    links = [line for line in message.body.splitlines() if "/reservations/" in line]
    return next(link for link in links if not link.endswith(".pdf"))


def ask_for_three(page, event):
    page.goto(event)
    page.get_by_role("link", name="Rejoindre la liste d’attente").click()
    page.get_by_label("Votre nom").fill("Zoé Démo")
    page.get_by_label("Votre adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Ajouter une personne").click()
    page.get_by_role("button", name="Ajouter une personne").click()
    second, third = page.get_by_role("group", name="Personne 2"), page.get_by_role("group", name="Personne 3")
    second.get_by_label("Nom").fill("Ali Démo")
    second.get_by_label("Étudiants").check()
    third.get_by_label("Nom").fill("Léa Démo")
    third.get_by_label("Adresse e-mail").fill("lea@example.org")
    page.get_by_role("button", name="Rejoindre la liste d’attente").click()
    page.get_by_role("heading", name="Vous êtes sur la liste d’attente").wait_for()


def accept_and_pay(page):
    page.goto(booking_link("zoe@example.org"))
    page.get_by_role("heading", name="3 places vous sont proposées").wait_for()
    page.get_by_role("button", name="Accepter et payer 45,00").click()
    page.get_by_role("button", name="Payer 45,00").click()
    page.get_by_role("heading", name="Bac à sable de paiement").wait_for()
    page.get_by_role("button", name="Payer 45,00").click()
    page.goto(booking_link("zoe@example.org"))
    page.get_by_role("heading", name="Vos 3 places sont confirmées").wait_for()


def give_the_place_of_ali_to_a_friend(page):
    page.get_by_role("link", name="la place : Ali Démo").click()
    page.get_by_label("Nom de la personne qui viendra").fill("Ami Démo")
    page.get_by_label("Son adresse e-mail").fill("ami@example.org")
    page.get_by_role("button", name="Donner la place").click()
    page.get_by_text("Ami Démo").first.wait_for()


def give_the_place_of_lea_back(page):
    page.goto(booking_link("zoe@example.org"))
    page.get_by_role("link", name="la place : Léa Démo").click()
    page.get_by_role("button", name="Rendre la place").click()
    page.get_by_text("C’est fait.").wait_for()


def test_a_family_waits_for_three_then_one_gives_the_place_and_one_cancels(page, site, console):
    event = factories.create_event(title="Atelier du samedi", price=Decimal(20), capacity=4)
    full = event.prices.get()
    students = factories.create_price(event, Decimal(5), name="Étudiants", for_whom=Price.ForWhom.STUDENTS)
    holder = factories.register(event, "avant@example.org", places=4, price=full)
    factories.pay(holder)

    ask_for_three(page, site + event.get_absolute_url())
    assert "Votre rang\u00a0: 1" in page.locator("main").inner_text()

    # Four places come free: three are offered to them, and to nobody else.
    holder.cancel()
    assert subjects_to("zoe@example.org")[-1] == "Des places se sont libérées pour vous"
    accept_and_pay(page)

    give_the_place_of_ali_to_a_friend(page)
    assert subjects_to("ami@example.org") == ["Une place vous est donnée"]
    page.goto(booking_link("ami@example.org"))
    page.get_by_role("heading", name="Votre place est confirmée").wait_for()
    assert "zoe@example.org" not in page.content()

    give_the_place_of_lea_back(page)
    family = Booking.objects.get(email="zoe@example.org")
    assert [place.name for place in family.places] == ["Zoé Démo", "Ami Démo"]
    assert {place.price for place in family.places} == {students, full}
    assert list(family.charge.refunds.values_list("amount", flat=True)) == [Decimal(20)]
    assert Refund.objects.count() == 2
    assert Event.objects.get().places_taken == 2


def questions_of(event):
    Question.objects.create(event=event, label="Comment venez-vous", kind="choix", choices="Tram\nVélo")
    Question.objects.create(event=event, label="Votre métier", is_required=True)


def test_a_whole_booking_by_keyboard_alone(page, site, console):
    event = factories.create_event(price=Decimal(20))
    questions_of(event)
    page.goto(site + event.get_absolute_url())

    tab_to(page, "M’inscrire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inscription/")
    tab_to(page, "Votre nom")
    page.keyboard.type("Zoé Démo")
    tab_to(page, "Votre adresse e-mail")
    page.keyboard.type("zoe@example.org")
    tab_to(page, "Tram")
    page.keyboard.press("Space")
    tab_to(page, "Votre métier")
    page.keyboard.type("Infirmière")
    tab_to(page, "M’inscrire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/paiements/**")
    tab_to(page, "Payer 20,00")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Bac à sable de paiement").wait_for()
    tab_to(page, "Payer 20,00")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reservations/**")
    page.get_by_role("heading", name="Votre place est confirmée").wait_for()
    tab_to(page, "Je ne peux pas venir")
    page.keyboard.press("Enter")
    tab_to(page, "Annuler mon inscription")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Cette inscription est annulée").wait_for()

    assert sorted(answer.text for answer in Booking.objects.get().answers.all()) == ["Infirmière", "Tram"]


def test_a_whole_booking_without_javascript(browser, browser_context_args, site):
    event = factories.create_event(price=Decimal(20))
    questions_of(event)
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()

    page.goto(site + event.get_absolute_url())
    page.get_by_role("link", name="M’inscrire").first.click()
    page.get_by_label("Votre nom").fill("Zoé Démo")
    page.get_by_label("Votre adresse e-mail").fill("zoe@example.org")
    page.get_by_role("button", name="Ajouter une personne").click()
    page.get_by_role("group", name="Personne 1").get_by_label("Votre métier").fill("Infirmière")
    page.get_by_role("group", name="Personne 2").get_by_label("Nom").fill("Ali Démo")
    page.get_by_role("button", name="Inscrire 2 personnes").click()
    page.get_by_role("heading", name="Il reste quelque chose à corriger").wait_for()
    page.get_by_role("group", name="Personne 2").get_by_label("Votre métier").fill("Retraité")
    page.get_by_role("button", name="Inscrire 2 personnes").click()
    page.get_by_role("button", name="Payer 40,00").click()
    page.get_by_role("button", name="Payer 40,00").click()
    page.goto(booking_link("zoe@example.org"))

    page.get_by_role("heading", name="Vos 2 places sont confirmées").wait_for()
    context.close()
