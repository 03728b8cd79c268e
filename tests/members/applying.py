"""What somebody who applies types and sends."""

from datetime import date
from uuid import uuid4

from members.models import Application
from tests.factories import create_member, create_membership, create_plan, create_user

SIREN = "732 829 320"  # a well-known example of a good key
PERSON = {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org"}
ORGANISATION = {
    "organisation": "Société d’essai",
    "siret": SIREN,
    "address": "1 rue de l’Essai",
    "postcode": "34000",
    "city": "Montpellier",
    **PERSON,
}


def send(client, plan, address=None, **fields):
    person = PERSON if plan.kind == "person" else ORGANISATION
    return client.post(address or plan.get_absolute_url(), person | {"request_key": uuid4()} | fields)


def submit(plan, email="zoe@example.org", **fields):
    return Application.submit(plan, **{**PERSON, "email": email, "request_key": uuid4()} | fields)


def stored(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def pay(application, reference="1"):
    charge = application.charge
    charge.record_payment(method="sandbox", amount=charge.amount, reference=f"{charge.pk}-{reference}")
    application.refresh_from_db()
    return application.membership


def fields(response):
    return [name for name in response.context["form"].fields if name != "request_key"]


def errors(response):
    return {name: list(found) for name, found in response.context["form"].errors.items()}


def member_until(ends_on, plan=None, **fields):
    user = create_user()
    member = create_member(user=user, email=user.email)
    create_membership(
        member, plan=plan or create_plan(), starts_on=date(2026, 1, 1), ends_on=ends_on, **fields
    )
    return user
