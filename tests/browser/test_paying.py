"""Paying as a browser does it: what only it refuses, copies or says aloud."""

from decimal import Decimal

import pytest

from payments import transfer
from tests import factories
from tests.fakes import stripe as fakes
from tests.payment_pages import BANK

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_button_leads_to_the_page_of_the_provider_and_the_bank_s_details_are_copied(
    page, site, console, settings
):
    settings.BANK, settings.PAYMENT_PROVIDERS = BANK, ["stripe"]
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    allowed = {"form-action": [*directives["form-action"], "https://checkout.stripe.com"]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives | allowed}
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.route("https://checkout.stripe.com/**", lambda route: route.fulfill(body="Leur page"))
    charge = factories.create_charge(Decimal("1240.50"))

    page.goto(site + charge.get_absolute_url())
    for name, copied in [
        ("Copier l’IBAN", BANK["iban"]),
        ("Copier le montant", "1240,50"),
        ("Copier la référence", transfer.reference_of(charge)),
    ]:
        page.get_by_role("button", name=name).click()
        page.wait_for_function(
            "copied => navigator.clipboard.readText().then(text => text === copied)", arg=copied
        )
    page.get_by_role("status").get_by_text("Référence copiée").wait_for()

    with fakes.serve() as fake:
        settings.STRIPE = settings.STRIPE | {"secret_key": fakes.KEY, "api": fake.url}
        page.get_by_role("button", name="Payer 1\u202f240,50").click()
        page.get_by_text("Leur page").wait_for()
