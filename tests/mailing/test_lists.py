"""Who has left a list, and what the outbox does about it."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import gettext, override

from mailing import delivery, outbox
from mailing.models import Email, List, OptOut

pytestmark = pytest.mark.django_db
ADDRESS = "zoe@example.org"


def queue(key="essai", *, to=ADDRESS, list=List.RENEWALS, **kwargs):
    context = {"name": "Zoé Démo", "sender": "zoe@example.org", "message": "Bonjour à tous"}
    return outbox.queue("iamm/email/contact", to=to, context=context, key=key, list=list, **kwargs)


def delivered():
    """The messages as they go over the wire, read again."""
    delivery.deliver_due()
    raw = [message.message().as_bytes() for message in mail.outbox]
    return [message_from_bytes(one, policy=policy.default) for one in raw]


# Who refuses


def test_an_address_leaves_one_list_and_keeps_the_others():
    OptOut.objects.leave(ADDRESS, List.NEWS)

    assert [one.value for one in List if OptOut.objects.refuses(ADDRESS, one)] == ["news"]
    assert not OptOut.objects.refuses("alex@example.org", List.NEWS)


def test_to_leave_twice_is_to_leave_and_to_come_back_twice_is_to_come_back():
    OptOut.objects.leave(ADDRESS, List.NEWS)
    OptOut.objects.leave(ADDRESS, List.NEWS)
    assert OptOut.objects.count() == 1

    OptOut.objects.come_back(ADDRESS, List.NEWS)
    OptOut.objects.come_back(ADDRESS, List.NEWS)
    assert not OptOut.objects.refuses(ADDRESS, List.NEWS)


def test_a_refusal_is_kept_once():
    OptOut.of(ADDRESS, List.NEWS).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        OptOut.of(ADDRESS, List.NEWS).save()


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        ("Zoe@Example.ORG", "zoe@example.org"),
        (" zoe@example.org\n", "zoe@example.org"),
        ("ZOÉ@example.org", "zoe\u0301@example.org"),
        ("zoe\u0301@exämple.org", "zoé@exa\u0308mple.org"),
    ],
)
def test_an_address_is_the_same_whatever_its_case_its_spaces_and_the_writing_of_its_accents(left, asked):
    OptOut.objects.leave(left, List.NEWS)

    assert OptOut.objects.refuses(asked, List.NEWS)


def test_an_accent_makes_another_address():
    OptOut.objects.leave("zoe@example.org", List.NEWS)

    assert not OptOut.objects.refuses("zoé@example.org", List.NEWS)


def test_many_addresses_are_asked_about_at_once_and_come_back_as_they_were_given():
    OptOut.objects.leave("a@example.org", List.NEWS)
    OptOut.objects.leave("b@example.org", List.RENEWALS)

    with CaptureQueriesContext(connection) as queries:
        refusing = OptOut.objects.refusing(["A@example.org", "b@example.org", "c@example.org"], List.NEWS)

    assert (refusing, len(queries)) == ({"A@example.org"}, 1)
    assert OptOut.objects.refusing([], List.NEWS) == set()


def test_what_is_kept_names_nobody_and_means_nothing_without_the_key(settings):
    OptOut.objects.leave(ADDRESS, List.NEWS)
    row = OptOut.objects.values().get()
    settings.SECRET_KEY = "une autre clé " * 5

    assert set(row) == {"id", "address_hash", "list", "created_at"}
    assert OptOut.of(ADDRESS, List.NEWS).address_hash != row["address_hash"]


def test_a_refusal_and_its_way_back_outlive_the_change_of_the_secret_key(settings):
    OptOut.objects.leave(ADDRESS, List.NEWS)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "une autre clé " * 5

    assert OptOut.objects.refuses(ADDRESS, List.NEWS)
    OptOut.objects.come_back(ADDRESS, List.NEWS)
    assert OptOut.objects.count() == 0


# What is queued


def test_nothing_is_queued_for_who_has_left_and_the_key_stays_free():
    OptOut.objects.leave(ADDRESS, List.RENEWALS)
    assert queue() is None

    OptOut.objects.come_back(ADDRESS, List.RENEWALS)
    assert queue().list == "renewals"


def test_a_message_of_service_always_leaves_and_offers_no_way_out():
    for one in List:
        OptOut.objects.leave(ADDRESS, one)

    email = queue(list=None)
    [message] = delivered()

    assert (email.list, message["List-Unsubscribe"], message["List-Unsubscribe-Post"]) == ("", None, None)
    assert "desinscription" not in email.text + email.html


def test_a_message_of_a_list_says_how_to_leave_in_its_headers_its_text_and_its_html():
    queue()
    url = OptOut.of(ADDRESS, List.RENEWALS).url

    [message] = delivered()

    assert message["List-Unsubscribe"].strip() == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    foot = f"\n\nNe plus recevoir les relances de fin d’adhésion\u00a0:\n{url}\n"
    assert message.get_body(["plain"]).get_content().endswith(foot)
    link = f'<a href="{url}" style="color:#00589a">Ne plus recevoir les relances de fin d’adhésion</a>'
    assert message.get_body(["html"]).get_content().count(link) == 1


def test_the_foot_of_a_message_speaks_the_language_of_its_reader():
    email = queue(language="en")

    with override("en"):
        sentence = gettext("Ne plus recevoir les %(list)s\u00a0:") % {"list": List.RENEWALS.label}
    assert f"\n{sentence}\n{OptOut.of(ADDRESS, List.RENEWALS).url}\n" in email.text


def test_who_leaves_between_the_queue_and_the_delivery_gets_nothing():
    email, other = queue(), queue("autre", to="alex@example.org")
    OptOut.objects.leave(ADDRESS, List.RENEWALS)

    assert [message["To"] for message in delivered()] == ["alex@example.org"]
    email.refresh_from_db()
    other.refresh_from_db()
    assert (email.get_state_display(), email.sent_at) == ("désinscrit", None)
    assert other.state == Email.State.SENT


def test_a_message_that_was_refused_waits_for_nobody_and_is_purged_like_those_that_left():
    email = queue()
    OptOut.objects.leave(ADDRESS, List.RENEWALS)
    delivery.deliver_due()
    later = timezone.now() + timedelta(days=1)
    Email.objects.filter(pk=email.pk).update(created_at=timezone.now() - timedelta(hours=1))

    assert (list(Email.objects.stuck()), list(Email.objects.due())) == ([], [])
    assert Email.objects.purge(before=later) == 1
    assert OptOut.objects.refuses(ADDRESS, List.RENEWALS)


def test_a_message_tried_again_is_refused_too_once_its_reader_has_left():
    email = queue()
    delivered()
    OptOut.objects.leave(ADDRESS, List.RENEWALS)

    email.send_again()
    delivery.deliver_due()

    email.refresh_from_db()
    assert (email.state, len(mail.outbox)) == (Email.State.REFUSED, 1)


def test_a_list_costs_one_query_to_queue_and_one_to_deliver():
    def queries_of(act):
        with CaptureQueriesContext(connection) as queries:
            act()
        return len(queries)

    service = queries_of(lambda: queue("service", list=None)), queries_of(delivery.deliver_due)
    listed = queries_of(lambda: queue("liste")), queries_of(delivery.deliver_due)

    assert listed == (service[0] + 1, service[1] + 1)
