"""The board's queue: what waits first, one click or some words, heard once, written in the journal."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from journal.models import Entry
from mailing.models import Email
from members.lookalikes import lookalikes
from members.models import Application, Kind, Membership, Plan
from payments.models import Refund
from tests.admin import assert_same_queries, search, told, typed, unlabelled
from tests.factories import (
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
)
from tests.members.applying import ORGANISATION, pay, send, stored, submit
from tests.uploads import PDF, upload

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:members_application_changelist")
VERBS = ["accept", "credit", "refuse", "ask", "place", "give_back", "proof"]


@pytest.fixture
def staff(client):
    client.force_login(create_staff("bureau@example.org", first_name="Noé", last_name="Bureau"))
    return client


def page_of(application, verb="change", *more):
    return reverse(f"admin:members_application_{verb}", args=[application.pk, *more])


def waiting(email="zoe@example.org", **fields):
    return submit(create_plan(approval="everybody"), email, **fields)


def to_place():
    today = timezone.localdate()
    days = {"fixed_starts_on": today - timedelta(days=30), "fixed_ends_on": today + timedelta(days=300)}
    application = submit(create_plan(period=Plan.Period.FIXED, **days))
    member = create_member(email="zoe@example.org")
    create_membership(member, starts_on=days["fixed_starts_on"], ends_on=days["fixed_ends_on"])
    pay(application)
    return application


def journal_of(application):
    return [(entry.action, entry.actor_name, entry.note) for entry in Entry.objects.about(application)]


def reasons_of(application):
    return {one.member: one.reasons for one in lookalikes(application)}


# The queue


def test_the_queue_shows_what_waits_first_and_the_oldest_on_top(staff):
    late, early = waiting("a@example.org"), waiting("b@example.org")
    Application.objects.filter(pk=early.pk).update(state_since=timezone.now() - timedelta(days=3))
    to_pay = submit(create_plan(), "c@example.org")

    page = staff.get(QUEUE)

    assert list(page.context["cl"].result_list) == [early, late]
    assert "3\u00a0jours" in page.text
    assert search(staff, QUEUE, state="to_pay") == [to_pay]
    assert set(search(staff, QUEUE, state="all")) == {early, late, to_pay}


def test_an_organisation_is_found_by_its_name(staff):
    plan = create_plan(kind=Kind.ORGANISATION, approval="everybody")
    found = submit(plan, **{key: ORGANISATION[key] for key in ("organisation", "siret")})

    assert search(staff, QUEUE, q="société") == [found]


def test_the_queue_costs_the_same_for_one_and_for_many(staff):
    plan, number = create_plan(approval="everybody"), iter(range(200))

    assert_same_queries(staff, QUEUE, lambda: submit(plan, f"{next(number)}@example.org"))


def test_a_request_is_accepted_in_one_click_from_its_row(staff):
    application = waiting()

    page = staff.get(QUEUE)
    response = staff.post(page_of(application, "accept"), follow=True)

    application.refresh_from_db()
    assert f'formaction="{page_of(application, "accept")}"' in page.text
    assert told(response) == ["Demande acceptée."]
    assert application.state == "accepted"
    assert application.charge.amount == Decimal(40)
    assert journal_of(application) == [("decided", "Noé Bureau", "")]


def test_the_page_has_what_can_be_done_in_its_state(staff):
    application = waiting()
    page = staff.get(page_of(application)).text
    assert ">aucun<" in page
    offered = [verb for verb in VERBS if page_of(application, verb) in page]
    staff.post(page_of(application, "accept"))

    page = staff.get(page_of(application)).text
    assert offered == ["accept", "credit", "refuse", "ask"]
    assert [verb for verb in VERBS if page_of(application, verb) in page] == ["credit"]


@pytest.mark.parametrize(
    ("verb", "state", "mail"),
    [("refuse", "refused", "application_refused"), ("ask", "to_complete", "application_to_complete")],
)
def test_words_go_to_the_applicant_and_stay_in_the_journal(staff, verb, state, mail):
    application = waiting()

    form = staff.get(page_of(application, verb))
    empty = staff.post(page_of(application, verb), {"words": " "})
    staff.post(page_of(application, verb), typed(form, words="Votre ville\u202f?"))

    application.refresh_from_db()
    assert unlabelled(form) == []
    assert (empty.status_code, list(empty.context["errors"])) == (400, ["words"])
    assert application.state == state
    assert "Votre ville\u202f?" in Email.objects.get(key__startswith=f"members.{mail}").text
    assert journal_of(application) == [("decided", "Noé Bureau", "Votre ville\u202f?")]


def test_credit_that_would_open_no_period_is_refused_and_nothing_is_decided(staff):
    today = timezone.localdate()
    season = {"fixed_starts_on": today - timedelta(days=30), "fixed_ends_on": today + timedelta(days=300)}
    plan = create_plan(kind=Kind.ORGANISATION, approval="everybody", period=Plan.Period.FIXED, **season)
    known = create_organisation(siret=ORGANISATION["siret"])
    create_membership(known, starts_on=season["fixed_starts_on"], ends_on=season["fixed_ends_on"])
    application = submit(plan, **ORGANISATION | {"email": "zoe@example.org"})

    refused = staff.post(page_of(application, "credit"), {"credit_until": today + timedelta(days=30)})

    application.refresh_from_db()
    assert refused.status_code == 400
    assert (application.state, application.charge, known.memberships.count()) == ("submitted", None, 1)


def test_an_organisation_is_accepted_on_credit_until_a_day(staff):
    plan = create_plan(kind=Kind.ORGANISATION, approval="everybody")
    application = submit(plan, **ORGANISATION | {"email": "zoe@example.org"})
    until = timezone.localdate() + timedelta(days=30)

    past = staff.post(page_of(application, "credit"), {"credit_until": "2020-01-01"})
    staff.post(page_of(application, "credit"), {"credit_until": until.isoformat()})

    application.refresh_from_db()
    assert list(past.context["errors"]) == ["credit_until"]
    assert (application.state, application.membership.credit_until) == ("done", until)
    assert application.charge.paid_at is None
    confirmed = Email.objects.get(key__startswith="members.confirmed").text
    assert application.charge.get_absolute_url() in confirmed
    assert "Nous avons bien reçu" not in confirmed


def test_a_paid_one_gets_its_dates(staff):
    application = to_place()
    last = application.member.memberships.get().ends_on

    bad = staff.post(page_of(application, "place"), {"starts_on": "2027-12-01", "ends_on": "2027-11-30"})
    overlap = staff.post(page_of(application, "place"), {"starts_on": last, "ends_on": last})
    good = {"starts_on": last + timedelta(days=1), "ends_on": last + timedelta(days=365)}
    staff.post(page_of(application, "place"), good)

    application.refresh_from_db()
    assert list(bad.context["errors"]) == ["ends_on"]
    assert overlap.context["errors"]["__all__"] == [
        "Ces dates chevauchent une autre adhésion de la même personne."
    ]
    assert (application.state, application.membership.starts_on) == ("done", good["starts_on"])
    assert len(journal_of(application)) == 1


def test_or_its_money_back(staff):
    application = to_place()

    staff.post(page_of(application, "give_back"), {"words": "Vous êtes déjà membre."})
    twice = staff.post(page_of(application, "give_back"), {"words": "Encore"}, follow=True)

    application.refresh_from_db()
    assert application.state == "refused"
    assert [(refund.amount, refund.charge) for refund in Refund.objects.all()] == [
        (Decimal(40), application.charge)
    ]
    mail = Email.objects.get(key__startswith="members.application_refused").text
    assert "Ce que vous avez payé vous sera rendu." in mail
    assert told(twice)[1:] == [
        "Rien n’a changé\u00a0: Noé Bureau a déjà répondu. Cette demande est «\u00a0refusée\u00a0»."
    ]


@pytest.mark.parametrize("verb", ["accept", "refuse", "ask", "credit"])
def test_the_second_of_two_who_decide_is_told_so(staff, verb):
    application = waiting()
    application.refuse(by=create_staff(first_name="Lou", last_name="Bureau"), reason="Non")
    data = {"words": "Oui", "credit_until": timezone.localdate() + timedelta(days=9)}

    response = staff.post(page_of(application, verb), data, follow=True)

    application.refresh_from_db()
    assert told(response) == [
        "Rien n’a changé\u00a0: Lou Bureau a déjà répondu. Cette demande est «\u00a0refusée\u00a0»."
    ]
    assert (application.state, application.answer) == ("refused", "Non")
    assert len(journal_of(application)) == 1


# Who it may be


def test_similar_people_are_shown_with_what_is_similar():
    application = waiting(phone="+33 4 67 00 00 00", birth_year=1984)
    same_name = create_member(first_name="ZOE", last_name="Démo", birth_year=1984)
    near = create_member(first_name="Zoé", last_name="Demoo")
    phone = create_member(phone="04 67 00 00 00")
    mailbox = create_member(email="z.oe+test@example.org")
    create_member(birth_year=1984)
    create_member(last_name="Autre")

    found = reasons_of(application)

    assert set(found) == {same_name, near, phone, mailbox}
    assert found[same_name] == ["même nom, aux accents et à l’ordre près", "même année de naissance"]
    assert found[phone] == ["même téléphone"]


def test_an_organisation_is_recognised_by_the_first_nine_digits():
    known = create_organisation("Tout autre chose", siret="73282932000074")
    plan = create_plan(kind=Kind.ORGANISATION, approval="everybody")

    application = submit(plan, **ORGANISATION | {"email": "zoe@example.org", "siret": "732829320"})

    assert reasons_of(application) == {known: ["même numéro SIREN ou SIRET"]}


def test_the_board_says_that_it_is_this_person_and_the_period_follows_theirs(staff):
    member = create_member(first_name="Zoé", last_name="Démo", email="autre@example.org")
    last = create_membership(member).ends_on
    application = waiting()

    page = staff.get(page_of(application))
    response = staff.post(page_of(application, "attach", member.pk), follow=True)
    staff.post(page_of(application, "accept"))
    application.refresh_from_db()
    pay(application)

    assert f'href="{reverse("admin:members_member_change", args=[member.pk])}"' in page.text
    assert told(response) == ["Cette demande est celle de Zoé Démo."]
    assert application.membership.member == member
    assert application.membership.starts_on == last + timedelta(days=1)
    assert [action for action, _who, _note in journal_of(application)] == ["decided", "changed"]


def test_a_person_is_not_an_organisation(staff):
    application, other = waiting(), create_organisation()

    response = staff.post(page_of(application, "attach", other.pk), follow=True)

    application.refresh_from_db()
    assert told(response) == ["Une personne et une organisation ne sont pas le même adhérent."]
    assert application.member is None


def test_the_page_costs_the_same_whoever_looks_similar(staff, django_assert_max_num_queries):
    application = waiting()
    for _ in range(12):
        create_membership(create_member(first_name="Zoé", last_name="Démo"))

    with django_assert_max_num_queries(25):
        page = staff.get(page_of(application))
    assert len(page.context["lookalikes"]) == 8


# The proof


def test_the_proof_is_a_file_to_keep_that_no_page_shows(client, files):
    send(Client(), create_plan(proof="always", proof_label="Une carte"), proof=upload("x.pdf", PDF))
    application = Application.objects.get()
    client.force_login(create_staff())

    response = client.get(page_of(application, "proof"))

    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="justificatif-{application.pk}.pdf"'
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert [action for action, _who, _note in journal_of(application)] == ["opened"]


def test_a_proof_that_has_served_is_not_found(staff, files, run_commit_hooks):
    send(Client(), create_plan(proof="always", proof_label="Une carte"), proof=upload("x.pdf", PDF))
    application = Application.objects.get()
    with run_commit_hooks():
        staff.post(page_of(application, "accept"))

    assert staff.get(page_of(application, "proof")).status_code == 404
    assert stored(files) == []


# Who may


def test_the_group_of_the_board_decides_and_who_only_reads_does_not(client):
    call_command("load_roles", verbosity=0)
    application = waiting()
    reader, board = (create_user(is_staff=True, second_factor=True) for _ in range(2))
    reader.groups.add(Group.objects.get(name="Trésorerie"))
    board.groups.add(Group.objects.get(name="Bureau – adhésions"))

    client.force_login(reader)
    pages = [client.get(QUEUE), client.get(page_of(application))]
    refused = [client.post(page_of(application, verb)).status_code for verb in VERBS]
    attach = client.post(page_of(application, "attach", create_member().pk)).status_code
    client.force_login(board)
    client.post(page_of(application, "accept"))

    application.refresh_from_db()
    assert [page.status_code for page in pages] == [200, 200]
    assert [page_of(application, "accept") in page.text for page in pages] == [False, False]
    assert (refused, attach) == ([403] * len(VERBS), 403)
    assert application.state == "accepted"


def test_following_a_link_never_decides(staff):
    application = waiting()

    statuses = [
        staff.get(page_of(application, "accept")).status_code,
        staff.get(page_of(application, "attach", create_member().pk)).status_code,
    ]

    application.refresh_from_db()
    assert statuses == [405, 405]
    assert (application.state, application.member) == ("submitted", None)


def test_no_period_opens_before_the_money(staff):
    staff.post(page_of(waiting(), "accept"))

    assert Membership.objects.count() == 0


def test_dates_are_days(staff):
    application = to_place()

    response = staff.post(page_of(application, "place"), {"starts_on": "demain", "ends_on": ""})

    assert sorted(response.context["errors"]) == ["ends_on", "starts_on"]


def test_the_button_stands_beside_the_name_and_what_is_missing_is_a_dash(staff):
    application = waiting()

    assert list(staff.get(QUEUE).context["cl"].list_display[:2]) == ["name", "decide"]
    assert "None" not in staff.get(page_of(application)).text
