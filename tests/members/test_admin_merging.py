"""Duplicates, merges and their undoing, as the staff do them."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from journal import trail
from members import duplicates, merging
from members.models import DuplicatePair, Member, Merge
from tests.admin import act, assert_same_queries, search, told, typed, unlabelled
from tests.factories import (
    copies,
    create_college,
    create_member,
    create_membership,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
PAIRS = reverse("admin:members_duplicatepair_changelist")
MERGES = reverse("admin:members_merge_changelist")


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def twins(**fields):
    return [create_member(first_name="Ana", last_name="Brun", **fields) for _ in range(2)]


def compare(kept, removed):
    return reverse("admin:members_merge_compare", args=[kept.pk, removed.pk])


def page_of(row):
    return reverse(f"admin:members_{row._meta.model_name}_change", args=[row.pk])


def merge(kept, removed):
    return merging.merge(kept, removed, take=[], by=create_staff())


# Possible duplicates


def test_a_search_on_demand_fills_the_list_and_the_front_page_counts_it(staff, run_commit_hooks):
    one, other = twins()

    with run_commit_hooks():
        response = staff.post(reverse("admin:members_duplicatepair_search"), follow=True)

    page = staff.get(PAIRS, {"state": "open"}).text
    assert told(response) == ["La recherche est lancée\u00a0: la liste change dans quelques instants."]
    assert f'<a href="{compare(one, other)}">Ana Brun – Ana Brun</a>' in page
    assert "même nom, aux accents et à l’ordre près" in page
    assert f"{one.number}, {other.number}" in page
    assert "1 doublon possible parmi les adhérents" in staff.get(reverse("admin:index")).text


def test_a_pair_is_dismissed_once(staff):
    twins()
    duplicates.refresh()
    pair = DuplicatePair.objects.get()

    answers = [told(act(staff, PAIRS, "dismiss", pair)) for _ in range(2)]

    assert answers[0] == ["1 doublon écarté."]
    assert answers[1][0].endswith("\u00a0: ce doublon est déjà écarté.")
    assert (search(staff, PAIRS, state="open"), search(staff, PAIRS, state="dismissed")) == ([], [pair])


def test_the_list_of_pairs_costs_the_same_for_one_and_for_many(staff, monkeypatch):
    monkeypatch.setattr("members.admin.duplicates.DuplicatePairAdmin.list_per_page", 100)

    def create():
        one, other = twins(college=create_college())
        DuplicatePair.objects.create(member_a=one, member_b=other, score=60, dismissed_by=create_user())

    assert_same_queries(staff, PAIRS, create)


# Comparing and merging


def test_two_members_are_compared_then_merged(staff):
    kept = create_member(first_name="Lou", city="", phone="0467000001")
    removed = create_membership(create_member(first_name="Louise", city="Sète", phone="0467000002")).member

    page = staff.get(compare(kept, removed))
    response = staff.post(compare(kept, removed), typed(page, first_name="removed"), follow=True)

    kept.refresh_from_db()
    row = Merge.objects.get()
    assert unlabelled(page) == []
    assert [field.name for field in page.context["form"].choices] == [
        *["first_name", "last_name", "email", "phone", "city"]
    ]
    assert "adhésions\u00a0: 1" in page.text
    assert (kept.first_name, kept.city, kept.phone) == ("Louise", "Sète", "0467000001")
    assert response.redirect_chain == [(page_of(kept), 302)]
    assert told(response)[0].startswith(f"Fiche {removed.number} fusionnée\u00a0: annulable jusqu’au ")
    assert (row.by_id, Member.objects.count()) == (int(staff.session["_auth_user_id"]), 1)


def test_what_forbids_a_merge_is_said_before(staff):
    kept, removed = create_membership().member, create_membership().member

    page = staff.get(compare(kept, removed))
    answer = staff.post(compare(kept, removed), typed(page))

    assert "se chevauchent" in page.text
    assert 'value="Fusionner"' not in page.text
    assert (answer.status_code, Member.objects.count()) == (409, 2)
    assert "se chevauchent" in answer.text


def test_a_page_that_has_grown_old_is_shown_again_with_what_was_chosen(staff):
    kept, removed = create_member(city="Sète"), create_member(city="Lattes")
    page = staff.get(compare(kept, removed))
    Member.objects.filter(pk=kept.pk).update(phone="0467000001", city="Mèze")

    answer = staff.post(compare(kept, removed), typed(page, city="removed"))

    assert (answer.status_code, Member.objects.count()) == (409, 2)
    assert "vient de changer\u00a0: relisez avant de fusionner." in answer.text
    assert answer.context["form"]["city"].value() == "removed"
    assert staff.post(compare(kept, removed), typed(answer)).status_code == 302


def test_a_forged_choice_changes_nothing(staff):
    kept, removed = create_member(), create_member()
    page = staff.get(compare(kept, removed))

    answer = staff.post(compare(kept, removed), typed(page, email="pirate@example.org"))

    assert (answer.status_code, Member.objects.count()) == (409, 2)


def test_two_clicks_merge_once(staff):
    kept, removed = create_member(), create_member()
    form = typed(staff.get(compare(kept, removed)))

    answers = [staff.post(compare(kept, removed), form).status_code for _ in range(2)]

    assert (answers, Merge.objects.count()) == ([302, 404], 1)


def test_two_rows_of_the_list_are_merged_and_no_more(staff):
    user = create_user()
    first, second, third = create_member(), create_member(user=user), create_member()

    two = act(staff, MEMBERS, "merge_two", first, second)
    three = act(staff, MEMBERS, "merge_two", first, second, third)

    assert two.redirect_chain == [(compare(second, first), 302)]
    assert told(three) == ["Choisissez deux fiches, et deux seulement."]


# Afterwards


def test_the_page_of_a_member_merged_away_is_that_of_the_kept_one(staff):
    kept, removed = create_member(), create_member()
    old_page = page_of(removed)
    merge(kept, removed)

    response = staff.get(old_page, follow=True)

    assert response.redirect_chain == [(page_of(kept), 302)]


def test_the_page_of_a_merge_says_what_followed_and_what_the_journal_said(staff):
    kept, removed = create_member(), create_membership(create_member()).member
    trail.record(removed, trail.Action.CHANGED, note="Adresse corrigée")
    row = merge(kept, removed)

    page = staff.get(page_of(row)).text

    assert "adhésions\u00a0: 1" in page
    assert "le portail\u00a0: modification (Adresse corrigée)" in page


def test_a_merge_is_undone_after_a_question_and_refused_in_words(staff):
    kept, removed = create_member(), create_member()
    row = merge(kept, removed)

    question = act(staff, MERGES, "undo", row)
    done = act(staff, MERGES, "undo", row, confirmed="yes")
    again = act(staff, MERGES, "undo", row, confirmed="yes")

    assert "Les deux fiches redeviennent ce qu’elles étaient" in question.text
    assert told(done) == ["1 fusion annulée."]
    assert told(again)[0].endswith("\u00a0: Cette fusion est déjà annulée.")
    assert Member.objects.count() == 2


def test_the_list_of_merges_costs_the_same_for_one_and_for_many(staff):
    def add(total):
        removed = [10_000 + number for number in range(total)]
        kept, by = ([create() for _ in range(total)] for create in (create_member, create_user))
        copies(Merge.objects.get(), total, removed_pk=removed, kept=kept, by=by)

    assert_same_queries(staff, MERGES, lambda: merge(create_member(), create_member()), add=add)


# Rights


def test_who_may_only_look_merges_nothing(client):
    user = create_user(is_staff=True, second_factor=True)
    rights = ["view_member", "view_merge", "view_duplicatepair"]
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    one, other = twins()
    duplicates.refresh()

    answers = [
        client.get(compare(one, other)).status_code,
        client.post(compare(one, other)).status_code,
        client.post(reverse("admin:members_duplicatepair_search")).status_code,
    ]
    act(client, PAIRS, "dismiss", DuplicatePair.objects.get())
    act(client, MEMBERS, "merge_two", one, other)

    assert answers == [403, 403, 403]
    assert (DuplicatePair.objects.open().count(), Member.objects.count()) == (1, 2)
    assert "Chercher maintenant" not in client.get(PAIRS).text
