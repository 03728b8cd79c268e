import csv
import io
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from events.models import AccessNeed, Answer, Booking, Question, Registration
from tests.factories import (
    create_booking,
    create_event,
    create_price,
    create_promo_code,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")
PLACES = reverse("admin:events_registration_changelist")
COLUMNS = [
    "Billet",
    "Événement",
    "Début",
    "Nom",
    "Adresse e-mail",
    "Réservé par",
    "Adresse e-mail du contact",
    "Facturer à",
    "État",
    "Réservé le",
    "Annulé le",
    "Tarif",
    "Code promotionnel",
    "Montant",
    "Payé le",
]


@pytest.fixture
def staff(client):
    client.force_login(create_staff("equipe@example.org"))
    return client


def read_csv(response):
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def read_xlsx(response):
    assert response.status_code == 200
    return load_workbook(io.BytesIO(response.content)).active


def csv_of(client, event):
    return read_csv(client.get(reverse("admin:events_event_csv", args=[event.pk])))


def xlsx_of(client, event):
    return read_xlsx(client.get(reverse("admin:events_event_xlsx", args=[event.pk])))


def ask(event, label, **options):
    return Question.objects.create(event=event, label=label, **options)


@pytest.fixture
def event():
    """One booking of two, paid: one place has a promo code, the other was given back."""
    event = create_event(title="Bilan", starts_at=datetime(2027, 3, 1, 18, 30, tzinfo=PARIS))
    price = create_price(event, Decimal("12.50"), name="Plein tarif")
    booked_at = datetime(2026, 12, 1, 9, 5, tzinfo=PARIS)
    person = {"name": "Élodie Petit", "email": "elodie@example.org"}
    booking = create_booking(event, places=2, price=price, created_at=booked_at, **person)
    booking.charge = booking.open_charge(payable_until=None)
    booking.charge.paid_at = datetime(2026, 12, 1, 9, 15, tzinfo=PARIS)
    booking.charge.save()
    booking.save()
    first, second = booking.registrations.all()
    Registration.objects.filter(pk=first.pk).update(promo_code=create_promo_code(event))
    cancelled_at = datetime(2026, 12, 24, tzinfo=PARIS)
    Registration.objects.filter(pk=second.pk).update(
        name="Noé Roux", email="noe@example.org", cancelled_at=cancelled_at
    )
    return event


def test_a_csv_has_a_row_a_place_as_a_french_spreadsheet_reads_it(staff, event):
    first, second = Registration.objects.all()

    rows = csv_of(staff, event)

    contact = ["Élodie Petit", "elodie@example.org", ""]
    money = ["12,50", "01/12/2026 09:15"]
    assert rows == [
        COLUMNS,
        [first.number, "Bilan", "01/03/2027 18:30", "Élodie Petit", "elodie@example.org", *contact]
        + ["confirmée", "01/12/2026 09:05", "", "Plein tarif", "BIENVENUE", *money],
        [second.number, "Bilan", "01/03/2027 18:30", "Noé Roux", "noe@example.org", *contact]
        + ["annulée", "01/12/2026 09:05", "24/12/2026 00:00", "Plein tarif", "", *money],
    ]


def test_a_csv_says_its_encoding_and_its_name(staff, event):
    event.slug = "bilan-2026"
    event.save()

    response = staff.get(reverse("admin:events_event_csv", args=[event.pk]))

    assert next(response.streaming_content).startswith(b"\xef\xbb\xbfBillet;")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="inscriptions-bilan-2026.csv"'


def test_in_a_workbook_dates_are_dates_and_amounts_are_numbers(staff, event):
    sheet = xlsx_of(staff, event)

    titles, first, _second = sheet.iter_rows(values_only=True)
    row = dict(zip(titles, first, strict=True))
    assert list(titles) == COLUMNS
    assert row["Début"] == datetime(2027, 3, 1, 18, 30)
    assert row["Payé le"] == datetime(2026, 12, 1, 9, 15)
    assert row["Montant"] == 12.5
    assert row["Annulé le"] is None
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:O3"


def test_each_question_is_a_column_also_what_was_asked_once_of_the_booking(staff):
    event = create_event()
    diet = ask(event, "Que mangez-vous ?", kind=Question.Kind.SEVERAL, position=2)
    years = ask(event, "Depuis combien d’années ?", kind=Question.Kind.NUMBER, position=3)
    origin = ask(event, "Comment nous connaissez-vous ?", asked_of=Question.AskedOf.BOOKING, position=1)
    booking = create_booking(event, places=2)
    first, second = booking.places
    Answer.objects.create(question=origin, booking=booking, text="Par la radio")
    Answer.objects.create(question=diet, booking=booking, registration=first, text="Du poisson\nDes légumes")
    Answer.objects.create(question=years, booking=booking, registration=first, text="2.5")
    Answer.objects.create(question=years, booking=booking, registration=second, text="-1")

    rows = csv_of(staff, event)
    cells = [row[15:] for row in xlsx_of(staff, event).iter_rows(values_only=True)]

    assert rows[0][15:] == [origin.label, diet.label, years.label]
    assert rows[1][15:] == ["Par la radio", "Du poisson, Des légumes", "2,5"]
    assert rows[2][15:] == ["Par la radio", "", "-1"]
    assert cells[1] == ("Par la radio", "Du poisson, Des légumes", 2.5)


def test_what_somebody_needs_in_order_to_come_is_never_exported(staff):
    event = create_event()
    place = create_booking(event).places[0]
    AccessNeed.objects.create(registration=place, text="Boucle magnétique")

    table = csv_of(staff, event) + [list(row) for row in xlsx_of(staff, event).iter_rows(values_only=True)]

    assert "Boucle magnétique" not in {cell for row in table for cell in row}


def test_the_secret_address_of_a_place_is_never_exported(staff):
    """Whoever finds the file must not be able to give the places back."""
    event = create_event()
    booking = create_booking(event)
    place = booking.places[0]

    text = str(csv_of(staff, event))

    assert place.number in text
    assert str(place.code) not in text
    assert str(booking.token) not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_is_a_formula(staff, start):
    wicked = f'{start}HYPERLINK("https://example.org";"ici")'
    event = create_event(title=wicked)
    question = ask(event, wicked)
    booking = create_booking(event, name=wicked)
    Answer.objects.create(question=question, booking=booking, registration=booking.places[0], text=wicked)

    titles, row = csv_of(staff, event)
    sheet = xlsx_of(staff, event)

    found = [titles[15], row[1], row[3], row[5], row[15]]
    assert found == [f"'{wicked}"] * 5
    assert "f" not in {cell.data_type for cells in sheet.iter_rows() for cell in cells}
    assert sheet["D2"].value.startswith("'")


def test_quotes_separators_and_signs_no_workbook_holds_do_no_harm(staff):
    name = 'Lou ; "Petit"\n<b>&amp;\x0b'
    event = create_event()
    create_booking(event, name=name)

    assert csv_of(staff, event)[1][3] == name
    assert xlsx_of(staff, event)["D2"].value == name.replace("\x0b", "")


def test_a_list_is_exported_as_it_was_chosen(staff):
    one, two = create_event(title="Un"), create_event(title="Deux")
    ask(one, "Pourquoi ?"), ask(two, "Comment ?")
    chosen = [create_booking(one).places[0], create_booking(two).places[0]]
    create_booking(one, name="Pas choisi")

    table = read_csv(
        staff.post(PLACES, {"action": "export_csv", "_selected_action": [one.pk for one in chosen]})
    )
    sheet = read_xlsx(staff.post(PLACES, {"action": "export_xlsx", "_selected_action": [chosen[0].pk]}))

    assert [row[1] for row in table[1:]] == ["Deux", "Un"]
    assert table[0][15:] == ["Pourquoi ? (Un)", "Comment ? (Deux)"]
    assert [cell.value for cell in sheet["B"]] == ["Événement", "Un"]


def test_a_whole_list_is_exported_with_its_filters(staff):
    one, two = create_event(), create_event(title="Deux")
    create_booking(one), create_booking(two)

    data = {
        "action": "export_csv",
        "_selected_action": [two.bookings.get().places[0].pk],
        "select_across": "1",
    }
    table = read_csv(staff.post(f"{PLACES}?event={two.pk}", data))

    assert [row[1] for row in table[1:]] == ["Deux"]


def test_who_took_a_list_away_is_in_the_history_of_its_event(staff, event):
    csv_of(staff, event)
    xlsx_of(staff, event)
    staff.get(reverse("admin:events_event_sign_in_sheet", args=[event.pk]))

    entries = LogEntry.objects.order_by("pk")
    assert [(str(entry.user), entry.object_repr, entry.change_message) for entry in entries] == [
        ("equipe@example.org", "Bilan", "Export CSV\u00a0: 2 inscriptions."),
        ("equipe@example.org", "Bilan", "Export XLSX\u00a0: 2 inscriptions."),
        ("equipe@example.org", "Bilan", "Feuille d’émargement imprimée."),
    ]


NAMES = ["csv", "xlsx", "sign_in_sheet"]


@pytest.mark.parametrize("name", NAMES)
def test_only_staff_who_may_see_registrations_take_them_away(client, name):
    event = create_event()
    address = reverse(f"admin:events_event_{name}", args=[event.pk])
    page = reverse("admin:events_event_change", args=[event.pk])
    user = create_user(is_staff=True, second_factor=True)
    user.user_permissions.add(Permission.objects.get(codename="view_event"))

    stranger = client.get(address)
    client.force_login(user)
    refused = client.get(address)
    hidden = client.get(page).text
    user.user_permissions.add(Permission.objects.get(codename="view_registration"))
    given = client.get(address)
    shown = client.get(page).text

    assert (stranger.status_code, refused.status_code, given.status_code) == (302, 403, 200)
    assert address not in hidden
    assert f'href="{address}"' in shown
    assert client.get(reverse(f"admin:events_event_{name}", args=[event.pk + 1])).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_places_cost_as_few_queries_as_one(staff, name):
    event = create_event(price=10)
    address = reverse(f"admin:events_event_{name}", args=[event.pk])
    question = ask(event, "Pourquoi ?")

    def add():
        booking = create_booking(event, price=event.prices.get())
        Answer.objects.create(
            question=question, booking=booking, registration=booking.places[0], text="Parce que"
        )

    def count():
        with CaptureQueriesContext(connection) as queries:
            response = staff.get(address)
            if response.streaming:
                b"".join(response.streaming_content)
        return len(queries)

    add()
    count()
    one = count()
    for _ in range(99):
        add()

    assert count() == one
    assert Booking.objects.count() == 100
