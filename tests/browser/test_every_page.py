"""Each page, narrow in one of the colours and wide in the other: nothing for axe, no complaint, no sideways scroll."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import Event
from mailing.models import Email, List, OptOut
from members import renewals
from members.models import Application, Mandate, Member, MemberMessage, Membership, ReminderRule
from payments import checkouts
from payments.models import SandboxOrder
from tests import factories
from tests.bank_pages import paths_of_bank
from tests.organisation_pages import paths_of_invitations, paths_of_organisation
from tests.payment_pages import BANK, paths_of_paying
from tests.uploads import picture

pytestmark = pytest.mark.django_db(transaction=True)
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    "preload": {"assets": ["media"]},  # not the style sheets, one by one: none of these rules reads them
}
SHOWN = {"shows_email": True, "shows_college": True, "shows_organisation": True}
LONG = "Intelligence artificielle, anticonstitutionnellement parlant : ce que la recherche montpelliéraine en dit"


@pytest.fixture
def paths(settings, tmp_path):
    """The address of every public page, with long names and every state."""
    settings.MEDIA_ROOT = tmp_path
    settings.BANK = BANK
    today = timezone.localdate()
    return [
        "/",
        "/agenda/",
        "/agenda/?q=introuvable&level=expert",
        "/agenda/?level=debutant&kind=conference&kind=rencontre&price=gratuit&couleur=bleu",
        "/agenda/archives/",
        f"/agenda/calendrier/{today.year}/{today.month}/",
        *paths_of_events(),
        *paths_of_joining(),
        *paths_of_leaving(),
        *paths_of_members(),
        *paths_of_invitations(),
        *paths_of_paying()[:3],
        "/formations/",
        "/fondateurs/",
        "/adherer/",
        "/contact/",
        "/mentions-legales/",
        "/confidentialite/",
        "/accessibilite/",
        "/plan-du-site/",
        "/donnees-effacees/",
        "/introuvable/",
        *[reverse(name) for name in ("account_login", "account_signup", "account_reset_password")],
        reverse("account_request_login_code"),
    ]


def paths_of_events():
    founder = factories.create_partner(name="Université de démonstration de la Méditerranée occidentale")
    founder.facts.create(figure="1 000", text="Un fait d’essai", dated="2025", source="essai.example.org")
    training = factories.create_training(title=LONG)
    session = factories.create_event(kind=Event.Kind.TRAINING, training=training, price=Decimal(300))
    event = factories.create_event(
        title=LONG,
        description="## Titre\n\n- un\n- deux\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        capacity=3,
        price=Decimal(20),
        image=ContentFile(picture(size=(1600, 900)), "salle.png"),
        image_alt="Une salle",
    )
    speaker = factories.create_speaker(event, role=LONG, biography="Elle *cherche*.")
    factories.create_slot(event, title=LONG, text="Un *texte*.").speakers.add(speaker)
    factories.create_resource(event, title=LONG)
    factories.create_resource(event, is_public=False)
    event.partners.add(founder)
    full = factories.create_event(capacity=1)
    cancelled = factories.create_event(status=Event.Status.CANCELLED)
    past = factories.create_event(starts_in=timedelta(days=-9))
    bookings = [factories.register(full), factories.register(full), factories.register(event)]
    rows = (event, full, cancelled, past, session, training, founder, speaker, *bookings)
    forms = [reverse("events:event_register", args=[one.slug]) for one in (event, full, past)]
    return [*[row.get_absolute_url() for row in rows], *forms, bookings[2].places[0].get_absolute_url()]


def paths_of_joining():
    plan = factories.create_plan()
    application = Application.submit(
        plan, first_name="Zoé", last_name="Démo", email="zoe@example.org", request_key=uuid4()
    )
    checkouts.start(application.charge, "sandbox")
    board = factories.create_staff()
    decided = factories.create_plan(
        name=LONG[:100], kind="organisation", approval="everybody", max_terms=3, seats_included=2
    )
    states = [
        Application.submit(
            decided,
            organisation=f"{LONG} {n}",
            last_name="Démo",
            email=f"p{n}@example.org",
            request_key=uuid4(),
        )
        for n in range(4)
    ]
    states[1].ask(by=board, question=LONG)
    states[2].refuse(by=board, reason=LONG)
    states[3].abandon()
    full = factories.create_plan(
        max_terms=3, is_amount_chosen=True, asks_address=True, proof="always", proof_label="Une carte"
    )
    return [
        plan.get_absolute_url(),
        application.get_absolute_url(),
        decided.get_absolute_url(),
        full.get_absolute_url(),
        *[one.get_absolute_url() for one in states],
        reverse("members:application_withdraw", args=[states[0].token]),
        application.charge.get_absolute_url(),
        reverse("payments:sandbox", args=[SandboxOrder.objects.get().uuid]),
    ]


def paths_of_leaving():
    """The link of who receives, and of who has left."""
    reading, gone = (OptOut.of(f"{name}@example.org", List.FEEDBACK) for name in ("lou", "zoe"))
    gone.keep()
    return [reverse("mailing:unsubscribe", args=[one.token]) for one in (reading, gone)]


def paths_of_members():
    """A card that is valid, one that is not, one that nobody has; a link to renew, an old one, and one of a closed plan."""
    current = factories.create_membership(factories.create_member(first_name=LONG[:90]))
    ended = factories.create_membership(ends_on=timezone.localdate() - timedelta(days=9))
    ended.plan.is_open = False
    ended.plan.save(update_fields=["is_open"])
    codes = [current.member.card_code, ended.member.card_code, "INCONNUE"]
    tokens = [renewals.token_for(one.member, one.plan) for one in (current, ended)]
    return [
        *[reverse("members:card_check", args=[code]) for code in codes],
        *[reverse("members:renew", args=[token]) for token in (*tokens, "ancien")],
    ]


def faults(page, window):
    """What axe has to say of the page in that window, and in the opposite one. It breaches no content policy itself."""
    scheme, width = window
    opposite = ("dark" if scheme == "light" else "light", 1280 if width < 1280 else 360)
    page.evaluate(Axe().axe_script)
    found = _faults(page)
    _show(page, opposite)
    found += [(*fault, opposite) for fault in _faults(page)]
    _show(page, window)
    return found


def _show(page, window):
    page.emulate_media(color_scheme=window[0])
    page.set_viewport_size({"width": window[1], "height": 900})
    page.evaluate("document.getAnimations().forEach(one => one.finish())")  # colours fade into each other


def _faults(page):
    violations = page.evaluate("rules => axe.run(rules).then(told => told.violations)", RULES)
    found = [(violation["id"], node["html"][:120]) for violation in violations for node in violation["nodes"]]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(("sideways scroll", ""))
    return found


def complaints_of(page):
    """Script errors and breaches of the content policy. A refused status is the page's own business."""
    heard = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda message: (
            heard.append(message.text)
            if message.type == "error" and "the server responded with a status" not in message.text
            else None
        ),
    )
    return heard


