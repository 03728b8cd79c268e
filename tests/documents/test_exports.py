import csv
import io
import tracemalloc
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone, translation
from openpyxl import load_workbook

from accounts.models import User
from documents import tasks
from documents.models import Export
from journal.models import Entry
from members.models import Member
from tests.documents.tables import Members
from tests.factories import create_member, create_staff, create_user

pytestmark = pytest.mark.django_db
State = Export.State


@pytest.fixture
def staff():
    """Somebody of the team who may see members, and nothing else."""
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def asked(staff, run_commit_hooks):
    """`asked(format="csv")` is an export that the background has dealt with."""

    def ask(**options):
        with run_commit_hooks():
            export = Export.ask(
                "members.members", **{"parameters": {}, "by": staff, "title": "Adhérents"} | options
            )
        export.refresh_from_db()
        return export

    return ask


def ask(user, **options):
    """An export that no worker has taken yet."""
    return Export.ask("members.members", **{"parameters": {}, "by": user, "title": "Adhérents"} | options)


def stored(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def rows_of(export):
    with export.file.open() as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=";"))


def fail(parameters, user):
    raise ValueError("base absente")


# Made


def test_a_table_that_is_asked_is_made_with_what_was_chosen(asked, folder):
    chosen, _other = create_member(last_name="Bruyère"), create_member()

    export = asked(parameters={"pks": [chosen.pk]}, format="csv")

    day = f"{timezone.localdate():%d/%m/%Y}"
    assert rows_of(export) == [Members.header, [str(chosen), chosen.email, day]]
    assert (export.state, export.row_count, export.size) == (State.READY, 1, export.file.size)
    assert export.filename == f"adherents-{timezone.localdate()}.csv"
    assert stored(folder) == [f"{export.token}-1.csv"]


def test_a_workbook_is_made_unless_told_otherwise(asked):
    create_member()

    with asked().file.open() as file:
        sheet = load_workbook(file).active

    assert (sheet.title, sheet.max_row) == ("Adhérents", 2)


def test_the_journal_says_whose_rows_left_with_whom(asked, staff):
    members = [create_member(), create_member()]
    create_member()

    export = asked(parameters={"pks": [member.pk for member in members]}, title="Pour l’assemblée")

    entries = Entry.objects.filter(reference=str(export.token)).order_by("object_id")
    assert [(one.action, one.actor, one.note) for one in entries] == [
        (Entry.Action.EXPORTED, staff, "Pour l’assemblée")
    ] * 2
    assert [Entry.objects.about(member).seen_by_subject().count() for member in members] == [1, 1]


def test_a_table_about_nobody_is_made_and_leaves_no_line(asked, register):
    class Totals:
        title, header = "Totaux", ["Total"]

        def __iter__(self):
            yield [3]

    register(lambda parameters, user: Totals())

    export = asked(format="csv")

    assert (rows_of(export), Entry.objects.count()) == ([["Total"], ["3"]], 0)


def test_a_table_is_in_the_language_of_whoever_asked(asked, register):
    def build(parameters, user):
        table = Members(parameters, user)
        table.header = [translation.get_language()]
        return table

    register(build)
    with translation.override("en"):
        export = asked(format="csv")

    assert rows_of(export)[0] == ["en"]


class Many:
    title, header, subject_model = "Beaucoup", ["Nom", "Présentation"], Member

    def __iter__(self):
        return ([f"Camille Démo {index}", f"{index} " * 200] for index in range(10_000))


class ManyPeople(Many):
    def subjects(self):
        return iter(range(1, 10_001))


def test_ten_thousand_rows_are_made_in_little_memory(staff, register):
    register(lambda parameters, user: Many())
    export = ask(staff, format="csv")

    tracemalloc.start()
    export.make()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    export.refresh_from_db()
    assert (export.row_count, export.size > 9_000_000) == (10_000, True)
    assert peak < 1_000_000


