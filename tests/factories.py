"""Rows as tests want them: `create_event(capacity=5)`. What is not given is plausible."""

from copy import copy
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import UUIDField
from django.db.models.base import ModelState
from django.utils import timezone

from accounts.models import User
from events.models import (
    Appearance,
    Booking,
    Event,
    Place,
    Price,
    PromoCode,
    Registration,
    Resource,
    Slot,
    Speaker,
    Training,
)
from members.models import (
    College,
    DirectoryEntry,
    Kind,
    Mandate,
    Member,
    Membership,
    Plan,
    PlanPrice,
    Purpose,
)
from members.models.consents import version_on
from partners.models import Partner
from payments.models import Charge, ChargeLine, Line, StatementLine

number = count(1)


def create_user(email=None, *, password="un-mot-de-passe-long", second_factor=False, **fields):
    email = email or f"personne{next(number)}@example.org"
    user = User.objects.create_user(email, password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if second_factor:
        TOTP.activate(user, generate_totp_secret())
    return user


def create_staff(email=None, **fields):
    """A superuser with a second factor."""
    return create_user(email, is_staff=True, is_superuser=True, second_factor=True, **fields)


def create_role(name, email=None):
    """Staff with the rights of this role and no other."""
    call_command("load_roles", verbosity=0)
    user = create_user(email, is_staff=True, second_factor=True)
    user.groups.add(Group.objects.get(name=name))
    return user


def create_college(name="Citoyens", slug="citoyens"):
    return College.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def create_plan(*, price=Decimal(40), since=date(2020, 1, 1), **fields):
    """A plan with one price, or none when `price` is None."""
    slug = f"formule-{next(number)}"
    defaults = {
        "name": f"Formule {slug}",
        "slug": slug,
        "college": create_college(),
        "summary": "Pour essayer",
    }
    plan = Plan.objects.create(**defaults | {"benefits": "Une voix à l'assemblée"} | fields)
    if price is not None:
        PlanPrice.objects.create(plan=plan, amount=price, since=since)
    return plan


def create_member(*, email=None, **fields):
    defaults = {"first_name": "Camille", "last_name": f"Démo {next(number)}", "college": create_college()}
    return Member.objects.create(email=email or f"membre{next(number)}@example.org", **defaults | fields)


def create_organisation(name="Société d'essai", **fields):
    defaults = {"kind": Kind.ORGANISATION, "organisation": name, "college": create_college()}
    defaults["email"] = f"organisation{next(number)}@example.org"
    return Member.objects.create(**defaults | fields)


def create_mandate(organisation=None, user=None, **fields):
    """A live titular, unless told otherwise; of `user` if one is given."""
    organisation = organisation or create_organisation()
    email = user.email if user else f"collegue{next(number)}@example.org"
    defaults = {"role": Mandate.Role.TITULAR, "first_name": "Lou", "last_name": "Démo", "email": email}
    return Mandate.objects.create(
        organisation=organisation,
        user=user,
        starts_on=fields.pop("starts_on", timezone.localdate() - timedelta(days=100)),
        **defaults | fields,
    )


def create_membership(member=None, *, starts_on=None, ends_on=None, **fields):
    """Current today unless dates are given."""
    today = timezone.localdate()
    dates = {
        "starts_on": starts_on or today - timedelta(days=100),
        "ends_on": ends_on or today + timedelta(days=264),
    }
    plan = fields.pop("plan", None) or create_plan()
    return Membership.objects.create(member=member or create_member(), plan=plan, **dates | fields)


def create_entry(member=None, *, skills=(), **fields):
    """Shown in the directory, by a member who is up to date unless one is given."""
    member = member or create_membership().member
    entry = DirectoryEntry.objects.create(member=member, **fields)
    entry.skills.set(skills)
    version = version_on(Purpose.DIRECTORY, timezone.localdate())
    DirectoryEntry.appear_until(member, until=None, version=version, by=member.user)
    return entry


def create_training(**fields):
    slug = f"programme-{next(number)}"
    texts = {"objectives": "Savoir faire", "prerequisites": "Aucun", "programme": "1. Voir\n2. Faire"}
    defaults = {"title": f"Formation {slug}", "slug": slug, "summary": "Apprendre", "duration_hours": 7}
    return Training.objects.create(**defaults | texts | {"is_published": True} | fields)


def create_event(*, starts_in=timedelta(days=30), lasts=timedelta(hours=2), **fields):
    """Published, free, without limit, in thirty days, unless told otherwise.

    `price` and `member_price` are short for the prices that most events have.
    """
    price, member_price = fields.pop("price", 0), fields.pop("member_price", None)
    slug = f"evenement-{next(number)}"
    starts_at = fields.pop("starts_at", None) or timezone.now() + starts_in
    defaults = {
        "title": f"Événement {slug}",
        "slug": slug,
        "kind": Event.Kind.CONFERENCE,
        "summary": "On en parle",
    }
    defaults |= {"status": Event.Status.PUBLISHED, "venue": "Salle d'essai", "starts_at": starts_at}
    event = Event.objects.create(**defaults | {"ends_at": starts_at + lasts} | fields)
    if price:
        create_price(event, price, name="Plein tarif")
    if member_price is not None:
        create_price(event, member_price, name="Adhérents", for_whom=Price.ForWhom.MEMBERS)
    return event


def create_price(event, amount=Decimal(0), **fields):
    return Price.objects.create(event=event, amount=amount, **{"name": f"Tarif {next(number)}"} | fields)


def create_promo_code(event, code="BIENVENUE", **fields):
    return PromoCode.objects.create(event=event, code=code, **fields)


def create_speaker(event=None, **fields):
    """At the event, if one is given."""
    slug = f"personne-{next(number)}"
    speaker = Speaker.objects.create(**{"name": f"Personne {slug}", "slug": slug} | fields)
    if event is not None:
        Appearance.objects.create(event=event, speaker=speaker, position=event.appearances.count())
    return speaker


def create_slot(event, after=timedelta(), lasts=timedelta(minutes=30), **fields):
    """So long after the beginning of the event."""
    starts_at = event.starts_at + after
    hours = {"starts_at": starts_at, "ends_at": starts_at + lasts}
    return Slot.objects.create(event=event, **{"title": f"Créneau {next(number)}"} | hours | fields)


def create_resource(event, **fields):
    """A link, unless a file is given."""
    address = {} if "file" in fields else {"url": "https://video.example.org/1"}
    return Resource.objects.create(event=event, **{"title": f"Support {next(number)}"} | address | fields)


def register(event, email=None, *, name="Alex Démo", places=1, price=None, **options):
    """The ordinary way in: see Event.register. `places` may also be a list of Place."""
    email = email or f"public{next(number)}@example.org"
    if isinstance(places, int):
        places = [Place(f"{name} {index}" if index else name, price=price) for index in range(places)]
    return event.register(name=name, email=email, request_key=uuid4(), places=places, **options)


def create_booking(event, state=Booking.State.CONFIRMED, *, places=1, price=None, **fields):
    """Rows as they would be after the fact, without the verb, its mail or its rules."""
    person = {"name": "Alex Démo", "email": f"public{next(number)}@example.org"} | fields
    if state in Booking.UNTIL:
        person.setdefault("expires_at", timezone.now() + timedelta(minutes=20))
    booking = Booking.objects.create(event=event, request_key=uuid4(), state=state, **person)
    amount = price.amount if price else 0
    for index in range(places):
        who = {"name": f"{booking.name} {index}" if index else booking.name, "email": booking.email}
        Registration.objects.create(booking=booking, price=price, amount=amount, **who)
    return booking


def pay(booking, reference="1"):
    """What a provider would tell of the booking's charge."""
    charge = booking.charge
    return charge.record_payment(method="sandbox", amount=charge.amount, reference=f"{charge.pk}-{reference}")


def create_charge(amount=Decimal(40), *, email="payeur@example.org", name="Camille Démo", **fields):
    line = Line(ChargeLine.Nature.DUES, "Adhésion", Decimal(amount))
    return Charge.open(name=name, email=email, lines=[line], return_path="/", **fields)


def create_line(amount=Decimal(40), **fields):
    """A line of the bank, unless another method is given."""
    day = fields.setdefault("booked_on", timezone.localdate())
    defaults = {"method": "transfer", "valued_on": day, "payer": "CAMILLE DEMO", "label": "ADHESION"}
    return StatementLine.objects.create(
        amount=Decimal(amount), fingerprint=f"ligne-{next(number)}", **defaults | fields
    )


def create_partner(**fields):
    slug = f"partenaire-{next(number)}"
    defaults = {
        "name": f"Partenaire {slug}",
        "slug": slug,
        "monogram": "PE",
        "role": "essai",
        "is_founder": True,
    }
    return Partner.objects.create(
        **defaults | {"summary": "Un essai", "presentation": "Un *essai*."} | fields
    )


def copies(row, total, **fields):
    """So many rows like one that a verb wrote, written at once. A list in `fields` has a value for each of them."""
    columns = [one for one in row._meta.concrete_fields if not one.primary_key and not one.is_relation]
    unique = [one for one in columns if one.unique and getattr(row, one.attname) is not None]
    rows = [copy(row) for _ in range(total)]
    for index, one in enumerate(rows):
        one.pk, one._state = None, ModelState()
        for field in unique:
            value = uuid4() if isinstance(field, UUIDField) else f"{getattr(row, field.attname)}-{index}"
            setattr(one, field.attname, value)
        for name, value in fields.items():
            setattr(one, name, value[index] if isinstance(value, list) else value)
    return type(row)._base_manager.bulk_create(rows)
