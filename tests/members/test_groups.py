"""Groups that staff fill by hand, and searches of the list kept under a name."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from journal.models import Entry
from members import merging, unmerging
from members.models import Group, Member, SavedSearch
from tests.admin import act, assert_same_queries, search, told, typed, unlabelled
from tests.factories import create_college, create_member, create_staff, create_user

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
GROUPS = reverse("admin:members_group_changelist")
SEARCHES = reverse("admin:members_savedsearch_changelist")
ADD_SEARCH = reverse("admin:members_savedsearch_add")


@pytest.fixture
def staff(client):
    client.user = create_staff()
    client.force_login(client.user)
    return client


def names(group):
    return sorted(str(member) for member in group.members.all())


# Groups


def test_chosen_members_are_put_in_a_group_after_a_question_and_once(staff):
    one, other = create_member(last_name="Un"), create_member(last_name="Deux")
    group = Group.objects.create(name="Santé")

    question = act(staff, MEMBERS, "put_in_group", one, other)
    first = act(staff, MEMBERS, "put_in_group", one, confirmed="yes", group=group.pk)
    again = act(staff, MEMBERS, "put_in_group", one, other, confirmed="yes", group=group.pk)

    assert ("2 fiches choisies." in question.text, unlabelled(question)) == (True, [])
    assert [told(first), told(again)] == [["Santé\u00a0: 1 fiche ajoutée."]] * 2
    assert names(group) == ["Camille Deux", "Camille Un"]
    assert [entry.note for entry in Entry.objects.about(group)] == ["Fiches ajoutées\u00a0: 1."] * 2


def test_all_the_rows_of_the_filters_are_put_in_a_group(staff):
    for _ in range(120):
        create_member(last_name="Brun")
    create_member(last_name="Quérol")
    group = Group.objects.create(name="Santé")
    data = {"action": "put_in_group", "select_across": "1", "_selected_action": ["0"]}

    question = staff.post(f"{MEMBERS}?q=Brun", data)
    staff.post(f"{MEMBERS}?q=Brun", typed(question, group=str(group.pk)))

    assert "120 fiches choisies." in question.text
    assert group.members.count() == 120


def test_members_are_taken_out_of_a_group(staff):
    one, other = create_member(), create_member()
    group = Group.objects.create(name="Santé")
    group.members.add(one)

    response = act(staff, MEMBERS, "take_out_of_group", one, other, confirmed="yes", group=group.pk)

    assert told(response) == ["Santé\u00a0: 1 fiche retirée."]
    assert names(group) == []


def test_a_group_that_is_not_chosen_or_does_not_exist_is_asked_again(staff):
    member = create_member()

    answers = [
        act(staff, MEMBERS, "put_in_group", member, confirmed="yes", group=value) for value in ("", "99")
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_the_list_of_members_is_narrowed_to_a_group(staff):
    inside, _outside = create_member(), create_member()
    group = Group.objects.create(name="Santé")
    group.members.add(inside)

    assert search(staff, MEMBERS, group=group.pk) == [inside]
    assert f'<a href="{MEMBERS}?group={group.pk}">1</a>' in staff.get(GROUPS).text


def test_a_merge_keeps_the_kept_member_once_in_each_group_and_its_undoing_gives_the_places_back():
    kept, removed = create_member(), create_member()
    both, one = Group.objects.create(name="Les deux"), Group.objects.create(name="L’autre")
    both.members.add(kept, removed)
    one.members.add(removed)
    staff = create_staff()

    row = merging.merge(kept, removed, take=[], by=staff)
    merged = [list(group.members.all()) for group in (both, one)]
    unmerging.undo(row, by=staff)

    assert merged == [[kept], [kept]]
    assert [set(group.members.all()) for group in (both, one)] == [{kept, removed}, {removed}]


def test_the_list_of_groups_costs_the_same_for_one_and_for_many(staff):
    def create():
        Group.objects.create(name=f"Groupe {Group.objects.count()}").members.add(create_member())

    assert_same_queries(staff, GROUPS, create)


# Saved searches


def save(client, query, **fields):
    page = client.get(ADD_SEARCH, {"query": query})
    return client.post(ADD_SEARCH, typed(page, **{"name": "Ma recherche"} | fields))


def test_a_search_is_saved_from_the_list_and_opened_again_as_it_is_then(staff):
    create_member(last_name="Brun")

    page = staff.get(MEMBERS, {"q": "Brun", "kind__exact": "person", "p": "1"})
    assert f'href="{ADD_SEARCH}?query=q%3DBrun%26kind__exact%3Dperson%26p%3D1"' in page.text
    response = save(staff, "q=Brun&kind__exact=person&p=1")
    saved = SavedSearch.objects.get()
    create_member(last_name="Brun")

    assert response.status_code == 302
    assert (saved.query, saved.author, saved.is_shared) == ("q=Brun&kind__exact=person", staff.user, False)
    assert '<a href="?q=Brun&amp;kind__exact=person">Ma recherche</a>' in staff.get(MEMBERS).text
    assert len(staff.get(f"{MEMBERS}?{saved.query}").context["cl"].result_list) == 2


@pytest.mark.parametrize(
    "query",
    [
        "user__password__startswith=p",
        "state=rich",
        "plan=999999",
        "current_on=hier",
        "kind__exact=robot&x=1",
        "",
    ],
)
def test_what_the_list_does_not_know_is_not_saved(staff, query):
    assert save(staff, query).status_code == 200
    assert not SavedSearch.objects.exists()


def test_two_searches_of_one_person_have_two_names(staff):
    save(staff, "q=a")
    again = save(staff, "q=b")

    assert "Vous avez déjà une recherche de ce nom." in again.text
    assert SavedSearch.objects.get().query == "q=a"


def test_a_private_search_is_seen_by_its_author_alone_and_a_shared_one_is_changed_by_nobody_else(staff):
    other = create_staff()
    private = SavedSearch.objects.create(name="Privée", query="q=a", author=other)
    shared = SavedSearch.objects.create(name="Partagée", query="q=b", author=other, is_shared=True)
    page = lambda row: reverse("admin:members_savedsearch_change", args=[row.pk])  # noqa: E731

    answers = [staff.get(page(row)).status_code for row in (private, shared)]
    written = staff.post(page(shared), {"name": "Volée", "query": "q=c"}).status_code

    assert search(staff, SEARCHES) == [shared]
    assert (answers, written) == ([302, 200], 403)
    assert "Privée" not in staff.get(MEMBERS).text


def test_who_may_only_look_fills_no_group_and_saves_nothing(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_member", "view_group"]))
    client.force_login(user)
    member, group = create_member(college=create_college()), Group.objects.create(name="Santé")

    act(client, MEMBERS, "put_in_group", member, confirmed="yes", group=group.pk)

    assert (names(group), Member.objects.count()) == ([], 1)
    assert client.get(ADD_SEARCH).status_code == 403
    assert "Enregistrer cette recherche" not in client.get(MEMBERS, {"q": "a"}).text
