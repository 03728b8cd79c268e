import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from documents.models import Export
from journal.models import Entry
from tests.admin import assert_same_queries, search
from tests.factories import create_member, create_staff, create_user

pytestmark = pytest.mark.django_db
EXPORTS = reverse("admin:documents_export_changelist")


@pytest.fixture
def staff(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_member"))
    client.force_login(user)
    return user


def ask(user, **options):
    options = {"parameters": {}, "by": user, "title": "Adhérents", "format": "csv"} | options
    return Export.ask("members.members", **options)


def ready(user, **options):
    export = ask(user, **options)
    export.make()
    export.refresh_from_db()
    return export


def file_of(export):
    return reverse("admin:documents_export_download", args=[export.token])


def take(client, export):
    """The answer, and what it holds if it is a file."""
    response = client.get(file_of(export))
    content = b"".join(response.streaming_content) if response.streaming else b""
    return response, content.decode("utf-8-sig")


def test_one_sees_and_takes_ones_own_exports(client, staff):
    member = create_member(last_name="Bruyère")
    export, waiting = ready(staff), ask(staff)
    ready(create_staff())

    page = client.get(EXPORTS)
    response, content = take(client, export)

    assert list(page.context["cl"].result_list) == [waiting, export]
    assert page.text.count(">Télécharger<") == 1
    assert f'<a href="{EXPORTS}">Actualiser</a>' in page.text
    assert str(member) in content
    assert response["Content-Disposition"] == f'attachment; filename="{export.filename}"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in response["Cache-Control"]


def test_with_every_right_one_takes_the_exports_of_all(client, staff):
    export = ready(staff)
    client.force_login(create_staff())

    assert search(client, EXPORTS) == [export]
    assert take(client, export)[0].status_code == 200


def test_the_exports_of_somebody_else_are_nowhere(client, staff):
    export = ready(create_staff())

    assert search(client, EXPORTS) == []
    assert client.get(file_of(export)).status_code == 404
    assert client.get(export.get_absolute_url()).status_code == 302


def test_who_lost_the_right_no_longer_takes_the_file(client, staff):
    export = ready(staff)
    staff.user_permissions.clear()

    response = client.get(file_of(export))

    assert response.status_code == 403
    assert Entry.objects.about(export).count() == 0


def test_who_is_no_longer_of_the_team_is_refused(client, staff):
    export = ready(staff)
    staff.is_staff = False
    staff.save()

    assert client.get(file_of(export)).status_code in {302, 403}


def test_a_file_that_is_not_ready_expired_or_lost_is_not_found(client, staff, time_machine_travel, folder):
    waiting, export = ask(staff), ready(staff)
    with time_machine_travel(days=7, minutes=1):
        client.force_login(staff)
        expired = client.get(file_of(export)).status_code
    client.force_login(staff)
    (folder / export.file.name).unlink()

    assert [client.get(file_of(waiting)).status_code, expired, client.get(file_of(export)).status_code] == [
        404
    ] * 3


def test_each_download_is_in_the_journal(client, staff):
    export = ready(staff)

    take(client, export)

    (entry,) = Entry.objects.about(export)
    assert (entry.action, entry.actor, entry.reference) == ("exported", staff, str(export.token))


def test_the_page_of_an_export_says_how_it_goes(client, staff):
    export = ready(staff)
    Export.objects.filter(pk=export.pk).update(error="ValueError: base absente")

    page = client.get(export.get_absolute_url()).text

    assert "ValueError: base absente" in page
    assert f'href="{file_of(export)}"' in page
    assert "parameters" not in page


def test_the_list_costs_the_same_for_one_and_a_hundred(client, staff):
    client.force_login(create_staff())

    assert_same_queries(client, EXPORTS, lambda: ready(staff))


def test_only_who_may_take_a_table_away_sees_the_list_in_the_index(client, staff):
    index = reverse("admin:index")
    may = client.get(index).text
    client.force_login(create_user(is_staff=True, second_factor=True))

    assert (EXPORTS in may, EXPORTS in client.get(index).text) == (True, False)


def test_a_download_is_only_read(client, staff):
    assert client.post(file_of(ready(staff))).status_code == 405
