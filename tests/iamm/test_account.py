from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import Booking
from members.models import Application, Kind
from tests import factories

pytestmark = pytest.mark.django_db
ACCOUNT = reverse("account")
State = Booking.State


@pytest.fixture
def user(client):
    user = factories.create_user("alex@example.org")
    client.force_login(user)
    return user


def _days(number):
    return timezone.localdate() + timedelta(days=number)


def _apply(plan, email="alex@example.org"):
    names = {"first_name": "Alex", "last_name": "Démo"}
    return Application.submit(plan, email=email, request_key=uuid4(), **names)


def _book(event, **fields):
    """A confirmed place, even at an event that is over."""
    return factories.create_booking(event, email="alex@example.org", **fields)


LISTS = ["members", "offers", "charges", "to_renew", "upcoming", "queued", "past"]


def _lists(page):
    return {name: list(page.context[name]) for name in LISTS if page.context[name]}


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client):
    assert client.get(ACCOUNT).url == f"{reverse('account_login')}?next={ACCOUNT}"


def test_an_empty_account_says_what_one_can_do(client, user):
    page = client.get(ACCOUNT)

    assert "À faire maintenant" not in page.text
    assert f'href="{reverse("members:plan_list")}"' in page.text
    assert f'href="{reverse("events:agenda")}"' in page.text


def test_what_is_to_pay_comes_first(client, user):
    application = _apply(factories.create_plan(price=Decimal(40)))
    booking = factories.register(factories.create_event(price=Decimal(15)), "alex@example.org")

    page = client.get(ACCOUNT)

    assert list(page.context["charges"]) == [booking.charge, application.charge]
    assert page.text.index("À faire maintenant") < page.text.index("Mes adhésions")
    assert "Payer 15,00\u00a0€" in page.text
    assert "Votre place est retenue jusqu’au" in page.text


def test_a_place_that_is_no_longer_held_is_not_to_pay(client, user, time_machine_travel):
    factories.register(factories.create_event(price=Decimal(15)), "alex@example.org")

    with time_machine_travel(minutes=21):
        page = client.get(ACCOUNT)

    assert list(page.context["charges"]) == []
    assert "place non payée à temps" in page.text


def test_it_shows_what_was_done_with_the_same_address_without_an_account(client, user):
    member = factories.create_member(email="alex@example.org")
    booking = factories.register(factories.create_event(), "alex@example.org")

    page = client.get(ACCOUNT)

    assert list(page.context["members"]) == [member]
    assert list(page.context["upcoming"]) == [booking]


def test_it_shows_nothing_of_an_address_that_is_not_proved(client):
    user = factories.create_user("alex@example.org")
    user.emailaddress_set.update(verified=False)
    factories.create_membership(factories.create_member(email="alex@example.org"))
    factories.register(factories.create_event(price=Decimal(15)), "alex@example.org")
    client.force_login(user)

    assert _lists(client.get(ACCOUNT)) == {}


def test_it_shows_nothing_of_anybody_else(client, user):
    factories.create_membership(factories.create_member(email="sam@example.org"))
    factories.register(factories.create_event(price=Decimal(15)), "sam@example.org")
    _apply(factories.create_plan(), email="sam@example.org")

    assert _lists(client.get(ACCOUNT)) == {}


def test_the_end_of_the_membership_is_said(client, user):
    member = factories.create_member(email="alex@example.org")
    factories.create_membership(member, starts_on=_days(-100), ends_on=_days(200))

    page = client.get(ACCOUNT)

    assert "À jour jusqu’au" in page.text
    assert list(page.context["to_renew"]) == []
    assert "Tout est en ordre" in page.text


