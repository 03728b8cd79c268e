"""The table of members that staff take away in the background."""

from decimal import Decimal
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from documents.models import Export
from journal.models import Entry
from members.exports import MemberTable
from members.models import Member
from tests.admin import act
from tests.factories import create_charge, create_member, create_membership, create_staff, create_user
from tests.members.states import STATES, member_in

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    storage = Export._meta.get_field("file").storage
    monkeypatch.setitem(vars(storage), "location", str(tmp_path))


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def helper(*rights):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    return user


def everything(client, **filters):
    address = f"{MEMBERS}?" + "&".join(f"{key}={value}" for key, value in filters.items())
    data = {"action": "export_xlsx", "select_across": "1", "_selected_action": "0"}
    return client.post(address, data, follow=True)


def made():
    export = Export.objects.get()
    if export.state == Export.State.WAITING:
        export.make()
    export.refresh_from_db()
    with export.file.open() as file:
        sheet = load_workbook(BytesIO(file.read())).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_a_row_says_who_where_they_stand_and_what_they_paid(staff):
    charge = create_charge()
    charge.record_payment(method="sandbox", amount=Decimal(15), reference="1")
    member = create_member(phone="=04", city="Sète", email="lou@example.org")
    period = create_membership(member, charge=charge, amount=Decimal(40))

    act(staff, MEMBERS, "export_xlsx", member)

    header, row = made()
    found = dict(zip(header, row, strict=True))
    assert found["Numéro"] == member.number
    assert (found["Adresse e-mail"], found["Ville"], found["Téléphone"]) == (
        "lou@example.org",
        "Sète",
        "'=04",
    )
    assert (found["Formule"], found["État"]) == (period.plan.name, member.standing().title)
    assert (found["Premier jour"].date(), found["Dernier jour"].date()) == (period.starts_on, period.ends_on)
    assert (found["Cotisation"], found["Reçu"]) == (40, 15)
    assert member.card_code not in row


def test_each_state_has_its_line_with_the_title_of_the_account():
    members = [member_in(state) for state in STATES]

    table = MemberTable([member.pk for member in members])

    column = table.header.index("État")
    assert [row[column] for row in table] == [member.standing().title for member in members]


def test_the_rows_ticked_leave_and_each_person_is_told(staff):
    taken, left = create_member(), create_member()

    response = act(staff, MEMBERS, "export_csv", taken)

    export = Export.objects.get()
    export.make()
    assert response.redirect_chain[-1][0] == reverse("admin:documents_export_changelist")
    assert export.format == "csv"
    entries = Entry.objects.filter(action="exported")
    assert [(entry.object_id, entry.reference) for entry in entries] == [(taken.pk, str(export.token))]
    assert not Entry.objects.about(left).exists()


def test_all_that_the_filters_keep_leaves(staff):
    for state in ("active", "lapsed"):
        member_in(state, last_name=state)

    everything(staff, state="expired")

    assert [row[3] for row in made()[1:]] == ["lapsed"]


def test_who_is_gone_meanwhile_is_left_out():
    member = create_member()
    table = MemberTable([member.pk, 0])

    assert len(list(table)) == 1
    assert list(table.subjects()) == [member.pk]


def test_the_table_costs_the_same_for_one_and_for_many():
    for _ in range(30):
        create_membership(charge=create_charge())
    pks = list(Member.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as one:
        list(MemberTable(pks[:1]))
    with CaptureQueriesContext(connection) as many:
        list(MemberTable(pks))

    assert len(many) == len(one)


def test_without_the_right_nothing_is_offered_and_a_forged_request_is_refused(client):
    member = create_member()
    client.force_login(helper("view_member", "change_member"))

    page = client.get(MEMBERS)

    assert "export_xlsx" not in page.text
    assert act(client, MEMBERS, "export_xlsx", member).status_code == 403
    assert everything(client).status_code == 403
    assert not Export.objects.exists()


def test_the_right_is_asked_again_at_the_download(client):
    user = helper("view_member", "export_member")
    client.force_login(user)
    act(client, MEMBERS, "export_csv", create_member())
    export = Export.objects.get()
    export.make()
    address = reverse("admin:documents_export_download", args=[export.token])

    allowed = client.get(address)
    assert b"".join(allowed.streaming_content)
    user.user_permissions.remove(Permission.objects.get(codename="export_member"))
    refused = client.get(address)

    assert (allowed.status_code, refused.status_code) == (200, 403)
