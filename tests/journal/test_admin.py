import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import Permission
from django.urls import path, reverse

from iamm.urls import urlpatterns as pages
from journal import trail
from journal.admin import JournalledAdmin
from journal.models import Entry
from members.models import College, Plan
from tests.admin import assert_same_queries, search, typed
from tests.factories import create_college, create_member, create_plan, create_staff, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
Action = Entry.Action
ENTRIES = "/admin/journal/entry/"
COLLEGES = "/journalled/members/college/"


class CollegeAdmin(JournalledAdmin):
    list_display = ["name", "position"]
    list_editable = ["position"]


class PlanAdmin(JournalledAdmin):
    journalled_fields = ["name", "kind"]


site = AdminSite(name="journalled")
site.register(College, CollegeAdmin)
site.register(Plan, PlanAdmin)
urlpatterns = [path("journalled/", site.urls), *pages]


@pytest.fixture
def zoe():
    return create_staff("equipe@example.org", first_name="Zoé")


@pytest.fixture
def staff(client, zoe):
    client.force_login(zoe)
    return client


def page_of(row, name="college"):
    return f"/journalled/members/{name}/{row.pk}/change/"


def entries(*actions):
    return list(Entry.objects.filter(action__in=actions).order_by("pk"))


# What an admin page leaves


def test_a_row_that_is_added_is_noted_with_all_it_holds(staff, zoe):
    staff.post(f"{COLLEGES}add/", {"name": "Citoyens", "slug": "citoyens", "position": 3})

    (entry,) = Entry.objects.all()
    assert (entry.action, entry.actor, entry.label) == (Action.CREATED, zoe, "Citoyens")
    assert entry.changes == {"name": [None, "Citoyens"], "slug": [None, "citoyens"], "position": [None, 3]}


def test_a_change_is_noted_from_what_to_what(staff, zoe):
    college = create_college()
    form = typed(staff.get(page_of(college)), name="Public")

    staff.post(page_of(college), form)

    (entry,) = entries(Action.CHANGED)
    assert (entry.actor, entry.changes) == (zoe, {"name": ["Citoyens", "Public"]})


def test_what_somebody_else_changed_meanwhile_is_not_said_to_be_mine(staff):
    college = create_college()
    form = typed(staff.get(page_of(college)), name="Public")
    College.objects.update(name="Public")

    staff.post(page_of(college), form)

    assert entries(Action.CHANGED) == []


def test_a_form_that_is_refused_changes_nothing_and_notes_nothing(staff):
    college = create_college()
    form = typed(staff.get(page_of(college)), name="")

    staff.post(page_of(college), form)

    assert entries(Action.CHANGED, Action.CREATED) == []


def test_a_change_made_in_the_list_is_noted_too(staff):
    college = create_college()
    row = {"form-0-id": college.pk, "form-0-position": 7}
    management = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "1"}

    staff.post(COLLEGES, row | management)

    (entry,) = entries(Action.CHANGED)
    assert entry.changes == {"position": [college.position, 7]}


def test_only_the_fields_an_admin_names_are_noted(staff):
    plan = create_plan(name="Solo")
    form = typed(staff.get(page_of(plan, "plan")), name="Duo", summary="Autre chose")

    staff.post(page_of(plan, "plan"), form)

    (entry,) = entries(Action.CHANGED)
    assert entry.changes == {"name": ["Solo", "Duo"]}


def test_who_opens_a_page_is_noted_once_an_hour(staff, zoe, time_machine_travel):
    college = create_college()

    for _ in range(3):
        staff.get(page_of(college))
    with time_machine_travel(minutes=61):
        staff.get(page_of(college))

    assert [(entry.actor, entry.object_id) for entry in entries(Action.OPENED)] == [(zoe, college.pk)] * 2


def test_a_page_that_is_refused_or_missing_was_not_opened(client, staff):
    college = create_college()
    staff.get(page_of(college).replace(str(college.pk), "999999"))
    client.force_login(create_user(is_staff=True, second_factor=True))

    response = client.get(page_of(college))

    assert (response.status_code, entries(Action.OPENED)) == (403, [])


def test_a_row_that_is_deleted_leaves_its_name(staff):
    one, other = create_college(), create_college("Autre", "autre")
    staff.post(page_of(one).replace("change", "delete"), {"post": "yes"})

    chosen = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    staff.post(COLLEGES, chosen)

    assert [entry.label for entry in entries(Action.ERASED)] == ["Citoyens", "Autre"]
    assert College.objects.count() == 0


# The pages of the journal


def test_entries_are_found_by_subject_author_and_reference(staff, zoe):
    found = trail.record(create_member(last_name="Bruyère"), Action.EXPORTED, actor=zoe, reference="lot-7")
    trail.record(create_member(), Action.CHANGED)

    for words in ("bruyère", "zoé", "lot-7"):
        assert search(staff, ENTRIES, q=words) == [found]
    assert search(staff, ENTRIES, action__exact="exported") == [found]


def test_the_list_of_entries_costs_the_same_for_one_and_a_hundred(staff, zoe):
    assert_same_queries(
        staff, ENTRIES, lambda: trail.record(create_member(), Action.CHANGED, actor=create_staff())
    )


def test_an_entry_says_what_changed_in_the_words_of_the_forms(staff):
    member = create_member(last_name="<Roux>")
    changes = {"last_name": ["Petit", "<Roux>"], "kind": ["person", "organisation"], "gone": [None, True]}
    entry = trail.record(member, Action.CHANGED, changes=changes)

    page = staff.get(f"{ENTRIES}{entry.pk}/change/").text

    assert "nom\u00a0: Petit → &lt;Roux&gt;" in page
    assert "nature\u00a0: personne → organisation" in page
    assert "gone\u00a0: – → oui" in page
    assert f'<a href="{reverse("admin:members_member_change", args=[member.pk])}">' in page


def test_an_entry_about_what_has_no_page_still_shows(staff):
    entry = trail.record(Permission.objects.first(), Action.CHANGED)

    response = staff.get(f"{ENTRIES}{entry.pk}/change/")

    assert response.status_code == 200


def test_nobody_writes_in_the_journal_by_hand(staff):
    entry = trail.record(create_member(), Action.CHANGED)

    statuses = [
        staff.post(f"{ENTRIES}{path}", {"note": "x"}).status_code for path in ("add/", f"{entry.pk}/change/")
    ]
    statuses.append(staff.post(f"{ENTRIES}{entry.pk}/delete/", {"post": "yes"}).status_code)

    assert statuses == [403, 403, 403]
    assert Entry.objects.get().note == ""


def test_the_journal_is_read_by_who_has_the_right_to_it(client):
    trail.record(create_member(), Action.CHANGED)
    user = create_user(is_staff=True, second_factor=True)
    client.force_login(user)
    before = client.get(ENTRIES).status_code

    user.user_permissions.add(Permission.objects.get(codename="view_entry"))

    assert (before, client.get(ENTRIES).status_code) == (403, 200)
