"""One person who has done everything, under words that nobody else has, and what others did beside them."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from allauth.account.models import EmailConfirmation
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils import timezone

from documents.models import Export
from events.models import AccessNeed, Answer, CalendarFeed, Feedback, Place, Question
from journal import trail
from mailing.models import Email, List, OptOut
from members.models import (
    Application,
    Consent,
    DirectoryEntry,
    DuplicatePair,
    Invitation,
    Mandate,
    Member,
    Merge,
    Note,
)
from members.models.imports import ImportBatch, ImportRow
from payments import checkouts, invoicing, receipts
from payments.models import Billing, Charge, Line, PayerAlias, SandboxOrder, SandboxPayment, StatementLine
from payments.providers import sandbox
from tests import factories, papers

EMAIL = "zebulon@marqueur.example.org"
FIRST, LAST, PHONE, STREET = "Zébulon", "Quatrevingtcinq", "0698765432", "85 rue du Marqueur"
NAME = f"{FIRST} {LAST}"
WORDS = [EMAIL, FIRST, LAST, PHONE, STREET]  # that only this person has
SECOND = "quatrevingtcinq@marqueur.example.org"  # another address of the account
OTHER = "autrui@voisin.example.org"


def create_somebody():
    """Their account. What they paid is theirs alone: a past booking and their dues."""
    user = factories.create_user(EMAIL, first_name=FIRST, last_name=LAST)
    _account(user)
    member = _membership(user)
    _mandate(user)
    _bookings(user)
    _gift(user)
    _traces(user, member)
    return user


def _account(user):
    user.emailaddress_set.create(email=SECOND, verified=True, primary=False)
    TOTP.activate(user, generate_totp_secret())
    EmailConfirmation.objects.create(
        email_address=user.emailaddress_set.first(), key=f"cle-{uuid4()}", sent=timezone.now()
    )
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session.save()
    UserSession.objects.create(
        user=user, ip="198.51.100.85", session_key=session.session_key, user_agent=f"{LAST}/1.0"
    )
    CalendarFeed.renew(user)
    OptOut.of(EMAIL, List.NEWS).keep()
    Export.objects.create(kind="members", title=f"Pour {NAME}", parameters={"q": NAME}, asked_by=user)


def _membership(user):
    identity = {"first_name": FIRST, "last_name": LAST, "phone": PHONE, "address": STREET, "birth_year": 1985}
    plan = factories.create_plan(price=Decimal(40))
    application = Application.submit(
        plan, email=EMAIL, user=user, request_key=uuid4(), message=f"Je suis {NAME}", **identity
    )
    checkouts.start(application.charge, "sandbox")
    order = SandboxOrder.objects.latest("pk")
    SandboxPayment.objects.create(order=order, state=SandboxPayment.State.AUTHORIZED)
    checkouts.synchronise(application.charge.checkouts.get())
    application.refresh_from_db()
    member = application.member
    today = timezone.localdate()
    member.decide_status("honorary", reason=f"Pour {LAST}", starts_on=today, until=None)
    old = member.leave("resigned", left_on=today - timedelta(days=900), reason=f"{LAST} déménage")
    old.rejoined_on = today - timedelta(days=800)
    old.save(update_fields=["rejoined_on"])
    _directory(member, user)
    Note.objects.create(member=member, text=f"{FIRST} préfère le matin")
    asked = Application.submit(
        factories.create_plan(approval="everybody", renewal_opens_days=400),
        email=EMAIL,
        user=user,
        request_key=uuid4(),
        **identity,
    )
    asked.proof.save("carte.txt", ContentFile(f"Carte de {NAME}".encode()))
    _money_that_moved(application.charge)
    line = StatementLine.objects.create(
        method="transfer",
        fingerprint=uuid4().hex,
        booked_on=today,
        valued_on=today,
        amount=Decimal(12),
        label=f"VIR {NAME}",
        payer=NAME,
        email=EMAIL,
        iban="FR7612345678901234567890185",
        bank_id="B85",
        end_to_end="E85",
        reference="RF85",
    )
    line.set_aside("subsidy", note=f"Pour {NAME}", by=factories.create_staff())
    PayerAlias.objects.learn(line, EMAIL)
    return member


def _money_that_moved(charge):
    """Given back in part, then taken back by their bank, and paid again."""
    paid = SandboxPayment.objects.get()
    charge.owe_refund(Decimal(3), reason="gesture", line=charge.lines.get())
    sandbox.refund(str(paid.uuid), amount=Decimal(3), key="rendu")
    paid.refunds.create(key="repris", amount=Decimal(37), is_chargeback=True)
    checkouts.synchronise(charge.checkouts.get())
    charge.record_payment(method="cheque", amount=Decimal(37), reference=f"Chèque de {NAME}")


def _directory(member, user):
    batch = ImportBatch.objects.create(filename="membres.csv", head=[[1, [NAME]]])
    ImportRow.objects.create(
        batch=batch,
        number=1,
        outcome=ImportRow.Outcome.values[0],
        member=member,
        values={"name": NAME},
        changes={"phone": ["", PHONE]},
        problems=[["phone", PHONE, []]],
        before={"last_name": LAST},
        after={"member": {"last_name": LAST}},
        applied_at=timezone.now(),
    )
    entry = DirectoryEntry.objects.create(
        member=member,
        headline=f"{FIRST}, cartographe",
        bio=f"{LAST} aime les cartes",
        website="https://quatrevingtcinq.example.org/",
    )
    entry.shows_organisation = entry.shows_college = entry.shows_email = entry.shows_phone = (
        entry.shows_city
    ) = True
    entry.save()
    Consent.objects.create(
        member=member,
        purpose="directory",
        text_version="2026-11-26",
        expires_on=timezone.localdate(),
        given_by=user,
    )
    other = factories.create_member(first_name="Troisième", last_name="Personne")
    DuplicatePair.objects.create(member_a=member, member_b=other, reasons=["phone"], score=3)
    Merge.objects.create(
        kept=member,
        removed_pk=987654,
        removed_card_code="ANCIENNECARTE85",
        before={"kept": NAME},
        dropped=[NAME],
        kept_digest="0",
    )


def _mandate(user):
    society = factories.create_organisation("Société voisine", first_name=FIRST, last_name=LAST, phone=PHONE)
    Member.objects.filter(pk=society.pk).update(billing_email=EMAIL, email=SECOND)
    factories.create_membership(society)
    _invitation(society)
    for email, user_of_seat in ((EMAIL, user), (OTHER, None)):
        Mandate.objects.create(
            organisation=society,
            role="titular",
            first_name=FIRST if user_of_seat else "Autre",
            last_name=LAST if user_of_seat else "Voisin",
            email=email,
            user=user_of_seat,
        )


def _invitation(society):
    Invitation.objects.create(organisation=society, email=EMAIL, accepted_at=timezone.now())
    Invitation.objects.create(organisation=society, email=OTHER)


def _bookings(user):
    past = factories.create_event(starts_in=-timedelta(days=3), title="Un soir passé")
    paid = factories.create_booking(
        past,
        name=NAME,
        email=EMAIL,
        user=user,
        invoice_to=f"{NAME}, {STREET}",
        staff_reason=f"{LAST} est venu",
    )
    place = paid.registrations.get()
    place.amount = Decimal(20)
    place.save(update_fields=["amount"])
    paid.charge = paid.open_charge(payable_until=None)
    paid.save(update_fields=["charge"])
    paid.charge.record_payment(method="transfer", amount=Decimal(20), reference=f"VIR {LAST}")
    _invoice(paid.charge)
    each, whole = (
        Question.objects.create(event=past, label=f"Question {n}", asked_of=n)
        for n in ("personne", "reservation")
    )
    Answer.objects.create(question=each, booking=paid, registration=place, text=f"{LAST} sans gluten")
    Answer.objects.create(question=whole, booking=paid, text=f"Par {LAST}")
    AccessNeed.objects.create(
        registration=place,
        text=f"{FIRST} en fauteuil",
        answer=f"Bienvenue {FIRST}",
        answered_at=timezone.now(),
    )
    Feedback.objects.create(event=past, place=place, rating=5, useful="Très utile", would_recommend=True)
    coming = factories.create_event(title="Un soir à venir", capacity=2)
    factories.register(
        coming, EMAIL, name=NAME, user=user, places=[Place(NAME, EMAIL), Place("Autre Voisin", OTHER)]
    )
    factories.register(coming, "attend@example.org")
    others = factories.create_event(title="Chez les voisins")
    factories.register(
        others, OTHER, name="Autre Voisin", places=[Place("Autre Voisin", OTHER), Place(NAME, EMAIL)]
    )
    held = factories.create_event(title="À payer", price=Decimal(15))
    factories.register(held, EMAIL, name=NAME, user=user)


def _invoice(charge):
    address = {"name": NAME, "address": STREET, "postcode": "34000", "city": "Montpellier"}
    Billing.objects.update_or_create(charge=charge, defaults=address)
    with override_settings(ASSOCIATION=settings.ASSOCIATION | papers.OURSELVES):
        invoicing.invoice(charge)


def _gift(user):
    """With a receipt, that was cancelled and replaced."""
    own = {"name": NAME, "email": EMAIL, "user": user, "return_path": "/"}
    charge = Charge.open(lines=[Line("gift", f"Don de {LAST}", Decimal(50))], **own)
    payment = charge.record_payment(method="cheque", amount=Decimal(50), reference=f"Don {LAST}")
    address = {"name": NAME, "address": STREET, "postcode": "34000", "city": "Montpellier"}
    us = settings.ASSOCIATION | papers.OURSELVES
    with override_settings(ASSOCIATION=us, TAX_RECEIPTS=papers.RECEIPTS):
        receipt = receipts.issue_to(payment, to=address)
        receipts.replace(receipt, to=address, reason=f"Adresse de {LAST}", by=factories.create_staff())


def _traces(user, member):
    staff = factories.create_staff(f"equipe{uuid4().hex[:6]}@example.org")
    trail.record(
        member,
        trail.Action.CHANGED,
        actor=staff,
        changes={"phone": ["", PHONE]},
        note=f"Selon {LAST}",
        reference="R85",
    )
    trail.record(
        factories.create_organisation("Tierce"), trail.Action.CHANGED, changes={"email": [EMAIL, ""]}
    )
    trail.record(member, trail.Action.OPENED, actor=user)
    kind = ContentType.objects.get_for_model(member)
    LogEntry.objects.create(
        user=staff,
        content_type=kind,
        object_id=str(member.pk),
        object_repr=NAME,
        action_flag=CHANGE,
        change_message=f"Vu {LAST}",
    )
    LogEntry.objects.create(user=user, object_repr="Autre chose", action_flag=CHANGE)
    Email.objects.filter(to=EMAIL).update(
        state="sent", sent_at=timezone.now(), last_error=f"Retardé pour {EMAIL}"
    )
    Email.objects.create(
        key=f"voisin.{uuid4()}",
        to=OTHER,
        subject="Une place",
        text=f"{NAME} vous invite",
        state="sent",
        message_id=Email.new_message_id(),
    )


def charges_with_money():
    return Charge.objects.exclude(payments=None).distinct()
