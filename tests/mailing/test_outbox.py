from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from mailing import delivery, outbox
from mailing.models import MAX_ATTEMPTS, Email

pytestmark = pytest.mark.django_db
TEMPLATE = "iamm/email/contact"


def queue(key="essai", *, message="Bonjour à tous", **kwargs):
    context = {"name": "Zoé Démo", "sender": "zoe@example.org", "message": message}
    return outbox.queue(TEMPLATE, to="zoe@example.org", context=context, key=key, **kwargs)


def failing_backend(monkeypatch, error):
    def send_messages(self, messages):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


def test_a_key_is_used_once():
    first = queue()

    assert queue() is None
    assert list(Email.objects.all()) == [first]


def test_nothing_is_written_when_the_business_is_undone():
    @transaction.atomic
    def undone():
        queue()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()

    assert Email.objects.count() == 0


def test_a_message_has_a_text_and_an_html_part_and_a_stable_id(run_commit_hooks):
    with run_commit_hooks():
        email = queue()

    message = mail.outbox[0]
    email.refresh_from_db()
    assert message.body == email.text
    assert [(part.content, part.mimetype) for part in message.alternatives] == [(email.html, "text/html")]
    assert message.message()["Message-ID"] == email.message_id
    assert email.state == Email.State.SENT


def test_html_typed_by_somebody_arrives_as_text():
    email = queue(message="<script>alert(1)</script> & co")

    assert "<script>alert(1)</script> & co" in email.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in email.html
    assert "<script>" not in email.html


def test_a_subject_keeps_to_one_line():
    context = {"name": "Zoé\r\nBcc: tous@example.org", "sender": "z@example.org", "message": "…"}

    email = outbox.queue(TEMPLATE, to="zoe@example.org", context=context, key="essai")

    assert email.subject.splitlines() == [email.subject]


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("Un\ndeux\n\ntrois", [("paragraph", ["Un", "deux"]), ("paragraph", ["trois"])]),
        ("- a\n- b", [("list", ["a", "b"])]),
        ("Payer\u00a0:\nhttps://example.org/x", [("action", ("Payer", "https://example.org/x"))]),
        ("voir https://example.org", [("paragraph", ["voir https://example.org"])]),
    ],
)
def test_a_text_is_cut_into_what_the_layout_shows(text, blocks):
    found = outbox.text_blocks(text)

    content = {
        "paragraph": lambda b: b["lines"],
        "list": lambda b: b["items"],
        "action": lambda b: (b["label"], b["url"]),
    }
    assert [(block["kind"], content[block["kind"]](block)) for block in found] == blocks


def test_a_claimed_message_is_nobody_elses():
    email = queue()

    assert Email.objects.claim(email.pk) == email
    assert Email.objects.claim(email.pk) is None
    assert Email.objects.claim() is None


def test_a_claim_forgotten_by_a_dead_process_is_taken_up_with_the_same_message_id(settings):
    email = queue()
    Email.objects.claim()

    with time_machine.travel(timezone.now() + timedelta(seconds=settings.MAIL_CLAIM_SECONDS + 1)):
        assert delivery.deliver_due() == 1

    assert mail.outbox[0].message()["Message-ID"] == email.message_id


def test_a_failure_is_tried_again_later_and_later_then_given_up(monkeypatch):
    failing_backend(monkeypatch, SMTPServerDisconnected("parti"))
    queue()
    waits, moment = [], timezone.now()

    for _ in range(MAX_ATTEMPTS):
        with time_machine.travel(moment, tick=False):
            delivery.deliver_due()
            email = Email.objects.get()
        waits.append((email.next_try_at - moment).total_seconds() / 60)
        moment = email.next_try_at

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert email.state == Email.State.FAILED
    assert email.last_error == "SMTPServerDisconnected: parti"


@pytest.mark.parametrize(("code", "state"), [(550, Email.State.FAILED), (451, Email.State.QUEUED)])
def test_an_address_refused_for_good_is_not_tried_again(monkeypatch, code, state):
    failing_backend(monkeypatch, SMTPRecipientsRefused({"zoe@example.org": (code, b"non")}))
    queue()

    delivery.deliver_due()

    assert Email.objects.get().state == state


def test_one_failure_does_not_hold_back_the_others(monkeypatch):
    queue("un")
    queue("deux")
    real = EmailBackend.send_messages

    def send_messages(self, messages):
        if messages[0].message()["Message-ID"] == Email.objects.get(key="un").message_id:
            raise SMTPServerDisconnected("parti")
        return real(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_messages)
    delivery.deliver_due()

    states = dict(Email.objects.values_list("key", "state"))
    assert states == {"un": Email.State.QUEUED, "deux": Email.State.SENT}


def test_an_address_that_no_mail_can_carry_is_given_up_and_holds_back_nobody():
    """Valid for a form, since Python takes this letter for an i; too long once written in the letters of DNS."""
    unsendable = f"zoe@{'İ'.lower() * 60}.com"
    Email.objects.filter(pk=queue("un").pk).update(to=unsendable)
    queue("deux")

    delivery.deliver_due()

    states = dict(Email.objects.values_list("key", "state"))
    assert states == {"un": Email.State.FAILED, "deux": Email.State.SENT}


def test_a_finished_message_can_be_sent_again(run_commit_hooks):
    with run_commit_hooks():
        email = queue()

    email.send_again()
    delivery.deliver_due()

    assert len({message.message()["Message-ID"] for message in mail.outbox}) == 1
    assert len(mail.outbox) == 2


def test_a_secret_is_erased_once_sent_and_never_sent_again(run_commit_hooks):
    with run_commit_hooks():
        email = queue(is_secret=True)

    email.refresh_from_db()
    email.send_again()

    assert (email.to, email.subject, email.text, email.html) == ("", "", "", "")
    assert delivery.deliver_due() == 0


def test_a_purge_forgets_the_person_and_keeps_the_key(run_commit_hooks):
    with run_commit_hooks():
        queue("vieux")
    queue("en attente")
    later = timezone.now() + timedelta(days=1)

    assert Email.objects.purge(before=later) == 1
    assert Email.objects.purge(before=later) == 0
    assert Email.objects.get(key="vieux").to == ""
    assert Email.objects.get(key="en attente").to == "zoe@example.org"
    assert queue("vieux") is None


def test_stuck_messages_are_those_given_up_or_late():
    now = timezone.now()
    late, failed, fresh, sent = (queue(key) for key in ("retard", "abandon", "neuf", "parti"))
    Email.objects.filter(pk=late.pk).update(created_at=now - timedelta(minutes=16))
    Email.objects.filter(pk=failed.pk).update(state=Email.State.FAILED)
    Email.objects.filter(pk=sent.pk).update(state=Email.State.SENT, created_at=now - timedelta(days=1))

    assert set(Email.objects.stuck()) == {late, failed}
    assert fresh not in Email.objects.stuck()


def test_an_attachment_arrives_as_it_was_written_and_is_forgotten_with_the_message():
    attached = outbox.Attachment("entrée.ics", "text/calendar; method=PUBLISH", "BEGIN:VCALENDAR\r\nÉté\r\n")
    email = queue(attachments=[attached])

    delivery.deliver_due()
    Email.objects.all().erase()

    [part] = [part for part in mail.outbox[0].message().walk() if part.get_content_type() == "text/calendar"]
    assert part.get_payload(decode=True).decode() == "BEGIN:VCALENDAR\r\nÉté\r\n"
    assert (part.get_filename(), part.get_param("method")) == ("entrée.ics", "PUBLISH")
    email.refresh_from_db()
    assert email.attachments == []
