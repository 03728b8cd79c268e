"""What staff do to a member: each leaves who and why in the journal, and refuses in words."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journal.models import Entry
from mailing.models import Email
from members.admin import panel
from members.models import Departure, Note, WrittenOnce
from tests.admin import told, unlabelled
from tests.factories import (
    create_charge,
    create_mandate,
    create_member,
    create_membership,
    create_organisation,
    create_staff,
    create_user,
)
from tests.members.states import STATES, day, decided, gone, member_in

pytestmark = pytest.mark.django_db
VERBS = ["membership", "departure", "decision", "note"]


@pytest.fixture
def boss():
    return create_staff(first_name="Dominique", last_name="Bureau")


@pytest.fixture
def staff(client, boss):
    client.force_login(boss)
    return client


def page_of(member, verb="change", *more):
    return reverse(f"admin:members_member_{verb}", args=[member.pk, *more])


def written(member, action):
    return [entry.note for entry in Entry.objects.about(member).filter(action=action)]


def leaving(kind="resigned", **fields):
    return {"kind": kind, "decided_on": day(0), "left_on": day(0), "reason": ""} | fields


# The page


@pytest.mark.parametrize("state", STATES)
def test_the_page_says_first_where_a_member_stands_and_why(staff, state):
    member = member_in(state)

    page = staff.get(page_of(member))

    shown = page.context["panel"]
    assert shown.standing == member.standing()
    assert f'<h2 id="standing">{shown.standing.title}</h2>' in page.text


def test_the_page_names_who_may_sign_in_and_what_is_owed(staff):
    user = create_user("camille@example.org", first_name="Camille", last_name="Démo")
    member = create_membership(create_member(email="camille@example.org"), charge=create_charge()).member
    create_user("autre@example.org")

    shown = staff.get(page_of(member)).context["panel"]

    assert [(one.user, one.why) for one in shown.sign_ins] == [(user, "a prouvé cette adresse")]
    assert [(charge.owed, charge.received) for charge in shown.charges] == [(Decimal(40), Decimal(0))]


def test_a_former_titular_whose_address_the_organisation_has_is_not_among_those_who_sign_in():
    user = create_user("ancienne@example.org")
    organisation = create_organisation(email=user.email)
    before = [one.user for one in panel.sign_ins(organisation)]
    seat = create_mandate(organisation, user)
    as_titular = [(one.user, one.why) for one in panel.sign_ins(organisation)]
    seat.withdraw(by=user, is_staff=True)

    assert (before, as_titular) == ([user], [(user, "titulaire")])
    assert panel.sign_ins(organisation) == []


def test_each_period_leads_to_its_own_page(staff):
    period = create_membership(starts_on=day(0), ends_on=day(9))

    page = staff.get(page_of(period.member))

    address = reverse("admin:members_membership_change", args=[period.pk])
    assert f'<a href="{address}">{day(0):%d/%m/%Y} – {day(9):%d/%m/%Y}</a>' in page.text


def test_opening_the_page_is_noted_and_costs_the_same_for_many_rows(staff, boss):
    member = create_membership(starts_on=day(-10), ends_on=day(-9)).member
    staff.get(page_of(member))
    with CaptureQueriesContext(connection) as one:
        staff.get(page_of(member))
    for number in range(20):
        create_membership(
            member, starts_on=day(2 * number), ends_on=day(2 * number + 1), charge=create_charge()
        )

    with CaptureQueriesContext(connection) as many:
        staff.get(page_of(member))

    assert len(many) - len(one) <= 1  # the charges, that it had none of
    assert list(Entry.objects.about(member).values_list("action", "actor")) == [("opened", boss.pk)]


def test_a_change_by_the_form_is_kept_from_what_to_what(staff):
    member = create_member(phone="04 67 11 22 33")
    page = staff.get(page_of(member))
    form = page.context["adminform"].form
    sent = {name: form[name].value() or "" for name in form.fields}
    management = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}

    staff.post(page_of(member), sent | management | {"phone": "04 67 44 55 66"})

    entry = Entry.objects.about(member).get(action="changed")
    assert entry.changes == {"phone": ["04 67 11 22 33", "04 67 44 55 66"]}


@pytest.mark.parametrize("verb", VERBS)
def test_every_input_of_a_verb_has_a_label(staff, verb):
    assert unlabelled(staff.get(page_of(create_member(), verb))) == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_asks_for_its_own_right(client, verb):
    member = create_membership().member
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(user)

    assert page_of(member, verb) not in client.get(page_of(member)).text
    assert client.post(page_of(member, verb), {}).status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_a_member_that_does_not_exist_has_no_verb(staff, verb):
    assert staff.get(reverse(f"admin:members_member_{verb}", args=[0])).status_code == 404


# Leaving


def test_a_resignation_is_noted_with_who_and_why(staff, boss):
    member = create_membership().member

    response = staff.post(page_of(member, "departure"), leaving(reason="Déménage"), follow=True)

    departure = member.departures.get()
    assert (departure.kind, departure.left_on, departure.recorded_by) == ("resigned", day(0), boss)
    assert told(response) == [f"Départ noté\u00a0: {departure}."]
    assert written(member, "decided") == [f"Départ noté\u00a0: {departure}. Déménage"]
    assert not member.standing(on=day(1)).is_current
    assert not Email.objects.exists()


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        (leaving("excluded"), {"reason": ["Une exclusion se décide avec une raison."]}),
        (leaving(decided_on=day(1), left_on=day(1)), {"decided_on": ["Ce jour n’est pas encore venu."]}),
        (leaving(left_on=day(-1)), {"left_on": ["On ne part pas avant le jour où c’est reçu ou décidé."]}),
        (leaving("deceased", left_on=day(1)), {"left_on": ["Ce jour n’est pas encore venu."]}),
        (leaving("parti"), {"kind": ["Sélectionnez un choix valide. parti n’en fait pas partie."]}),
    ],
)
def test_a_departure_that_cannot_be_is_refused_beside_its_field(staff, sent, errors):
    member = create_member()

    response = staff.post(page_of(member, "departure"), sent)

    assert response.status_code == 400
    assert response.context["errors"] == errors
    assert not member.departures.exists()
    assert not Entry.objects.about(member).exists()


def test_a_death_may_be_known_after_the_day(staff):
    member = create_membership().member

    staff.post(page_of(member, "departure"), leaving("deceased", left_on=day(-20)))

    assert member.standing().status == "deceased"


def test_a_second_departure_is_refused_in_words(staff):
    member = create_membership().member
    gone(create_member(), Departure.Kind.RESIGNED)
    member.leave("resigned", left_on=day(0))

    response = staff.post(page_of(member, "departure"), leaving())

    assert response.status_code == 400
    assert response.context["errors"]["__all__"] == ["Un départ est déjà noté pour cette fiche."]
    assert member.departures.count() == 1


def test_a_departure_is_cancelled_with_a_reason_and_once(staff):
    member = create_membership().member
    departure = member.leave("resigned", left_on=day(-1), decided_on=day(-1))
    address = page_of(member, "departure_cancel")

    without = staff.post(address, {"reason": ""})
    staff.post(address, {"reason": "Erreur de fiche"})
    again = staff.post(address, {"reason": "Erreur de fiche"}, follow=True)

    assert without.status_code == 400
    assert member.standing().is_current
    assert told(again)[-1] == "Aucun départ n’est à annuler."
    assert written(member, "undone") == [f"Départ annulé\u00a0: {departure}. Erreur de fiche"]


def test_who_came_back_has_a_departure_that_stays():
    membership = create_membership()
    departure = membership.member.leave("resigned", left_on=day(-10), decided_on=day(-10))
    membership.member.open_period(membership.plan, starts_on=day(0), ends_on=day(300))
    departure.refresh_from_db()

    assert departure.cancel() is False
    assert departure.cancelled_at is None


# Deciding


def test_a_state_is_decided_until_a_day(staff, boss):
    member = create_member()
    sent = {"status": "active", "starts_on": day(0), "until": day(30), "reason": "Vote du bureau"}

    staff.post(page_of(member, "decision"), sent)

    assert member.overrides.get().decided_by == boss
    assert (member.standing().status, member.standing().until) == ("active", day(30))
    assert written(member, "decided") == ["État décidé\u00a0: à jour – Vote du bureau."]


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"until": ""}, {"until": ["Un état décidé a une fin, sauf celui d’un membre d’honneur."]}),
        ({"until": day(-1)}, {"until": ["Le dernier jour ne peut pas précéder le premier."]}),
        ({"reason": ""}, {"reason": ["Ce champ est obligatoire."]}),
    ],
)
def test_a_decision_that_cannot_be_is_refused_beside_its_field(staff, change, errors):
    member = create_member()
    sent = {"status": "active", "starts_on": day(0), "until": day(30), "reason": "Vote"} | change

    response = staff.post(page_of(member, "decision"), sent)

    assert response.status_code == 400
    assert response.context["errors"] == errors
    assert not member.overrides.exists()


def test_a_decision_is_cancelled_once(staff):
    member = create_member()
    decided(member, "active")
    override = member.overrides.get()
    address = page_of(member, "decision_cancel", override.pk)

    assert address in staff.get(page_of(member)).text
    staff.post(address, {"reason": "Trop tôt"})
    again = staff.post(address, {"reason": "Trop tôt"}, follow=True)

    assert member.standing().status == "none"
    assert told(again)[-1] == "Cette décision est déjà annulée."
    assert written(member, "undone") == [f"Décision annulée\u00a0: {override}. Trop tôt"]


def test_a_decision_is_not_cancelled_from_the_page_of_another_member(staff):
    member = create_member()
    decided(member, "active")
    address = page_of(create_member(), "decision_cancel", member.overrides.get().pk)

    assert staff.post(address, {"reason": "Non"}).status_code == 404
    assert member.standing().is_current


# Notes


def test_a_note_is_kept_with_its_author_and_never_rewritten(staff, boss):
    member = create_member()

    staff.post(page_of(member, "note"), {"text": "Préfère le téléphone."})

    note = Note.objects.get()
    assert (note.member, note.text, note.author) == (member, "Préfère le téléphone.", boss)
    note.text = "Autre chose"
    with pytest.raises(WrittenOnce):
        note.save()
    with pytest.raises(WrittenOnce):
        note.delete()


def test_a_note_without_words_is_refused(staff):
    member = create_member()

    response = staff.post(page_of(member, "note"), {"text": "   "})

    assert response.context["errors"] == {"text": ["Ce champ est obligatoire."]}
    assert not Note.objects.exists()