@pytest.fixture
def look(browser, browser_context_args, site):
    """Visit each path; return what is wrong by path."""

    def visit(paths, *, scheme, width, cookies=()):
        context = browser.new_context(**browser_context_args)
        context.add_cookies(list(cookies))
        page = context.new_page()
        _show(page, (scheme, width))
        complaints = complaints_of(page)
        found = {}
        for path in paths:
            page.goto(site + path)
            told = faults(page, (scheme, width))  # what a script complains about late is heard meanwhile
            if problems := [*complaints, *told]:
                found[path] = problems
            complaints.clear()
        context.close()
        return found

    return visit


def test_no_public_page_has_a_fault(look, paths):
    assert look(paths, scheme="dark", width=360) == {}


def test_no_page_of_an_account_without_membership_has_a_fault(look, site):
    """The directory is refused, and each page says what there is not."""
    names = ["account", "consultation_list", "personal_data"]
    names += [f"members:{name}" for name in ("card", "directory", "directory_entry", "profile")]
    cookies = session_of(factories.create_user(), site)

    assert look([reverse(name) for name in names], scheme="dark", width=320, cookies=cookies) == {}


def session_of(user, site):
    client = Client()
    client.force_login(user)
    return [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}]


def test_no_page_of_the_account_has_a_fault(look, site):
    user = factories.create_user()
    member = factories.create_membership(factories.create_member(user=user, email=user.email)).member
    factories.create_entry(
        member, headline=LONG, bio=LONG, website=f"https://{'a' * 60}.example.org/", **SHOWN
    )
    factories.register(factories.create_event(title=LONG), user.email, user=user)
    factories.register(factories.create_event(price=Decimal(20)), user.email, user=user)
    names = [
        "account",
        "consultation_list",
        "members:card",
        "mailing:preferences",
        "personal_data",
        "leave",
        "account_email",
        "account_change_password",
        "mfa_index",
        "usersessions_list",
        "members:directory",
        "members:directory_entry",
        "members:profile",
        "account_logout",
    ]

    change = reverse("members:change", args=[member.memberships.get().pk])
    changes = [change, f"{change}?formule={factories.create_plan().slug}"]
    extract = reverse("payments:extract", args=[timezone.localdate().year])
    records = [
        extract,
        reverse("members:profile", args=[member.pk]),
        f"{reverse('members:directory')}?q=introuvable",
    ]
    paths = [*[reverse(name) for name in names], *paths_of_organisation(user), *changes, *records]

    assert look(paths, scheme="light", width=360, cookies=session_of(user, site)) == {}


