from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journal.models import Entry
from members import tasks
from members.imports import applying, work
from members.models import ImportBatch, ImportBusy, ImportRow, Mandate, Member, Membership
from tests.factories import create_college, create_member, create_membership, create_organisation, create_plan
from tests.members.imports.files import apply, outcomes, preview, problems, receive, table

pytestmark = pytest.mark.django_db
State = ImportBatch.State
CREATED, CHANGED, UNCHANGED, ERROR = ImportRow.Outcome.values


@pytest.fixture(autouse=True)
def plan():
    return create_plan(name="Citoyens", college=create_college(), grace_days=30)


def many(count):
    rows = [f"m{number}@example.org;Démo {number};Citoyens;01/01/2026;40" for number in range(count)]
    return table("E-mail;Nom;Formule;Début;Montant", *rows)


def test_exactly_what_was_shown_is_done(plan):
    known = create_member(first_name="Zoé", last_name="Démo", email="zoe@example.org", city="Agde")
    batch = preview(
        table(
            "Prénom;Nom;E-mail;Ville;Formule;Début;Montant payé",
            "Zoé;Démo;zoe@example.org;Sète;;;",
            "Max;Nouveau;MAX@example.org;Lattes;Citoyens;01/02/2026;40,00",
            "Léo;Faux;leo@;Lattes;;;",
        )
    )

    apply(batch)

    known.refresh_from_db()
    new = Member.objects.exclude(pk=known.pk).get()
    period = new.memberships.get()
    assert (batch.state, known.city) == (State.APPLIED, "Sète")
    assert (str(new), new.email, new.college, new.joined_on) == (
        "Max Nouveau",
        "max@example.org",
        plan.college,
        date(2026, 2, 1),
    )
    assert (period.starts_on, period.ends_on, period.grace_until) == (
        date(2026, 2, 1),
        date(2027, 1, 31),
        date(2027, 3, 2),
    )
    assert (period.amount, period.charge, period.imported_by) == (Decimal("40.00"), None, batch)
    assert outcomes(batch) == [(2, CHANGED), (3, CREATED), (4, ERROR)]
    assert batch.rows.get(number=3).member == new


def test_what_was_touched_is_noted_before_and_after(plan):
    known = create_member(email="zoe@example.org", city="Agde", phone="0612345678")

    row = apply(preview(table("E-mail;Ville", "zoe@example.org;Sète"))).rows.get()

    touched = {name for name in row.before if row.before[name] != row.after["member"][name]}
    assert touched == {"city"}
    assert (row.before["city"], row.after["member"]["city"], row.before["id"]) == ("Agde", "Sète", known.pk)


def test_an_organisation_comes_with_its_representative():
    batch = preview(
        table(
            "Organisation;SIREN;Collège;Effectif;E-mail du représentant;Rôle",
            "Société d'essai;732829320;citoyens;12;zoe@example.org;titulaire",
        )
    )

    row = apply(batch).rows.get()

    mandate = Mandate.objects.get()
    assert (mandate.organisation, mandate.email, mandate.role) == (row.member, "zoe@example.org", "titular")
    assert row.after["mandate"]["id"] == mandate.pk


def test_the_journal_has_one_line_a_member_under_the_reference_of_the_import(plan):
    create_member(email="zoe@example.org")
    batch = preview(table("E-mail;Nom;Collège", "zoe@example.org;Démo;", "max@example.org;Essai;citoyens"))

    apply(batch)

    entries = Entry.objects.filter(reference=str(batch.token), content_type__model="member")
    assert sorted((one.action, one.object_id, one.actor) for one in entries) == [
        (Entry.Action.IMPORTED, pk, batch.uploaded_by)
        for pk in Member.objects.order_by("pk").values_list("pk", flat=True)
    ]


def test_the_same_file_again_changes_nothing():
    content = many(5)
    apply(preview(content))

    again = preview(content)

    assert again.counts == {UNCHANGED: 5}


# What changed since the preview


def change_the_member(member):
    member.phone = "0611111111"
    member.save(update_fields=["phone"])


def open_a_period(member):
    create_membership(member, starts_on=date(2026, 6, 1), ends_on=date(2026, 6, 30))


@pytest.mark.parametrize("change", [change_the_member, open_a_period, Member.delete])
def test_a_record_that_changed_since_the_preview_is_left_alone_and_the_others_go_on(change):
    member, other = create_member(email="zoe@example.org"), create_member(email="lou@example.org")
    batch = preview(
        table(
            "E-mail;Ville;Formule;Début",
            *[f"{one.email};Sète;Citoyens;01/01/2026" for one in (member, other)],
        )
    )

    change(member)
    apply(batch)

    assert outcomes(batch) == [(2, ERROR), (3, CHANGED)]
    assert problems(batch)[0] == (2, "", "La fiche a changé depuis l’aperçu.")
    assert list(Member.objects.filter(city="Sète")) == [other]
    assert (batch.state, batch.counts) == (State.APPLIED, {ERROR: 1, CHANGED: 1})


