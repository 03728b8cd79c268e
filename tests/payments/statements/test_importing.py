"""A line is counted once, however often and in whatever file the bank tells it."""

from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

import pytest
from django.utils import timezone

from documents.unreadable import Unreadable
from payments.models import Statement, StatementLine, TableLayout
from payments.statements import files, importing, tables
from payments.statements.lines import ReadLine
from tests.factories import create_staff
from tests.payments.statements import samples

pytestmark = pytest.mark.django_db
HEADER = "Date;Libellé;Montant"


@pytest.fixture
def staff():
    return create_staff()


def receive(content, name="releve", account="Compte courant"):
    format = files.detect(content, name)
    statement = Statement(filename=name, format=format, content=content)
    if format == Statement.Format.TABLE:
        rows = tables.first_rows(content)
        statement.header_row = tables.header_row(rows)
        titles = next(row.cells for row in rows if row.number == statement.header_row)
        statement.layout, _is_new = TableLayout.objects.get_or_create(
            signature=tables.signature(titles), defaults={"columns": tables.guess(titles)}
        )
        statement.account = account
    statement.save()
    return statement


def take_in(content, staff, **options):
    """How many lines are new, doubtful and known."""
    done = importing.take_in(receive(content, **options), by=staff)
    return done.new_count, done.doubtful_count, done.known_count


def table(*rows, header=HEADER):
    return "\n".join([header, *rows]).encode()


def ofx(*rows):
    """Each as (identity, day, amount, name)."""
    each = "".join(
        f"<STMTTRN><FITID>{identity}<DTPOSTED>2026{day}<TRNAMT>{amount}<NAME>{name}</STMTTRN>"
        for identity, day, amount, name in rows
    )
    account = "<BANKACCTFROM><ACCTID>85</BANKACCTFROM>"
    return f"OFXHEADER:100\n<OFX><CURDEF>EUR{account}{each}</OFX>".encode()


def facts():
    return list(
        StatementLine.objects.order_by("pk").values_list("pk", "fingerprint", "booked_on", "amount", "label")
    )


@pytest.mark.parametrize(
    ("content", "count", "refused"), [(samples.CAMT, 6, 1), (samples.OFX, 4, 0), (samples.TABLE, 4, 2)]
)
def test_a_statement_imported_twice_gives_the_same_lines(staff, content, count, refused):
    first = importing.take_in(receive(content), by=staff)
    lines = facts()

    assert take_in(content, staff, name="le même, renommé") == (0, 0, count)
    assert facts() == lines
    assert (first.new_count, first.doubtful_count, first.known_count, first.refused_count) == (
        count,
        0,
        0,
        refused,
    )


def test_the_bytes_are_forgotten_and_what_came_with_them_is_told(staff):
    statement = importing.take_in(receive(samples.CAMT), by=staff)

    assert (bytes(statement.content), statement.imported_by) == (b"", staff)
    assert (statement.first_on, statement.last_on) == (date(2026, 1, 5), date(2026, 1, 20))
    assert statement.account == "FR7699999000010000000000085"
    assert importing.take_in(statement, by=create_staff()).imported_by == staff


def test_all_that_a_line_says_is_written(staff):
    importing.take_in(receive(samples.CAMT), by=staff)

    line = StatementLine.objects.get(bank_id="DEMO0001")
    assert (line.payer, line.iban, line.reference) == (
        "MME CAMILLE DEMO",
        "FR7699999000020000000000185",
        "RF18539007547034",
    )
    assert (line.method, line.amount, line.booked_on, line.valued_on) == (
        "transfer",
        Decimal("40.00"),
        date(2026, 1, 5),
        date(2026, 1, 6),
    )


def test_what_would_happen_is_what_happens(staff):
    take_in(table("05/01/2026;LOU;40,00"), staff)
    statement = receive(
        table("05/01/2026;LOU;40,00", "06/01/2026;LOU;40,00", "07/01/2026;ZOE;40,00", "x;y;40,00")
    )

    plan = importing.plan(statement)
    done = importing.take_in(statement, by=staff)

    assert [len(part) for part in plan] == [2, 0, 1, 1]
    assert (done.new_count, done.doubtful_count, done.known_count, done.refused_count) == (2, 0, 1, 1)


def test_a_file_that_cannot_be_read_to_its_end_leaves_nothing(staff):
    statement = Statement.objects.create(
        filename="x", format="ofx", content=ofx(("1", "0105", "40", "LOU"))[:-6]
    )

    with pytest.raises(Unreadable):
        importing.take_in(statement, by=staff)

    assert not StatementLine.objects.exists()


# Without identities


