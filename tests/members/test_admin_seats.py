import pytest
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from mailing.models import Email
from members.models import Invitation, MailDomain, Mandate
from tests.admin import act, assert_same_queries, search, told, typed, unlabelled
from tests.factories import create_mandate, create_member, create_organisation, create_staff, create_user

pytestmark = pytest.mark.django_db
Role = Mandate.Role
MANDATES = reverse("admin:members_mandate_changelist")
INVITATIONS = reverse("admin:members_invitation_changelist")
DOMAINS = reverse("admin:members_maildomain_changelist")
ADD = reverse("admin:members_mandate_add")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


@pytest.fixture
def titular():
    organisation = create_organisation("Coopérative d’essai", seats=3)
    return create_mandate(organisation, create_user("titulaire@demo.example"), is_voting=True)


def page_of(mandate):
    return reverse("admin:members_mandate_change", args=[mandate.pk])


def add(staff, organisation, **fields):
    page = staff.get(ADD, {"organisation": organisation.pk})
    return staff.post(ADD, typed(page, last_name="Essai", **fields))


def test_an_organisation_shows_who_sits_in_it_and_a_person_does_not(staff, titular):
    organisation = reverse("admin:members_member_change", args=[titular.organisation.pk])
    person = reverse("admin:members_member_change", args=[create_member().pk])

    assert page_of(titular) in staff.get(organisation).text
    assert f"{ADD}?organisation={titular.organisation.pk}" in staff.get(organisation).text
    assert f"{ADD}?organisation" not in staff.get(person).text
    assert "vote pour l’organisation" not in staff.get(person).text


def test_staff_add_somebody_who_then_votes(staff, titular):
    answer = add(staff, titular.organisation, role="deputy", email="Lou@example.org", votes="on")

    assert answer.status_code == 302
    seat = Mandate.objects.get(email="lou@example.org")
    titular.refresh_from_db()
    assert (seat.role, seat.is_voting, titular.is_voting) == ("deputy", True, False)
    assert Entry.objects.about(seat).filter(action="created").count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "colleague", "votes": "on", "email": "lou@example.org"}, "Seule une personne titulaire"),
        ({"role": "deputy", "email": "TITULAIRE@demo.example"}, "a déjà une place"),
        ({"role": "deputy", "last_name": None}, "Dites de qui il s’agit"),
        ({"role": "deputy", "ends_on": "2020-01-01"}, "ne peut pas précéder le premier"),
    ],
)
def test_what_cannot_be_added_is_said(staff, titular, fields, words):
    page = staff.get(ADD, {"organisation": titular.organisation.pk})

    answer = staff.post(ADD, typed(page, **{"last_name": "Essai"} | fields))

    assert answer.status_code == 200
    assert words in answer.text
    assert Mandate.objects.count() == 1


def test_staff_add_nobody_beyond_the_seats_nor_to_a_person(staff, titular):
    titular.organisation.seats = 1
    titular.organisation.save(update_fields=["seats"])

    assert "est prise ou promise" in add(staff, titular.organisation, role="deputy").text
    assert "Une personne n’a pas de mandat" in add(staff, create_member(), role="deputy").text


def test_staff_change_an_address_but_not_to_one_that_is_seated(staff, titular):
    seat = create_mandate(titular.organisation, role=Role.COLLEAGUE)
    page = staff.get(page_of(seat))
    assert unlabelled(page) == []

    refused = staff.post(page_of(seat), typed(page, email="titulaire@demo.example"))
    done = staff.post(page_of(seat), typed(page, email="autre@example.org"))

    assert (refused.status_code, done.status_code) == (200, 302)
    seat.refresh_from_db()
    assert seat.email == "autre@example.org"


def test_a_vote_taken_back_by_staff_passes_on(staff, titular):
    deputy = create_mandate(titular.organisation, role=Role.DEPUTY)

    staff.post(page_of(titular), typed(staff.get(page_of(titular)), votes=None))

    assert Mandate.objects.get(is_voting=True) == deputy


def test_staff_withdraw_even_the_last_representative_after_a_confirmation(staff, titular):
    asked = act(staff, MANDATES, "withdraw", titular)
    assert "Retirer ces places" in asked.text
    assert Mandate.objects.live(on=timezone.localdate()).count() == 1

    done = act(staff, MANDATES, "withdraw", titular, confirmed="yes")

    assert told(done) == ["1 place retirée."]
    assert Mandate.objects.live(on=timezone.localdate()).count() == 0
    assert Email.objects.get().to == "titulaire@demo.example"
    again = act(staff, MANDATES, "withdraw", titular, confirmed="yes")
    assert "ce mandat est terminé" in told(again)[0]


def test_mandates_are_sorted_by_state(staff, titular):
    soon = create_mandate(titular.organisation, ends_on=timezone.localdate())
    over = create_mandate(titular.organisation, role=Role.COLLEAGUE)
    over.withdraw(by=titular.user)

    assert set(search(staff, MANDATES, state="live")) == {titular, soon}
    assert search(staff, MANDATES, state="ending") == [soon]
    assert search(staff, MANDATES, state="over") == [over]
    assert search(staff, MANDATES, q="titulaire@demo") == [titular]


def test_an_invitation_is_cancelled_by_staff_and_never_written_by_hand(staff, titular):
    invitation = titular.organisation.invite("lou@example.org", by=titular.user)
    assert staff.get(reverse("admin:members_invitation_add")).status_code == 403
    assert search(staff, INVITATIONS, state="open") == [invitation]

    assert told(act(staff, INVITATIONS, "cancel", invitation, confirmed="yes")) == ["1 invitation annulée."]
    refused = act(staff, INVITATIONS, "cancel", invitation, confirmed="yes")

    assert "a déjà une réponse" in told(refused)[0]
    assert search(staff, INVITATIONS, state="cancelled") == [invitation]
    assert search(staff, INVITATIONS, state="open") == []


def test_the_token_of_an_invitation_is_not_shown_to_staff(staff, titular):
    invitation = titular.organisation.invite("lou@example.org", by=titular.user)
    page = staff.get(reverse("admin:members_invitation_change", args=[invitation.pk]))

    assert page.status_code == 200
    assert str(invitation.token) not in page.text


def test_a_domain_is_closed_by_staff(staff, titular):
    domain = titular.organisation.add_domain("demo.example", by=titular.user)

    assert told(act(staff, DOMAINS, "close", domain, confirmed="yes")) == ["1 domaine fermé."]
    assert "déjà fermé" in told(act(staff, DOMAINS, "close", domain, confirmed="yes"))[0]
    assert search(staff, DOMAINS, state="closed") == [domain]
    assert MailDomain.objects.open().count() == 0


def test_each_list_costs_the_same_for_one_and_for_a_hundred(staff, titular):
    organisation = create_organisation("Grande")
    assert_same_queries(
        staff,
        f"{MANDATES}?role=colleague",
        lambda: create_mandate(organisation, create_user(), role=Role.COLLEAGUE),
    )
    numbers = iter(range(200))
    assert_same_queries(
        staff,
        INVITATIONS,
        lambda: Invitation.objects.create(
            organisation=organisation, email=f"i{next(numbers)}@example.org", invited_by=titular.user
        ),
    )
