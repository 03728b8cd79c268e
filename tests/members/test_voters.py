"""Who may vote on a day, in what they sign and what is taken away, and why the others may not."""

import csv
from io import BytesIO, StringIO

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from journal.models import Entry
from members.models import Mandate
from members.voters import Voters
from tests.factories import (
    create_college,
    create_member,
    create_membership,
    create_organisation,
    create_staff,
    create_user,
)
from tests.members.states import STATES, day, member_in

pytestmark = pytest.mark.django_db
PAGE, PDF, CSV, ABSENT = (
    reverse(f"admin:members_member_{name}") for name in ("voters", "voters_pdf", "voters_csv", "absent_csv")
)
VOTING = {"active", "active on credit", "grace", "honorary", "decided active"}


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def voter(last_name, **fields):
    return create_membership(create_member(last_name=last_name, first_name="Alex", **fields)).member


def organisation(name="Coopérative", **mandate):
    found = create_membership(create_organisation(name)).member
    if mandate:
        Mandate.objects.create(organisation=found, is_voting=True, starts_on=day(-50), **mandate)
    return found


def names(on=0):
    return [one.name for one in Voters(day(on)).all]


def rows(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(StringIO(text), delimiter=";"))


def text_of(response):
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)


def test_each_state_votes_or_not_once():
    for state in STATES:
        member_in(state, last_name=state, first_name="")

    assert sorted(names()) == sorted(state.upper() for state in VOTING)


def test_the_list_goes_by_college_then_as_french_names_do():
    last = create_college("Institutions", "institutions")
    last.position = 5
    last.save()
    voter("Zola", college=create_college()), voter("Émile"), voter("Emilie"), voter("Emil")
    voter("Avant", college=last)

    assert names() == ["EMIL Alex", "ÉMILE Alex", "EMILIE Alex", "ZOLA Alex", "AVANT Alex"]


def test_a_past_day_has_its_own_list():
    create_membership(
        create_member(last_name="Hier", first_name="Alex"), starts_on=day(-400), ends_on=day(-2)
    )
    voter("Demain")

    assert (names(-200), names(0)) == (["HIER Alex"], ["DEMAIN Alex"])


def test_an_organisation_is_one_voice_cast_by_its_titular_else_its_deputy():
    found = organisation(first_name="Dominique", last_name="Suppléante", role="deputy", ends_on=day(20))
    (alone,) = Voters(day(0)).all
    Mandate.objects.create(
        organisation=found, role="titular", first_name="Claude", last_name="Titulaire", is_voting=True
    )
    Mandate.objects.create(organisation=found, role="titular", last_name="Sans voix")
    (both,) = Voters(day(0)).all

    assert (alone.holder, both.holder) == ("Dominique Suppléante", "Claude Titulaire")


def test_a_mandate_that_is_over_that_day_casts_no_vote():
    organisation(last_name="Partie", role="titular", ends_on=day(-1))

    assert [one.holder for one in Voters(day(0)).all] == [""]


def test_the_page_counts_by_college_and_explains_who_is_not_on_it(staff):
    voter("Présente")
    absent = member_in("lapsed", last_name="Absente")
    never = member_in("none", last_name="Inconnue")

    page = staff.get(PAGE)

    assert [(str(college), count) for college, count in page.context["voters"].counts()] == [("Citoyens", 1)]
    assert page.context["absent_rows"] == [(absent, absent.standing())]
    assert absent.standing().explanation in page.text
    assert str(never) not in page.text
    assert f'value="{day(0).isoformat()}"' in page.text


@pytest.mark.parametrize("address", [PAGE, PDF, CSV, ABSENT])
def test_a_day_that_is_none_is_said_beside_its_field(staff, address):
    page = staff.get(address, {"on": "2026-02-30"})

    assert page.status_code == 400
    assert page.context["form"].errors == {"on": ["Saisissez une date valide."]}
    assert 'value="2026-02-30"' in page.text
    assert not Entry.objects.exists()


def test_the_paper_names_each_voter_on_tagged_a4_pages(staff):
    for number in range(60):
        voter(f"Personne{number:02d}")
    organisation(first_name="Claude", last_name="Titulaire", role="titular")

    response = staff.get(PDF)

    pages = PdfReader(BytesIO(response.content)).pages
    text = text_of(response)
    assert response["Content-Type"] == "application/pdf"
    assert (round(pages[0].mediabox.width), round(pages[0].mediabox.height)) == (595, 842)
    assert PdfReader(BytesIO(response.content)).trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert all("Signature" in page.extract_text() for page in pages)  # the header of the table is repeated
    assert "61 voix" in text
    assert text.count("PERSONNE") == 60
    assert "représentée par Claude Titulaire" in text


def test_the_paper_of_one_college_holds_that_college(staff):
    voter("Ici")
    voter("Ailleurs", college=create_college("Économie", "economie"))

    response = staff.get(PDF, {"college": create_college().pk})

    assert "ICI Alex" in text_of(response)
    assert "AILLEURS" not in text_of(response)
    assert response["Content-Disposition"] == f'attachment; filename="electeurs-citoyens-{day(0)}.pdf"'


def test_a_paper_without_anybody_says_so(staff):
    assert "Personne n’est à jour à cette date." in text_of(staff.get(PDF))


def test_the_tables_hold_the_same_people_and_no_formula(staff):
    member = voter("=1+1")
    absent = member_in("resigned", last_name="Partie", first_name="Lou")

    listed, others = rows(staff.get(CSV)), rows(staff.get(ABSENT))

    assert listed[1:] == [
        ["Citoyens", member.number, "'=1+1 Alex", "personne", "", f"{day(0):%d/%m/%Y}"],
    ]
    assert others[1:] == [
        ["Citoyens", absent.number, "Lou Partie", "Démissionnaire", absent.standing().explanation]
    ]


@pytest.mark.parametrize(("address", "form"), [(PDF, "PDF"), (CSV, "CSV")])
def test_taking_the_list_is_noted_on_each_record(staff, address, form):
    member = voter("Présente")
    member_in("lapsed")

    staff.get(address)

    (entry,) = Entry.objects.all()
    assert (entry.object_id, entry.action) == (member.pk, "exported")
    assert entry.note.startswith("Liste électorale au ")
    assert entry.note.endswith(form)


@pytest.mark.parametrize("address", [PAGE, PDF, CSV, ABSENT])
def test_the_list_asks_for_its_own_right(client, address):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_member", "change_member"]))
    client.force_login(user)

    assert client.get(address).status_code == 403
    assert PAGE not in client.get(reverse("admin:members_member_changelist")).text
    user.user_permissions.add(Permission.objects.get(codename="view_voters"))
    assert client.get(address).status_code == 200


def test_the_page_costs_the_same_for_one_and_for_many(staff):
    def more(number):
        for _ in range(number):
            organisation(last_name="Titulaire", role="titular")
            voter("Présente")
            member_in("lapsed")

    more(1)
    staff.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        staff.get(PAGE)
    more(60)
    with CaptureQueriesContext(connection) as many:
        page = staff.get(PAGE, {"absent": "1", "page": "1"})

    assert len(page.context["listed_rows"]) == 100
    assert len(many) == len(one)
