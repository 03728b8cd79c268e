from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import Place, Price, Registration
from members.models import Application, Kind, Mandate
from payments import transfer
from tests.factories import (
    create_booking,
    create_event,
    create_mandate,
    create_membership,
    create_organisation,
    create_plan,
    create_price,
    create_promo_code,
    create_user,
    register,
)

pytestmark = pytest.mark.django_db
Role = Mandate.Role


def days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def organisation():
    return create_organisation("Coopérative d’essai", seats=4)


@pytest.fixture
def titular(client, organisation):
    user = create_user("titulaire@demo.example")
    client.force_login(user)
    return create_mandate(organisation, user, is_voting=True, first_name="Zoé")


@pytest.fixture
def read(client, organisation, titular):
    return lambda: client.get(reverse("organisation", args=[organisation.pk]))


def test_it_says_the_standing_in_its_own_words(read, organisation):
    create_membership(organisation)

    page = read()

    assert organisation.standing().title in page.text
    assert "Adhésion «\u00a0" in page.text


def test_it_counts_the_seats_and_shows_who_has_them(read, organisation, titular):
    create_mandate(organisation, role=Role.COLLEAGUE, first_name="Lou", last_name="Essai")
    organisation.invite("sam@example.org", by=titular.user)

    page = read()

    assert "3 places prises ou promises sur 4." in page.text
    assert "Il en reste 1." in page.text
    assert "Lou Essai" in page.text
    assert "sam@example.org" in page.text.replace("<wbr>", "")


def test_a_full_organisation_has_no_form_to_invite(read, organisation):
    organisation.seats = 1
    organisation.save(update_fields=["seats"])

    page = read()

    assert "Il n’y a plus de place libre" in page.text
    assert reverse("organisations:invite", args=[organisation.pk]) not in page.text


def test_a_mandate_that_ends_soon_is_said(read, organisation, titular):
    soon = create_mandate(organisation, last_name="Bientôt", ends_on=days(20))
    create_mandate(organisation, last_name="Plus-tard", ends_on=days(60))

    assert list(read().context["ending"]) == [soon]


def test_nobody_who_votes_is_said(read, titular):
    assert "Personne ne vote" not in read().text
    Mandate.objects.update(is_voting=False)
    assert "Personne ne vote" in read().text


def test_the_link_of_a_domain_is_there_to_copy(read, organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)

    assert f'<code id="lien-{domain.pk}">{domain.link}</code>' in read().text
    assert domain.link.startswith("http")


# Money


def _apply(organisation, user, plan, **fields):
    person = {"first_name": "Zoé", "last_name": "Démo", "email": "titulaire@demo.example"}
    return Application.submit(
        plan,
        **person | fields,
        organisation=organisation.organisation,
        request_key=uuid4(),
        user=user,
        member=organisation,
    )


def test_a_renewal_is_offered_with_its_days_and_its_price(read, organisation):
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(300))
    create_membership(organisation, plan=plan, ends_on=days(20))

    page = read()

    assert page.context["offer"].starts_on == days(21)
    assert "300,00\u00a0€" in page.text
    assert f'href="{plan.get_absolute_url()}?organisation={organisation.pk}"' in page.text


def test_a_renewal_that_is_not_open_says_when_it_will(read, organisation):
    create_membership(organisation, plan=create_plan(kind=Kind.ORGANISATION), ends_on=days(300))

    assert "Le renouvellement ouvrira le" in read().text


def test_what_is_due_is_paid_from_here(read, organisation, titular, settings):
    settings.BANK = {"holder": "Association d’essai", "iban": "FR7630006000011234567890189", "bic": ""}
    plan = create_plan(kind=Kind.ORGANISATION, price=Decimal(300))
    application = _apply(organisation, titular.user, plan)

    page = read()

    assert list(page.context["charges"]) == [application.charge]
    assert f'href="{application.charge.get_absolute_url()}"' in page.text
    assert transfer.reference_of(application.charge) in page.text


def test_a_lapsed_organisation_is_still_entered_to_renew(read, organisation):
    create_membership(
        organisation, plan=create_plan(kind=Kind.ORGANISATION), starts_on=days(-500), ends_on=days(-135)
    )

    page = read()

    assert page.status_code == 200
    assert "Pas à jour" in page.text
    assert "Renouveler l’adhésion" in page.text


