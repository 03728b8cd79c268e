import pytest

from documents.unreadable import Unreadable
from payments.statements import camt053, ofx
from payments.statements.files import MAX_BYTES, detect
from tests.payments.statements.samples import BOMB, CAMT, OFX, OUTSIDE, TABLE
from tests.uploads import PDF, picture


@pytest.mark.parametrize(("content", "format"), [(CAMT, "camt053"), (OFX, "ofx"), (TABLE, "csv")])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n "])
def test_a_file_is_what_it_holds_and_not_what_it_is_called(content, format, before):
    before = b"" if content is CAMT and before.isspace() else before

    assert detect(before + content, "relevé.txt") == format


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Ce fichier est vide."),
        (b" \r\n\x00", "Ce fichier est vide."),
        (b"x" * (MAX_BYTES + 1), "Ce fichier dépasse 10\u00a0Mo"),
        (PDF, "Ce n’est pas un relevé que l’on peut lire"),
        (picture(), "Ce n’est pas un relevé que l’on peut lire"),
        (BOMB, "Ce fichier XML contient des définitions"),
        (BOMB.decode().encode("utf-16"), "Ce fichier XML est coupé ou abîmé"),
        (OUTSIDE.decode().encode("utf-16"), "Ce fichier XML contient des définitions"),
        (OUTSIDE, "Ce fichier XML contient des définitions"),
        (CAMT[:3000], "Ce fichier XML est coupé ou abîmé"),
        (b"<html><body>Session terminee</body></html>", "Ce fichier XML n’est pas un relevé CAMT.053"),
    ],
)
def test_what_is_not_a_statement_is_refused_in_words(content, told):
    with pytest.raises(Unreadable) as refused:
        detect(content, "releve")

    assert str(refused.value).startswith(told)


def test_a_bomb_that_says_nothing_of_itself_in_its_bytes_does_not_swell():
    with pytest.raises(Unreadable):
        camt053.parse(BOMB.decode().encode("utf-16"))
    with pytest.raises(Unreadable):
        ofx.read(BOMB + OFX)
