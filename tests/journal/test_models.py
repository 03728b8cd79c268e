from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from journal import trail
from journal.models import AppendOnly, Entry
from tests.factories import create_member, create_staff

pytestmark = pytest.mark.django_db
Action = Entry.Action


@pytest.fixture
def entry():
    return trail.record(
        create_member(), Action.CHANGED, changes={"email": ["a@example.org", "b@example.org"]}
    )


def test_an_entry_is_neither_edited_nor_deleted(entry):
    entry.note = "autre chose"

    for attempt in (
        lambda: entry.save(update_fields=["note"]),
        entry.delete,
        lambda: Entry.objects.update(note="autre chose"),
        lambda: Entry.objects.filter(pk=entry.pk).delete(),
        lambda: Entry.objects.bulk_update([entry], ["note"]),
    ):
        with pytest.raises(AppendOnly), transaction.atomic():
            attempt()
    assert Entry.objects.get().note == ""


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET note = 'autre chose'",
        "UPDATE journal_entry SET actor_id = NULL, note = 'autre chose'",
        "DELETE FROM journal_entry",
    ],
)
def test_postgresql_refuses_what_goes_round_the_models(entry, statement):
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert Entry.objects.get().note == ""


def test_what_was_said_of_a_person_who_is_erased_is_taken_out(entry):
    member, staff = create_member(), create_staff()
    trail.record(
        member, Action.CREATED, actor=staff, changes={"email": [None, "zoe@example.org"]}, note="Zoé"
    )

    assert Entry.objects.redact(member) == 1

    told = Entry.objects.about(member).get()
    assert (told.changes, told.label, told.note) == ({"email": [None, None]}, "", "")
    assert (told.action, told.actor, told.who) == (Action.CREATED, staff, str(staff))
    assert told.about == f"adhérent n°\u00a0{member.pk}"
    other = Entry.objects.get(pk=entry.pk)
    assert (other.label, other.changes) == (entry.label, entry.changes)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the trigger is PostgreSQL's")
def test_once_words_are_taken_out_the_journal_is_closed_again_in_the_same_transaction(entry):
    Entry.objects.redact(create_member())

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE journal_entry SET note = 'autre chose'")


def test_the_name_of_an_erased_account_is_taken_out_of_what_it_did(entry):
    staff, other = create_staff(first_name="Zoé"), create_staff(first_name="Noé")
    for actor in (staff, other):
        trail.record(create_member(), Action.OPENED, actor=actor)

    assert Entry.objects.forget_actor(staff) == 1

    names = [entry.who for entry in Entry.objects.order_by("pk")]
    assert names == ["le portail", "compte effacé", "Noé"]


def test_an_account_that_is_deleted_leaves_its_name(entry):
    staff = create_staff(first_name="Zoé")
    trail.record(create_member(), Action.OPENED, actor=staff)

    staff.delete()

    told = Entry.objects.get(action=Action.OPENED)
    assert (told.actor, told.who) == (None, "Zoé")


def test_a_person_is_told_who_opened_their_record_and_who_took_it_away(entry):
    member = create_member()
    for action in (Action.OPENED, Action.CHANGED, Action.EXPORTED):
        trail.record(member, action)

    seen = Entry.objects.about(member).seen_by_subject()

    assert [one.action for one in seen] == [Action.EXPORTED, Action.OPENED]


def test_the_same_opened_again_within_the_hour_is_one_entry(time_machine_travel):
    member, staff, other = create_member(), create_staff(), create_staff()
    first = trail.record(member, Action.OPENED, actor=staff, once_per=trail.HOUR)

    with time_machine_travel(minutes=59):
        assert trail.record(member, Action.OPENED, actor=staff, once_per=trail.HOUR) == first
        trail.record(member, Action.OPENED, actor=other, once_per=trail.HOUR)
        trail.record(create_member(), Action.OPENED, actor=staff, once_per=trail.HOUR)
    with time_machine_travel(minutes=61):
        trail.record(member, Action.OPENED, actor=staff, once_per=trail.HOUR)

    opened = Entry.objects.about(member).order_by("pk")
    assert [entry.actor for entry in opened] == [staff, other, staff]
    assert opened.last().at - first.at > timedelta(minutes=60)


def test_many_rows_are_written_in_few_queries(django_assert_max_num_queries):
    members = [create_member() for _ in range(3)]
    staff = create_staff()
    trail.record(members[0], Action.OPENED)  # the content type is known from here on
    few = 3 if connection.vendor == "postgresql" else 100  # SQLite takes fewer values at once

    with django_assert_max_num_queries(few + 2):
        count = trail.record_many(
            range(1, 5001), Action.EXPORTED, model=type(members[0]), actor=staff, reference="X"
        )

    written = Entry.objects.filter(reference="X")
    assert (count, written.count()) == (5000, 5000)
    assert {(one.who, one.label, one.at) for one in written} == {(str(staff), "", written[0].at)}


def test_many_rows_given_as_rows_keep_their_names():
    members = [create_member() for _ in range(3)]

    trail.record_many(iter(members), Action.EXPORTED, note="Pour l’assemblée")

    written = Entry.objects.order_by("pk")
    assert [(one.label, one.object_id, one.note) for one in written] == [
        (str(member), member.pk, "Pour l’assemblée") for member in members
    ]
