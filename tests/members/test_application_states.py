"""The page of an application in each of its states, what its applicant can do there, and the mails on the way."""

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from journal.models import Entry
from mailing.models import Email
from members.models import Application, Decided, Kind, Mandate, Member, Membership, Plan
from payments.models import Charge, SandboxOrder
from tests.factories import (
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_staff,
    create_user,
)
from tests.members.applying import ORGANISATION, pay, send, stored, submit
from tests.uploads import PDF, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel("2026-11-23 12:00 +01:00", tick=False):
        yield


@pytest.fixture
def board():
    return create_staff("bureau@example.org")


def decided_plan(**fields):
    return create_plan(approval="everybody", **fields)


def with_proof(client):
    """Sent by the form, as a proof can only be."""
    send(client, create_plan(proof="always", proof_label="Une carte"), proof=upload("carte.pdf", PDF))
    return Application.objects.latest("pk")


def mails_to(address="zoe@example.org"):
    return [(email.key.split(".")[1], email) for email in Email.objects.filter(to=address).order_by("pk")]


def kinds_of_mail(address="zoe@example.org"):
    return [kind for kind, _email in mails_to(address)]


def page_of(client, application):
    return client.get(application.get_absolute_url())


def withdraw_page(application):
    return reverse("members:application_withdraw", args=[application.token])


def submitted(board):
    return submit(decided_plan())


def to_complete(board):
    application = submit(decided_plan())
    application.ask(by=board, question="Quelle est votre activité\u202f?")
    return application


def accepted(board):
    application = submit(decided_plan())
    application.accept(by=board)
    return application


def refused(board):
    application = submit(decided_plan())
    application.refuse(by=board, reason="L’association est pour la Méditerranée.")
    return application


def paid(board):
    """Its period cannot open by itself: the staff have granted another meanwhile."""
    season = {"fixed_starts_on": date(2026, 9, 1), "fixed_ends_on": date(2027, 8, 31)}
    application = submit(create_plan(period=Plan.Period.FIXED, **season))
    member = create_member(email="zoe@example.org")
    create_membership(member, starts_on=date(2026, 9, 1), ends_on=date(2027, 8, 31))
    Application.objects.filter(pk=application.pk).update(member=member)
    pay(application)
    return application


def done(board):
    application = submit(create_plan())
    pay(application)
    return application


def abandoned(board):
    application = submit(decided_plan())
    application.abandon()
    return application


STATES = [submitted, to_complete, accepted, refused, paid, done, abandoned]
OPEN = [submitted, to_complete, accepted]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (submitted, "Le bureau lit votre demande"),
        (to_complete, "Quelle est votre activité\u202f?"),
        (accepted, "Payer 40,00\u00a0€"),
        (refused, "L’association est pour la Méditerranée."),
        (paid, "Il reste à fixer les dates"),
        (done, "Votre adhésion est active du 23 novembre 2026 au 22 novembre 2027 inclus."),
        (abandoned, "Cette demande est close"),
    ],
)
def test_each_state_has_its_screen(client, board, state, words):
    page = page_of(client, state(board))

    assert words in page.text
    assert '<meta name="robots" content="noindex">' in page.text
    assert "no-store" in page["Cache-Control"]
    assert ("Retirer ma demande" in page.text) == (state in OPEN)


def test_a_token_that_nobody_was_given_leads_nowhere(client):
    token = uuid4()

    assert client.get(reverse("members:application", args=[token])).status_code == 404
    assert client.post(reverse("members:application_withdraw", args=[token])).status_code == 404


# Withdrawing


@pytest.mark.parametrize("state", OPEN)
def test_an_open_application_is_withdrawn_after_a_confirmation_and_forgotten(client, board, state):
    application = state(board)

    asked = client.get(withdraw_page(application))
    still = Application.objects.get(pk=application.pk).is_open
    response = client.post(withdraw_page(application), follow=True)

    application.refresh_from_db()
    assert "On ne peut pas revenir en arrière" in asked.text
    assert still
    assert application.state == "abandoned"
    assert (application.email, application.last_name, application.answer) == ("", "", "")
    assert "Votre demande est retirée" in response.text
    assert not Charge.objects.filter(cancelled_at=None).exists()
    assert not Entry.objects.about(application).filter(label__contains="Zoé").exists()


@pytest.mark.parametrize("state", [refused, paid, done])
def test_what_is_decided_or_paid_is_not_withdrawn(client, board, state):
    application = state(board)
    before = application.state

    response = client.post(withdraw_page(application), follow=True)

    application.refresh_from_db()
    assert application.state == before
    assert "Cette demande ne peut plus être retirée." in response.text


