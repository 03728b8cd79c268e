import math
import os

import pytest

from accounts.models import User
from bench import harness, members, pages, rush


def test_the_median_of_rounds_leaves_an_odd_one_out():
    assert harness.median([10.0, 900.0, 12.0]) == 12.0


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (95, 4), (100, 4), (1, 1)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert harness.percentile([3, 1, 4, 2], percent) == value


def test_a_ratio_to_nothing_is_not_a_number():
    assert harness.ratio(3.0, 2.0) == 1.5
    assert math.isnan(harness.ratio(3.0, 0))


def test_a_process_has_used_time_and_memory():
    assert harness.cpu_seconds(os.getpid()) > 0
    assert harness.peak_memory(os.getpid())[0] > 10


def test_pages_are_compared_with_the_bare_view_of_the_same_rounds():
    bare = [pages.Measure(1000.0, 0.5, 4.0), pages.Measure(900.0, 0.5, 5.0), pages.Measure(10.0, 9.0, 90.0)]
    home = [pages.Measure(90.0, 5.0, 40.0), pages.Measure(100.0, 6.0, 50.0), pages.Measure(80.0, 4.0, 60.0)]

    _, row = pages.rows({"vue nue": bare, "accueil": home})

    assert row == {
        "page": "accueil",
        "requêtes/s": 90.0,
        "part de la vue nue": 0.1,
        "ms de processeur": 5.0,
        "fois la vue nue": 10.0,
        "p95 (ms)": 50.0,
    }


def test_the_table_is_aligned_and_written_in_french():
    rows = [{"page": "accueil", "requêtes/s": 90.5}, {"page": "vue", "requêtes/s": 1000.0}]

    assert harness.table(rows) == "\n".join(
        ["page     requêtes/s", "accueil       90,50", "vue         1000,00"]
    )


def test_the_rush_reads_the_hidden_fields_of_our_form():
    page = (
        '<input type="hidden" name="csrfmiddlewaretoken" value="abc">'
        '<input type="hidden" name="request_key" value="12-34" id="x"><input name="count" value="3">'
    )

    assert dict(rush.FIELD.findall(page)) == {
        "csrfmiddlewaretoken": "abc",
        "request_key": "12-34",
        "count": "3",
    }


def test_a_party_of_three_fills_in_a_price_for_each_and_a_name_for_the_others():
    visitor = rush.Visitor(7, 80, "/", rush.Wish(3, "Étudiants", "RUEE"), {"Étudiants": 12})

    assert visitor.filled_in() == {
        "name": "Personne 7",
        "email": "personne7@example.org",
        "code": "RUEE",
        "price_1": "12",
        "price_2": "12",
        "price_3": "12",
        "name_2": "Personne 7, place 2",
        "name_3": "Personne 7, place 3",
    }


@pytest.mark.parametrize(
    ("changed", "is_right"),
    [
        ({}, True),
        ({"taken": 8}, True),
        ({"taken": 7}, False),
        ({"taken": 11}, False),
        ({"over_quota": 1}, False),
        ({"code_uses": 1}, False),
        ({"code_uses": 3}, False),
        ({"answers": [rush.Answer(500, 0.0, 0.1)]}, False),
    ],
)
def test_a_rush_is_right_when_it_is_full_and_nothing_is_too_many(changed, is_right):
    size = rush.Size(people=20, capacity=10, students=2, first=2, code_uses=2)
    answers = [rush.Answer(302, 0.0, 0.1), rush.Answer(409, 0.0, 0.1)]
    one = rush.Round(taken=10, oversold=0, over_quota=0, code_uses=2, answers=answers)

    assert one._replace(**changed).is_right(size) is is_right


@pytest.mark.django_db
def test_what_a_page_of_the_staff_costs_is_the_queries_of_one_turn():
    def act():
        User.objects.count()
        return 2500

    row = members.measure("liste", act)

    assert {key: row[key] for key in ("page", "requêtes", "ko")} == {"page": "liste", "requêtes": 1, "ko": 2}
    assert row["secondes"] > 0
