"""The form for one person or several: prices, codes, questions, needs."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import AccessNeed, Booking, Price, Question
from tests.events.test_views import errors, post
from tests.factories import (
    create_event,
    create_member,
    create_membership,
    create_price,
    create_promo_code,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db
STATE = Booking.State
FAMILY = {"count": 3, "name_2": "Ali Démo", "email_2": "ali@example.org", "name_3": "Léa Démo"}


def names(booking):
    return [(place.name, place.email) for place in booking.places]


def url(name, *args):
    return reverse(f"bookings:{name}", args=args)


# The form


def test_a_family_of_three_comes_in_one_booking(client):
    post(client, create_event(), **FAMILY)

    assert names(Booking.objects.get()) == [
        ("Zoé Démo", "zoe@example.org"),
        ("Ali Démo", "ali@example.org"),
        ("Léa Démo", "zoe@example.org"),
    ]


def test_one_more_person_keeps_all_that_was_typed_and_blames_nobody(client):
    response = post(client, create_event(), count=1, more="1", name="Zoé Démo", email="zo")

    page = response.content.decode()
    assert response.status_code == 200
    assert 'value="zo"' in page
    assert 'name="name_2"' in page
    assert "error-summary" not in page
    assert Booking.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"count": "2", "fewer": "1"}, 1),
        ({"count": "1", "fewer": "1"}, 1),
        ({"count": "5", "more": "1"}, 5),
        ({"count": "99999999999", "more": "1"}, 2),
        ({"count": "-4", "more": "1"}, 2),
        ({"count": "²", "more": "1"}, 2),
        ({"more": "1"}, 2),
    ],
)
def test_the_form_is_for_one_person_to_as_many_as_the_event_allows(client, fields, expected):
    response = post(client, create_event(max_places=5), **fields)

    assert response.context["form"].count == expected


def test_the_number_of_people_may_come_with_the_link(client):
    page = client.get(reverse("events:event_register", args=[create_event().slug]) + "?places=3")

    assert page.context["form"].count == 3


def test_everybody_but_the_first_has_a_name(client):
    response = post(client, create_event(), **FAMILY | {"name_3": ""})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["name_3"]
    assert 'value="ali@example.org"' in response.content.decode()


def test_each_person_has_a_price_of_their_own(client):
    event = create_event(price=Decimal(20))
    full, student = event.prices.get(), create_price(event, Decimal(5), for_whom=Price.ForWhom.STUDENTS)

    response = post(client, event, **FAMILY, price_1=full.pk, price_2=student.pk, price_3=student.pk)

    booking = Booking.objects.get()
    assert response["Location"] == booking.charge.get_absolute_url()
    assert [place.amount for place in booking.places] == [20, 5, 5]


@pytest.mark.parametrize("forged", ["0", "999999", "abc", ""])
def test_a_forged_price_is_refused_beside_its_field(client, forged):
    event = create_event(price=Decimal(20))
    create_price(event, Decimal(5), for_whom=Price.ForWhom.STUDENTS)

    response = post(client, event, price_1=forged)

    assert (response.status_code, list(response.context["form"].errors)) == (400, ["price_1"])


def test_a_reserved_price_is_offered_to_nobody_else_and_not_had_by_its_number(client):
    event = create_event(price=Decimal(20))
    create_price(event, Decimal(18), name="Étudiants", for_whom=Price.ForWhom.STUDENTS)
    member = create_price(event, Decimal(0), name="Adhérents", for_whom=Price.ForWhom.MEMBERS)

    response = post(client, event, price_1=member.pk)

    assert response.status_code == 400
    assert [price.name for price in response.context["prices"]] == ["Plein tarif", "Étudiants"]


def test_a_member_is_offered_the_member_price_first(client):
    user = create_user()
    create_membership(create_member(user=user))
    event = create_event(price=Decimal(20), member_price=Decimal(12))
    client.force_login(user)

    form = client.get(reverse("events:event_register", args=[event.slug])).context["form"]

    assert form["price_1"].initial == str(event.prices.get(amount=12).pk)


def test_a_price_sold_out_meanwhile_is_refused_in_words_and_nothing_is_lost(client):
    event = create_event(price=Decimal(20), capacity=10)
    early = create_price(event, Decimal(10), quota=1)
    page = client.get(reverse("events:event_register", args=[event.slug]))
    assert len(page.context["prices"]) == 2
    register(event, price=early)

    response = post(client, event, price_1=early.pk)

    assert errors(response) == ["Ce tarif est épuisé : choisissez-en un autre."]
    assert 'value="zoe@example.org"' in response.content.decode()
    assert event.bookings.count() == 1


def test_a_price_that_ended_meanwhile_is_never_replaced_by_a_dearer_one(client):
    event = create_event(price=Decimal(20))
    early = create_price(event, Decimal(10))
    Price.objects.filter(pk=early.pk).update(closes_at=timezone.now() - timedelta(minutes=1))

    response = post(client, event, price_1=early.pk)

    assert errors(response) == ["Ce tarif n’est plus proposé : voyez ceux qui restent."]
    assert event.bookings.count() == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("INCONNU", "Ce code n’existe pas pour cet événement."),
        ("epuise", "Ce code a déjà servi autant de fois qu’il le pouvait."),
    ],
)
def test_a_code_that_is_refused_says_why_beside_its_field(client, code, message):
    event = create_event(price=Decimal(20))
    create_promo_code(event, "EPUISE", percent=50, max_uses=1)
    register(event, code="EPUISE")

    response = post(client, event, code=code)

    assert (response.status_code, response.context["form"].errors) == (409, {"code": [message]})


def test_a_code_opens_the_price_that_was_made_for_it(client):
    event = create_event(price=Decimal(20))
    speakers = create_price(event, Decimal(0), name="Intervenants", for_whom=Price.ForWhom.MEMBERS)
    create_promo_code(event, "PAROLE", price=speakers)

    post(client, event, code="parole", **FAMILY)

    assert {place.price for place in Booking.objects.get().places} == {speakers}


def test_a_chosen_amount_is_read_as_it_is_written_in_french(client):
    event = create_event()
    create_price(event, Decimal(5), is_chosen=True)

    post(client, event, amount_1="12,50")

    assert Booking.objects.get().amount == Decimal("12.50")


def test_too_small_an_amount_is_refused(client):
    event = create_event()
    create_price(event, Decimal(5), is_chosen=True)

    response = post(client, event, amount_1="2")

    assert errors(response) == ["Le montant choisi est inférieur au minimum de ce tarif."]


def test_each_kind_of_question_is_asked_and_kept(client):
    event = create_event()
    kinds = {
        "courte": "Biologiste",
        "longue": "Première ligne\r\nSeconde",
        "choix": "Bus",
        "plusieurs": ["Bus", "Train"],
        "oui-non": "oui",
        "nombre": "3",
    }
    questions = {
        kind: Question.objects.create(
            event=event, label=kind, kind=kind, is_required=True, choices="Bus\nTrain\nVélo"
        )
        for kind in kinds
    }
    once = Question.objects.create(event=event, label="Une fois", asked_of=Question.AskedOf.BOOKING)

    answers = {f"question{question.pk}_1": kinds[kind] for kind, question in questions.items()}
    response = post(client, event, **answers, **{f"question{once.pk}": "Affiche"})

    assert response.status_code == 302
    booking = Booking.objects.get()
    kept = {answer.question.label: answer.lines for answer in booking.answers.all()}
    assert kept == {
        "courte": ["Biologiste"],
        "longue": ["Première ligne", "Seconde"],
        "choix": ["Bus"],
        "plusieurs": ["Bus", "Train"],
        "oui-non": ["oui"],
        "nombre": ["3"],
        "Une fois": ["Affiche"],
    }
    assert booking.answers.get(question=once).registration is None


@pytest.mark.parametrize(("kind", "value"), [("choix", "Avion"), ("nombre", "trois"), ("courte", "")])
def test_an_answer_that_is_none_is_refused_beside_its_question(client, kind, value):
    event = create_event()
    question = Question.objects.create(
        event=event, label="?", kind=kind, is_required=True, choices="Bus\nTrain"
    )

    response = post(client, event, **{f"question{question.pk}_1": value})

    assert (response.status_code, list(response.context["form"].errors)) == (
        400,
        [f"question{question.pk}_1"],
    )


def test_a_need_is_asked_of_each_person(client):
    post(client, create_event(), **FAMILY, need_2="Fauteuil roulant")

    assert [(need.registration.name, need.text) for need in AccessNeed.objects.all()] == [
        ("Ali Démo", "Fauteuil roulant")
    ]


def test_an_organisation_is_invoiced_where_the_event_allows_it(client):
    event = create_event(price=Decimal(20), allows_invoice=True)

    response = post(client, event, invoice_to="CHU de Montpellier\n191 avenue du Doyen")

    booking = Booking.objects.get()
    assert response["Location"] == booking.get_absolute_url()
    assert (booking.state, booking.charge.amount_due) == (STATE.CONFIRMED, 20)
    assert (
        "Il reste à régler 20,00\u00a0€, par virement."
        in client.get(booking.get_absolute_url()).content.decode()
    )


def test_members_only_says_to_sign_in(client):
    response = post(client, create_event(is_members_only=True))

    assert errors(response) == [
        "Cet événement est réservé aux adhérents à jour\u00a0: connectez-vous avec votre compte."
    ]


def test_when_only_students_may_choose_nothing_is_presumed(client):
    event = create_event()
    create_price(event, Decimal(5), for_whom=Price.ForWhom.STUDENTS)

    page = client.get(reverse("events:event_register", args=[event.slug]))
    response = post(client, event)

    assert page.status_code == 200
    assert (response.status_code, Booking.objects.get().amount) == (302, 5)


def test_a_form_restored_for_another_event_books_that_event(client):
    first, second, key = create_event(), create_event(), uuid4()

    post(client, first, request_key=key)
    post(client, second, request_key=key)

    assert [event.bookings.count() for event in (first, second)] == [1, 1]


def test_a_wrong_address_and_a_missing_name_are_told_in_plain_words(client):
    response = post(client, create_event(), email="zoe@", count=2, name_2="", email_2="ali")

    incomplete = "Cette adresse e-mail n’est pas complète, par exemple nom@exemple.fr."
    assert sorted(errors(response)) == [incomplete, incomplete, "Indiquez le nom de cette personne."]
    assert "Inscrire 2 personnes</button>" in response.text
