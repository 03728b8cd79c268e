import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from journal.models import Entry
from mailing.models import Email
from members import mail_providers
from members.models import INVITATION_DAYS, Invitation, MailDomain, Mandate
from members.seats import (
    AlreadyInvited,
    AlreadySeated,
    DomainClosed,
    DomainTaken,
    InvitationOver,
    NoSeatLeft,
    NotYourAddress,
    NotYourDomain,
    PublicProvider,
)
from tests.factories import create_mandate, create_organisation, create_user

pytestmark = pytest.mark.django_db
Role = Mandate.Role


@pytest.fixture
def organisation():
    return create_organisation("Coopérative d’essai", seats=3)


@pytest.fixture
def titular(organisation):
    user = create_user("titulaire@demo.example", first_name="Zoé", last_name="Démo")
    return create_mandate(organisation, user, is_voting=True)


@pytest.fixture
def invitation(organisation, titular):
    return organisation.invite("Lou@Example.org ", by=titular.user)


def recipients(subject):
    return list(Email.objects.filter(subject__contains=subject).values_list("to", flat=True))


# Inviting


def test_an_invitation_keeps_a_seat_for_two_weeks(organisation, invitation, time_machine_travel):
    assert invitation.email == "lou@example.org"
    assert recipients("vous invite") == ["lou@example.org"]
    assert organisation.seats_left == 1

    with time_machine_travel(days=INVITATION_DAYS, minutes=1):
        assert organisation.seats_left == 2


def test_no_more_is_promised_than_there_are_seats(organisation, titular, invitation):
    organisation.invite("deux@example.org", by=titular.user)

    with pytest.raises(NoSeatLeft):
        organisation.invite("trois@example.org", by=titular.user)

    assert Invitation.objects.count() == 2


def test_an_organisation_without_limit_invites_as_many_as_it_likes(organisation, titular):
    organisation.seats = None
    organisation.save(update_fields=["seats"])

    for number in range(10):
        organisation.invite(f"personne{number}@example.org", by=titular.user)

    assert organisation.seats_left is None


def test_the_same_person_is_invited_once(organisation, titular, invitation):
    with pytest.raises(AlreadyInvited):
        organisation.invite("lou@example.org", by=titular.user)

    assert Invitation.objects.count() == 1


def test_after_an_invitation_ran_out_another_takes_its_place(
    organisation, titular, invitation, time_machine_travel
):
    with time_machine_travel(days=15):
        again = organisation.invite("lou@example.org", by=titular.user)

    invitation.refresh_from_db()
    assert invitation.cancelled_at
    assert again.token != invitation.token


def test_who_has_a_seat_is_not_invited(organisation, titular):
    with pytest.raises(AlreadySeated):
        organisation.invite("TITULAIRE@demo.example", by=titular.user)


def test_the_database_refuses_two_invitations_of_one_address(organisation, invitation):
    with pytest.raises(IntegrityError), transaction.atomic():
        organisation.invitations.create(email="lou@example.org")


def test_an_invitation_is_sent_again_with_the_same_link_once_a_day(invitation, time_machine_travel):
    invitation.send_again()
    assert len(recipients("vous invite")) == 1

    with time_machine_travel(days=3):
        invitation.send_again()
        invitation.send_again()

    assert len(recipients("vous invite")) == 2
    assert str(invitation.token) in Email.objects.order_by("pk").last().text


# Accepting


def test_who_is_invited_takes_the_seat(organisation, titular, invitation):
    user = create_user("lou@example.org", first_name="Lou", last_name="Essai")

    mandate = invitation.accept(user)

    assert (mandate.user, mandate.email, mandate.role) == (user, "lou@example.org", Role.COLLEAGUE)
    assert mandate.name == "Lou Essai"
    assert invitation.accepted_at
    assert recipients("a pris une place") == ["titulaire@demo.example"]
    assert organisation.seats_taken == 2
    assert Entry.objects.about(mandate).get().actor == user


def test_a_deputy_is_invited_as_such(organisation, titular):
    invitation = organisation.invite("lou@example.org", by=titular.user, role=Role.DEPUTY)

    assert invitation.accept(create_user("lou@example.org")).role == Role.DEPUTY


def test_accepting_twice_is_having_one_seat(organisation, invitation):
    user = create_user("lou@example.org")

    first, second = invitation.accept(user), invitation.accept(user)

    assert first == second
    assert organisation.mandates.filter(user=user).count() == 1


def test_an_invitation_serves_once_even_after_the_seat_is_gone(invitation):
    user = create_user("lou@example.org")
    invitation.accept(user).withdraw(by=user)

    with pytest.raises(InvitationOver):
        invitation.accept(user)


