"""The card of a member: whose it is, what it says, and what a stranger who scans it learns."""

from datetime import date, timedelta

import pypdf
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from members import merging
from members.models import Mandate, Member
from tests.admin import typed
from tests.factories import (
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
CARD = reverse("members:card")
END = date(2026, 12, 31)


@pytest.fixture(autouse=True)
def _in_december():
    with time_machine.travel("2026-12-20T12:00:00+01:00", tick=False):
        yield


@pytest.fixture
def user():
    return create_user()


@pytest.fixture
def member(user):
    member = create_member(user=user, first_name="Camille", last_name="Démo", email="camille@example.org")
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=END)
    return member


def check(client, code):
    return client.get(reverse("members:card_check", args=[code]))


def pdf_of(client, member):
    return client.get(reverse("members:card_pdf", args=[member.pk]))


# One's own


def test_ones_own_card_comes_before_that_of_an_organisation(client, user, member):
    organisation = create_organisation("Agence d’essai")
    Mandate.objects.create(organisation=organisation, user=user, role="titular", starts_on=date(2026, 1, 1))
    client.force_login(user)

    assert [card.member for card in client.get(CARD).context["cards"]] == [member, organisation]


def test_the_card_says_who_and_until_when(client, user, member):
    client.force_login(user)

    page = client.get(CARD).text

    assert "Camille Démo" in page
    assert member.number in page
    assert "Citoyens" in page
    assert "Valable jusqu’au 31 décembre 2026 inclus" in page
    assert reverse("members:card_check", args=[member.card_code]) in page
    assert 'src="data:image/svg+xml' in page
    assert f'href="{CARD}"' in client.get(reverse("account")).text


def test_the_pdf_says_the_same_and_a_screen_reader_reads_it(client, user, member, tmp_path):
    client.force_login(user)

    response = pdf_of(client, member)

    assert response["Content-Type"] == "application/pdf"
    assert f'filename="carte-{member.number}.pdf"' in response["Content-Disposition"]
    path = tmp_path / "card.pdf"
    path.write_bytes(response.content)
    pdf = pypdf.PdfReader(path)
    [page] = pdf.pages
    text = " ".join(page.extract_text().split())
    for word in ("Camille Démo", "Citoyens", member.number, "Valable jusqu’au 31 décembre 2026 inclus"):
        assert word in text
    assert member.card_code in text
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "Code QR" in response.content.decode("latin-1") or b"/Alt" in response.content


@pytest.mark.parametrize("name", ["N" * 100, "Société " + "très " * 30 + "longue", "李明 🎉"])
def test_the_card_holds_any_name_on_one_page(client, user, member, name, tmp_path):
    member.last_name = name[:100]
    member.save(update_fields=["last_name"])
    client.force_login(user)
    path = tmp_path / "card.pdf"
    path.write_bytes(pdf_of(client, member).content)

    assert len(pypdf.PdfReader(path).pages) == 1


def test_who_is_not_up_to_date_reads_why_and_has_no_card(client, user, member):
    member.leave("resigned", left_on=date(2026, 12, 1))
    client.force_login(user)

    page = client.get(CARD).text

    assert "<strong>Démissionnaire.</strong> Démission reçue le 20 décembre 2026" in page
    assert member.card_code not in page
    assert pdf_of(client, member).status_code == 404


def test_who_never_joined_is_told_how(client, user):
    client.force_login(user)

    assert "il n’y a pas de carte" in client.get(CARD).text


def test_nobody_has_the_card_of_another(client, member):
    assert client.get(CARD).status_code == 302
    assert pdf_of(client, member).status_code == 302
    client.force_login(create_user())

    assert "Camille" not in client.get(CARD).text
    assert pdf_of(client, member).status_code == 404


@pytest.mark.parametrize(("fields", "has_it"), [({"role": "titular"}, True), ({"role": "colleague"}, False)])
def test_the_card_of_an_organisation_is_for_those_who_act_for_it(client, user, fields, has_it):
    organisation = create_organisation("Société d’essai")
    create_membership(organisation, ends_on=END)
    Mandate.objects.create(organisation=organisation, user=user, starts_on=date(2026, 1, 1), **fields)
    client.force_login(user)

    assert ("Société d’essai" in client.get(CARD).text) == has_it
    assert (pdf_of(client, organisation).status_code == 200) == has_it


# What a stranger learns


