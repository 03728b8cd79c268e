"""What somebody needs in order to come: read and answered by those the association asked, shown to nobody else."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from events.models import AccessNeed, Place
from mailing.models import Email
from tests.admin import assert_same_queries, search, told, typed, unlabelled
from tests.events.test_admin import BOOKINGS, REGISTRATIONS
from tests.factories import create_booking, create_event, create_staff, create_user, register

pytestmark = pytest.mark.django_db
NEEDS = reverse("admin:events_accessneed_changelist")
TEXT = "Boucle magnétique"


@pytest.fixture
def contact(client):
    """Somebody of the group that looks after accessibility."""
    call_command("load_roles", stdout=None, verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name="Accessibilité"))
    client.force_login(user)
    return client


def create_need(event=None, **fields):
    place = create_booking(event or create_event()).registrations.get()
    return AccessNeed.objects.create(registration=place, text=TEXT, **fields)


def page_of(need, page="reply"):
    return reverse(f"admin:events_accessneed_{page}", args=[need.pk])


def test_the_answer_reaches_the_person_and_stays_with_the_need(contact):
    register(create_event(title="Débat"), places=[Place("Lou", "lou@example.org", access_need=TEXT)])
    need = AccessNeed.objects.get()

    form = contact.get(page_of(need))
    response = contact.post(page_of(need), typed(form, text="La salle est équipée."), follow=True)

    need.refresh_from_db()
    email = Email.objects.get(key__startswith="events.access_answer.")
    assert unlabelled(form) == []
    assert TEXT in form.text
    assert (need.answer, need.answered_by_id is not None) == ("La salle est équipée.", True)
    assert (email.to, "La salle est équipée." in email.text) == ("lou@example.org", True)
    assert told(response) == ["La réponse est partie, et reste notée ici."]
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Réponse envoyée."]


def test_the_mail_of_an_answer_repeats_no_need(contact):
    need = create_need()

    contact.post(page_of(need), {"text": "C’est noté."})

    email = Email.objects.get(key__startswith="events.access_answer.")
    assert TEXT not in email.text + email.html + email.subject


def test_the_outbox_shows_nobody_what_was_asked_or_answered(client, settings, run_commit_hooks):
    settings.ASSOCIATION |= {"email": "contact@example.org"}
    client.force_login(create_staff())

    with run_commit_hooks():
        register(create_event(), places=[Place("Lou", access_need=TEXT)])
        AccessNeed.objects.get().reply("La salle est équipée.", by=create_staff())

    mails = Email.objects.filter(key__startswith="events.access")
    pages = [client.get(reverse("admin:mailing_email_change", args=[mail.pk])).text for mail in mails]
    assert len(pages) == 2
    assert [mail.text for mail in mails] == ["", ""]
    assert not any(TEXT in page or "équipée" in page for page in pages)


def test_an_empty_answer_is_refused(contact):
    need = create_need()

    response = contact.post(page_of(need), {"text": "  "})

    need.refresh_from_db()
    assert (response.status_code, need.answered_at) == (400, None)


def test_needs_are_found_by_answer_event_and_name(contact):
    open_one, other = create_need(), create_need()
    contact.post(page_of(other), {"text": "C’est noté."})
    AccessNeed.objects.filter(pk=open_one.pk).update(text="Fauteuil")
    open_one.registration.name = "Lou Bruyère"
    open_one.registration.save()

    assert search(contact, NEEDS, state="open") == [open_one]
    assert search(contact, NEEDS, state="answered") == [other]
    assert search(contact, NEEDS, event=other.registration.event.pk) == [other]
    assert search(contact, NEEDS, q="bruyère") == [open_one]


def test_a_search_does_not_reach_what_people_wrote(contact):
    create_need()

    assert search(contact, NEEDS, q="boucle") == []


def test_the_list_says_who_and_when_and_never_what(contact):
    create_need()

    assert TEXT not in contact.get(NEEDS).text


def test_the_list_costs_the_same_for_one_and_for_many(contact):
    event = create_event()

    assert_same_queries(contact, NEEDS, lambda: create_need(event))


@pytest.mark.parametrize("group", ["Bénévoles – événements", "Formations", "Trésorerie"])
def test_the_other_groups_reach_no_need(client, group):
    call_command("load_roles", stdout=None, verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    need = create_need()

    pages = [NEEDS, page_of(need, "change"), page_of(need)]

    assert [client.get(page).status_code for page in pages] == [403, 403, 403]


def test_who_may_only_read_does_not_answer(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_accessneed"))
    client.force_login(user)
    need = create_need()

    answers = [client.get(page_of(need)).status_code, client.post(page_of(need), {"text": "Oui"}).status_code]
    page = client.get(page_of(need, "change")).text

    need.refresh_from_db()
    assert (answers, need.answer) == ([403, 403], "")
    assert page_of(need) not in page


def test_no_other_page_of_the_administration_says_a_need(client):
    client.force_login(create_staff())
    need = create_need()
    place, event = need.registration, need.registration.event
    pages = [
        f"{BOOKINGS}?q=boucle",
        f"{REGISTRATIONS}?q=boucle",
        BOOKINGS,
        REGISTRATIONS,
        reverse("admin:events_booking_change", args=[place.booking.pk]),
        reverse("admin:events_registration_change", args=[place.pk]),
        reverse("admin:events_event_change", args=[event.pk]),
        reverse("admin:events_event_life", args=[event.pk]),
        reverse("admin:index"),
    ]

    shown = [page for page in pages if TEXT in client.get(page).text]

    assert shown == []
    assert search(client, BOOKINGS, q="boucle") == search(client, REGISTRATIONS, q="boucle") == []


def test_a_need_is_neither_added_nor_edited_by_hand(client):
    client.force_login(create_staff())
    need = create_need()

    answers = [client.get(reverse("admin:events_accessneed_add")).status_code]
    answers += [
        client.post(page_of(need, page), {"text": "Autre", "post": "yes"}).status_code
        for page in ("change", "delete")
    ]

    need.refresh_from_db()
    assert (answers, need.text) == ([403, 403, 403], TEXT)
