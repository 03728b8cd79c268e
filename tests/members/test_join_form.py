"""The form of a plan: it asks what this plan needs, says what it gives, and loses nothing of what was typed."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from mailing.models import Email
from members import renewals
from members.models import Application, Kind, Mandate, Plan
from tests.factories import (
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_user,
)
from tests.members.applying import ORGANISATION, PERSON, errors, fields, member_until, send, submit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield


# What is asked


def test_a_person_is_asked_only_what_the_plan_needs(client):
    plain = client.get(create_plan().get_absolute_url())
    full = create_plan(
        asks_address=True, max_terms=3, is_amount_chosen=True, proof="always", proof_label="Une carte"
    )

    person = ["first_name", "last_name", "email", "phone", "birth_year"]
    assert fields(plain) == [*person, "wants_directory"]
    assert fields(client.get(full.get_absolute_url())) == [
        *person,
        *["address", "postcode", "city", "country", "terms", "amount", "proof", "message"],
        "wants_directory",
    ]


def test_an_organisation_gives_what_an_invoice_needs_then_who_applies(client):
    plan = create_plan(kind=Kind.ORGANISATION, seats_included=3)
    plan.prices.create(amount=Decimal(200), from_headcount=50, since=date(2020, 1, 1))

    assert fields(client.get(plan.get_absolute_url())) == [
        *["organisation", "siret", "headcount", "seats", "address", "postcode", "city", "country"],
        *["billing_email", "purchase_order", "service_code", "engagement_number"],
        *["first_name", "last_name", "email", "phone"],
    ]


@pytest.mark.parametrize(
    ("name", "number"), [("seats", "10001"), ("headcount", "10000001"), ("headcount", "9" * 40)]
)
def test_a_number_that_no_organisation_has_is_refused_beside_its_field(client, name, number):
    plan = create_plan(kind=Kind.ORGANISATION, seats_included=3)
    plan.prices.create(amount=Decimal(200), from_headcount=50, since=date(2021, 1, 1), seat_amount=Decimal(5))
    plan.prices.create(amount=Decimal(100), since=date(2021, 1, 1), seat_amount=Decimal(5))

    response = send(client, plan, **{"headcount": "60", "seats": "3", name: number})

    assert response.status_code == 400
    assert list(errors(response)) == [name]
    assert not Application.objects.exists()


def test_an_organisation_joins_online(client):
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(100))

    response = send(client, plan, purchase_order="BC-12", billing_email="Compta@Example.org")

    application = Application.objects.get()
    assert response["Location"] == application.charge.get_absolute_url()
    assert (application.siret, application.purchase_order) == ("732829320", "BC-12")
    assert application.charge.email == "compta@example.org"
    assert application.charge.name == "Société d’essai"


@pytest.mark.parametrize("number", ["732829321", "73282932000075", "12", "abc"])
def test_a_wrong_number_of_company_is_said_beside_its_field(client, number):
    response = send(client, create_plan(kind=Kind.ORGANISATION), siret=number)

    assert (response.status_code, list(errors(response))) == (400, ["siret"])
    assert 'aria-describedby="id_siret_helptext id_siret_error"' in response.text
    assert f'value="{number}"' in response.text


@pytest.mark.parametrize("year", ["1899", "2027", "mille"])
def test_a_birth_year_is_a_year_that_has_been(client, year):
    assert list(errors(send(client, create_plan(), birth_year=year))) == ["birth_year"]


def test_what_is_known_of_a_member_is_typed_already(client):
    user = create_user(first_name="Zoé", last_name="Démo")
    create_member(user=user, email=user.email, phone="04 00 00 00 00")
    client.force_login(user)

    page = client.get(create_plan().get_absolute_url())

    assert page.context["form"]["phone"].value() == "04 00 00 00 00"
    assert page.context["form"]["email"].value() == user.email


def test_a_stranger_is_told_to_sign_in_first_and_a_member_is_not(client):
    plan = create_plan()
    words = "Si vous êtes déjà membre, connectez-vous d’abord"

    assert words in client.get(plan.get_absolute_url()).text
    client.force_login(create_user())
    assert words not in client.get(plan.get_absolute_url()).text


# What it gives


def preview(client, plan, **typed):
    return send(client, plan, preview="1", **typed)


def test_the_total_follows_what_is_typed_and_nothing_is_written(client):
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(100), seats_included=2)
    plan.prices.create(
        amount=Decimal(300), from_headcount=50, since=date(2020, 1, 1), seat_amount=Decimal(10)
    )

    page = preview(client, plan, headcount="80", seats="5", email="", organisation="Tapée à moitié")

    assert page.status_code == 200
    assert page.context["offer"].total == Decimal(330)
    assert "3 places en plus" in page.text
    assert "330,00\u00a0€" in page.text
    assert errors(page) == {}
    assert 'value="Tapée à moitié"' in page.text
    assert (Application.objects.count(), Email.objects.count()) == (0, 0)


def test_several_periods_are_offered_with_their_last_day(client):
    plan = create_plan(period=Plan.Period.CALENDAR, max_terms=3, price=Decimal(40))

    page = client.get(plan.get_absolute_url())
    twice = preview(client, plan, terms="2")

    assert "jusqu’au 31 décembre 2028" in page.text
    assert (twice.context["offer"].ends_on, twice.context["offer"].total) == (date(2027, 12, 31), Decimal(80))


def test_a_chosen_amount_has_a_minimum(client):
    plan = create_plan(is_amount_chosen=True, price=Decimal(40))

    refused = send(client, plan, amount="39,99")
    send(client, plan, amount="65,50")

    assert (refused.status_code, errors(refused)) == (
        409,
        {"amount": ["Le montant minimum est de 40,00\u00a0€."]},
    )
    assert 'value="39,99"' in refused.text
    assert Application.objects.get().amount == Decimal("65.50")


@pytest.mark.parametrize(("field", "typed"), [("terms", "9"), ("seats", "-1"), ("headcount", "0x10")])
def test_a_forged_choice_is_refused_beside_its_field(client, field, typed):
    plan = create_plan(kind=Kind.ORGANISATION, seats_included=2, max_terms=2)
    plan.prices.create(amount=Decimal(300), from_headcount=50, since=date(2020, 1, 1))
    good = {"terms": "1", "seats": "2", "headcount": "10"}

    assert list(errors(send(client, plan, **good | {field: typed}))) == [field]


def test_more_seats_than_the_plan_sells_are_refused_beside_their_field(client):
    response = send(client, create_plan(kind=Kind.ORGANISATION, seats_included=2), seats="3")

    assert errors(response) == {"seats": ["Cette formule ne va pas au-delà de 2 places."]}


def test_asking_for_the_total_again_and_again_does_not_use_up_the_right_to_apply(client):
    plan = create_plan(max_terms=2)

    statuses = {preview(client, plan, terms="2").status_code for _ in range(15)}

    assert statuses == {200}
    assert send(client, plan, terms="1").status_code == 302


# Renewing


def test_a_renewal_says_how_many_days_it_adds(client):
    client.force_login(member_until(date(2026, 12, 31)))

    page = client.get(create_plan().get_absolute_url()).text

    assert "Renouveler maintenant ajoute 365 jours." in page
    assert "1er\u00a0janvier 2027" in page


def test_a_renewal_that_is_too_early_is_refused_before_and_at_the_post(client):
    plan = create_plan(renewal_opens_days=30)
    client.force_login(member_until(date(2027, 6, 30), plan))

    before, response = client.get(plan.get_absolute_url()), send(client, plan, phone="04 00")

    assert "Le renouvellement ouvrira le 31 mai 2027." in before.text
    assert '<form class="form"' not in before.text
    assert (response.status_code, errors(response)) == (
        409,
        {"__all__": ["Le renouvellement ouvrira le 31 mai 2027."]},
    )
    assert 'value="04 00"' in response.text
    assert Application.objects.count() == 0


def test_a_renewal_that_adds_no_day_is_refused(client):
    dates = {"fixed_starts_on": date(2026, 9, 1), "fixed_ends_on": date(2027, 8, 31)}
    plan = create_plan(period=Plan.Period.FIXED, renewal_opens_days=366, **dates)
    client.force_login(member_until(date(2027, 8, 31), plan))

    assert "Cela n’ajouterait aucun jour" in client.get(plan.get_absolute_url()).text
    assert send(client, plan).status_code == 409
    assert Application.objects.count() == 0


def test_who_acts_for_an_organisation_renews_it_and_a_stranger_does_not(client):
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(100))
    organisation = create_organisation(siret="732829320", city="Montpellier", headcount=12)
    create_membership(organisation, plan=plan, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    user, other = create_user("noe@example.org"), create_user()
    Mandate.objects.create(organisation=organisation, role="titular", user=user)
    address = f"{plan.get_absolute_url()}?organisation={organisation.pk}"
    client.force_login(user)

    page, offered = client.get(address), client.get(plan.get_absolute_url())
    send(client, plan, address, organisation=str(organisation), email="noe@example.org")

    application = Application.objects.get()
    assert f'href="{address}"' in offered.text
    assert page.context["form"]["city"].value() == "Montpellier"
    assert page.context["form"]["email"].value() == "noe@example.org"
    assert "Renouveler maintenant ajoute 365 jours." in page.text
    assert (application.member, application.starts_on) == (organisation, date(2027, 1, 1))
    assert application.charge is not None
    client.force_login(other)
    assert client.get(address).status_code == 404
    assert send(client, plan, address).status_code == 404
    assert client.get(f"{plan.get_absolute_url()}?organisation=x").status_code == 404


def test_the_link_of_a_reminder_renews_without_an_account_and_shows_no_more_than_the_name(client):
    plan = create_plan(approval="newcomers")
    member = create_member(email="zoe@example.org", phone="04 67", birth_year=1984)
    create_membership(member, plan=plan, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    address = f"{plan.get_absolute_url()}?lien={renewals.token_for(member, plan)}"

    page = client.get(address)
    send(client, plan, address)

    application = Application.objects.get()
    assert page.context["form"]["email"].value() == "zoe@example.org"
    assert [page.context["form"][name].value() for name in ("phone", "birth_year")] == [None, None]
    assert (application.member, application.state, application.starts_on) == (
        member,
        "accepted",
        date(2027, 1, 1),
    )


def test_who_types_the_number_of_an_organisation_waits_for_the_board(client):
    plan = create_plan(kind=Kind.ORGANISATION)
    organisation = create_organisation(siret="732829320")
    create_membership(organisation, plan=plan)

    send(client, plan)

    application = Application.objects.get()
    assert (application.state, application.member) == ("submitted", organisation)


def test_who_only_types_the_address_of_a_member_is_treated_as_a_newcomer(client):
    plan = create_plan(approval="newcomers")
    create_membership(create_member(email="zoe@example.org"), plan=plan)

    send(client, plan)

    assert Application.objects.get().state == "submitted"


# An application under way


def test_who_has_one_under_way_and_is_signed_in_is_led_to_it(client):
    user = create_user("zoe@example.org")
    first = submit(create_plan(approval="everybody"), user=user)
    client.force_login(user)

    response = send(client, create_plan(), email="ZOE@example.org")

    assert response["Location"] == first.get_absolute_url()


def test_who_only_types_the_address_gets_no_link_and_the_address_does_once_an_hour(client):
    first = submit(create_plan())
    client.force_login(create_user("mallory@example.org"))

    responses = [send(client, create_plan()) for _ in range(3)]

    links = Email.objects.filter(key__startswith="members.application_under_way")
    assert [response.status_code for response in responses] == [409] * 3
    assert list(errors(responses[0])) == ["email"]
    assert str(first.token) not in responses[0].text
    assert first.plan.name not in responses[0].text
    assert [email.to for email in links] == ["zoe@example.org"]
    assert first.get_absolute_url() in links[0].text
    with time_machine.travel("2026-11-23 13:01 +01:00"):
        send(client, create_plan())
    assert links.all().count() == 2


def test_one_address_applies_for_two_organisations(client):
    plan = create_plan(kind=Kind.ORGANISATION)

    send(client, plan)
    send(client, plan, organisation="Une autre", siret="552 100 554")

    assert Application.objects.count() == 2


# The list of plans


def test_the_list_says_how_each_period_runs_and_what_is_asked(client):
    rolling = create_plan(position=1)
    create_plan(position=2, period="calendar", late_join="by_month", approval="newcomers")
    create_plan(position=3, period="calendar", late_join="next_free", free_from_month=10, free_from_day=1)
    create_plan(position=4, period="fixed", fixed_starts_on=date(2026, 9, 1), fixed_ends_on=date(2027, 8, 31))
    create_plan(position=5, proof="always", proof_label="carte de l’année", approval="everybody")
    organisation = create_plan(kind=Kind.ORGANISATION)
    organisation.prices.create(amount=Decimal(90), from_headcount=50, since=date(2020, 1, 1))

    page = client.get(reverse("members:plan_list"))

    assert [plan.terms for plan in page.context["plans"] if plan.kind == Kind.PERSON] == [
        ["12 mois à partir du paiement"],
        [
            "Année civile 2026",
            "En cours de période, on ne paie que les mois qui restent, celui-ci compris",
            "Le bureau accepte les nouvelles demandes avant le paiement",
        ],
        ["Année civile 2026", "Qui adhère maintenant a aussi toute l’année 2027"],
        ["Du 1er\u00a0septembre 2026 au 31 août 2027"],
        [
            "12 mois à partir du paiement",
            "Le bureau accepte chaque demande avant le paiement",
            "Justificatif demandé\u00a0: carte de l’année",
        ],
    ]
    assert page.text.count("à partir de</span>") == 1
    assert f'href="{organisation.get_absolute_url()}"' in page.text
    assert f'href="{rolling.get_absolute_url()}"' in page.text


def test_the_day_from_which_the_next_year_is_given_is_said_before_it(client):
    create_plan(period="calendar", late_join="next_free", free_from_month=10, free_from_day=1)

    with time_machine.travel("2026-03-01 12:00 +01:00"):
        page = client.get(reverse("members:plan_list")).text

    assert "Qui adhère à partir du 1er\u00a0octobre a aussi toute l’année suivante" in page


def test_the_typed_person_is_who_is_written(client):
    send(client, create_plan(), phone="04 67 00 00 00", birth_year="1984")

    application = Application.objects.get()
    assert (application.person_name, application.email) == ("Zoé Démo", PERSON["email"])
    assert (application.phone, application.birth_year) == ("04 67 00 00 00", 1984)


def test_the_list_costs_the_same_for_one_plan_and_for_many(client, django_assert_num_queries):
    address = reverse("members:plan_list")
    for _ in range(12):
        create_plan()

    with django_assert_num_queries(1):
        assert len(client.get(address).context["plans"]) == 12


def test_an_organisation_says_who_it_is(client):
    send(client, create_plan(kind=Kind.ORGANISATION))

    assert Application.objects.get().city == ORGANISATION["city"]
