"""All that happened to a member on one page: each kind of thing, who did it, and nothing that one may not see."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import Booking, Event, Registration
from iamm.timeline import Timeline
from iamm.timeline_sources import SOURCES
from journal import trail
from journal.models import Entry
from mailing.models import Email
from members.models import (
    Application,
    Departure,
    Mandate,
    Member,
    Membership,
    Note,
    Plan,
    StatusOverride,
)
from payments import dunning
from payments.models import Charge, Payment, Refund
from tests.factories import (
    copies,
    create_charge,
    create_event,
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
    register,
)
from tests.members.states import day

pytestmark = pytest.mark.django_db
ADDRESS = "camille@example.org"


@pytest.fixture
def boss():
    return create_staff(first_name="Dominique", last_name="Bureau")


@pytest.fixture
def staff(client, boss):
    client.force_login(boss)
    return client


@pytest.fixture
def member():
    return create_member(email=ADDRESS)


def page_of(member):
    return reverse("admin:member_timeline", args=[member.pk])


def lines(member, user, **options):
    return list(Timeline(member, user).page(**options))


def said(member, user):
    return [(line.label, line.told.words) for line in lines(member, user)]


def mail(**fields):
    return Email.objects.create(key=f"test.{uuid4()}", message_id=str(uuid4()), **{"to": ADDRESS} | fields)


def make_one_of_each(member, user, number):
    """Rows as they are, without what the verbs would refuse or send."""
    plan, first = create_plan(), day(-20 * number - 20)
    charge = create_charge(email=ADDRESS)
    charge.record_payment(method="sandbox", amount=Decimal(40), reference=f"t{number}", recorded_by=user)
    charge.owe_refund(Decimal(5), reason="cancelled")
    Membership.objects.create(
        member=member,
        plan=plan,
        charge=charge,
        starts_on=first,
        ends_on=first + timedelta(days=9),
        cancelled_at=timezone.now(),
    )
    wish = {"first_name": "Camille", "last_name": "Démo", "email": f"{number}-{ADDRESS}"}
    Application.objects.create(
        member=member, plan=plan, request_key=uuid4(), state="refused", decided_by=user, **wish
    )
    mail(subject=f"Bonjour {number}")
    register(create_event(), ADDRESS)
    Note.objects.create(member=member, text=f"Note {number}", author=user)
    Departure.objects.create(
        member=member, kind="resigned", left_on=first, cancelled_at=timezone.now(), recorded_by=user
    )
    StatusOverride.objects.create(
        member=member, status="active", until=day(3), reason=f"Vote {number}", decided_by=user
    )
    Mandate.objects.create(organisation=create_organisation(f"Coopérative {number}"), email=ADDRESS)
    changes = {"phone": ["", f"04 67 {number}"]}
    trail.record(member, trail.Action.CHANGED, actor=user, changes=changes)


def make_98_more_of_each():
    """As the one that was made last, with neighbours of their own."""

    def more(model, **fields):
        return copies(model._base_manager.latest("pk"), 98, **fields)

    numbers = range(98)
    charges, plans = more(Charge), more(Plan)
    more(Payment, charge=charges, reference=[f"c{number}" for number in numbers])
    more(Refund, charge=charges)
    more(Membership, charge=charges, plan=plans)
    more(Application, plan=plans, email=[f"c{number}-{ADDRESS}" for number in numbers])
    copies(Email.objects.get(subject="Bonjour 1"), 98)
    more(Registration, booking=more(Booking, event=more(Event)))
    for model in (Note, Departure, StatusOverride, Entry):
        more(model)
    others = copies(Member.objects.get(organisation="Coopérative 1"), 98, email="")
    more(Mandate, organisation=others)


def test_each_kind_of_thing_has_its_line(member, boss):
    make_one_of_each(member, boss, 1)

    assert {line.label for line in lines(member, boss)} == {source.label for source in SOURCES}


def test_a_line_says_who_did_it_and_where_it_is_read(member, boss):
    Note.objects.create(member=member, text="Préfère le téléphone.", author=boss)
    member.leave("excluded", left_on=day(0), reason="Vote du 3 mai", by=boss)

    departure, note = lines(member, boss)

    assert (departure.told.author, note.told.author) == (boss, boss)
    assert departure.told.words.endswith("Vote du 3 mai")
    assert note.told.words == "Préfère le téléphone."


def test_a_change_says_what_it_was_and_what_it_became(staff, member, boss):
    changes = {"phone": ["04 67 11 22 33", "04 67 44 55 66"]}
    trail.record(member, trail.Action.CHANGED, actor=boss, changes=changes)

    page = staff.get(page_of(member))

    assert "téléphone\u00a0: 04 67 11 22 33 → 04 67 44 55 66" in page.text
    assert "Dominique Bureau" in page.text


def test_lines_go_from_the_newest_to_the_oldest(member, boss):
    for hours in (1, 3, 2):
        Note.objects.create(
            member=member, text=str(hours), created_at=timezone.now() - timedelta(hours=hours)
        )
    mail(subject="Maintenant")

    assert [line.told.words for line in lines(member, boss)][1:] == ["1", "2", "3"]
    assert said(member, boss)[0] == ("message", "Maintenant – en attente")


def test_a_confidential_message_and_one_that_was_erased_tell_nothing(member, boss):
    mail(subject="Votre code est 123456", is_secret=True)
    mail(subject="Bonjour", text="Bonjour").__class__.objects.filter(subject="Bonjour").update(subject="")

    assert [words for _label, words in said(member, boss)] == [
        "message effacé – en attente",
        "message confidentiel – en attente",
    ]


def test_a_message_about_a_period_is_found_by_its_key_whoever_received_it(boss):
    organisation = create_organisation()
    period = Membership.objects.create(
        member=organisation, plan=create_plan(), starts_on=day(0), ends_on=day(9)
    )
    for key in (f"members.renewal.{period.pk}.7", f"members.renewal.{period.pk}0.7"):
        Email.objects.create(key=key, message_id=key, to="tresorerie@example.org", subject=key)

    told = [words for label, words in said(organisation, boss) if label == "message"]

    assert told == [f"members.renewal.{period.pk}.7 – en attente"]


def test_a_reminder_of_what_is_due_is_found_whoever_pays(boss):
    organisation = create_organisation()
    charge = create_charge(email="compta@societe.example.org", due_on=day(-5))
    create_membership(organisation, charge=charge)
    dunning.remind_now(charge, on=timezone.localdate())

    told = [words for label, words in said(organisation, boss) if label == "message"]

    assert told == [f"Rappel\u00a0: 40,00\u00a0€ à régler ({charge.number}) – en attente"]


def test_what_is_of_somebody_else_is_not_there(member, boss):
    make_one_of_each(create_member(email="autre@example.org"), boss, 1)
    Email.objects.update(to="autre@example.org")
    register(create_event(), "autre@example.org")
    Mandate.objects.update(email="autre@example.org")

    labels = {label for label, _words in said(member, boss)}

    assert labels <= {"paiement", "remboursement", "inscription"}  # made at this member's address, below
    assert not labels & {"note", "départ", "adhésion", "demande", "modification", "message", "mandat"}


def test_opening_the_page_is_noted_once(staff, member, boss):
    staff.get(page_of(member))
    staff.get(page_of(member))

    assert list(Entry.objects.about(member).values_list("action", "actor")) == [("opened", boss.pk)]
    assert said(member, boss) == []


def test_only_what_one_may_see_is_there_and_the_rest_is_named(client, member, boss):
    make_one_of_each(member, boss, 1)
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_member", "view_note"]))
    client.force_login(user)

    page = client.get(page_of(member))

    assert [line.label for line in page.context["page"]] == ["note"]
    assert "N’y sont pas\u00a0: demande, réponse, adhésion" in page.text


def test_with_no_other_right_the_page_is_empty_and_without_that_of_members_refused(client, member, boss):
    make_one_of_each(member, boss, 1)
    user = create_user(is_staff=True, second_factor=True)
    client.force_login(user)

    refused = client.get(page_of(member))
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    page = client.get(page_of(member))

    assert refused.status_code == 403
    assert (page.status_code, list(page.context["page"])) == (200, [])


def test_the_page_of_a_member_leads_to_its_timeline(staff, member):
    assert page_of(member) in staff.get(reverse("admin:members_member_change", args=[member.pk])).text


def test_a_member_that_does_not_exist_has_no_timeline(staff):
    assert staff.get(reverse("admin:member_timeline", args=[0])).status_code == 404


def test_a_page_costs_the_same_for_one_and_for_a_hundred_of_each(staff, member, boss):
    make_one_of_each(member, boss, 0)
    staff.get(page_of(member))
    with CaptureQueriesContext(connection) as one:
        staff.get(page_of(member))
    make_one_of_each(Member.objects.get(pk=member.pk), boss, 1)
    make_98_more_of_each()

    with CaptureQueriesContext(connection) as many:
        page = staff.get(page_of(member), {"page": 2})

    assert len(page.context["page"].object_list) == 50
    assert page.context["page"].paginator.count >= 1300
    assert len(many) <= len(one)