def test_ten_thousand_people_are_told_in_few_queries(staff, register):
    register(lambda parameters, user: ManyPeople())
    export, statements = ask(staff, format="csv"), []

    def count(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        export.make()

    assert Entry.objects.filter(reference=str(export.token)).count() == 10_000
    if connection.vendor == "postgresql":  # SQLite takes fewer values at once
        assert len(statements) < 25


# Refused


def test_who_lacks_the_right_asks_for_nothing():
    with pytest.raises(PermissionDenied):
        ask(create_user(is_staff=True))

    assert Export.objects.count() == 0


def test_a_name_that_no_app_has_registered_is_a_fault(staff):
    with pytest.raises(KeyError):
        Export.ask("members.nothing", parameters={}, by=staff, title="Rien")


def test_a_right_lost_before_it_is_made_makes_nothing(staff, folder):
    export = ask(staff)
    staff.user_permissions.clear()

    with pytest.raises(PermissionDenied):
        Export.objects.get(pk=export.pk).make()

    export.refresh_from_db()
    assert (export.state, stored(folder), Entry.objects.count()) == (State.FAILED, [], 0)


# Taken up again


def test_a_failure_is_said_and_tried_again_three_times(staff, register, time_machine_travel):
    register(fail)
    export = ask(staff)
    states = []

    for minutes in (2, 4, 6):
        with time_machine_travel(minutes=minutes), pytest.raises(ValueError, match="base absente"):
            tasks.finish_exports()
        export.refresh_from_db()
        states.append(export.state)

    assert states == [State.WAITING, State.WAITING, State.FAILED]
    assert export.error == "ValueError: base absente"
    with time_machine_travel(minutes=8):
        assert tasks.finish_exports() == 0


def test_what_a_dead_worker_left_is_taken_up_again_after_its_lease(staff, time_machine_travel):
    create_member()
    export = ask(staff)
    assert export._claim()  # and then the worker is killed

    with time_machine_travel(minutes=5):
        assert tasks.finish_exports() == 0
    with time_machine_travel(minutes=11):
        assert tasks.finish_exports() == 1

    export.refresh_from_db()
    assert (export.state, export.attempts, export.row_count) == (State.READY, 2, 1)


def test_what_kills_its_worker_each_time_is_given_up(staff, time_machine_travel):
    export = ask(staff)
    for turn in range(3):
        with time_machine_travel(minutes=11 * turn):
            assert export._claim()

    with time_machine_travel(minutes=40):
        assert tasks.finish_exports() == 0

    export.refresh_from_db()
    assert (export.state, export.error) == (State.FAILED, "Interrompu à chaque essai.")


def test_a_worker_that_comes_back_after_its_lease_changes_nothing(staff, register, time_machine_travel):
    """While it was away another made the file: that one is kept, and its rows are told once."""
    create_member()
    export = ask(staff)

    def slow(parameters, user):
        register()
        with time_machine_travel(minutes=11):
            Export.objects.get(pk=export.pk).make()
        return Members(parameters, user)

    register(slow)

    assert Export.objects.get(pk=export.pk).make() is False

    export.refresh_from_db()
    assert (export.state, export.file.name) == (State.READY, f"exports/{export.token}-2.xlsx")
    assert Entry.objects.count() == 1


def test_a_task_that_arrives_twice_makes_one_file(staff, folder):
    export = ask(staff)

    tasks.make_export(export.pk)
    tasks.make_export(export.pk)

    assert stored(folder) == [f"{export.token}-1.xlsx"]


def test_one_just_asked_is_left_to_its_own_task(staff):
    ask(staff)

    assert tasks.finish_exports() == 0


# Forgotten


def test_after_a_week_the_file_and_what_it_was_made_of_are_gone(
    asked, folder, time_machine_travel, staff, register
):
    member = create_member()
    export, failed = asked(parameters={"pks": [member.pk]}), ask(staff)
    (folder / "exports" / f"{failed.token}-1.xlsx").write_bytes(b"what a dead worker left")
    Export.objects.filter(pk=failed.pk).update(state=State.FAILED, attempts=3, error="Zoé")

    with time_machine_travel(days=6, hours=23):
        assert tasks.purge_exports() == 0
    with time_machine_travel(days=7, minutes=1):
        assert (tasks.purge_exports(), tasks.purge_exports()) == (2, 0)

    assert stored(folder) == []
    told = Export.objects.values_list("state", "file", "parameters", "error")
    assert list(told) == [(State.EXPIRED, "", {}, "")] * 2
    assert Entry.objects.filter(reference=str(export.token)).count() == 1


def test_an_account_that_is_deleted_leaves_its_exports_to_the_purge(
    asked, staff, time_machine_travel, folder
):
    export = asked()
    staff.delete()

    with time_machine_travel(days=8):
        tasks.purge_exports()

    assert (Export.objects.get(pk=export.pk).state, stored(folder)) == (State.EXPIRED, [])


def test_a_week_begins_when_the_file_is_ready(staff, time_machine_travel):
    export = ask(staff)

    with time_machine_travel(days=3):
        tasks.finish_exports()

    export.refresh_from_db()
    assert export.expires_at - timezone.now() > timedelta(days=9)


def test_with_every_right_one_sees_the_exports_of_all(staff):
    mine, other = ask(create_staff()), ask(staff)

    assert list(Export.objects.visible_to(mine.asked_by)) == [other, mine]
    assert list(Export.objects.visible_to(staff)) == [other]