def test_withdrawing_twice_is_withdrawing_once(client, board):
    application = accepted(board)
    for _ in range(2):
        response = client.post(withdraw_page(application), follow=True)

    assert "Votre demande est retirée" in response.text


# Completing


def test_the_board_asks_and_the_applicant_answers(client, board):
    application = submit(decided_plan(), message="Bonjour")
    application.ask(by=board, question="Quelle activité\u202f?")

    empty = client.post(application.get_absolute_url(), {"message": ""})
    response = client.post(application.get_absolute_url(), {"message": "Je cherche."}, follow=True)

    application.refresh_from_db()
    assert (empty.status_code, empty.context["form"].non_field_errors()) == (
        400,
        ["Écrivez une réponse, ou joignez un fichier."],
    )
    assert (application.state, application.message) == ("submitted", "Bonjour\n\nJe cherche.")
    assert "C’est envoyé" in response.text
    assert kinds_of_mail() == ["application_received", "application_to_complete"]


def test_a_proof_is_replaced_and_the_old_file_goes(client, board, files, run_commit_hooks):
    application = with_proof(client)
    application.ask(by=board, question="La carte est illisible.")
    assert len(stored(files)) == 1

    with run_commit_hooks():
        client.post(application.get_absolute_url(), {"proof": upload("x.png", picture())})

    application.refresh_from_db()
    assert [path.suffix for path in stored(files)] == [".jpg"]
    assert (application.state, application.proof.name[-4:]) == ("submitted", ".jpg")


@pytest.mark.parametrize("state", [submitted, accepted, refused, done, abandoned])
def test_an_answer_that_nobody_waits_for_changes_nothing(client, board, state):
    application = state(board)
    before = Application.objects.filter(pk=application.pk).values().get()

    response = client.post(application.get_absolute_url(), {"message": "Tard"}, follow=True)

    assert "n’attend plus de réponse" in response.text
    assert Application.objects.filter(pk=application.pk).values().get() == before


def test_an_answer_that_crosses_the_decision_is_refused(board):
    application = to_complete(board)
    late = Application.objects.get(pk=application.pk)
    application.accept(by=board)

    with pytest.raises(Decided):
        late.resubmit(message="Voici")


@pytest.mark.parametrize("answer", ["accept", "refuse"])
def test_the_proof_is_gone_once_the_board_has_answered(client, board, files, answer, run_commit_hooks):
    application = with_proof(client)

    with run_commit_hooks():
        application.accept(by=board) if answer == "accept" else application.refuse(by=board, reason="Non")

    application.refresh_from_db()
    assert (application.proof.name, stored(files)) == ("", [])


# Mails


def test_each_step_is_told_by_mail_with_the_link(client, board):
    application = submit(decided_plan(price=Decimal(40)))
    application.ask(by=board, question="Quelle activité\u202f?")
    application.resubmit(message="Je cherche.")
    application.accept(by=board)
    pay(application)

    mails = dict(mails_to())
    assert list(mails) == [
        "application_received",
        "application_to_complete",
        "application_accepted",
        "confirmed",
    ]
    assert "Quelle activité\u202f?" in mails["application_to_complete"].text
    assert application.charge.get_absolute_url() in mails["application_accepted"].text
    assert "40,00\u00a0€" in mails["application_accepted"].text
    assert "du 23 novembre 2026 au 22 novembre 2027 inclus" in mails["confirmed"].text
    assert reverse("account") in mails["confirmed"].text
    links = [application.get_absolute_url() in mail.text for mail in mails.values()]
    assert links == [True, True, True, False]


def test_a_refusal_gives_the_reason(board):
    refused(board)

    mail = mails_to()[-1][1]
    assert "L’association est pour la Méditerranée." in mail.text
    assert "Rien n’est à payer." in mail.text


def test_who_applies_for_an_organisation_is_told_for_whom(board):
    application = Application.submit(
        decided_plan(kind=Kind.ORGANISATION), request_key=uuid4(), **ORGANISATION
    )
    application.accept(by=board)
    pay(application)

    texts = [mail.text for _kind, mail in mails_to()]
    assert ["pour faire adhérer Société d’essai" in text for text in texts] == [True] * 3
    assert "C’est celle de Société d’essai, que vous avez fait adhérer." in texts[-1]


