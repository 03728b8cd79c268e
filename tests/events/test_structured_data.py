import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.models import Audience, Event, Price, Theme
from tests.factories import (
    create_event,
    create_partner,
    create_price,
    create_speaker,
    create_training,
    register,
)

pytestmark = pytest.mark.django_db

SITE = "http://localhost:8000"


def is_text(value):
    return isinstance(value, str) and value != ""


def is_address(value):
    return is_text(value) and value.startswith("http")


def is_moment(value):
    return datetime.fromisoformat(value).tzinfo is not None


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_price(value):
    return Decimal(value) >= 0


def one_of(*words):
    return lambda value: value in {f"https://schema.org/{word}" for word in words}


def a(*types):
    return lambda value: value["@type"] in types


def some(check):
    return lambda value: isinstance(value, list) and value != [] and all(map(check, value))


EVENT = {
    "@id": is_address,
    "name": is_text,
    "description": is_text,
    "url": is_address,
    "image": some(is_address),
    "startDate": is_moment,
    "endDate": is_moment,
    "eventStatus": one_of("EventScheduled", "EventCancelled"),
    "eventAttendanceMode": one_of(
        "OfflineEventAttendanceMode", "OnlineEventAttendanceMode", "MixedEventAttendanceMode"
    ),
    "location": some(a("Place", "VirtualLocation")),
    "inLanguage": is_text,
    "keywords": some(is_text),
    "audience": some(a("Audience")),
    "organizer": some(a("Organization")),
    "performer": some(a("Person")),
    "isAccessibleForFree": lambda value: isinstance(value, bool),
    "maximumAttendeeCapacity": is_number,
    "remainingAttendeeCapacity": is_number,
    "offers": some(a("Offer")),
}
# What schema.org gives each type, of all that it knows, and the shape of each value
TYPES = {
    "Event": EVENT,
    "EducationEvent": EVENT,
    "Place": {"name": is_text, "address": a("PostalAddress"), "geo": a("GeoCoordinates")},
    "VirtualLocation": {"url": is_address},
    "PostalAddress": dict.fromkeys(
        ["streetAddress", "postalCode", "addressLocality", "addressCountry"], is_text
    ),
    "GeoCoordinates": {"latitude": is_number, "longitude": is_number},
    "Organization": {"@id": is_address, "name": is_text, "url": is_address},
    "Person": {"name": is_text, "jobTitle": is_text, "sameAs": is_address},
    "Audience": {"audienceType": is_text},
    "Offer": {
        "name": is_text,
        "url": is_address,
        "price": is_price,
        "priceCurrency": lambda value: value == "EUR",
        "availability": one_of("InStock", "LimitedAvailability", "SoldOut", "OutOfStock"),
        "validFrom": is_moment,
        "validThrough": is_moment,
    },
    "Course": {
        "@id": is_address,
        "name": is_text,
        "description": is_text,
        "url": is_address,
        "inLanguage": is_text,
        "provider": a("Organization"),
        "hasCourseInstance": some(a("CourseInstance")),
    },
    "CourseInstance": {
        "name": is_text,
        "url": is_address,
        "courseMode": lambda value: value in {"onsite", "online", "blended"},
        "courseWorkload": lambda value: value.startswith("PT") and value.endswith("M"),
        "startDate": is_moment,
        "endDate": is_moment,
        "location": some(a("Place", "VirtualLocation")),
        "offers": some(a("Offer")),
    },
}
REQUIRED = {
    "Event": {"name", "startDate", "location", "image", "description", "endDate", "eventStatus", "organizer"},
    "Offer": {"url", "price", "priceCurrency", "availability"},
    "Place": {"name", "address"},
    "Course": {"name", "description", "provider"},
}


def faults(told, path=""):
    """What is not of schema.org, or not of the right shape, anywhere inside."""
    properties = TYPES[told["@type"]]
    missing = REQUIRED.get(told["@type"], set()) - set(told)
    found = [f"{path} lacks {name}" for name in missing]
    for name, value in told.items():
        where = f"{path}/{told['@type']}.{name}"
        if name in {"@type", "@context"}:
            continue
        if name not in properties or not properties[name](value):
            found.append(f"{where} = {value!r}")
        for inside in value if isinstance(value, list) else [value]:
            if isinstance(inside, dict):
                found += faults(inside, where)
    return found


def told_by(client, row):
    page = client.get(row.get_absolute_url()).text
    told = json.loads(page.split('<script type="application/ld+json">')[1].split("</script>")[0])
    assert told["@context"] == "https://schema.org"
    assert faults(told) == []
    return told


HALL = {
    "@type": "Place",
    "name": "Halle d’essai",
    "address": {
        "@type": "PostalAddress",
        "streetAddress": "12 rue d’Essai",
        "postalCode": "34000",
        "addressLocality": "Montpellier",
        "addressCountry": "FR",
    },
    "geo": {"@type": "GeoCoordinates", "latitude": 43.610769, "longitude": 3.876716},
}


