"""A merge that was a mistake is taken back whole, or not at all."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from journal.models import Entry
from members import duplicates, merging, unmerging
from members.models import DirectoryEntry, DuplicatePair, Mandate, Member, Merge, Skill
from members.unmerging import UndoRefused
from tests.factories import create_member, create_membership, create_organisation, create_staff, create_user

pytestmark = pytest.mark.django_db


def merge(kept, removed, take=()):
    return merging.merge(kept, removed, take=take, by=create_staff())


def undo(row):
    return unmerging.undo(row, by=create_staff())


def refusal(row):
    with pytest.raises(UndoRefused) as caught:
        undo(row)
    return str(caught.value)


def values(model):
    return list(model.objects.order_by("pk").values())


def test_both_rows_and_all_that_moved_are_exactly_as_before():
    kept = create_organisation(city="Sète", joined_on=date(2024, 1, 1))
    removed = create_organisation(user=create_user(), joined_on=date(2020, 1, 1), phone="0467000001")
    create_membership(kept, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    create_membership(removed)
    removed.leave("resigned", left_on=date(2023, 1, 1)).cancel()
    Mandate.objects.create(organisation=removed, email="ana@example.org")
    models = [Member, Mandate, type(removed.memberships.get()), type(removed.departures.get())]
    before = [values(model) for model in models]

    row = merge(kept, removed, ["email", "phone", "organisation"])
    merged = [values(model) for model in models]
    back = undo(row)

    assert [one != other for one, other in zip(before, merged, strict=True)] == [True] * 4
    assert [values(model) for model in models] == before
    assert (back, back.card_code) == (removed, removed.card_code)


def test_the_old_addresses_are_those_of_the_member_that_is_back():
    kept, removed = create_member(), create_member()
    row = merge(kept, removed)

    undo(row)

    assert (Merge.objects.kept_for(removed.card_code), Merge.objects.into(kept)) == (None, [])


def test_what_was_said_of_pairs_is_said_again():
    members = [create_member(first_name="Ana", last_name="Brun") for _ in range(3)]
    duplicates.refresh()
    for pair in DuplicatePair.objects.all():
        pair.dismiss(by=create_staff())
    before = values(DuplicatePair)

    undo(merge(*members[:2]))

    assert values(DuplicatePair) == before
    assert duplicates.refresh() == 0


def test_a_pair_whose_other_member_went_meanwhile_is_left_out():
    members = [create_member(first_name="Ana", last_name="Brun") for _ in range(3)]
    duplicates.refresh()
    row = merge(*members[:2])
    members[2].delete()

    undo(row)

    pair = DuplicatePair.objects.get()
    assert (pair.member_a, pair.member_b) == tuple(members[:2])


@pytest.mark.parametrize("own", [True, False])
def test_an_entry_of_the_directory_is_kept_once_and_comes_back_with_its_skills(own):
    kept, removed = create_member(), create_member()
    if own:
        DirectoryEntry.objects.create(member=kept, headline="Ma ligne")
    skill = Skill.objects.first()
    DirectoryEntry.objects.create(member=removed, headline="L’autre").skills.add(skill)

    row = merge(kept, removed)
    merged = [entry.headline for entry in DirectoryEntry.objects.all()]
    undo(row)

    assert merged == (["Ma ligne"] if own else ["L’autre"])
    back = DirectoryEntry.objects.get(member=removed)
    assert (back.headline, list(back.skills.all())) == ("L’autre", [skill])


def test_what_the_kept_member_got_since_stays_with_it():
    kept, removed = create_member(), create_member()
    row = merge(kept, removed)
    period = create_membership(kept)

    undo(row)

    period.refresh_from_db()
    assert period.member == kept


def test_the_journal_says_it_on_the_kept_member():
    kept, removed = create_member(city="Sète"), create_member(city="Lattes")
    row = merge(kept, removed, ["city"])

    undo(row)

    entry = Entry.objects.about(kept).first()
    assert (entry.action, entry.reference) == ("undone", f"merge.{row.pk}")
    assert entry.changes == {"city": ["Lattes", "Sète"]}


def test_two_merges_are_undone_from_the_last_to_the_first():
    first, second, third = create_member(), create_member(), create_member()
    before = values(Member)
    early, late = merge(second, first), merge(third, second)

    early.refresh_from_db()
    reason = refusal(early)
    undo(late)
    early.refresh_from_db()
    undo(early)

    assert reason == "La fiche gardée a été modifiée depuis la fusion."
    assert values(Member) == before


def test_a_merge_is_undone_although_an_earlier_one_became_final_meanwhile(time_machine_travel):
    first, second, third = create_member(), create_member(), create_member()
    early, late = merge(second, first), merge(third, second)
    Merge.objects.filter(pk=early.pk).update(at=timezone.now() - timedelta(days=31))
    Merge.objects.forget()

    assert undo(late) == second
    assert Merge.objects.kept_for(first.card_code) == second


# What forbids it


def test_a_kept_row_edited_since_forbids_it():
    kept, removed = create_member(), create_member()
    row = merge(kept, removed)
    Member.objects.filter(pk=kept.pk).update(city="Sète")

    assert refusal(row) == "La fiche gardée a été modifiée depuis la fusion."
    assert Member.objects.get() == kept


@pytest.mark.parametrize("edit", ["cancel", "delete"])
def test_a_moved_row_edited_or_deleted_since_forbids_it(edit):
    kept, removed = create_member(), create_member()
    period = create_membership(removed)
    row = merge(kept, removed)
    getattr(kept.memberships.get(), edit)()

    assert refusal(row).startswith("Modifié ou supprimé depuis la fusion\u00a0: adhésion «\u00a0")
    assert (Member.objects.get(), Merge.objects.get().undone_at) == (kept, None)
    assert period.pk


def test_an_address_taken_since_forbids_it_and_changes_nothing():
    kept, removed = create_member(), create_member(email="lou@example.org")
    row = merge(kept, removed)
    create_member(email="LOU@example.org")
    before = values(Member)

    assert refusal(row) == (
        "La fiche retirée ne peut pas revenir\u00a0: Cette adresse e-mail est déjà celle d’un adhérent."
    )
    assert values(Member) == before


def test_an_account_closed_since_forbids_it():
    user = create_user()
    kept, removed = create_member(), create_member(user=user)
    row = merge(kept, removed)
    Merge.objects.filter(pk=row.pk).update(kept_digest="")
    user.delete()
    row.refresh_from_db()
    Merge.objects.filter(pk=row.pk).update(kept_digest=merging.digest(Member.objects.get()))

    assert refusal(row).startswith("La fiche retirée ne peut pas revenir\u00a0: ")


def test_a_merge_is_undone_within_thirty_days(time_machine_travel):
    row = merge(create_member(), create_member())

    with time_machine_travel(days=30, seconds=1):
        reason = refusal(row)

    assert reason == "Une fusion s’annule pendant trente jours\u00a0: c’est passé."


def test_a_merge_is_undone_once():
    row = merge(create_member(), create_member())
    undo(row)

    assert refusal(row) == "Cette fusion est déjà annulée."
    assert Member.objects.count() == 2