def test_a_valid_card_shows_the_name_and_the_last_day_and_nothing_else(client, member):
    response = check(client, member.card_code)

    assert response.status_code == 200
    assert "Carte valable" in response.text
    assert "Camille Démo" in response.text
    assert "Valable jusqu’au 31 décembre 2026 inclus" in response.text
    for hidden in (
        member.email,
        member.number,
        member.college.name,
        "Formule",
        member.standing().explanation,
    ):
        assert hidden not in response.text
    assert "no-store" in response["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in response.text


def test_the_case_of_the_code_does_not_matter(client, member):
    assert check(client, member.card_code.lower()).status_code == 200


@pytest.mark.parametrize("state", ["lapsed", "resigned", "excluded", "deceased", "decided"])
def test_a_card_that_is_no_longer_valid_never_says_why(client, member, state):
    if state == "lapsed":
        member.memberships.update(ends_on=date(2026, 12, 1))
    elif state == "decided":
        member.decide_status("lapsed", reason="Chèque rejeté", starts_on=date(2026, 12, 1), until=END)
    else:
        member.leave(state, left_on=date(2026, 12, 1), reason="Propos graves")

    response = check(client, member.card_code)

    assert response.status_code == 200
    main = response.text.partition("<main")[2].partition("</main>")[0]
    words = main.partition('<div class="narrow stack">')[2]
    assert "Cette carte n’est plus valable" in words
    assert "Camille Démo" in words
    assert [
        word
        for word in ("décédé", "Exclu", "exclu", "émission", "Propos", "Chèque", "2026-")
        if word in words
    ] == []
    assert "1er" not in words


def test_the_page_is_the_same_whatever_the_reason(client, member):
    pages = set()
    for kind in ("resigned", "excluded", "deceased"):
        departure = member.leave(kind, left_on=date(2026, 12, 1), reason="Secret")
        pages.add(check(client, member.card_code).text)
        departure.cancel()
    member.memberships.update(ends_on=date(2026, 12, 1))
    pages.add(check(client, member.card_code).text)

    assert len(pages) == 1


@pytest.mark.parametrize("code", ["ABCD2345EFGH6789", "x", "a" * 500, "é", "ß", "../admin", "'--"])
def test_a_guessed_code_is_an_unknown_card(client, member, code):
    response = client.get(f"/cartes/{code}/") if "/" not in code else check(client, "A.A")

    assert response.status_code == 404
    assert "Carte inconnue" in response.text
    assert "Camille" not in response.text


def test_a_prefix_of_the_code_is_not_enough(client, member):
    assert check(client, member.card_code[:-1]).status_code == 404


def test_one_address_does_not_try_for_ever(client, member, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"card": "3/10m/ip"}

    statuses = [check(client, f"X{number}").status_code for number in range(4)]

    assert statuses == [404, 404, 404, 429]
    assert check(client, member.card_code).status_code == 429


def test_a_member_of_honour_has_a_card_without_end_which_does_not_tell_strangers(client, member):
    member.decide_status("honorary", reason="Merci", starts_on=date(2026, 1, 1), until=None)

    page = check(client, member.card_code).text

    assert "Carte valable" in page
    assert [word for word in ("honneur", "Merci", "jusqu’au") if word in page] == []


# Lost


def test_staff_replace_a_lost_card_and_the_old_one_is_unknown(client, member):
    old = member.card_code
    client.force_login(create_staff())
    address = reverse("admin:members_member_card", args=[member.pk])
    assert address in client.get(reverse("admin:members_member_change", args=[member.pk])).text

    client.post(address, typed(client.get(address), reason="Perdue dans le tram"))

    member.refresh_from_db()
    assert member.card_code != old
    assert check(client, old).status_code == 404
    assert check(client, member.card_code).status_code == 200
    entry = Entry.objects.filter(action="changed").get()
    assert "Perdue dans le tram" in entry.note
    assert old not in f"{entry.note}{entry.changes}"


def test_the_card_of_who_was_merged_is_that_of_the_other_until_it_is_lost(client, member):
    twin = create_member()
    merging.merge(member, twin, take=(), by=create_staff())
    assert "Camille Démo" in check(client, twin.card_code).text

    member.replace_card()

    assert check(client, twin.card_code).status_code == 404


def test_a_reason_and_the_right_to_change_are_asked(client, member):
    old, address = member.card_code, reverse("admin:members_member_card", args=[member.pk])
    client.force_login(create_user(is_staff=True, second_factor=True))
    assert client.post(address, {"reason": "Perdue"}).status_code == 403
    client.force_login(create_staff())
    assert client.post(address, {"reason": " "}).status_code == 400

    assert Member.objects.get().card_code == old


def test_the_page_costs_the_same_for_one_card_and_for_many(client, user, member):
    def add():
        organisation = create_organisation()
        create_membership(organisation, plan=plan, ends_on=timezone.localdate() + timedelta(days=30))
        Mandate.objects.create(
            organisation=organisation, user=user, role="titular", starts_on=date(2026, 1, 1)
        )

    plan = create_plan()
    add()
    client.force_login(user)
    client.get(CARD)
    with CaptureQueriesContext(connection) as few:
        client.get(CARD)
    for _ in range(7):
        add()
    with CaptureQueriesContext(connection) as many:
        page = client.get(CARD).text

    assert page.count('class="member-card-code"') == 9
    assert len(many) == len(few)
