"""Every page, as the Nu checker of the W3C reads it. A skipped page would pass: each is asked for by its address."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from events.models import Event, Theme
from mailing.models import List, OptOut
from members import renewals
from members.models import Skill
from tests import factories
from tests.node_tools import faults_of
from tests.organisation_pages import paths_of_invitations, paths_of_organisation
from tests.payment_pages import BANK, paths_of_paying

pytestmark = pytest.mark.django_db


def public_rows():
    """One row of each kind that has a page, with all that a page may show."""
    founder, training = factories.create_partner(), factories.create_training()
    event = factories.create_event(
        title="L’IA & la « mer » <3",
        description="## Titre\n\n- un\n- deux\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        capacity=3,
        price=Decimal(20),
        member_price=Decimal(10),
    )
    event.partners.add(founder)
    event.themes.add(Theme.objects.create(name="Eau", slug="eau"))
    speaker = factories.create_speaker(event, biography="Une *vie*.", website="https://alex.example.org/")
    factories.create_slot(event).speakers.add(speaker)
    full = factories.create_event(capacity=1)
    past = factories.create_event(starts_in=timedelta(days=-9))
    factories.create_resource(past)
    session = factories.create_event(kind=Event.Kind.TRAINING, training=training)
    cancelled = factories.create_event(status=Event.Status.CANCELLED)
    bookings = [factories.register(full), factories.register(full), factories.register(event)]
    return [
        event,
        full,
        past,
        session,
        cancelled,
        training,
        founder,
        speaker,
        factories.create_plan(max_terms=2, is_amount_chosen=True, proof="always", proof_label="Une carte"),
        factories.create_plan(kind="organisation", seats_included=2),
        *bookings,
    ]


NAMES = [
    "home",
    "events:agenda",
    "events:archive",
    "trainings:training_list",
    "members:plan_list",
    "founder_list",
    "contact",
    "legal_notice",
    "privacy",
    "accessibility",
    "site_map",
    "erased",
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_request_login_code",
]
OWN = [
    "account",
    "members:card",
    "mailing:preferences",
    "personal_data",
    "leave",
    "account_email",
    "account_change_password",
    "mfa_index",
    "usersessions_list",
    "members:directory",
    "members:directory_entry",
    "members:profile",
    "account_logout",
]


def addresses_of_members():
    current = factories.create_membership()
    ended = factories.create_membership(ends_on=timezone.localdate() - timedelta(days=9))
    return [
        *[reverse("members:card_check", args=[one.member.card_code]) for one in (current, ended)],
        *[
            reverse("members:renew", args=[renewals.token_for(one.member, one.plan)])
            for one in (current, ended)
        ],
    ]


def addresses():
    rows, today = public_rows(), timezone.localdate()
    event = rows[0]
    return [
        *[reverse(name) for name in NAMES],
        *[row.get_absolute_url() for row in rows],
        reverse("events:event_register", args=[event.slug]),
        reverse("mailing:unsubscribe", args=[OptOut.of("lou@example.org", List.NEWS).token]),
        *addresses_of_members(),
        reverse("events:calendar", args=[today.year, today.month]),
        "/agenda/?q=introuvable&level=expert&theme=eau&couleur=bleu&month=2026-13",
        "/agenda/archives/?q=evenement",
        *paths_of_invitations(),
        *paths_of_paying(),
        "/introuvable/",
    ]


@pytest.fixture(autouse=True)
def _whole_seconds():
    """As staff type them: HTML knows no microsecond."""
    with time_machine.travel(timezone.now().replace(microsecond=0), tick=False):
        yield


def test_no_page_has_a_fault(client, tmp_path, settings):
    settings.BANK = BANK
    user = factories.create_user()
    member = factories.create_membership(factories.create_member(user=user)).member
    factories.create_entry(
        member, headline="L’IA & la « mer » <3", shows_email=True, skills=Skill.objects.all()[:3]
    )
    factories.register(factories.create_event(price=Decimal(20)), user.email, user=user)
    pages = {address: client.get(address) for address in addresses()}
    english = client.get("/agenda/", headers={"Accept-Language": "en"})
    client.force_login(user)
    extract = reverse("payments:extract", args=[timezone.localdate().year])
    own = [*[reverse(name) for name in OWN], extract, *paths_of_organisation(user)]
    pages |= {address: client.get(address) for address in own} | {"english": english}

    files = {}
    for number, (address, response) in enumerate(pages.items()):
        assert response.status_code == (404 if address == "/introuvable/" else 200), address
        path = tmp_path / f"{number}.html"
        path.write_bytes(response.content)
        files[path.name] = address

    faults = faults_of(tmp_path / name for name in files)
    assert {files[name]: told for name, told in faults.items()} == {}
