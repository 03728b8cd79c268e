import re
from gettext import GNUTranslations
from io import BytesIO, StringIO

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils.translation import gettext, ngettext, override, pgettext

from iamm import translations

PYTHON = """
from django.utils.translation import gettext as _, ngettext, pgettext_lazy

title = _("Le titre")
kind = pgettext_lazy("au masculin", "ouvert")
places = ngettext("%(n)s place", "%(n)s places", 2)
"""
TEMPLATE = """<h1>{% translate "L'agenda" %}</h1>
    {% translate "ouvert" context "au féminin" %}
  {% blocktranslate trimmed with name=user.name %}
      Bonjour {{ name }},
      « 100 % » d’été\u202f!
  {% endblocktranslate %}
{% blocktranslate count n=places %}Une place{% plural %}{{ n }} places libres{% endblocktranslate %}
{% if a %}{{ b|default:_("Sans lieu") }}{% endif %}"""


def found(messages):
    return {(message.context, message.id) for message in messages}


@pytest.fixture
def project(tmp_path):
    """A folder laid out like ours, with one string of each kind; `write` translates its catalogue."""
    (tmp_path / "iamm").mkdir()
    (tmp_path / "iamm/views.py").write_text(PYTHON)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/page.html").write_text(TEMPLATE)
    return tmp_path


def write(root, code, english=None):
    catalog = translations.up_to_date(code, root)
    for message in translations.messages(catalog):
        if english and message.id in english:
            message.string = english[message.id]
    path = translations.po_path(code, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(translations.po_bytes(catalog))
    path.with_suffix(".mo").write_bytes(translations.mo_bytes(translations.stored(code, root)))
    return path


COMPLETE = {
    "Le titre": "The title",
    "ouvert": "open",
    ("%(n)s place", "%(n)s places"): ("%(n)s place", "%(n)s places"),
    "L'agenda": "Agenda",
    "Bonjour %(name)s, « 100 %% » d’été\u202f!": "Hello %(name)s, ‘100%%’ summer!",
    ("Une place", "%(n)s places libres"): ("One place", "%(n)s places left"),
    "Sans lieu": "No venue",
}


def test_python_strings_are_found_with_their_context_and_plural():
    messages = translations.python_messages(PYTHON.encode())

    assert found(messages) == {
        (None, "Le titre"),
        ("au masculin", "ouvert"),
        (None, ("%(n)s place", "%(n)s places")),
    }


def test_template_strings_are_found_trimmed_with_their_context_and_plural():
    messages = translations.template_messages(TEMPLATE, "page.html")

    assert found(messages) == {
        (None, "L'agenda"),
        ("au féminin", "ouvert"),
        (None, "Bonjour %(name)s, « 100 %% » d’été\u202f!"),
        (None, ("Une place", "%(n)s places libres")),
        (None, "Sans lieu"),
    }


def test_a_complete_catalogue_has_no_problem(project):
    write(project, "en", COMPLETE)

    assert list(translations.problems("en", project)) == []


def test_the_catalogue_names_files_without_line_numbers(project):
    path = write(project, "en", COMPLETE)

    assert "#: iamm/views.py\n" in path.read_text()
    assert ".py:" not in path.read_text()


def test_an_update_keeps_translations_adds_the_new_and_drops_the_dead(project):
    write(project, "en", COMPLETE)
    (project / "iamm/views.py").write_text('_("Le titre")\n_("Le sous-titre")')
    (project / "templates/page.html").unlink()

    catalog = translations.up_to_date("en", project)

    assert {message.id: message.string for message in translations.messages(catalog)} == {
        "Le titre": "The title",
        "Le sous-titre": "",
    }


def test_an_update_forgets_a_translation_whose_plural_changed(project):
    write(project, "en", COMPLETE)
    (project / "iamm/views.py").write_text('ngettext("%(n)s place", "%(n)s places assises", 2)')

    catalog = translations.up_to_date("en", project)

    assert catalog.get("%(n)s place").string == ("", "")


def test_a_missing_translation_is_named(project):
    write(project, "en", {**COMPLETE, "Le titre": ""})

    assert list(translations.problems("en", project)) == ["en : sans traduction : « Le titre »"]


def test_half_a_plural_is_a_missing_translation(project):
    write(project, "en", {**COMPLETE, ("Une place", "%(n)s places libres"): ("One place", "")})

    assert list(translations.problems("en", project)) == [
        "en : sans traduction : « Une place | %(n)s places libres »"
    ]


@pytest.mark.parametrize("text", ["Hello %(nom)s, ‘100%%’", "Hello, ‘100%%’", "Hello %(name)s, ‘100’"])
def test_another_placeholder_is_refused(project, text):
    greeting = "Bonjour %(name)s, « 100 %% » d’été\u202f!"
    write(project, "en", {**COMPLETE, greeting: text})

    assert list(translations.problems("en", project)) == [
        f"en : un élément à remplacer diffère : « {greeting} »"
    ]


def test_a_string_that_came_after_the_catalogue_is_named(project):
    write(project, "en", COMPLETE)
    (project / "iamm/forms.py").write_text('_("Votre nom")')

    assert list(translations.problems("en", project)) == [
        "en : absent du catalogue : « Votre nom »",
        "en : django.po n’est pas à jour : lancez `manage.py translations --update`.",
    ]


def test_a_string_that_left_the_code_is_named(project):
    write(project, "en", COMPLETE)
    (project / "iamm/views.py").write_text(PYTHON.replace('_("Le titre")', '""'))

    assert list(translations.problems("en", project)) == [
        "en : n’existe plus dans le code : « Le titre »",
        "en : django.po n’est pas à jour : lancez `manage.py translations --update`.",
    ]


def test_a_compiled_file_of_another_catalogue_is_refused(project):
    path = write(project, "en", COMPLETE)
    path.write_text(path.read_text().replace("The title", "The heading"))

    assert list(translations.problems("en", project)) == [
        "en : django.mo n’est pas à jour : lancez `manage.py translations --compile`."
    ]


def test_the_compiled_file_translates(project):
    path = write(project, "en", COMPLETE)

    catalog = GNUTranslations(BytesIO(path.with_suffix(".mo").read_bytes()))

    assert catalog.gettext("Le titre") == "The title"
    assert catalog.pgettext("au féminin", "ouvert") == "open"
    assert catalog.ngettext("Une place", "%(n)s places libres", 0) == "%(n)s places left"


def test_french_counts_zero_as_singular(project):
    path = write(project, "fr")

    catalog = GNUTranslations(BytesIO(path.with_suffix(".mo").read_bytes()))

    assert [catalog.ngettext("%(n)s place", "%(n)s places", n) for n in (0, 1, 2)] == [
        "%(n)s place",
        "%(n)s place",
        "%(n)s places",
    ]


def test_our_own_catalogues_are_complete():
    call_command("translations", "--check", stdout=StringIO())


def test_the_command_asks_what_to_do():
    with pytest.raises(CommandError):
        call_command("translations")


@pytest.mark.parametrize("plurals", ["one", "many"])
def test_every_plural_of_the_portal_is_right_in_french(plurals):
    """Django's own French catalogue has another plural rule: ours must win over it."""
    count = {"one": 0, "many": 2}[plurals]
    with translations.po_path("fr", settings.BASE_DIR).open("rb") as file:
        messages = [message for message in translations.messages(read_po(file)) if not message.context]

    with override("fr"):
        said = [ngettext(*message.id, count) for message in messages]

    assert said == [message.id[min(count, 1)] for message in messages]


def test_no_library_rewrites_our_french():
    """Django and allauth translate English to French: one of our strings could be an English word of theirs."""
    with translations.po_path("en", settings.BASE_DIR).open("rb") as file:
        messages = [message for message in translations.messages(read_po(file)) if not message.pluralizable]

    with override("fr"):
        said = [
            pgettext(message.context, message.id) if message.context else gettext(message.id)
            for message in messages
        ]

    assert said == [message.id for message in messages]


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{"Accept-Language": "en-GB,en;q=0.8"}, {"Cookie": "langue=en"}])
def test_a_page_is_in_english_for_who_asks_it(client, headers):
    page = client.get("/agenda/", headers=headers).content.decode()

    assert '<html lang="en"' in page