def test_two_equal_lines_of_a_day_are_two_and_overlapping_files_count_them_once(staff):
    twice = ["05/01/2026;LOU;40,00"] * 2

    assert take_in(table(*twice), staff) == (2, 0, 0)
    assert take_in(table(*twice, "06/01/2026;ZOE;12,00"), staff) == (1, 0, 2)
    assert take_in(table(*twice, "05/01/2026;LOU;40,00"), staff) == (1, 0, 2)


def test_a_line_that_comes_back_on_another_day_is_for_a_person_to_decide(staff):
    take_in(table("30/01/2026;LOU;40,00"), staff)

    assert take_in(table("02/02/2026;Lou;40,00"), staff) == (0, 1, 0)
    line = StatementLine.objects.doubtful().get()
    assert line.twin.booked_on == date(2026, 1, 30)
    assert take_in(table("02/02/2026;Lou;40,00"), staff) == (0, 0, 1)


@pytest.mark.parametrize(
    "other", ["05/02/2026;LOU;40,00", "02/02/2026;ZOE;40,00", "02/02/2026;LOU;41,00", "02/02/2026;LOU;-40,00"]
)
def test_another_day_name_amount_or_direction_is_another_line(staff, other):
    take_in(table("30/01/2026;LOU;40,00"), staff)

    assert take_in(table(other), staff) == (1, 0, 0)


def test_a_file_that_holds_both_days_says_itself_that_they_are_two(staff):
    take_in(table("30/01/2026;LOU;40,00"), staff)

    assert take_in(table("30/01/2026;LOU;40,00", "02/02/2026;LOU;40,00"), staff) == (1, 0, 1)


def test_a_line_answers_for_one_other_and_not_for_two(staff):
    take_in(table("30/01/2026;LOU;40,00"), staff)

    assert take_in(table("01/02/2026;LOU;40,00", "02/02/2026;LOU;40,00"), staff) == (1, 1, 0)


def test_two_accounts_of_one_bank_are_two(staff):
    take_in(table("30/01/2026;LOU;40,00"), staff)

    assert take_in(table("30/01/2026;LOU;40,00"), staff, account="Livret") == (1, 0, 0)


# With identities


def test_an_identity_is_known_again_on_another_day_of_a_file_that_has_it_no_more_on_the_first(staff):
    take_in(ofx(("A", "0130", "40", "LOU")), staff)

    corrected = ofx(("B", "0128", "12", "ZOE"), ("A", "0202", "40", "LOU"))
    assert take_in(corrected, staff) == (1, 0, 1)


def test_a_standing_order_whose_identity_stays_is_for_a_person_to_decide_week_after_week(staff):
    weeks = [ofx(("PERMANENT-1", day, "15.00", "VIR LOYER")) for day in ("0105", "0112", "0119")]

    assert [take_in(week, staff) for week in weeks] == [(1, 0, 0), (0, 1, 0), (0, 1, 0)]
    assert [take_in(week, staff) for week in weeks] == [(0, 0, 1)] * 3
    whole = ofx(*(("PERMANENT-1", day, "15.00", "VIR LOYER") for day in ("0105", "0112", "0119", "0126")))
    assert take_in(whole, staff) == (1, 0, 3)


def test_two_identities_are_two_operations(staff):
    assert take_in(ofx(("A", "0130", "40", "LOU"), ("B", "0130", "40", "LOU")), staff) == (2, 0, 0)
    assert take_in(ofx(("C", "0202", "40", "LOU")), staff) == (1, 0, 0)


def test_an_identity_that_a_bank_gives_again_much_later_is_another_operation(staff):
    take_in(ofx(("1", "0105", "40", "LOU")), staff)

    assert take_in(ofx(("1", "0605", "40", "LOU")), staff) == (1, 0, 0)
    assert take_in(ofx(("1", "0105", "40", "LOU"), ("1", "0605", "40", "LOU")), staff) == (0, 0, 2)


def test_a_bank_that_changes_identities_at_each_download_is_seen(staff):
    take_in(ofx(("A", "0105", "40", "LOU"), ("B", "0110", "12", "ZOE")), staff)

    assert take_in(ofx(("C", "0105", "40", "LOU"), ("D", "0110", "12", "ZOE")), staff) == (0, 2, 0)


def test_one_identity_for_other_words_is_for_a_person_to_decide(staff):
    take_in(ofx(("A", "0105", "40", "LOU")), staff)

    assert take_in(ofx(("A", "0105", "40", "ZOE")), staff) == (0, 1, 0)


