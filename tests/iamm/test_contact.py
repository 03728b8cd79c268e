import re
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse

from mailing.models import Email
from tests.factories import create_partner, create_staff

pytestmark = pytest.mark.django_db

MESSAGE = {"name": "Camille Démo", "email": "camille@example.org", "message": "Bonjour,\r\nune question."}


def send(client, **fields):
    return client.post(reverse("contact"), MESSAGE | {"request_key": str(uuid4())} | fields)


def test_the_message_goes_to_the_association(client, run_commit_hooks):
    with run_commit_hooks():
        response = send(client)

    assert (response.status_code, response["Location"]) == (302, reverse("contact"))
    [message] = mail.outbox
    assert message.to == ["contact@example.org"]
    assert message.subject == "Message de Camille Démo sur le site"
    assert "> Bonjour,\n> une question.\n" in message.body
    assert "camille@example.org" in message.body
    assert "Votre message est parti." in client.get(reverse("contact")).text


def test_two_clicks_send_one_message(client):
    key = str(uuid4())

    send(client, request_key=key)
    send(client, request_key=key)

    assert Email.objects.count() == 1


def test_each_page_has_its_own_key(client):
    pages = [client.get(reverse("contact")).text for _ in range(2)]

    first, second = (re.search(r'name="request_key" value="([\w-]+)"', page)[1] for page in pages)
    assert first != second


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"message": "a" * 5001}, ["message"]),
        ({"message": "a\0b"}, ["message"]),
        ({"name": "a\0b"}, ["name"]),
        ({"name": "Camille\r\nBcc: tous@example.org"}, ["name"]),
        ({"name": "Gagnez sur https://example.org"}, ["name"]),
        ({"email": "camille@example.org\r\nBcc: tous@example.org"}, ["email"]),
        ({"email": "camille"}, ["email"]),
        ({"name": "", "email": "", "message": ""}, ["name", "email", "message"]),
        ({"request_key": "1"}, ["request_key"]),
    ],
    ids=[
        "5 001 characters",
        "NUL in message",
        "NUL in name",
        "header in name",
        "link in name",
        "header in e-mail",
        "no e-mail",
        "empty",
        "key",
    ],
)
def test_what_cannot_be_passed_on_is_refused_next_to_the_field(client, fields, errors):
    response = send(client, **fields)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == errors
    assert Email.objects.count() == 0


def test_a_message_of_five_thousand_characters_goes(client):
    assert send(client, message="a" * 5000).status_code == 302


def test_what_was_typed_is_still_there_after_an_error(client):
    response = send(client, email="camille")

    assert "une question.</textarea>" in response.text
    assert 'value="Camille Démo"' in response.text


def test_html_arrives_as_text(client):
    send(client, message="<script>alert(1)</script> <b>gras</b>")

    email = Email.objects.get()
    assert "> <script>alert(1)</script> <b>gras</b>" in email.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;gras&lt;/b&gt;" in email.html
    assert "<script" not in email.html


def test_nothing_a_stranger_writes_becomes_a_button_of_ours(client):
    send(client, message="Mettez vos comptes à jour\n\nCliquez ici :\nhttps://example.org/piege")

    assert 'href="https://example.org/piege"' not in Email.objects.get().html


def test_the_sixth_message_in_ten_minutes_from_one_address_is_refused(client):
    answers = [send(client).status_code for _ in range(6)]

    assert answers == [302] * 5 + [429]
    assert Email.objects.count() == 5


@pytest.fixture
def _no_address(settings):
    settings.ASSOCIATION = {**settings.ASSOCIATION, "email": ""}


@pytest.mark.usefixtures("_no_address")
def test_without_an_address_there_is_no_form_but_another_way(client):
    founder = create_partner(website="https://www.example.org")

    response = client.get(reverse("contact"))

    assert response.status_code == 200
    assert "<textarea" not in response.text
    assert f'<a href="https://www.example.org" rel="external noopener">{founder.name}</a>' in response.text


@pytest.mark.usefixtures("_no_address")
def test_without_an_address_a_message_is_refused_and_never_lost_in_silence(client):
    response = send(client)

    assert response.status_code == 503
    assert Email.objects.count() == 0


@pytest.mark.usefixtures("_no_address")
def test_without_an_address_staff_read_what_to_fill_in(client):
    client.force_login(create_staff())

    response = client.get(reverse("contact"))

    assert "Le formulaire de contact est fermé" in response.text
    assert "<code>ASSOCIATION_EMAIL</code>" in response.text