def everything(event, founder):
    """What engines are to read of the event below."""
    address = SITE + event.get_absolute_url()
    association = {"@id": f"{SITE}/", "name": "IA Montpellier Méditerranée", "url": f"{SITE}/"}
    return {
        "@context": "https://schema.org",
        "@type": "EducationEvent",
        "@id": address,
        "name": "Débat </script>",
        "description": event.summary,
        "url": address,
        "image": [f"{SITE}/static/img/partage.png"],
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "eventStatus": "https://schema.org/EventScheduled",
        "eventAttendanceMode": "https://schema.org/MixedEventAttendanceMode",
        "location": [HALL, {"@type": "VirtualLocation", "url": address}],
        "inLanguage": "en",
        "keywords": ["Eau"],
        "audience": [{"@type": "Audience", "audienceType": "Lycéens"}],
        "organizer": [
            {"@type": "Organization", **association},
            {"@type": "Organization", "name": founder.name, "url": SITE + founder.get_absolute_url()},
            {"@type": "Organization", "name": "Un voisin"},
        ],
        "performer": [
            {
                "@type": "Person",
                "name": "Alex Démo",
                "jobTitle": "Chercheuse",
                "sameAs": "https://alex.example.org/",
            }
        ],
        "isAccessibleForFree": True,
        "maximumAttendeeCapacity": 10,
        "remainingAttendeeCapacity": 9,
        "offers": [
            {
                "@type": "Offer",
                "url": address,
                "price": "0",
                "priceCurrency": "EUR",
                "availability": "https://schema.org/InStock",
                "validThrough": event.starts_at.isoformat(),
            }
        ],
    }


def test_an_event_tells_everything_that_it_has(client):
    founder = create_partner(name="Un fondateur")
    other = create_partner(name="Un voisin", is_founder=False)
    event = create_event(
        title="Débat </script>",
        kind="atelier",
        format="hybride",
        venue="Halle d’essai",
        address="12 rue d’Essai, 34000 Montpellier",
        latitude=Decimal("43.610769"),
        longitude=Decimal("3.876716"),
        capacity=10,
        starts_at=datetime(2099, 6, 1, 16, 30, tzinfo=UTC),
        language="en",
    )
    event.partners.add(founder, other)
    event.themes.add(Theme.objects.create(name="Eau", slug="eau"))
    event.audiences.add(Audience.objects.create(name="Lycéens", slug="lyceens"))
    create_speaker(event, name="Alex Démo", role="Chercheuse", website="https://alex.example.org/")
    register(event)

    assert told_by(client, event) == everything(event, founder)


def test_there_is_one_offer_a_public_price(client):
    opens_at = timezone.now() + timedelta(days=1)
    event = create_event(price=Decimal(20), member_price=Decimal(10))
    create_price(event, Decimal(5), name="Étudiants", for_whom=Price.ForWhom.STUDENTS, opens_at=opens_at)

    told = told_by(client, event)

    assert [(offer["name"], offer["price"], offer.get("validFrom")) for offer in told["offers"]] == [
        ("Plein tarif", "20.00", None),
        ("Étudiants", "5.00", opens_at.isoformat()),
    ]
    assert told["isAccessibleForFree"] is False


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "InStock"),
        ({"capacity": 3}, "LimitedAvailability"),
        ({"capacity": 1}, "SoldOut"),
        ({"capacity": 1, "has_waiting_list": False}, "SoldOut"),
        ({"registration_opens_at": datetime(2099, 1, 1, tzinfo=UTC)}, "InStock"),
        ({"registration_closes_at": datetime(2020, 1, 1, tzinfo=UTC)}, "OutOfStock"),
        ({"status": Event.Status.CANCELLED}, "OutOfStock"),
        ({"starts_in": timedelta(days=-1)}, "OutOfStock"),
    ],
)
def test_an_offer_says_whether_one_can_come(client, fields, expected):
    event = create_event(**fields)
    if fields.get("capacity") == 1:
        register(event)

    [offer] = told_by(client, event)["offers"]

    assert offer["availability"] == f"https://schema.org/{expected}"


def test_a_price_that_is_sold_out_says_so_alone(client):
    event = create_event()
    early = create_price(event, name="Premiers", quota=1)
    create_price(event, Decimal(10), name="Ensuite")
    register(event, price=early)

    offers = told_by(client, event)["offers"]

    assert [(offer["name"], offer["availability"].rpartition("/")[2]) for offer in offers] == [
        ("Premiers", "SoldOut"),
        ("Ensuite", "InStock"),
    ]


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({}, ["Place"]),
        ({"format": "en-ligne", "venue": ""}, ["VirtualLocation"]),
        ({"format": "hybride"}, ["Place", "VirtualLocation"]),
    ],
)
def test_an_event_says_where_it_is(client, fields, types):
    told = told_by(client, create_event(**fields))

    assert [location["@type"] for location in told["location"]] == types


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Place d’Essai 34170 Castelnau-le-Lez", ("Place d’Essai", "34170", "Castelnau-le-Lez")),
        ("34000 Montpellier", (None, "34000", "Montpellier")),
        ("Au bout du port", ("Au bout du port", None, None)),
        ("", ("Salle d'essai", None, None)),
    ],
)
def test_an_address_is_read_in_parts_when_it_can_be(client, address, expected):
    [place] = told_by(client, create_event(address=address))["location"]

    parts = ("streetAddress", "postalCode", "addressLocality")
    assert tuple(place["address"].get(part) for part in parts) == expected


def test_a_cancelled_event_says_so(client):
    told = told_by(client, create_event(status=Event.Status.CANCELLED))

    assert told["eventStatus"] == "https://schema.org/EventCancelled"


def test_a_training_is_a_course_with_its_sessions(client):
    training = create_training(duration_hours=Decimal("3.5"))
    session = create_event(
        kind="formation", training=training, price=Decimal(300), format="en-ligne", venue=""
    )
    create_event(kind="formation", training=training, starts_in=timedelta(days=-5))

    told = told_by(client, training)

    [instance] = told["hasCourseInstance"]
    assert (
        instance["url"],
        instance["courseMode"],
        instance["courseWorkload"],
        instance["offers"][0]["price"],
    ) == (
        SITE + session.get_absolute_url(),
        "online",
        "PT210M",
        "300.00",
    )


def test_a_draft_tells_engines_nothing(admin_client):
    page = admin_client.get(create_event(status=Event.Status.DRAFT).get_absolute_url()).text

    assert "ld+json" not in page
    assert '<meta name="robots" content="noindex">' in page
