"""Writing to a group of those who booked: seen before it goes, sent once."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events import tasks
from events.models import Event, Exclusion, GroupMessage, Place, Question
from mailing.broadcasts import AT_ONCE
from mailing.models import Email
from tests.admin import assert_same_queries, told, typed, unlabelled
from tests.events.test_admin import STATE
from tests.factories import create_booking, create_event, create_price, create_staff, create_user, register

pytestmark = pytest.mark.django_db
LOG = reverse("admin:events_groupmessage_changelist")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def page_of(row, page="preview"):
    return reverse(f"admin:events_groupmessage_{page}", args=[row.pk])


def create_message(event, **fields):
    words = {"subject": "Changement de salle", "text": "Rendez-vous en salle B.", "states": ["confirmed"]}
    return GroupMessage.objects.create(event=event, **words | fields)


def names(message):
    return [place.name for place in message.recipients().chosen]


def copies():
    return Email.objects.filter(key__startswith="events.message.").order_by("pk")


# Writing


def test_a_message_is_written_then_shown_before_it_goes(staff):
    event = create_event()
    create_booking(event, name="Lou", email="lou@example.org")

    form = staff.get(page_of(event, "write"))
    words = {"subject": "Changement de salle", "text": "Salle B.\r\n\r\n- micro\r\n- projecteur"}
    response = staff.post(page_of(event, "write"), typed(form, **words), follow=True)

    message = GroupMessage.objects.get()
    assert unlabelled(form) == []
    assert f'href="{reverse("admin:events_event_change", args=[event.pk])}"' in form.text
    assert (message.states, message.text) == (["confirmed"], "Salle B.\n\n- micro\n- projecteur")
    assert response.redirect_chain == [(page_of(message), 302)]
    assert "Le message que Lou recevra" in response.text
    assert "<li>Lou, lou@example.org</li>" in response.text
    assert (message.is_draft, copies().count()) == (True, 0)


@pytest.mark.parametrize("missing", ["subject", "text", "states"])
def test_a_message_without_words_or_without_a_group_is_refused(staff, missing):
    event = create_event()
    words = {"subject": "Salle", "text": "B", "states": ["confirmed"]} | {missing: ""}

    response = staff.post(page_of(event, "write"), words)

    assert (response.status_code, list(response.context["errors"])) == (400, [missing])


def test_a_price_or_a_question_of_another_event_is_refused(staff):
    event, other = create_event(), create_event()
    question = other.questions.create(label="Repas", kind=Question.Kind.YES_NO)
    words = {"subject": "Salle", "text": "B", "states": ["confirmed"]}

    response = staff.post(
        page_of(event, "write"), words | {"price": create_price(other).pk, "answer": f"{question.pk}:oui"}
    )

    assert sorted(response.context["errors"]) == ["answer", "price"]


def test_a_draft_is_corrected_and_thrown_away(staff):
    question = (event := create_event()).questions.create(label="Repas", kind=Question.Kind.YES_NO)
    message = create_message(event, question=question, choice="oui")

    form = staff.get(page_of(message, "edit"))
    staff.post(page_of(message, "edit"), typed(form, subject="Autre salle"))
    message.refresh_from_db()
    kept = (message.subject, message.question, message.choice)
    staff.post(page_of(message, "delete"), {"post": "yes"})

    assert kept == ("Autre salle", question, "oui")
    assert not GroupMessage.objects.exists()


# To whom


def test_a_group_is_chosen_by_state():
    event = create_event()
    for state in STATE:
        create_booking(event, state, name=state.label)

    assert names(create_message(event, states=["waiting", "requested"])) == ["à valider", "en attente"]
    assert names(create_message(event)) == ["confirmée"]


def test_a_group_is_chosen_by_price():
    event = create_event()
    price = create_price(event)
    create_booking(event, name="Ana", price=price)
    create_booking(event, name="Bo")

    assert names(create_message(event, price=price)) == ["Ana"]


@pytest.mark.parametrize(
    ("answer", "is_chosen"),
    [("Train", True), ("Vélo\nTrain", True), ("Train\nVélo", True), ("Vélo\nTrain\nÀ pied", True)]
    + [("Trains", False), ("Vélo\nTrain direct", False)],
)
def test_a_group_is_chosen_by_one_of_the_choices_of_each(answer, is_chosen):
    event = create_event()
    question = event.questions.create(label="Venue", kind=Question.Kind.SEVERAL, choices="Train\nVélo")
    register(event, places=[Place("Ana", answers={question: answer})])

    assert names(create_message(event, question=question, choice="Train")) == ["Ana"] * is_chosen


def test_the_answer_of_a_booking_is_that_of_all_its_places():
    event = create_event()
    once = event.questions.create(
        label="Venue", kind=Question.Kind.CHOICE, choices="Train\nVélo", asked_of=Question.AskedOf.BOOKING
    )
    places = [Place("Ana", "ana@example.org"), Place("Bo", "bo@example.org")]
    register(event, places=places, answers={once: "Train"})

    assert names(create_message(event, question=once, choice="Train")) == ["Ana", "Bo"]
    assert names(create_message(event, question=once, choice="Vélo")) == []


def test_the_answer_of_one_person_is_not_that_of_the_others():
    event = create_event()
    each = event.questions.create(label="Venue", kind=Question.Kind.CHOICE, choices="Train\nVélo")
    places = [Place("Ana", "ana@example.org", answers={each: "Train"}), Place("Bo", "bo@example.org")]
    register(event, places=places)

    assert names(create_message(event, question=each, choice="Train")) == ["Ana"]


def test_who_gets_no_copy_is_said_with_the_reason(staff):
    event = create_event()
    booking = create_booking(event, places=4, email="lou@example.org", name="Lou")
    _first, _same, back, silent = booking.registrations.all()
    booking.registrations.filter(pk=back.pk).update(cancelled_at=timezone.now())
    booking.registrations.filter(pk=silent.pk).update(email="")
    message = create_message(event)

    chosen, excluded = message.recipients()
    page = staff.get(page_of(message)).text

    assert [place.name for place in chosen] == ["Lou"]
    assert [why for _place, why in excluded] == [
        Exclusion.SAME_ADDRESS,
        Exclusion.CANCELLED,
        Exclusion.NO_ADDRESS,
    ]
    assert "3 places n’en recevront pas de copie" in page
    for why in (Exclusion.SAME_ADDRESS, Exclusion.CANCELLED, Exclusion.NO_ADDRESS):
        assert f"<td>{why.label}</td>" in page


def test_a_place_given_back_does_not_hide_another_of_the_same_address():
    event = create_event()
    booking = create_booking(event, places=2, name="Lou")
    booking.registrations.filter(pk=booking.registrations.first().pk).update(cancelled_at=timezone.now())

    assert names(create_message(event)) == ["Lou 1"]


def test_those_of_a_cancelled_event_can_be_written_to(staff):
    event = create_event()
    register(event, name="Lou")
    event.cancel()

    form = staff.get(page_of(event, "write"))
    words = {"states": ["cancelled"], "subject": "Une autre date", "text": "En mars."}
    staff.post(page_of(event, "write"), typed(form, **words))

    assert names(GroupMessage.objects.get()) == ["Lou"]


# Sending


def test_a_message_is_what_its_preview_showed(staff, run_commit_hooks):
    event = create_event(title="Débat")
    create_booking(event, name="Lou", email="lou@example.org")
    message = create_message(event, text="Salle B.\n\n- micro & <b>projecteur</b>")

    shown = staff.get(page_of(message, "frame"))
    with run_commit_hooks():
        response = staff.post(page_of(message), follow=True)

    email = copies().get()
    assert (email.to, email.subject, email.html) == ("lou@example.org", "Changement de salle", shown.text)
    assert "<li>micro &amp; &lt;b&gt;projecteur&lt;/b&gt;</li>" in shown.text
    assert "Vous recevez ce message parce que" in email.text
    assert re.match(r"events\.message\.\d+\.[0-9a-f]{32}$", email.key)
    assert told(response) == ["Le message part à 1 adresse."]
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == [
        "Message envoyé\u00a0: Changement de salle"
    ]


def test_two_clicks_send_once(staff, run_commit_hooks):
    event = create_event()
    create_booking(event)
    message = create_message(event)

    with run_commit_hooks():
        staff.post(page_of(message))
        again = staff.post(page_of(message), follow=True)

    assert copies().count() == 1
    assert told(again)[-1] == "Ce message est déjà parti\u00a0: il ne part qu’une fois."


def test_a_message_to_nobody_stays_a_draft(staff):
    message = create_message(create_event())

    response = staff.post(page_of(message), follow=True)

    message.refresh_from_db()
    assert message.is_draft
    assert told(response) == ["Ce groupe est vide\u00a0: il n’y a personne à qui écrire."]
    assert staff.get(page_of(message, "frame")).status_code == 404


def test_copies_that_a_broken_task_left_are_written_later_and_the_others_once(time_machine_travel):
    event = create_event()
    for name in ("Ana", "Bo"):
        create_booking(event, name=name)
    message = create_message(event)
    message.send(by=create_staff())
    message._write_to(message.recipients().chosen[0])
    GroupMessage.objects.update(sent_at=timezone.now() - timedelta(minutes=3))
    still_at_work = tasks.finish_group_messages()

    with time_machine_travel(minutes=3):
        finished = tasks.finish_group_messages()

    assert (still_at_work, finished, copies().count()) == (0, 1, 2)
    assert (message.copies.count(), tasks.finish_group_messages()) == (2, 0)
    assert {why for _place, why in message.recipients().excluded} == {Exclusion.WRITTEN}


@pytest.mark.parametrize(("people", "written"), [(AT_ONCE, AT_ONCE), (AT_ONCE + 1, 0)])
def test_without_a_worker_many_copies_are_left_to_the_schedule(
    staff, run_commit_hooks, time_machine_travel, settings, people, written
):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    event = create_event()
    for _ in range(people):
        create_booking(event)

    with run_commit_hooks():
        staff.post(page_of(create_message(event)))
    at_once = copies().count()
    with time_machine_travel(minutes=3):
        tasks.finish_group_messages()

    assert (at_once, copies().count()) == (written, people)


def test_a_task_run_twice_writes_once():
    event = create_event()
    create_booking(event)
    message = create_message(event)
    message.send(by=create_staff())

    assert [tasks.send_group_message(message.pk) for _ in range(2)] == [1, 0]


def test_a_draft_is_never_written():
    event = create_event()
    create_booking(event)

    assert tasks.send_group_message(create_message(event).pk) == 0


# The log


def test_the_log_says_who_wrote_what_to_whom_and_how_it_went(staff, run_commit_hooks):
    event = create_event()
    question = event.questions.create(label="Repas", kind=Question.Kind.YES_NO)
    price = create_price(event, name="Plein")
    places = [Place("Ana", answers={question: "oui"}, price=price)]
    register(event, places=places)
    message = create_message(
        event, price=price, question=question, choice="oui", states=["confirmed", "held"]
    )
    message.send(by=create_staff())
    tasks.send_group_message(message.pk)
    copies().update(state=Email.State.FAILED)

    row = staff.get(LOG).context["cl"].result_list[0]

    assert (row.queued, row.sent, row.failed) == (0, 0, 1)
    assert row.audience == (
        "confirmée, à payer\u202f; tarif «\u00a0Plein\u00a0»\u202f; «\u00a0oui\u00a0» à «\u00a0Repas\u00a0»"
    )


def test_what_was_sent_is_neither_changed_nor_deleted(staff):
    message = create_message(create_event(), sent_at=timezone.now())

    answers = [staff.get(page_of(message, page)).status_code for page in ("edit", "delete", "frame")]

    assert answers == [404, 403, 404]
    assert "Envoyer à" not in staff.get(page_of(message)).text


def test_the_log_costs_the_same_for_one_and_for_many(staff):
    event = create_event()

    assert_same_queries(staff, LOG, lambda: create_message(event, author=create_user()))


# Rights


@pytest.mark.parametrize("page", ["write", "edit", "preview", "frame"])
def test_who_may_only_look_writes_nothing(client, page):
    user = create_user(is_staff=True, second_factor=True)
    rights = ["view_event", "view_booking", "view_groupmessage"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    event = create_event()
    create_booking(event)
    message = create_message(event)
    row = event if page == "write" else message

    answers = [client.get(page_of(row, page)).status_code, client.post(page_of(row, page)).status_code]

    message.refresh_from_db()
    assert (answers, message.is_draft) == ([403, 403], True)


def test_a_message_leaves_from_a_form_of_ours():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(create_staff())
    event = create_event()
    create_booking(event)
    message = create_message(event)

    assert strict.post(page_of(message)).status_code == 403


def test_a_copied_event_has_no_messages():
    event = create_event()
    create_message(event)

    twin = event.copy(starts_at=event.starts_at + timedelta(days=7))

    assert (twin.group_messages.count(), Event.objects.count()) == (0, 2)