def test_somebody_who_joined_since_the_preview_is_not_created_again():
    batch = preview(table("E-mail;Nom;Collège", "zoe@example.org;Démo;citoyens"))
    create_member(email="Zoe@example.org")

    apply(batch)

    assert (outcomes(batch), Member.objects.count()) == ([(2, ERROR)], 1)


# Once


def test_an_import_is_done_once_however_often_one_clicks(django_capture_on_commit_callbacks):
    batch = preview(many(3))
    batch.apply(by=batch.uploaded_by)

    with pytest.raises(ImportBusy):
        batch.apply(by=batch.uploaded_by)
    assert [tasks.go_on_with_import(batch.pk), tasks.go_on_with_import(batch.pk)] == [True, False]
    assert Member.objects.count() == 3


def test_nothing_is_done_before_a_preview():
    batch = receive(many(1))

    with pytest.raises(ImportBusy):
        batch.apply(by=batch.uploaded_by)


def test_columns_are_not_chosen_again_once_it_is_imported():
    batch = apply(preview(many(1)))

    with pytest.raises(ImportBusy):
        batch.choose_columns(["email"], key="", header_row=1, college=None)


def test_another_preview_replaces_the_first():
    batch = preview(many(3))

    batch.choose_columns(["email", "last_name", "", "", ""], key="", header_row=1, college=create_college())
    work.go_on(batch)

    assert batch.counts == {CREATED: 3}
    assert set(batch.rows.get(number=2).changes) == {"kind", "email", "last_name", "college"}


def test_a_worker_that_fails_half_way_is_gone_on_from(monkeypatch, time_machine_travel):
    monkeypatch.setattr(applying, "CHUNK", 2)
    batch = preview(many(5))
    batch.apply(by=batch.uploaded_by)
    done = []
    write = applying._write_members

    def fail_at_the_second(doing):
        done.append(1)
        write(doing)
        if len(done) == 2:
            raise OSError("disque plein")

    monkeypatch.setattr(applying, "_write_members", fail_at_the_second)
    with pytest.raises(OSError, match="disque plein"):
        work.go_on(batch)
    assert (Member.objects.count(), batch.rows.applied().count()) == (2, 2)

    with time_machine_travel(minutes=2):
        assert tasks.finish_imports() == 1

    batch.refresh_from_db()
    assert (Member.objects.count(), batch.state, batch.counts) == (5, State.APPLIED, {CREATED: 5})


def test_after_three_faults_what_was_not_done_is_said_and_what_was_can_be_undone(monkeypatch):
    monkeypatch.setattr(applying, "CHUNK", 2)
    batch = preview(many(3))
    batch.apply(by=batch.uploaded_by)
    applying._apply_some(batch, applying.Planner(applying.Vocabulary())) if batch.claim() else None
    ImportBatch.objects.filter(pk=batch.pk).update(attempts=3, claimed_at=None)

    assert tasks.finish_imports() == 0

    batch.refresh_from_db()
    assert (batch.state, batch.counts, batch.can_be_undone) == (State.APPLIED, {CREATED: 2, ERROR: 1}, True)
    assert problems(batch) == [(4, "", "Interrompu à chaque essai.")]


def test_a_full_chunk_is_done_in_hardly_more_queries_than_a_small_one():
    counts = []
    for size in (2, 400):
        batch = preview(many(size))
        batch.apply(by=batch.uploaded_by)
        with CaptureQueriesContext(connection) as queries:
            work.go_on(batch)
        counts.append(len(queries))

    assert Membership.objects.count() == 400
    assert counts[1] <= counts[0] + 60  # SQLite cuts a long insert in several


def test_two_thousand_rows_are_chunks_of_five_hundred():
    batch = preview(many(1_200))
    batch.apply(by=batch.uploaded_by)
    with CaptureQueriesContext(connection) as queries:
        work.go_on(batch)

    assert (Member.objects.count(), batch.counts) == (1_200, {CREATED: 1_200})
    assert len(queries) < 3 * 40


def test_organisations_are_not_taken_for_people():
    organisation = create_organisation(siret="732829320")

    batch = preview(table("Nature;SIREN;Nom;Collège", "personne;732829320;Démo;citoyens"))

    assert outcomes(batch) == [(2, CREATED)]
    assert batch.rows.get().member != organisation
