from uuid import uuid4

from django.db import migrations
from django.db.models import DecimalField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

AUDIENCES = [
    ("tous", "Tout public"),
    ("etudiants", "Étudiants"),
    ("chercheurs", "Chercheurs"),
    ("entreprises", "Entreprises"),
    ("collectivites", "Collectivités"),
]


def move(apps, schema_editor):
    """One price and one audience an event become rows; the state of the only place becomes its booking's."""
    names = ["Event", "Audience", "Price", "Booking", "Registration"]
    Event, Audience, Price, Booking, Registration = (apps.get_model("events", name) for name in names)
    ChargeLine = apps.get_model("payments", "ChargeLine")

    publics = {
        slug: Audience.objects.create(slug=slug, name=name, position=position)
        for position, (slug, name) in enumerate(AUDIENCES)
    }
    for event in Event.objects.all():
        event.audiences.add(publics[event.audience])
        if event.price:
            public = Price.objects.create(event=event, name="Plein tarif", amount=event.price)
            Registration.objects.filter(event=event).update(price=public)
        if event.price and event.member_price is not None and event.member_price < event.price:
            Price.objects.create(
                event=event, name="Adhérents", amount=event.member_price, for_whom="membres", position=1
            )

    place = Registration.objects.filter(booking=OuterRef("pk"))
    moved = ["state", "expires_at", "confirmed_at", "cancelled_at"]
    Booking.objects.update(**{name: Subquery(place.values(name)[:1]) for name in moved})
    for booking in Booking.objects.only("pk", "created_at"):
        Booking.objects.filter(pk=booking.pk).update(queued_at=booking.created_at)
    lines = ChargeLine.objects.filter(charge__booking=OuterRef("booking")).order_by().values("charge")
    money = DecimalField(max_digits=8, decimal_places=2)
    total = Subquery(lines.annotate(total=Sum("amount")).values("total"), output_field=money)
    Registration.objects.update(amount=Coalesce(total, Value(0), output_field=money))
    Registration.objects.exclude(state="cancelled").update(cancelled_at=None)
    for registration in Registration.objects.only("pk"):
        Registration.objects.filter(pk=registration.pk).update(code=uuid4())


class Migration(migrations.Migration):
    dependencies = [("events", "0002_bookings_of_several_places"), ("payments", "0001_initial")]
    operations = [migrations.RunPython(move)]