def paths_of_belonging():
    """Where staff decide, merge, write to members, import and take away."""
    board, twins = factories.create_staff(), [factories.create_member() for _ in range(2)]
    plan = factories.create_plan(kind="organisation", approval="everybody")
    application = Application.submit(
        plan, organisation="Coopérative d’essai", email="zoe@example.org", request_key=uuid4()
    )
    message = MemberMessage.draft(Member.objects.all(), audience="essai", by=board)
    rows = [application, plan, message, Membership.objects.first(), Mandate.objects.first()]
    lists = ["duplicatepair", "merge", "membermessage", "group", "savedsearch", "importbatch", "college"]
    return [
        *[reverse(f"admin:members_{name}_changelist") for name in lists],
        *[reverse(f"admin:members_{row._meta.model_name}_change", args=[row.pk]) for row in rows],
        *[reverse(f"admin:members_{name}_add") for name in ("member", "plan", "group", "importbatch")],
        reverse("admin:members_merge_compare", args=[twin.pk for twin in twins]),
        reverse("admin:members_membermessage_preview", args=[message.pk]),
        reverse("admin:documents_export_changelist"),
        reverse("admin:journal_entry_changelist"),
    ]


def admin_lists():
    models = {
        "events": ["event", "training", "theme", "booking", "registration"],
        "members": ["member", "membership", "plan", "application", "mandate", "invitation", "maildomain"]
        + ["skill", "consent"],
        "payments": ["charge", "payment", "refund", "document", "billing"],
        "mailing": ["email"],
        "accounts": ["user"],
    }
    return [reverse(f"admin:{app}_{name}_changelist") for app, names in models.items() for name in names]


def paths_of_decisions(charge):
    """A sum paid by hand and more, which the same person owes something beside."""
    factories.create_charge(30, email=charge.email)
    payment = charge.record_payment(method="cheque", amount=Decimal(25), reference="1")
    refund = charge.refunds.get()
    verbs = [("charge_give_back", charge), ("payment_undo", payment), ("refund_credit", refund)]
    return [
        *[reverse(f"admin:payments_{name}", args=[row.pk]) for name, row in verbs],
        *[
            reverse(f"admin:payments_{row._meta.model_name}_change", args=[row.pk])
            for row in (charge, payment, refund)
        ],
    ]


def test_no_page_of_the_admin_breaches_the_content_policy(browser, browser_context_args, site):
    event = factories.create_event(price=Decimal(20))
    booking = factories.register(event)
    factories.create_membership()
    factories.create_mandate()
    pages = [
        reverse("admin:index"),
        *admin_lists(),
        reverse("admin:events_event_add"),
        reverse("admin:events_event_change", args=[event.pk]),
        *paths_of_decisions(booking.charge),
        *paths_of_bank(),
        reverse("admin:mailing_email_change", args=[Email.objects.first().pk]),
        *(
            reverse(f"admin:{name}", args=[Member.objects.first().pk])
            for name in (
                "members_member_change",
                "member_timeline",
                "members_member_departure",
                "members_member_decision",
                "members_member_note",
            )
        ),
        reverse("admin:payments_treasury"),
        reverse("admin:payments_balances"),
        reverse("admin:payments_extract_of_all"),
        reverse("admin:payments_extract_of_payer", args=[booking.charge.pk]),
        reverse("admin:payments_dunningrule_changelist"),
        reverse("admin:payments_dunningrule_preview"),
        reverse("admin:members_member_voters"),
        reverse("admin:members_reminderrule_changelist"),
        reverse("admin:members_reminderrule_change", args=[ReminderRule.objects.create(days=-3).pk]),
        reverse("admin:members_reminderrule_preview"),
        *paths_of_belonging(),
    ]
    context = browser.new_context(**browser_context_args, color_scheme="dark")
    context.add_cookies(session_of(factories.create_staff(), site))
    page = context.new_page()
    complaints = complaints_of(page)

    titles = []
    for path in pages:
        page.goto(site + path)
        titles.append(page.title())

    context.close()
    assert complaints == []
    assert [title for title in titles if "Administration" not in title] == []
