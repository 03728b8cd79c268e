from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import private_files
from journal import trail
from journal.models import Entry
from members import tasks
from members.imports import work
from members.imports.records import columns_of
from members.models import DuplicatePair, ImportBatch, ImportBusy, Mandate, Member, Membership
from tests.factories import (
    create_charge,
    create_college,
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
)
from tests.members.imports.files import apply, preview, table, undo

pytestmark = pytest.mark.django_db
State = ImportBatch.State
TITLES = "Prénom;Nom;E-mail;Ville;Formule;Début;Montant;Adhère depuis le"


@pytest.fixture(autouse=True)
def plan():
    return create_plan(name="Citoyens", college=create_college())


@pytest.fixture
def imported():
    """Zoé was known and is changed, with a period; Max is created, with one."""
    create_member(
        first_name="Zoe", last_name="Demo", email="zoe@example.org", city="Agde", joined_on=date(2020, 5, 4)
    )
    return apply(
        preview(
            table(
                TITLES,
                "Zoé;Démo;zoe@example.org;Sète;Citoyens;01/01/2026;40;01/02/2019",
                "Max;Nouveau;max@example.org;Lattes;Citoyens;01/01/2026;1 234,50;",
            )
        )
    )


def everything():
    return [
        [columns_of(row) for row in model.objects.order_by("pk")] for model in (Member, Membership, Mandate)
    ]


def zoe():
    return Member.objects.get(email="zoe@example.org")


def the_new():
    return Member.objects.get(email="max@example.org")


def test_undoing_puts_every_column_back_and_deletes_what_was_created(plan):
    organisation = create_organisation(siret="732829320", headcount=3)
    member = create_member(email="lou@example.org", city="Agde", birth_year=1980, user=create_staff())
    create_membership(member, starts_on=date(2020, 1, 1), ends_on=date(2020, 12, 31))
    before = everything()
    people = table(
        TITLES,
        "Lou;Autre;lou@example.org;Sète;Citoyens;01/01/2026;40;01/02/2019",
        "Max;Neuf;m@example.org;;Citoyens;01/01/2026;;",
    )
    firms = table(
        "Organisation;SIREN;Effectif;E-mail du représentant", "Autre nom;732829320;12;zoe@example.org"
    )
    batches = [apply(preview(people)), apply(preview(firms))]
    assert [Member.objects.count(), Membership.objects.count(), Mandate.objects.count()] == [3, 3, 1]
    assert Member.objects.get(pk=organisation.pk).headcount == 12

    for batch in reversed(batches):
        undo(batch)

    assert [(one.state, one.refusals) for one in batches] == [(State.UNDONE, [])] * 2
    assert everything() == before


def edit(imported):
    Member.objects.filter(email="zoe@example.org").update(phone="0611111111")


def delete(imported):
    zoe().memberships.all().delete()


def cut_the_period(imported):
    zoe().memberships.get().cut(last_day=date(2026, 3, 1))


def charge_the_period(imported):
    Membership.objects.filter(member=zoe()).update(charge=create_charge())


BUILT_ON = "D’autres données en dépendent depuis"
EDITED = "Ce qui a été importé a été modifié depuis."


def add_a_period(imported):
    create_membership(the_new(), starts_on=date(2030, 1, 1), ends_on=date(2030, 12, 31))


def note_a_departure(imported):
    the_new().leave("resigned", left_on=timezone.localdate())


def decide(imported):
    the_new().decide_status("honorary", reason="Essai", starts_on=date(2026, 1, 1), until=None)


def edit_by_the_journal(imported):
    trail.record(the_new(), trail.Action.CHANGED, actor=create_staff())


def sign_in(imported):
    Member.objects.filter(email="max@example.org").update(user=create_staff())


@pytest.mark.parametrize(
    ("change", "row", "told"),
    [
        (edit, 2, EDITED),
        (delete, 2, EDITED),
        (cut_the_period, 2, EDITED),
        (charge_the_period, 2, EDITED),
        (sign_in, 3, EDITED),
        (add_a_period, 3, BUILT_ON),
        (note_a_departure, 3, BUILT_ON),
        (decide, 3, BUILT_ON),
        (edit_by_the_journal, 3, "Le journal dit que la fiche a servi depuis."),
    ],
)
def test_one_later_edit_refuses_the_whole_and_says_which_row(imported, change, row, told):
    change(imported)
    before = everything()

    undo(imported)

    assert [number for number, _told in imported.refusals] == [row]
    assert imported.refusals[0][1].startswith(told)
    assert (imported.state, imported.message, everything()) == (State.APPLIED, "Rien n’a été annulé.", before)