# What colleagues do


@pytest.fixture
def colleague(organisation):
    user = create_user("lou@example.org")
    create_mandate(organisation, user, role=Role.COLLEAGUE)
    return user


def shown(page):
    return [place.email for place in page.context["registrations"]]


def test_a_place_at_the_price_of_the_organisation_is_its_business(read, organisation, colleague):
    price = create_price(create_event(), for_whom=Price.ForWhom.ORGANISATION, organisation=organisation)
    create_booking(price.event, email="lou@example.org", price=price)

    assert shown(read()) == ["lou@example.org"]


def test_a_place_by_the_code_of_the_organisation_is_its_business(read, organisation, colleague):
    event = create_event(price=Decimal(20))
    price = create_price(event, for_whom=Price.ForWhom.ORGANISATION, organisation=organisation)
    code = create_promo_code(event, "COOP", price=price)
    create_booking(event, email="lou@example.org")
    Registration.objects.update(promo_code=code)

    assert shown(read()) == ["lou@example.org"]


def test_a_place_invoiced_to_the_organisation_is_its_business(read, organisation, colleague):
    create_booking(
        create_event(), email="lou@example.org", invoice_to="COOPÉRATIVE D’ESSAI\n34000 Montpellier"
    )

    assert shown(read()) == ["lou@example.org"]


def test_a_place_with_an_address_of_the_domain_is_its_business(read, organisation, titular):
    organisation.add_domain("demo.example", by=titular.user)
    create_booking(create_event(), email="titulaire@demo.example")

    assert shown(read()) == ["titulaire@demo.example"]


def test_what_a_colleague_does_for_themselves_is_not_shown(read, organisation, titular, colleague):
    organisation.add_domain("demo.example", by=titular.user)
    create_booking(create_event(), email="lou@example.org")
    create_booking(create_event(), email="lou@example.org", invoice_to="Une autre société")

    page = read()

    assert shown(page) == []
    assert "Aucune inscription faite pour l’organisation" in page.text


def test_a_stranger_with_an_address_of_the_domain_is_not_shown(read, organisation, titular):
    organisation.add_domain("demo.example", by=titular.user)
    create_booking(create_event(), email="inconnu@demo.example")

    assert shown(read()) == []


def test_who_has_left_and_what_is_past_or_given_back_is_not_shown(read, organisation, titular, colleague):
    price = create_price(create_event(), for_whom=Price.ForWhom.ORGANISATION, organisation=organisation)
    booking = create_booking(price.event, email="lou@example.org", price=price)
    past = create_price(
        create_event(starts_in=timedelta(days=-3)),
        for_whom=Price.ForWhom.ORGANISATION,
        organisation=organisation,
    )
    create_booking(past.event, email="lou@example.org", price=past)
    assert shown(read()) == ["lou@example.org"]

    booking.registrations.get().give_back()
    assert shown(read()) == []

    Registration.objects.update(cancelled_at=None)
    organisation.mandates.get(user=colleague).withdraw(by=titular.user)
    assert shown(read()) == []


def test_nothing_but_the_event_the_date_and_the_name_is_shown(read, organisation, titular):
    organisation.add_domain("demo.example", by=titular.user)
    event = create_event(title="Rencontre d’essai")
    booking = register(
        event, "titulaire@demo.example", places=[Place("Zoé Démo", access_need="Une boucle magnétique")]
    )

    page = read()

    assert "Rencontre d’essai" in page.text
    assert "Zoé Démo" in page.text
    assert "boucle magnétique" not in page.text
    assert str(booking.token) not in page.text
    assert str(booking.registrations.get().code) not in page.text


def test_a_hundred_colleagues_cost_no_more_queries_than_one(read, organisation, titular):
    organisation.seats = None
    organisation.save(update_fields=["seats"])
    organisation.add_domain("demo.example", by=titular.user)
    create_membership(organisation)

    def add(count):
        for number in range(count):
            email = f"c{Mandate.objects.count()}-{number}@demo.example"
            create_mandate(organisation, email=email, role=Role.COLLEAGUE, ends_on=days(10))
            create_booking(create_event(), email=email)
            organisation.invite(f"i{Mandate.objects.count()}-{number}@example.org", by=titular.user)

    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read()
        return len(queries)

    add(1)
    read()
    one = count()
    add(99)

    assert count() == one
    assert one < 40
