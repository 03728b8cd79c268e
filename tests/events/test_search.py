import pytest
from django.http import QueryDict

from events.agenda import Selection
from events.models import Event, Theme
from events.search import Search
from members.words import fold, words_of
from tests.factories import create_event

pytestmark = pytest.mark.django_db


def select(words):
    query = QueryDict(mutable=True)
    query["q"] = words
    return Selection(query, Event.objects.upcoming())


def titles(words):
    return [event.title for event in select(words).events]


@pytest.fixture(autouse=True)
def _events():
    theme = Theme.objects.create(name="Œuvres de l’esprit", slug="oeuvres")
    create_event(title="L’IA et la santé", summary="Des médecins à l’écoute", venue="Faculté de médecine")
    create_event(title="La mer", venue="Halle", address="12 rue d’Essai, 34000 Montpellier").themes.add(theme)
    create_event(title="Les vignes", summary="Des capteurs dans la vigne", venue="Domaine")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sante", ["L’IA et la santé"]),
        ("SANTÉ", ["L’IA et la santé"]),
        ("sante\u0301", ["L’IA et la santé"]),  # an accent written apart
        ("médecinne", ["L’IA et la santé"]),
        ("medceine", ["L’IA et la santé"]),
        ("montpelier", ["La mer"]),
        ("montpel", ["La mer"]),
        ("34000", ["La mer"]),
        ("oeuvre", ["La mer"]),
        ("ŒUVRES", ["La mer"]),
        ("vigne", ["Les vignes"]),
        ("domaines", ["Les vignes"]),
        ("l'IA", ["L’IA et la santé"]),
        ("l’ia", ["L’IA et la santé"]),
        ("ia de la santé", ["L’IA et la santé"]),
        ("santé mer", []),
        ("mel", []),  # three letters: no slip is forgiven
        ("introuvable", []),
        ("de la", ["L’IA et la santé", "La mer", "Les vignes"]),
        ("%", ["L’IA et la santé", "La mer", "Les vignes"]),
        ("", ["L’IA et la santé", "La mer", "Les vignes"]),
    ],
)
def test_a_search_forgives_accents_case_plurals_and_small_slips(words, expected):
    assert titles(words) == expected


def remarks(words):
    selection = select(words)
    list(selection.events)
    return [remark.replace("\u00a0", " ") for remark in selection.remarks]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("santé", []),
        ("montpelier", ["Aucun rendez-vous ne dit « montpelier ». Résultats pour « Montpellier »."]),
        ("santée", ["Aucun rendez-vous ne dit « santée ». Résultats pour « santé »."]),
        ("xyzxyz", ["Aucun rendez-vous ne dit « xyzxyz », ni un mot proche."]),
        ("de la", ["Ces mots sont trop courants pour chercher : ajoutez-en un autre."]),
        ("santé " * 11, ["La recherche était longue : seuls ses premiers mots comptent."]),
    ],
)
def test_what_was_searched_instead_is_said(words, expected):
    assert remarks(words) == expected


def test_a_word_that_somebody_wrote_is_not_taken_for_another():
    create_event(title="Le code")
    create_event(title="La mode")

    assert titles("code") == ["Le code"]


def test_a_change_is_found_at_once():
    event = Event.objects.get(title="La mer")
    Event.objects.filter(pk=event.pk).update(summary="Des dauphins")
    event.themes.all().delete()

    assert (titles("dauphin"), titles("oeuvre")) == (["La mer"], [])


@pytest.mark.parametrize("text", ["a" * 10_000, "ia " * 4_000, "\0", "🦄" * 200, "'\"--%_\\"])
def test_anything_may_be_typed(client, text):
    response = client.get("/agenda/", {"q": text})

    assert response.status_code == 200
    assert len(response.context["selection"].search.text) <= 100


@pytest.mark.parametrize("number", [1, 30])
def test_a_search_runs_the_same_queries_however_much_there_is_to_search(django_assert_num_queries, number):
    for _ in range(number):
        create_event(title="Des dauphins").themes.add(Theme.objects.get())

    with django_assert_num_queries(6):
        assert len(select("dauphin oeuvre").events) == number


def test_words_are_folded_and_keep_how_they_were_written():
    assert fold("ÉTÉ Œuvre ﬁn") == "ete oeuvre fin"
    assert words_of("L’IA, d’ici à l’été") == (("ia", "IA"), ("ici", "ici"), ("ete", "été"))
    assert Search.of("  santé\0 \n mer ").words == {"sante": "santé", "mer": "mer"}
