"""What every page has around its content, the home page, and the pages that say no."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.csrf import csrf_failure
from django.views.defaults import bad_request, permission_denied, server_error

from iamm.forms import ContactForm
from partners.models import Fact
from tests.factories import create_event, create_partner, create_plan, create_training, create_user

CSS = Path(settings.BASE_DIR) / "static" / "css"
PUBLIC = [
    "home",
    "events:agenda",
    "trainings:training_list",
    "founder_list",
    "members:plan_list",
    "legal_notice",
    "privacy",
    "accessibility",
    "site_map",
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_sets_no_cookie(client, name):
    create_plan()

    response = client.get(reverse(name))

    assert (response.status_code, dict(response.cookies)) == (200, {})


@pytest.mark.django_db
def test_pages_of_events_and_trainings_set_no_cookie(client):
    for page in (create_event(), create_training()):
        response = client.get(page.get_absolute_url())

        assert (response.status_code, dict(response.cookies)) == (200, {})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/", ['class="brand" href="/" aria-current="page"']),
        ("/agenda/", ['href="/agenda/" aria-current="page"']),
        ("/agenda/calendrier/2026/12/", ['href="/agenda/" aria-current="true"']),
        ("/formations/", ['href="/formations/" aria-current="page"']),
        ("/mentions-legales/", []),
    ],
)
def test_the_menu_marks_where_one_is(client, address, current):
    header = client.get(address).content.decode().split("</header>")[0]

    marked = [part for part in header.split("<a ") if "aria-current" in part]
    assert [part.split(">")[0] for part in marked] == current


@pytest.mark.django_db
def test_the_header_offers_to_sign_in_or_leads_to_the_account(client):
    visitor = client.get("/").content.decode()
    client.force_login(create_user())
    user = client.get("/").content.decode()

    assert (visitor.count("Se connecter"), visitor.count("Mon compte")) == (1, 0)
    assert (user.count("Se connecter"), user.count("Mon compte")) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(("is_sandbox", "count"), [(True, 1), (False, 0)])
def test_a_demonstration_says_that_nothing_is_charged(client, settings, is_sandbox, count):
    settings.PAYMENT_SANDBOX = is_sandbox

    assert client.get("/").content.decode().count("rien n’est débité") == count


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{}, {"utm_source": "lettre"}, {"next": "/compte/"}])
def test_a_page_names_its_own_address_without_what_others_added(client, settings, query):
    settings.SITE_URL = "https://portail.example.org"

    page = client.get("/formations/", query).content.decode()

    assert '<link rel="canonical" href="https://portail.example.org/formations/">' in page
    assert '<meta property="og:url" content="https://portail.example.org/formations/">' in page


@pytest.mark.django_db
def test_a_page_says_to_those_who_share_it_what_it_says_to_its_readers(client):
    event = create_event(title="L’eau & le vin", summary="On en parle, « ensemble »")

    head = client.get(event.get_absolute_url()).content.decode().split("</head>")[0]
    shared = dict(re.findall(r'<meta property="og:([a-z:_]+)" content="([^"]*)">', head))

    assert (shared["title"], shared["description"]) == ("L’eau &amp; le vin", "On en parle, « ensemble »")
    assert "<title>L’eau &amp; le vin – IA Montpellier Méditerranée</title>" in head
    assert '<meta name="description" content="On en parle, « ensemble »">' in head
    assert (shared["type"], shared["locale"], shared["site_name"]) == (
        "website",
        "fr_FR",
        "IA Montpellier Méditerranée",
    )
    assert shared["image"] == "http://localhost:8000/static/img/partage.png"
    assert shared["url"] == f"http://localhost:8000{event.get_absolute_url()}"


@pytest.mark.django_db
def test_the_footer_leads_back_to_the_same_page_in_the_other_language(client):
    french = client.get("/agenda/", {"q": "a&b"})
    english = client.get("/agenda/", headers={"accept-language": "en"})

    assert "/langue/en/?next=/agenda/%3Fq%3Da%2526b" in french.content.decode()
    assert "/langue/fr/?next=/agenda/" in english.content.decode()
    assert '<html lang="en">' in english.content.decode()


@pytest.mark.django_db
def test_the_language_link_keeps_the_page_and_refuses_another_site(client):
    kept = client.get("/langue/en/", {"next": "/agenda/?q=a%26b"})
    refused = client.get("/langue/en/", {"next": "https://ailleurs.example.org/"})

    assert (kept["Location"], refused["Location"]) == ("/agenda/?q=a%26b", "/")


@pytest.mark.django_db
def test_no_page_holds_a_script_or_a_style_of_its_own(client):
    page = client.get("/").content.decode()

    assert [tag.split(">")[0] for tag in page.split("<script")[1:]] == [
        ' type="module" async blocking="render" src="/static/js/theme.js"'
    ]
    assert "<style" not in page
    assert "style=" not in page


def test_every_stylesheet_of_the_site_is_short_and_imported():
    imported = [
        line.split('"')[1] for line in (CSS / "site.css").read_text().splitlines() if "@import" in line
    ]

    names = {path.name for path in CSS.glob("*.css") if not path.name.startswith("admin")}
    assert sorted(imported) == sorted(names - {"site.css"})
    assert [name for name in imported if len((CSS / name).read_text().splitlines()) >= 200] == []


def test_what_a_page_needs_to_look_right_is_light():
    names = ["fonts/atkinson-hyperlegible-next.woff2", "img/motif.svg", "img/icons.svg", "img/favicon.svg"]

    sizes = {name: Path(finders.find(name)).stat().st_size for name in names}
    assert sizes.pop(names[0]) < 26_000
    assert max(sizes.values()) < 3_000


# The home page


@pytest.mark.django_db
def test_the_home_page_shows_the_next_three_events(client):
    events = [create_event(title=f"Rendez-vous {number}") for number in range(4)]

    response = client.get("/")

    assert list(response.context["events"]) == events[:3]
    assert "Tout l’agenda (4 dates)" in response.content.decode()


@pytest.mark.django_db
def test_the_home_page_counts_what_is_behind_each_door(client):
    for level in ("debutant", "debutant", "expert"):
        create_event(level=level)

    page = client.get("/").content.decode()

    assert "2 rendez-vous pour débuter" in page
    assert "0 rendez-vous de niveau intermédiaire" in page
    assert "1 rendez-vous entre experts" in page


@pytest.mark.django_db
def test_the_home_page_shows_one_figure_a_founder_with_its_source_and_date(client):
    founder = create_partner(name="Un fondateur")
    for figure in ("", "12", "13"):
        Fact.objects.create(
            partner=founder, figure=figure, text=f"Fait {figure}", dated="2024", source="Rapport annuel"
        )

    response = client.get("/")

    assert [fact.figure for fact in response.context["figures"]] == ["12"]
    assert "Un fondateur, 2024. Source\u00a0: Rapport annuel" in response.content.decode()


@pytest.mark.django_db
def test_the_home_page_gives_the_lowest_price_of_the_open_plans(client):
    create_plan(price=Decimal(40))
    create_plan(price=Decimal(15))
    create_plan(price=Decimal(5), is_open=False)
    create_plan(price=Decimal(1), since=date(2099, 1, 1))

    page = client.get("/").content.decode()

    assert page.split('<p class="price-from">')[1].split("<strong>")[1].split("<")[0] == "15,00\u00a0€"


@pytest.mark.django_db
def test_an_empty_portal_has_a_home_page_with_words_for_what_is_missing(client):
    page = client.get("/").content.decode()

    assert "Aucun rendez-vous n’est annoncé pour l’instant." in page
    assert "Les adhésions ne sont pas ouvertes en ce moment." in page
    assert "Les membres fondateurs" not in page


# Forms


def test_a_refused_form_sums_up_its_errors_and_links_each_to_its_field():
    form = ContactForm({"name": "", "email": "non", "message": "Bonjour", "request_key": "x"})

    html = render_to_string("_form.html", {"form": form, "submit": "Envoyer"})

    summary = html.split('role="alert"')[1].split("</div>")[0]
    assert summary.count("<li>") == 3
    assert [part.split('"')[0] for part in summary.split('href="#')[1:]] == ["id_name", "id_email"]
    assert 'tabindex="-1" autofocus' in summary
    assert 'value="non"' in html


def test_a_form_without_error_has_no_summary_and_names_its_act():
    html = render_to_string("_form.html", {"form": ContactForm(), "submit": "Envoyer le message"})

    assert 'role="alert"' not in html
    assert '<button class="button" type="submit">Envoyer le message</button>' in html


# The pages that say no


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("view", "arguments", "status", "title"),
    [
        (bad_request, [ValueError()], 400, "Demande illisible"),
        (permission_denied, [PermissionError()], 403, "Accès réservé"),
        (csrf_failure, [], 403, "Formulaire expiré"),
    ],
)
def test_a_refusal_is_said_in_our_pages(view, arguments, status, title):
    response = view(RequestFactory().get("/"), *arguments)

    assert response.status_code == status
    assert f"<h1>{title}</h1>" in response.content.decode()


@pytest.mark.django_db
def test_an_unknown_address_is_said_in_our_pages(client):
    response = client.get("/rien-ici/")

    assert response.status_code == 404
    assert "<h1>Page introuvable</h1>" in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_in_our_pages():
    response = Client(enforce_csrf_checks=True).post(create_event().get_absolute_url() + "inscription/")

    assert response.status_code == 403
    assert "<h1>Formulaire expiré</h1>" in response.content.decode()


def test_our_own_failure_is_said_without_database_and_without_any_file_of_ours(settings):
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "iamm.storage.BundledStaticFilesStorage"}
    }

    response = server_error(RequestFactory().get("/"))

    assert response.status_code == 500
    assert "<h1>Une erreur de notre côté</h1>" in response.content.decode()
    assert "ne payez pas une seconde fois" in response.content.decode()


@pytest.mark.django_db
def test_what_staff_wrote_in_french_is_marked_so_on_an_english_page(client):
    event = create_event(title="Débat", summary="On en parle")

    english = client.get(event.get_absolute_url(), headers={"Accept-Language": "en"}).text
    french = client.get(event.get_absolute_url()).text

    assert '<h1 lang="fr">Débat</h1>' in english
    assert '<p class="lead" lang="fr">On en parle</p>' in english
    assert 'lang="fr">' not in french.partition("<body>")[2]