def test_reading_a_record_does_not_prevent_undoing(imported):
    for action in (trail.Action.OPENED, trail.Action.EXPORTED):
        trail.record(the_new(), action, actor=create_staff())

    assert undo(imported).state == State.UNDONE


def test_a_likeness_that_the_portal_found_does_not_prevent_undoing(imported):
    first, second = Member.objects.order_by("pk")
    DuplicatePair.objects.create(member_a=first, member_b=second, score=80)

    assert undo(imported).state == State.UNDONE


def test_the_vote_of_an_organisation_goes_back_to_whoever_is_left():
    organisation = create_organisation(siret="732829320")
    row = "Société d'essai;732829320;zoe@example.org;titulaire"
    batch = apply(preview(table("Organisation;SIREN;E-mail du représentant;Rôle", row)))
    assert organisation.mandates.get().is_voting
    other = organisation.mandates.create(email="lou@example.org", role=Mandate.Role.TITULAR)

    undo(batch)

    other.refresh_from_db()
    assert (batch.state, other.is_voting) == (State.UNDONE, True)


def test_a_change_put_right_lets_it_be_undone(imported):
    edit(imported)
    undo(imported)
    Member.objects.filter(email="zoe@example.org").update(phone="")

    assert (undo(imported).state, imported.refusals) == (State.UNDONE, [])


def test_a_later_import_is_undone_first(imported):
    later = apply(preview(table("E-mail;Ville", "max@example.org;Mèze")))

    assert undo(imported).state == State.APPLIED
    assert [undo(later).state, undo(imported).state] == [State.UNDONE] * 2
    assert Member.objects.count() == 1


def test_undoing_is_in_the_journal(imported):
    pks = sorted(Member.objects.values_list("pk", flat=True))

    undo(imported)

    entries = Entry.objects.filter(action=Entry.Action.UNDONE, reference=str(imported.token))
    assert sorted(one.object_id for one in entries.filter(content_type__model="member")) == pks
    assert {one.actor for one in entries} == {imported.uploaded_by}


def test_an_import_is_undone_once(imported):
    imported.undo(by=imported.uploaded_by)

    with pytest.raises(ImportBusy):
        imported.undo(by=imported.uploaded_by)
    work.go_on(imported)
    with pytest.raises(ImportBusy):
        imported.undo(by=imported.uploaded_by)


def test_many_rows_are_undone_in_few_queries():
    rows = [f"P;Démo {number};m{number}@example.org;;Citoyens;01/01/2026;;" for number in range(400)]
    batch = apply(preview(table(TITLES, *rows)))
    batch.undo(by=batch.uploaded_by)

    with CaptureQueriesContext(connection) as queries:
        work.go_on(batch)

    assert (batch.state, Member.objects.count()) == (State.UNDONE, 0)
    assert len(queries) < 150


# Ninety days


def test_after_ninety_days_the_file_and_the_rows_are_erased_and_undoing_is_over(imported):
    imported.refresh_from_db()
    assert (imported.expires_at - imported.applied_at).days in {89, 90}

    ImportBatch.objects.filter(pk=imported.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tasks.erase_imports() == 1

    imported.refresh_from_db()
    assert (imported.rows.count(), imported.file.name, imported.head) == (0, "", [])
    assert imported.counts == {"changed": 1, "created": 1}
    assert Membership.objects.filter(imported_by=imported).count() == 2
    with pytest.raises(ImportBusy):
        imported.undo(by=imported.uploaded_by)
    assert tasks.erase_imports() == 0


def test_the_file_itself_goes(imported, run_commit_hooks):
    name = imported.file.name
    assert private_files().exists(name)

    with run_commit_hooks():
        imported.erase()

    assert not private_files().exists(name)


def test_nothing_is_erased_before_its_time_nor_under_a_worker(imported):
    ImportBatch.objects.filter(pk=imported.pk).update(
        expires_at=timezone.now() - timedelta(days=1), state=State.UNDOING
    )
    preview(table(TITLES, "Max;Neuf;neuf@example.org;;;;;"))

    assert tasks.erase_imports() == 0