@pytest.mark.parametrize(
    ("ends_in", "invited"), [(31, False), (30, True), (0, True), (-1, True), (-400, True)]
)
def test_renewal_is_proposed_from_the_first_reminder_on(client, user, ends_in, invited):
    member = factories.create_member(email="alex@example.org")
    membership = factories.create_membership(member, starts_on=_days(ends_in - 364), ends_on=_days(ends_in))

    page = client.get(ACCOUNT)

    assert list(page.context["to_renew"]) == ([membership] if invited else [])
    assert (f'href="{reverse("members:join", args=[membership.plan.slug])}"' in page.text) is invited


def test_who_has_renewed_or_is_about_to_pay_is_not_asked_again(client, user):
    member = factories.create_member(email="alex@example.org")
    ending = factories.create_membership(member, starts_on=_days(-360), ends_on=_days(4))
    assert list(client.get(ACCOUNT).context["to_renew"]) == [ending]

    _apply(ending.plan)
    assert list(client.get(ACCOUNT).context["to_renew"]) == []
    Application.objects.get().abandon()
    factories.create_membership(member, starts_on=_days(5), ends_on=_days(370))
    assert list(client.get(ACCOUNT).context["to_renew"]) == []


def test_who_acts_for_an_organisation_renews_in_its_name(client, user):
    member = factories.create_organisation(user=user)
    plan = factories.create_plan(kind=Kind.ORGANISATION)
    factories.create_membership(member, plan=plan, starts_on=_days(-360), ends_on=_days(4))

    assert f'href="{plan.get_absolute_url()}?organisation={member.pk}"' in client.get(ACCOUNT).text


def test_bookings_ahead_are_apart_from_past_and_cancelled_ones(client, user):
    later = factories.register(factories.create_event(starts_in=timedelta(days=20)), "alex@example.org")
    sooner = factories.register(factories.create_event(starts_in=timedelta(days=2)), "alex@example.org")
    cancelled = factories.register(factories.create_event(), "alex@example.org")
    cancelled.cancel()
    past = _book(factories.create_event(starts_in=timedelta(days=-3)))

    page = client.get(ACCOUNT)

    assert _lists(page) == {"upcoming": [sooner, later], "past": [cancelled, past]}


def test_an_offer_comes_before_what_is_to_pay_and_says_until_when(client, user):
    until = timezone.now() + timedelta(hours=5)
    held = factories.register(factories.create_event(price=Decimal(15)), "alex@example.org")
    offered = _book(factories.create_event(), state=State.OFFERED, expires_at=until, places=2)

    page = client.get(ACCOUNT)

    assert _lists(page) == {"offers": [offered], "charges": [held.charge]}
    assert page.text.index("2 places vous sont proposées jusqu’au") < page.text.index("Payer 15,00\u00a0€")
    assert f'href="{offered.get_absolute_url()}"' in page.text


def test_who_waits_is_apart_from_who_has_a_place(client, user):
    waiting = _book(factories.create_event(starts_in=timedelta(days=4)), state=State.WAITING)
    requested = _book(factories.create_event(starts_in=timedelta(days=9)), state=State.REQUESTED)

    page = client.get(ACCOUNT)

    assert _lists(page) == {"queued": [waiting, requested]}
    assert "Tout est en ordre" in page.text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.OFFERED, "proposition expirée"),
        (State.EXPIRED, "proposition expirée"),
        (State.REFUSED, "refusée"),
        (State.CANCELLED, "annulée"),
    ],
)
def test_what_is_settled_is_past_and_said(client, user, state, said):
    ago = timezone.now() - timedelta(minutes=1)
    booking = _book(factories.create_event(), state=state, expires_at=ago)

    page = client.get(ACCOUNT)

    assert _lists(page) == {"past": [booking]}
    assert f'<p class="tag">{said}</p>' in page.text


def test_a_party_is_shown_with_who_comes(client, user):
    event = factories.create_event(price=Decimal(15))
    factories.register(event, "alex@example.org", name="Alex", places=3)

    held = client.get(ACCOUNT).text
    factories.pay(event.bookings.get())
    confirmed = client.get(ACCOUNT).text

    assert "Vos 3 places sont retenues jusqu’au" in held
    assert "Payer 45,00\u00a0€" in held
    assert "3 places\u00a0: Alex, Alex 1, Alex 2" in confirmed


