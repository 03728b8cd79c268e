from threading import Thread

from hypothesis import given, settings
from hypothesis.strategies import text

from documents.typeset import DRAWN, drawable, typeset


def sheet(event):
    """Some document: what is said of it is true of each."""
    names = ["title", "number", "name", "when", "where", "speakers", "page", "nobody"]
    return typeset(
        "events/pdf/sign_in_sheet.typ",
        **{"title": f"Essai {event}", "event": event, "when": [event], "where": [], "half_days": [event]},
        **{"people": [], "speakers": [], "made": "", "words": dict.fromkeys(names, "x")},
    )


def test_all_that_is_said_to_be_drawn_is_drawn():
    signs = [sign for sign in map(chr, range(0x3000)) if DRAWN.match(sign) and drawable(sign)]

    assert len(signs) > 1500
    assert sheet(" ".join(signs)).startswith(b"%PDF")
    assert sheet("".join(signs)).startswith(b"%PDF")


@settings(max_examples=100, deadline=None)
@given(text())
def test_whatever_people_write_a_document_comes_out(written):
    assert sheet(written).startswith(b"%PDF")


def test_signs_that_would_mislead_are_taken_out():
    assert drawable("A\u202ebc\u200b\x07\nd\ud800") == "Abc d"
    assert drawable({"a": ["e\u0301", 3]}) == {"a": ["é", 3]}


def test_several_threads_all_have_their_document():
    """The compiler refuses two at once: each waits for its turn."""
    done = []

    threads = [Thread(target=lambda: done.append(sheet("x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 8