def loose(pattern):
    """The texts of the portal, in French, where this is found."""
    catalogue = translations.messages(translations.stored("en", settings.BASE_DIR))
    ids = [[message.id] if isinstance(message.id, str) else message.id for message in catalogue]
    return {text for texts in ids for text in texts if re.search(pattern, text)}


def test_french_texts_have_the_apostrophe_of_printers():
    assert loose(r"\w'\w") == set()


def test_french_texts_have_the_spaces_of_printers():
    """U+202F before ; ? and !, and in numbers; U+00A0 before a colon, inside « », and before a unit."""
    assert loose(r"[ \u202f]:(\s|$)|[ \u00a0][;?!]|«[^\u00a0]|[^\u00a0]»|\d (\d{3}\b|Mo\b|%|€)") == set()


@pytest.mark.django_db
def test_a_page_is_in_french_for_everybody_else(client):
    page = client.get("/agenda/").content.decode()

    assert '<html lang="fr"' in page


def test_choosing_english_is_remembered_and_comes_back_to_the_page(client):
    response = client.get("/langue/en/?next=/agenda/")

    assert response.headers["Location"] == "/agenda/"
    assert response.cookies["langue"].value == "en"


def test_choosing_a_language_takes_its_target_for_an_address_and_nothing_else(client):
    response = client.get("/langue/en/", {"next": "accueil"})

    assert response.headers["Location"] == "accueil"


@pytest.mark.parametrize("target", ["https://example.com/", "//example.com/agenda/", "javascript:alert(1)"])
def test_choosing_a_language_never_leads_to_another_site(client, target):
    response = client.get("/langue/en/", {"next": target})

    assert response.headers["Location"] == "/"


def test_an_unknown_language_changes_nothing(client):
    response = client.get("/langue/xx/?next=/agenda/")

    assert response.headers["Location"] == "/agenda/"
    assert response.cookies == {}
