import pytest

from payments.statements.names import IN_FULL, Names, tokens

PEOPLE = {
    1: ["Anne-Laure Dupont"],
    2: ["Société Lumière & Fils", "compta@lumiere.example.org"],
    3: ["Zoé Cœurdoux", "z.coeur"],
    4: ["Marc Démo"],
    5: ["Jeanne Démo"],
    6: ["Marc Essai"],
    7: ["Marc Autre"],
}


@pytest.fixture
def names():
    return Names(PEOPLE)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("VIR MME DUPONT ANNE LAURE ADHESION 2026", 1),
        ("DUPONT ANNE-LAURE", 1),
        ("SAS LUMIERE ET FILS", 2),
        ("MLLE ZOE COEURDOUX", 3),
        ("M OU MME DEMO MARC", 4),
        ("DEMOJEANNE", 5),
    ],
)
def test_somebody_is_named_in_full_whatever_the_order_and_the_letters(names, text, key):
    found = names.named_in(text)

    assert max(found, key=found.get) == key
    assert found[key] >= (IN_FULL if text != "DEMOJEANNE" else 0.8)


@pytest.mark.parametrize(
    "text", ["DUPOND ANNE LAURE", "DUPON ANNE LAURE", "ANNE L DUPONT", "ANNE LAUR DUPONT"]
)
def test_a_letter_more_or_less_or_a_word_cut_still_names(names, text):
    assert 0.6 < names.named_in(text)[1] < 1


def test_a_family_name_says_more_than_a_given_one(names):
    found = names.named_in("MARC INCONNU")

    assert set(found) <= {4, 6, 7}
    assert names.named_in("ESSAI SOPHIE")[6] > max(found.values(), default=0)


@pytest.mark.parametrize("text", ["", "VIREMENT ADHESION 2026", "HELLOASSO", "12345"])
def test_nobody_is_named_by_what_is_around_names(names, text):
    assert names.named_in(text) == {}


def test_nobody_to_name():
    assert Names({}).named_in("DUPONT") == {}
    assert Names({1: ["", "  ", "2026"]}).named_in("2026") == {}


def test_words_are_kept_once_without_accents_or_numbers():
    assert tokens("M. Éric Ñandú-Eric 2026 S000123") == ("eric", "nandu")


def test_a_process_does_not_keep_every_name_that_it_has_ever_read():
    kept = tokens.cache_parameters()["maxsize"]
    for number in range(kept + 10):
        tokens(f"camille {number}")

    assert tokens.cache_info().currsize == kept
