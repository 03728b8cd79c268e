"""Which members are perhaps the same, and what becomes of what was said of them."""

import pytest

from members import duplicates, tasks
from members.models import DuplicatePair, Member
from tests.factories import create_member, create_organisation, create_staff

pytestmark = pytest.mark.django_db


def found():
    """Pairs of names, with the reasons."""
    names = {member.pk: str(member) for member in Member.objects.all()}
    return {(names[a], names[b]): reasons for (a, b), (reasons, _score) in duplicates.find().items()}


def person(first, last, **fields):
    return create_member(first_name=first, last_name=last, **fields)


def twins(**fields):
    return person("Ana", "Brun", **fields), person("Ana", "Brun", **fields)


# What looks the same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lou.martin@example.org", "LouMartin@example.org"),
        ("lou.martin@example.org", "lou.martin+asso@example.org"),
        ("lou.märtin@example.org", "loumartin@example.org"),
    ],
)
def test_an_address_is_the_same_whatever_its_dots_accents_and_suffix(one, other):
    person("Lou", "Martin", email=one)
    person("Zoé", "Quérol", email=other)

    assert found() == {("Lou Martin", "Zoé Quérol"): ["email"]}


def test_another_domain_is_another_address():
    person("Lou", "Martin", email="lou@example.org")
    person("Zoé", "Quérol", email="lou@example.com")

    assert found() == {}


@pytest.mark.parametrize(
    "other", ["+33 4 67 00 00 01", "0033467000001", "04.67.00.00.01", "+33 (0)4 67 00 00 01"]
)
def test_a_telephone_is_the_same_however_it_is_written(other):
    person("Lou", "Martin", phone="04 67 00 00 01")
    person("Zoé", "Quérol", phone=other)

    assert found() == {("Lou Martin", "Zoé Quérol"): ["phone"]}


def test_what_is_too_short_to_be_a_telephone_says_nothing():
    person("Lou", "Martin", phone="12")
    person("Zoé", "Quérol", phone="12")

    assert found() == {}


def test_two_establishments_of_one_organisation_share_its_siren():
    create_organisation("Laboratoire du Lez", siret="73282932000074")
    create_organisation("Atelier", siret="732829320")

    assert found() == {("Laboratoire du Lez", "Atelier"): ["siret"]}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("Jean-Noël", "Cœur"), ("JEAN NOEL", "coeur"), "same_name"),
        (("Lou", "Martin"), ("Martin", "Lou"), "same_name"),
        (("Camille", "Dupont"), ("Camille", "Dupond"), "near_name"),
        (("Camille", "Dupont"), ("Kamille", "Dupont"), "near_name"),
        (("Camille", "Dupont"), ("Dupond", "Camille"), "near_name"),
        (("", "Papadimitrakopoulou"), ("", "Papadimitrakopoulo"), "near_name"),
        (("Camille", "Dupont"), ("Camille", "Durand"), None),
        (("Li", "Wu"), ("Li", "Xu"), None),
    ],
)
def test_names_are_close_whatever_their_accents_case_hyphens_and_order(one, other, reason):
    person(*one)
    person(*other)

    assert list(found().values()) == ([[reason]] if reason else [])


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        (1980, 1980, ["same_name", "birth_year"]),
        (1980, None, ["same_name"]),
        (None, None, ["same_name"]),
        (1980, 1981, None),
    ],
)
def test_namesakes_born_in_different_years_are_two(one, other, reasons):
    person("Ana", "Brun", birth_year=one)
    person("Ana", "Brun", birth_year=other)

    assert list(found().values()) == ([reasons] if reasons else [])


def test_organisations_are_compared_by_their_name():
    create_organisation("Société d’essai")
    create_organisation("SOCIETE D'ESSAIS")

    assert list(found().values()) == [["near_name"]]


def test_a_person_is_never_the_organisation_of_the_same_telephone():
    person("Lou", "Martin", phone="0467000001")
    create_organisation("Lou Martin", phone="0467000001")

    assert found() == {}


def test_a_telephone_of_many_people_says_nothing_of_any_of_them():
    for index in range(duplicates.COMMON + 1):
        person(chr(97 + index) * 6, chr(97 + index) * 9, phone="0467000001")

    assert found() == {}


def test_several_reasons_make_a_higher_score():
    twins(phone="0467000001", birth_year=1980)
    person("Ana", "Brune")

    scores = sorted(score for _reasons, score in duplicates.find().values())

    assert scores == [40, 40, 90]


# What is kept of it


def test_a_pair_is_kept_once_and_said_in_words():
    one, other = twins(phone="0467000001")

    assert [tasks.find_duplicates() for _ in range(2)] == [1, 0]
    pair = DuplicatePair.objects.get()
    assert (pair.member_a, pair.member_b, pair.score) == (one, other, 80)
    assert pair.in_words() == ["même téléphone", "même nom, aux accents et à l’ordre près"]


def test_a_pair_that_no_longer_looks_alike_goes():
    one, _other = twins()
    duplicates.refresh()
    Member.objects.filter(pk=one.pk).update(first_name="Mireille")

    assert duplicates.refresh() == 0
    assert not DuplicatePair.objects.exists()


def test_a_dismissed_pair_comes_back_only_for_a_new_reason():
    one, other = twins(phone="0467000001")
    duplicates.refresh()
    pair = DuplicatePair.objects.get()
    dismissed = [pair.dismiss(by=create_staff()) for _ in range(2)]

    Member.objects.filter(pk=one.pk).update(phone="")
    without_the_phone = duplicates.refresh()
    Member.objects.filter(pk=one.pk).update(phone="0467000001")
    with_it_again = duplicates.refresh()
    waiting = DuplicatePair.objects.open().count()
    Member.objects.filter(pk__in=[one.pk, other.pk]).update(birth_year=1980)
    with_another = duplicates.refresh()

    assert dismissed == [True, False]
    assert (without_the_phone, with_it_again, waiting, with_another) == (0, 0, 0, 1)
    assert DuplicatePair.objects.open().get().in_words()[-1] == "même année de naissance"


def test_the_finder_reads_as_often_for_two_members_as_for_many(django_assert_num_queries):
    for index in range(40):
        person("Ana", f"{chr(97 + index % 26) * 6}{index}")

    with django_assert_num_queries(2):
        duplicates.find()
