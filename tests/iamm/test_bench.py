import math
import os

import pytest

from bench import harness, pages, rush


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
    page = '<input type="hidden" name="csrfmiddlewaretoken" value="abc"><input type="hidden" name="request_key" value="12-34" id="x">'

    assert dict(rush.FIELD.findall(page)) == {"csrfmiddlewaretoken": "abc", "request_key": "12-34"}
