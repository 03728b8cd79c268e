"""Writing to members who were selected: seen before it goes, sent once."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from mailing.broadcasts import AT_ONCE
from mailing.models import Email, List, OptOut
from members import tasks
from members.models import Group, LeftOut, Mandate, Member, MemberMessage, SavedSearch
from tests.admin import act, assert_same_queries, told, typed, unlabelled
from tests.factories import create_member, create_organisation, create_staff, create_user

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
LOG = reverse("admin:members_membermessage_changelist")
WORDS = {"subject": "Assemblée", "text": "Le 3 mars."}


@pytest.fixture
def staff(client):
    client.user = create_staff()
    client.force_login(client.user)
    return client


def page_of(row, page="preview"):
    return reverse(f"admin:members_membermessage_{page}", args=[row.pk])


def draft(*members, **fields):
    selection = Member.objects.filter(pk__in=[member.pk for member in members])
    message = MemberMessage.draft(selection, audience="essai", by=create_staff())
    MemberMessage.objects.filter(pk=message.pk).update(**WORDS | fields)
    message.refresh_from_db()
    return message


def addresses(message):
    return [reader.address for reader in message.readers().chosen]


def copies():
    return Email.objects.filter(key__startswith="members.message.").order_by("pk")


# Writing


def test_a_selection_is_written_to_after_it_was_shown(staff):
    one = create_member(last_name="Brun", email="brun@example.org")
    create_member(last_name="Quérol")

    form = act(staff, MEMBERS, "write", one)
    message = MemberMessage.objects.get()
    shown = staff.post(page_of(message, "edit"), typed(form, **WORDS), follow=True)

    assert form.redirect_chain == [(page_of(message, "edit"), 302)]
    assert unlabelled(form) == []
    assert shown.redirect_chain == [(page_of(message), 302)]
    assert "Le message que Camille Brun recevra" in shown.text
    assert ("Camille Brun, brun@example.org" in shown.text, "Quérol" in shown.text) == (True, False)
    assert copies().count() == 0


@pytest.mark.parametrize("missing", ["subject", "text"])
def test_a_message_without_words_is_refused(staff, missing):
    message = draft(create_member())

    answer = staff.post(page_of(message, "edit"), WORDS | {missing: ""})

    assert (answer.status_code, list(answer.context["errors"])) == (400, [missing])


def test_a_group_and_a_search_are_written_to_as_they_are_when_the_draft_is_made(staff):
    first = create_member(last_name="Brun")
    group = Group.objects.create(name="Santé")
    group.members.add(first)
    found = SavedSearch.objects.create(name="Les Brun", query="q=Brun", author=staff.user)

    staff.post(page_of(group, "group"))
    staff.post(page_of(found, "search"))
    later = create_member(last_name="Brun")
    group.members.add(later)
    staff.post(page_of(found, "search"))

    drafts = MemberMessage.objects.order_by("pk")
    assert [(one.audience, addresses(one)) for one in drafts] == [
        ("groupe «\u00a0Santé\u00a0»", [first.email]),
        ("recherche «\u00a0Les Brun\u00a0»", [first.email]),
        ("recherche «\u00a0Les Brun\u00a0»", [first.email, later.email]),
    ]


def test_a_search_whose_filter_is_no_more_writes_to_nobody(staff):
    found = SavedSearch.objects.create(name="Perdue", query="plan=999", author=staff.user)
    create_member()

    answer = staff.post(page_of(found, "search"), follow=True)

    assert told(answer) == ["Un filtre de cette recherche n’existe plus\u00a0: refaites-la."]
    assert not MemberMessage.objects.exists()


def test_a_private_search_of_somebody_else_is_not_found(staff):
    found = SavedSearch.objects.create(name="Privée", query="q=a", author=create_staff())

    assert staff.post(page_of(found, "search")).status_code == 404


# To whom


def test_who_gets_no_copy_is_said_with_the_reason(staff):
    gone, dead, silent, out, by_hand, same = [create_member() for _ in range(6)]
    gone.leave("resigned", left_on=date(2026, 1, 1))
    dead.leave("deceased", left_on=date(2026, 1, 1))
    Member.objects.filter(pk=silent.pk).update(email="")
    OptOut.objects.leave(out.email, List.NEWS)
    house = create_organisation()
    Mandate.objects.create(organisation=house, email=same.email, role="titular", is_dues_contact=True)
    message = draft(gone, dead, silent, out, by_hand, same, house)
    message.leave_out([by_hand.pk], among=[by_hand.pk, same.pk])

    page = staff.get(page_of(message)).text

    assert addresses(message) == [same.email]
    assert [(reader.member, why) for reader, why in message.readers().left_out] == [
        (gone, LeftOut.GONE),
        (dead, LeftOut.DECEASED),
        (silent, LeftOut.NO_ADDRESS),
        (out, LeftOut.OPTED_OUT),
        (by_hand, LeftOut.BY_HAND),
        (house, LeftOut.SAME_ADDRESS),
    ]
    assert "5 fiches n’en recevront pas de copie" in page
    assert f"<td>{LeftOut.OPTED_OUT.label}</td>" in page


def test_boxes_leave_members_out_and_take_them_back(staff):
    one, other = create_member(), create_member()
    message = draft(one, other)

    out = staff.post(page_of(message), {"shown": [one.pk, other.pk], "left_out": [one.pk]}, follow=True)
    kept = addresses(message)
    staff.post(page_of(message), {"shown": [one.pk, other.pk], "left_out": ["x", "9" * 30]})

    assert kept == [other.email]
    assert f'value="{one.pk}" checked>' in out.text
    assert addresses(message) == [one.email, other.email]


def test_a_box_ticked_just_before_sending_counts(staff, run_commit_hooks):
    one, other = create_member(), create_member()
    message = draft(one, other)

    with run_commit_hooks():
        staff.post(page_of(message), {"shown": [one.pk, other.pk], "left_out": [one.pk], "send": "1"})

    assert [email.to for email in copies()] == [other.email]
    assert message.leave_out([], among=[one.pk]) is False


def test_recipients_are_counted_in_as_many_queries_for_one_and_for_many(django_assert_num_queries):
    message = draft(*[create_member() for _ in range(30)])

    with django_assert_num_queries(6):
        assert len(addresses(message)) == 30


# Sending


def test_a_message_is_what_its_preview_showed_and_can_be_left_in_one_click(staff, run_commit_hooks):
    member = create_member(last_name="Brun", email="brun@example.org")
    message = draft(member, text="Le 3 mars.\n\n- bilan & <b>vote</b>")

    shown = staff.get(page_of(message, "frame"))
    with run_commit_hooks():
        response = staff.post(page_of(message), {"send": "1"}, follow=True)

    email = copies().get()
    assert (email.to, email.subject, email.html) == ("brun@example.org", "Assemblée", shown.text)
    assert (email.list, "Ne plus recevoir les messages de l’association" in email.text) == (List.NEWS, True)
    assert "<li>bilan &amp; &lt;b&gt;vote&lt;/b&gt;</li>" in shown.text
    assert told(response) == ["Le message part à 1 adresse."]
    assert Entry.objects.about(message).get().note == "Le message part à 1 adresse."


def test_two_clicks_send_once(staff, run_commit_hooks):
    message = draft(create_member())

    with run_commit_hooks():
        answers = [staff.post(page_of(message), {"send": "1"}, follow=True) for _ in range(2)]

    assert copies().count() == 1
    assert told(answers[1])[-1] == "Ce message est déjà parti\u00a0: il ne part qu’une fois."


def test_a_message_to_nobody_stays_a_draft(staff):
    message = draft()

    response = staff.post(page_of(message), {"send": "1"}, follow=True)

    message.refresh_from_db()
    assert message.is_draft
    assert told(response) == ["Il n’y a personne à qui écrire, ou rien d’écrit."]


@pytest.mark.parametrize(("people", "written"), [(AT_ONCE, AT_ONCE), (AT_ONCE + 1, 0)])
def test_without_a_worker_many_copies_are_left_to_the_schedule(
    staff, run_commit_hooks, time_machine_travel, settings, people, written
):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    message = draft(*[create_member() for _ in range(people)])

    with run_commit_hooks():
        staff.post(page_of(message), {"send": "1"})
    at_once = copies().count()
    with time_machine_travel(minutes=3):
        tasks.finish_member_messages()

    assert (at_once, copies().count()) == (written, people)


def test_who_leaves_the_list_after_the_preview_gets_nothing():
    member = create_member()
    message = draft(member)
    reader = message.readers().chosen[0]
    message.send(by=create_staff())
    OptOut.objects.leave(member.email, List.NEWS)

    assert (message.queue_copy(reader), tasks.send_member_message(message.pk)) == (None, 0)


# Messages of service


def test_a_message_of_service_says_why_and_goes_to_all_who_have_an_address(staff, run_commit_hooks):
    member = create_member()
    OptOut.objects.leave(member.email, List.NEWS)
    message = draft(member)
    without = staff.post(page_of(message, "edit"), WORDS | {"is_service": "on"})
    staff.post(page_of(message, "edit"), WORDS | {"is_service": "on", "service_reason": "Convocation"})

    with run_commit_hooks():
        staff.post(page_of(message), {"send": "1"})

    email = copies().get()
    assert list(without.context["errors"]) == ["service_reason"]
    assert (email.to, email.list) == (member.email, "")
    assert "Message de service\u00a0: Convocation" in email.text
    with pytest.raises(IntegrityError), transaction.atomic():
        MemberMessage.objects.update(service_reason="")


def test_who_has_not_the_right_neither_makes_nor_sends_a_message_of_service(client):
    user = create_user(is_staff=True, second_factor=True)
    rights = ["view_member", "view_membermessage", "add_membermessage"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    plain, service = draft(create_member()), draft(create_member(), is_service=True, service_reason="AG")

    client.post(page_of(plain, "edit"), WORDS | {"is_service": "on", "service_reason": "AG"})
    answer = client.post(page_of(service), {"send": "1"})

    plain.refresh_from_db()
    assert (plain.is_service, answer.status_code, copies().count()) == (False, 403, 0)
    assert 'name="send"' not in client.get(page_of(service)).text


# The log and the rights


def test_what_was_sent_is_neither_changed_nor_deleted(staff):
    message = draft(create_member(), sent_at=timezone.now() - timedelta(days=1))

    answers = [staff.get(page_of(message, page)).status_code for page in ("edit", "delete", "frame")]

    assert answers == [404, 403, 404]
    assert "Envoyer à" not in staff.get(page_of(message)).text


def test_the_log_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, LOG, lambda: draft(create_member()))


@pytest.mark.parametrize("page", ["edit", "preview", "frame"])
def test_who_may_only_look_writes_nothing(client, page):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_member", "view_membermessage"]))
    client.force_login(user)
    message, group = draft(create_member()), Group.objects.create(name="Santé")

    answers = [
        client.get(page_of(message, page)).status_code,
        client.post(page_of(message, page)).status_code,
    ]
    act(client, MEMBERS, "write", create_member())

    assert (answers, client.post(page_of(group, "group")).status_code) == ([403, 403], 403)
    assert (MemberMessage.objects.count(), copies().count()) == (1, 0)
