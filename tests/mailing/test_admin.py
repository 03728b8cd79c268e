from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from mailing.models import Email, List, OptOut
from tests.admin import assert_same_queries, search, told
from tests.factories import create_staff, create_user

pytestmark = pytest.mark.django_db
STATE = Email.State
EMAILS = reverse("admin:mailing_email_changelist")
number = count(1)


@pytest.fixture
def staff(client):
    client.force_login(create_staff())
    return client


def create_email(**fields):
    key = f"essai.{next(number)}"
    defaults = {"key": key, "message_id": f"<{key}>", "to": "lou@example.org", "subject": "Bonjour"}
    defaults |= {"text": "Le texte", "html": '<p style="color:red">Le message</p>', "state": STATE.SENT}
    return Email.objects.create(**defaults | fields)


def page_of(email):
    return reverse("admin:mailing_email_change", args=[email.pk])


def preview_of(email):
    return reverse("admin:mailing_email_preview", args=[email.pk])


def send_again(client, *emails):
    data = {"action": "send_again", "_selected_action": [email.pk for email in emails]}
    return client.post(EMAILS, data, follow=True)


def test_mails_are_found_by_address_subject_and_key(staff):
    email = create_email(to="camille@example.org", subject="Bienvenue", key="members.confirmed.7")
    create_email()

    for words in ("camille@example", "bienvenue", "confirmed.7"):
        assert search(staff, EMAILS, q=words) == [email]


def test_stuck_mails_are_those_given_up_or_late(staff):
    create_email()
    create_email(state=STATE.QUEUED)
    late = create_email(state=STATE.QUEUED, created_at=timezone.now() - timedelta(minutes=16))
    failed = create_email(state=STATE.FAILED)

    assert search(staff, EMAILS, state="stuck") == [failed, late]
    assert search(staff, EMAILS, state="failed") == [failed]


def test_the_list_costs_the_same_for_one_and_for_many(staff):
    assert_same_queries(staff, EMAILS, create_email)


def test_a_mail_shows_its_text_and_a_preview(staff):
    email = create_email()

    response = staff.get(page_of(email))

    assert '<div class="readonly">Le texte</div>' in response.text
    assert (
        f'<iframe class="mail-preview" sandbox title="Aperçu du message" src="{preview_of(email)}">'
        in response.text
    )
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]


def test_the_preview_is_framed_by_us_only_and_runs_nothing(staff):
    response = staff.get(preview_of(create_email()))

    policy = dict(
        (directive.split(" ", 1) + [""])[:2]
        for directive in response.headers["Content-Security-Policy"].split("; ")
    )
    assert response.text == '<p style="color:red">Le message</p>'
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"is_secret": True}, "Confidentiel\u00a0: seule la personne à qui il est adressé le lit."),
        ({"purged_at": timezone.now(), "text": ""}, "Effacé\u00a0: seule la trace de l’envoi est gardée."),
    ],
)
def test_a_secret_or_purged_mail_shows_nothing_of_itself(staff, fields, said):
    email = create_email(**fields)

    page = staff.get(page_of(email)).text

    assert said in page
    assert "Le texte" not in page
    assert "<iframe" not in page
    assert staff.get(preview_of(email)).status_code == 404


def test_a_failed_mail_is_sent_again(staff, run_commit_hooks):
    email = create_email(state=STATE.FAILED, attempts=9)

    with run_commit_hooks():
        response = send_again(staff, email)

    email.refresh_from_db()
    assert told(response) == ["1 message repart."]
    assert (email.state, email.attempts) == (STATE.SENT, 1)
    assert [message.to for message in mail.outbox] == [["lou@example.org"]]


def test_mails_that_cannot_leave_again_are_named(staff, run_commit_hooks):
    queued = create_email(state=STATE.QUEUED, subject="En file")
    purged = create_email(subject="", text="", purged_at=timezone.now())

    with run_commit_hooks():
        response = send_again(staff, queued, purged)

    assert told(response) == [f"{purged.key}\u00a0: effacé.", "En file\u00a0: déjà en file d’envoi."]
    assert mail.outbox == []


def test_mails_are_found_by_their_list_and_the_state_says_who_had_left(staff):
    email = create_email(list=List.RENEWALS, state=STATE.REFUSED)
    create_email(list=List.FEEDBACK)
    create_email()

    assert search(staff, EMAILS, list__exact="renewals") == [email]
    assert search(staff, EMAILS, state="refused") == [email]
    assert "désinscrit" in staff.get(page_of(email)).text


def test_nobody_sends_again_what_its_reader_has_left(staff, run_commit_hooks):
    OptOut.objects.leave("lou@example.org", List.RENEWALS)
    email = create_email(list=List.RENEWALS, state=STATE.REFUSED)

    with run_commit_hooks():
        response = send_again(staff, email)

    email.refresh_from_db()
    assert told(response) == ["Bonjour\u00a0: cette adresse ne veut plus de ces messages."]
    assert (email.state, mail.outbox) == (STATE.REFUSED, [])


def test_a_mail_is_neither_written_edited_nor_deleted_here(staff):
    email = create_email()
    pages = [page_of(email), reverse("admin:mailing_email_delete", args=[email.pk])]

    answers = [staff.post(page, {"to": "autre@example.org", "post": "yes"}).status_code for page in pages]
    answers.append(staff.get(reverse("admin:mailing_email_add")).status_code)

    email.refresh_from_db()
    assert (answers, email.to) == ([403, 403, 403], "lou@example.org")


def test_reading_mails_gives_no_right_to_send_them_again(client):
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_email"))
    client.force_login(user)
    email = create_email(state=STATE.FAILED)

    send_again(client, email)

    email.refresh_from_db()
    assert email.state == STATE.FAILED
    assert "Envoyer de nouveau" not in client.get(page_of(email)).text


def test_staff_without_rights_read_no_mail(client):
    email = create_email()
    client.force_login(create_user(is_staff=True, second_factor=True))

    answers = [client.get(page).status_code for page in (EMAILS, page_of(email), preview_of(email))]

    assert answers == [403, 403, 403]
