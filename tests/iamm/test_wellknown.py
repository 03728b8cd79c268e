from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from members.models import Kind
from tests.factories import create_event, create_partner, create_plan, create_speaker, create_training

pytestmark = pytest.mark.django_db

SITE = "http://localhost:8000"
NAMESPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def fields(text):
    return [tuple(line.split(": ", 1)) for line in text.splitlines() if line]


def addresses(client):
    response = client.get("/sitemap.xml")
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    tree = ElementTree.fromstring(response.content)
    return [location.text for location in tree.findall("s:url/s:loc", NAMESPACE)]


def test_robots_keep_out_of_what_is_personal_and_learn_the_sitemap(client):
    response = client.get("/robots.txt")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    rules = fields(response.text)
    assert rules[0] == ("User-agent", "*")
    personal = {"/admin/", "/compte/", "/paiements/", "/reservations/", "/adherer/demandes/", "/langue/"}
    assert {value for name, value in rules if name == "Disallow"} == personal
    assert rules[-1] == ("Sitemap", f"{SITE}/sitemap.xml")


def test_security_txt_has_the_required_fields(client):
    response = client.get("/.well-known/security.txt")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    found = fields(response.text)
    assert [value for name, value in found if name == "Contact"] == [
        "mailto:contact@example.org",
        f"{SITE}/contact/",
    ]
    [expires] = [value for name, value in found if name == "Expires"]
    left = datetime.fromisoformat(expires) - timezone.now()
    assert timedelta(days=150) < left < timedelta(days=365)
    assert ("Canonical", f"{SITE}/.well-known/security.txt") in found


def test_security_txt_without_an_address_points_to_the_contact_page(client, settings):
    settings.ASSOCIATION = {**settings.ASSOCIATION, "email": ""}

    found = fields(client.get("/.well-known/security.txt").text)

    assert [value for name, value in found if name == "Contact"] == [f"{SITE}/contact/"]


def test_the_sitemap_lists_what_the_public_may_read(client):
    event, training, founder = create_event(), create_training(), create_partner()
    past, speaker = create_event(starts_in=timedelta(days=-400)), create_speaker(event)
    draft = create_event(status=Event.Status.DRAFT)
    hidden = create_training(is_published=False)
    other = create_partner(is_founder=False)
    secret = create_speaker(draft)
    plan, closed = create_plan(), create_plan(is_open=False)
    organisation = create_plan(kind=Kind.ORGANISATION)

    found = addresses(client)

    for row in [event, past, training, founder, speaker, plan]:
        assert SITE + row.get_absolute_url() in found
    for row in [draft, hidden, other, secret, closed, organisation]:
        assert SITE + row.get_absolute_url() not in found


def test_every_address_of_the_sitemap_answers(client):
    create_event()
    create_training()
    create_partner()
    create_plan()
    create_speaker(create_event(starts_in=timedelta(days=-400)))

    answers = {address: client.get(address.removeprefix(SITE)).status_code for address in addresses(client)}

    assert set(answers.values()) == {200}
    assert len(answers) == 17


def test_an_event_says_when_it_changed(client):
    event = create_event()

    text = client.get("/sitemap.xml").text

    changed = timezone.localtime(event.updated_at).isoformat()
    assert f"<loc>{SITE}{event.get_absolute_url()}</loc><lastmod>{changed}</lastmod>" in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_sitemap_runs_the_same_queries_for_one_row_and_for_three(
    client, django_assert_num_queries, number
):
    for _ in range(number):
        create_event()
        create_training()
        create_partner()
        create_plan()
        create_speaker(create_event())

    with django_assert_num_queries(5):
        client.get(reverse("sitemap_xml"))