def test_mails_are_in_the_language_of_the_form(client, board):
    client.post(
        decided_plan().get_absolute_url(),
        {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org", "request_key": uuid4()},
        headers={"Accept-Language": "en"},
    )
    application = Application.objects.get()
    application.accept(by=board)

    assert application.language == "en"
    assert "/paiements/" in mails_to()[-1][1].text


# Becoming a member


def test_who_has_no_account_applies_pays_signs_in_by_a_code_and_is_up_to_date(client):
    response = send(client, create_plan(price=Decimal(40)))
    charge = Application.objects.get().charge
    client.post(reverse("payments:charge_pay", args=[charge.uuid]), {"provider": "sandbox"})
    order = SandboxOrder.objects.get()
    client.post(reverse("payments:sandbox", args=[order.uuid]), {"choice": "pay"})
    client.get(reverse("payments:charge_return", args=[charge.uuid]))
    browser = Client()
    browser.post(reverse("account_request_login_code"), {"email": "zoe@example.org"})
    code = re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", mails_to()[-1][1].text, re.MULTILINE)[0]
    browser.post(reverse("account_confirm_login_code"), {"code": code})

    page = browser.get(reverse("account"))
    assert response["Location"] == charge.get_absolute_url()
    assert "À jour jusqu’au 22 novembre 2027 inclus" in page.text
    assert Member.objects.get().user == User.objects.get(email="zoe@example.org")


def test_who_only_typed_an_address_gains_nothing(client):
    """Neither the record, nor the account, nor the days of who reads the address."""
    victim = create_user("zoe@example.org")
    member = create_member(user=victim, email=victim.email, phone="secret")
    create_membership(member, starts_on=date(2026, 2, 3), ends_on=date(2027, 2, 2))
    mallory = create_user("mallory@example.org")
    client.force_login(mallory)

    send(client, create_plan(price=Decimal(0)), phone="06 66 66 66 66")

    application = Application.objects.get()
    page, account = page_of(client, application), client.get(reverse("account"))
    member.refresh_from_db()
    assert application.membership.starts_on == date(2027, 2, 3)
    assert "Votre adhésion est enregistrée." in page.text
    assert "2027" not in page.text.split("<main")[1].split("</main")[0]
    assert list(Member.objects.visible_to(mallory)) == []
    assert "Aucune adhésion n’est liée à ce compte." in account.text
    assert (member.user, member.phone) == (victim, "secret")
    client.force_login(victim)
    assert "du 3 février 2027 au 2 février 2028 inclus" in page_of(client, application).text


def test_an_account_that_never_proved_the_address_does_not_get_the_member():
    squatter = User.objects.create_user("zoe@example.org", "un-mot-de-passe-long")
    squatter.emailaddress_set.create(email="zoe@example.org", verified=False, primary=True)

    done(None)

    assert Member.objects.get().user is None
    assert list(Member.objects.visible_to(squatter)) == []


def test_a_renewal_by_the_member_keeps_the_record_fresh_and_empties_nothing():
    user = create_user("zoe@example.org")
    member = create_member(user=user, email=user.email, phone="04", city="Sète")
    create_membership(member, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))

    pay(submit(create_plan(), user=user, member=member, phone="06"))

    member.refresh_from_db()
    assert (member.phone, member.city) == ("06", "Sète")


def test_a_renewal_of_an_organisation_brings_its_new_purchase_order():
    organisation = create_organisation(siret="732829320", purchase_order="BC-1", service_code="S1")
    user = create_user("zoe@example.org")
    Mandate.objects.create(organisation=organisation, role="titular", user=user)

    wish = ORGANISATION | {"purchase_order": "BC-2", "request_key": uuid4(), "user": user}
    pay(Application.submit(create_plan(kind=Kind.ORGANISATION), **wish, member=organisation))

    organisation.refresh_from_db()
    assert (organisation.purchase_order, organisation.service_code) == ("BC-2", "S1")


# Forgetting


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (submitted, "submitted"),
        (to_complete, "abandoned"),
        (accepted, "abandoned"),
        (refused, "refused"),
        (paid, "paid"),
        (done, "done"),
        (abandoned, "abandoned"),
    ],
)
def test_only_what_waits_for_the_applicant_is_dropped_after_a_month(board, state, becomes):
    application = state(board)
    with time_machine.travel(timezone.now() + timedelta(days=31, minutes=-1)):
        early = Application.objects.purge_abandoned()
    with time_machine.travel(timezone.now() + timedelta(days=31, minutes=1)):
        late = Application.objects.purge_abandoned()

    application.refresh_from_db()
    assert (early, late) == (0, 1 if state in {to_complete, accepted} else 0)
    assert application.state == becomes
    assert Membership.objects.filter(application=application).exists() == (state is done)