def test_an_invitation_that_was_forwarded_is_worth_nothing(organisation, invitation):
    with pytest.raises(NotYourAddress):
        invitation.accept(create_user("autre@example.org"))

    assert organisation.mandates.count() == 1


def test_an_address_that_was_never_proved_does_not_accept(invitation):
    user = create_user("lou@example.org")
    user.emailaddress_set.update(verified=False)

    with pytest.raises(NotYourAddress):
        invitation.accept(user)


def test_an_invitation_ends_with_its_last_minute(invitation, time_machine_travel):
    user = create_user("lou@example.org")

    with time_machine_travel(days=14, minutes=1), pytest.raises(InvitationOver):
        invitation.accept(user)


def test_a_cancelled_invitation_frees_its_seat_and_is_refused(organisation, titular, invitation):
    stale = Invitation.objects.get()
    invitation.cancel(by=titular.user)

    with pytest.raises(InvitationOver):
        stale.accept(create_user("lou@example.org"))
    with pytest.raises(InvitationOver):
        stale.send_again()
    assert organisation.seats_left == 2


def test_an_accepted_invitation_is_not_cancelled(titular, invitation):
    mandate = invitation.accept(create_user("lou@example.org"))

    invitation.cancel(by=titular.user)

    assert invitation.cancelled_at is None
    assert mandate.is_live(timezone.localdate())


def test_who_was_given_a_seat_meanwhile_keeps_it(organisation, invitation):
    user = create_user("lou@example.org")
    seat = create_mandate(organisation, email="lou@example.org")

    assert invitation.accept(user) == seat
    seat.refresh_from_db()
    assert seat.user == user


def test_a_plan_with_fewer_seats_refuses_what_was_promised(organisation, invitation):
    organisation.seats = 1
    organisation.save(update_fields=["seats"])

    with pytest.raises(NoSeatLeft):
        invitation.accept(create_user("lou@example.org"))

    invitation.refresh_from_db()
    assert invitation.accepted_at is None


# Domains


@pytest.mark.parametrize(
    ("domain", "is_public"),
    [
        ("gmail.com", True),
        ("orange.fr", True),
        ("yahoo.co.uk", True),
        ("outlook.com", True),
        ("zoho.eu", True),
        ("assoc.free.fr", True),
        ("example.org", False),
        ("live.exemple.fr", False),
        ("monorange.fr", False),
    ],
)
def test_public_mail_providers_are_known(domain, is_public):
    assert mail_providers.is_public(domain) == is_public


def test_a_domain_is_proved_by_an_address_of_the_representative(organisation, titular):
    domain = organisation.add_domain("@Demo.example", by=titular.user)

    assert domain.domain == "demo.example"
    with pytest.raises(NotYourDomain):
        organisation.add_domain("autre.example", by=titular.user)
    with pytest.raises(NotYourDomain):
        organisation.add_domain("mo.example", by=titular.user)


def test_a_public_provider_is_nobody_s_domain(organisation):
    with pytest.raises(PublicProvider):
        organisation.add_domain("gmail.com", by=create_user("quelquun@gmail.com"))


def test_a_domain_has_one_organisation_until_it_is_closed(organisation, titular):
    domain, other = organisation.add_domain("demo.example", by=titular.user), create_organisation("Autre")

    with pytest.raises(DomainTaken):
        other.add_domain("demo.example", by=titular.user)

    domain.close(by=titular.user)
    assert other.add_domain("demo.example", by=titular.user).organisation == other


def test_who_has_an_address_of_the_domain_takes_a_seat_once(organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    user = create_user("lou@demo.example")

    assert domain.join(user) == domain.join(user)
    assert list(organisation.mandates.filter(user=user).values_list("email", "role")) == [
        ("lou@demo.example", Role.COLLEAGUE)
    ]


@pytest.mark.parametrize("email", ["lou@example.org", "lou@sous.demo.example", "lou@autredemo.example"])
def test_an_address_elsewhere_takes_no_seat(organisation, titular, email):
    domain = organisation.add_domain("demo.example", by=titular.user)

    with pytest.raises(NotYourAddress):
        domain.join(create_user(email))


def test_a_link_that_was_closed_or_has_no_seat_left_serves_no_more(organisation, titular):
    domain = organisation.add_domain("demo.example", by=titular.user)
    for name in ("un", "deux"):
        domain.join(create_user(f"{name}@demo.example"))

    with pytest.raises(NoSeatLeft):
        domain.join(create_user("trois@demo.example"))

    stale = MailDomain.objects.get()
    domain.close(by=titular.user)
    with pytest.raises(DomainClosed):
        stale.join(create_user("quatre@demo.example"))
    assert organisation.seats_taken == 3