def test_one_identity_twice_in_a_file_is_for_a_person_to_decide_also_when_the_first_is_known(staff):
    line = ("A", "0105", "40", "LOU")

    assert take_in(ofx(line, line), staff) == (1, 1, 0)
    assert StatementLine.objects.doubtful().get().twin == StatementLine.objects.earliest("pk")
    assert take_in(ofx(line, line), staff) == (0, 0, 2)
    assert take_in(ofx(line, line, line), staff) == (0, 1, 2)


def test_one_period_in_two_formats_is_for_a_person_to_decide(staff):
    take_in(ofx(("A", "0105", "40", "VIR LOU DEMO"), ("B", "0131", "40", "VIR ZOE ESSAI")), staff)

    assert take_in(table("05/01/2026;LOU;40,00", "10/01/2026;ALEX;40,00"), staff) == (1, 1, 0)
    assert take_in(table("01/02/2026;Virement Zoé Essai;40,00", "02/02/2026;MAX;40,00"), staff) == (1, 1, 0)


# Many


def test_a_year_is_quick(staff, django_assert_max_num_queries):
    days = [f"{1 + n % 28:02}/{1 + n % 12:02}/2025" for n in range(5000)]
    year = table(*[f"{day};MEMBRE {n};40,00" for n, day in enumerate(days)])
    started = perf_counter()

    with django_assert_max_num_queries(250):  # SQLite takes some sixty rows at a time
        assert take_in(year, staff) == (5000, 0, 0)
        assert take_in(year, staff) == (0, 0, 5000)

    assert perf_counter() - started < 30  # 3 s on a quiet machine
    assert StatementLine.objects.count() == 5000


def test_a_year_of_equal_amounts_moved_by_a_day_does_not_take_the_square_of_its_length():
    from payments.statements.doubles import Known, Sorting, words_of  # noqa: PLC0415

    lines = [
        ReadLine(n, date(2026, 1, 1 + n % 28), date(2026, 1, 1), Decimal(40), f"M {n}") for n in range(2000)
    ]
    known = [
        Known(n, f"f{n}", "csv", "", "", line.booked_on, line.amount, words_of(line.label, ""))
        for n, line in enumerate(lines)
    ]

    started = perf_counter()
    new, doubtful, _known = Sorting(lines, "csv").sort(known)

    assert perf_counter() - started < 5  # 0.2 s on a quiet machine
    assert (len(new), len(doubtful)) == (0, 2000)


def test_a_day_of_equal_amounts_of_others_does_not_take_the_square_of_its_length():
    from payments.statements.doubles import Known, Sorting  # noqa: PLC0415

    day, count = date(2026, 1, 5), 4000
    lines = [
        ReadLine(n, day, day, Decimal(40), f"M {n}", account="85", bank_id=f"B{n}") for n in range(count)
    ]
    known = [Known(n, f"f{n}", "ofx", "85", f"A{n}", day, Decimal(40), f"z {n}") for n in range(count)]

    started = perf_counter()
    new, doubtful, _known = Sorting(lines, "ofx").sort(known)

    assert perf_counter() - started < 10  # 0.2 s on a quiet machine
    assert (len(new), len(doubtful)) == (count, 0)


def test_what_a_file_says_twice_and_another_said_otherwise_is_for_a_person_to_decide(staff):
    take_in(ofx(("A", "0105", "40", "VIR CAMILLE DEMO")), staff)
    more = "<AcctSvcrRef>B</AcctSvcrRef><AddtlNtryInf>VIR CAMILLE DEMO</AddtlNtryInf>"
    body = samples.entry(more=more)[len(samples.CAMT_HEAD) : -len(samples.CAMT_FOOT)]

    assert take_in(samples.CAMT_HEAD + body * 2 + samples.CAMT_FOOT, staff) == (0, 2, 0)
    assert {line.twin.bank_id for line in StatementLine.objects.doubtful()} == {"A"}


@pytest.mark.parametrize("day", ["0001-01-01", "1998-03-02", "2199-12-31", "9999-12-31"])
def test_a_day_that_is_not_of_our_time_is_told_and_enters_no_book(staff, day):
    content = ofx(("A", "0105", "40", "LOU"), ("B", "0106", "40", "LOU"))
    content = content.replace(b"20260106", day.replace("-", "").encode())

    assert take_in(content, staff) == (1, 0, 0)
    assert Statement.objects.get().refused_count == 1


def test_a_value_day_far_ahead_is_told_too(staff):
    soon, late = (timezone.localdate() + timedelta(days=days) for days in (3, 300))
    rows = [f"05/01/2026;{one:%d/%m/%Y};LOU;40,00" for one in (soon, late)]

    assert take_in(table(*rows, header="Date;Date valeur;Libellé;Montant"), staff) == (1, 0, 0)
    assert StatementLine.objects.get().valued_on == soon