def test_an_invoice_is_to_pay_and_its_places_are_sure(client, user):
    event = factories.create_event(price=Decimal(15), allows_invoice=True)
    booking = factories.register(event, "alex@example.org", invoice_to="Société d’essai")

    page = client.get(ACCOUNT)

    assert _lists(page) == {"charges": [booking.charge], "upcoming": [booking]}
    assert "À régler par virement" in page.text


def test_it_costs_the_same_for_one_and_for_a_hundred_rows(client, user, django_assert_num_queries):
    member = factories.create_member(email="alex@example.org", user=user)
    plan = factories.create_plan()

    def add():
        to_pay, offered, waiting, registered, past = (
            _book(factories.create_event(price=Decimal(15)), places=2),
            _book(factories.create_event(), state=State.OFFERED),
            _book(factories.create_event(), state=State.WAITING),
            factories.register(factories.create_event(price=Decimal(15)), "alex@example.org", places=2),
            _book(factories.create_event(starts_in=timedelta(days=-3))),
        )
        charge = factories.create_charge(user=user)
        period = factories.create_membership(member, plan=plan, starts_on=_days(-400), ends_on=_days(-390))
        return [to_pay, offered, waiting, registered, past], charge, period

    def add_99_like(bookings, charge, period):
        for booking in bookings:
            events = factories.copies(booking.event, 99)
            mine = {"charge": factories.copies(booking.charge, 99)} if booking.charge else {}
            others = factories.copies(booking, 99, event=events, **mine)
            for place in booking.places:
                factories.copies(place, 99, booking=others)
        factories.copies(charge, 99)
        starts = [_days(-400 - 20 * number) for number in range(1, 100)]
        ends = [start + timedelta(days=10) for start in starts]
        factories.copies(period, 99, starts_on=starts, ends_on=ends)

    first = add()
    client.get(ACCOUNT)  # the first page of a session notes the device
    with CaptureQueriesContext(connection) as one:
        client.get(ACCOUNT)
    add_99_like(*first)

    with django_assert_num_queries(len(one)):
        page = client.get(ACCOUNT)
    context = page.context
    assert {name: len(context[name]) for name in LISTS} == {
        "members": 1,
        "offers": 100,
        "charges": 200,
        "to_renew": 1,
        "upcoming": 100,
        "queued": 100,
        "past": 20,
    }


def test_a_place_in_the_booking_of_somebody_else_is_shown_and_leads_to_itself_alone(client):
    user = factories.create_user("ami@example.org")
    booking = factories.register(factories.create_event(title="Débat"), "zoe@example.org", name="Zoé")
    booking.places[0].hand_over(name="Ami", email="ami@example.org")
    client.force_login(user)

    page = client.get(reverse("account")).content.decode()

    assert booking.places[0].get_absolute_url() in page
    assert "Dans la réservation de Zoé" in page
    assert str(booking.token) not in page


def test_an_organisation_that_one_represents_is_told_once_with_the_seat(client, user):
    represented = factories.create_mandate(factories.create_organisation("Coopérative d’essai"), user)
    factories.create_mandate(factories.create_organisation("Mairie d’essai"), user, role="colleague")

    page = client.get(ACCOUNT)

    assert page.text.count("<h3>Coopérative d’essai</h3>") == 1
    assert [(one, one.seat) for one in page.context["members"]] == [(represented.organisation, represented)]
    assert [seat.organisation.organisation for seat in page.context["seats"]] == ["Mairie d’essai"]
    assert page.text.count("Rendre ma place") == 2


def test_who_has_only_a_seat_is_not_told_that_no_membership_is_theirs(client, user):
    factories.create_mandate(user=user, role="colleague")

    assert "Aucune adhésion n’est liée" not in client.get(ACCOUNT).text
