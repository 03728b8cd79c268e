"""What the association's money is told by: its providers, its bank account, its VAT texts, its chart of accounts."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from iamm import environment

# Where people pay, in the order in which they are offered. The sandbox pretends, and stands alone.

PAYMENT_SANDBOX = environment.flag("PAYMENT_SANDBOX", default=False)
PAYMENT_PROVIDERS = ["sandbox"] if PAYMENT_SANDBOX else environment.words("PAYMENT_PROVIDERS")
if unknown := set(PAYMENT_PROVIDERS) - {"sandbox", "helloasso", "stripe"}:
    raise ImproperlyConfigured(f"PAYMENT_PROVIDERS ne connaît pas « {', '.join(sorted(unknown))} ».")
PAYMENT_NOTIFICATION_SECRET = environment.text(
    "PAYMENT_NOTIFICATION_SECRET", None if PAYMENT_PROVIDERS else ""
)


def _required(name: str, *, by: str) -> str:
    """Read strictly where its provider is switched on; otherwise whatever is there."""
    return environment.text(name, None if by in PAYMENT_PROVIDERS else "")


HELLOASSO: dict[str, Any] = {
    "organization": _required("HELLOASSO_ORGANIZATION", by="helloasso"),
    "client_id": _required("HELLOASSO_CLIENT_ID", by="helloasso"),
    "client_secret": _required("HELLOASSO_CLIENT_SECRET", by="helloasso"),
    "api": environment.url(
        "HELLOASSO_API", "https://api.helloasso.com/v5", schemes=("https", "http")
    ),  # http: a fake server of the tests
    "token_url": environment.url(
        "HELLOASSO_TOKEN_URL", "https://api.helloasso.com/oauth2/token", schemes=("https", "http")
    ),
    "back_office": environment.url("HELLOASSO_BACK_OFFICE", "https://www.helloasso.com", schemes=("https",)),
    "signature_key": environment.text("HELLOASSO_SIGNATURE_KEY", ""),
    "sources": environment.words("HELLOASSO_SOURCES"),
}
STRIPE: dict[str, Any] = {
    "secret_key": _required("STRIPE_SECRET_KEY", by="stripe"),
    "webhook_secret": _required("STRIPE_WEBHOOK_SECRET", by="stripe"),
    "methods": environment.words("STRIPE_METHODS", "card,sepa_debit"),
    "api": environment.url("STRIPE_API", "https://api.stripe.com", schemes=("https", "http")),
}
# Where the browser goes from our button: a form may lead nowhere else (see CONTENT_SECURITY_POLICY).
PAYMENT_PAGES = [
    page
    for provider, page in {
        "helloasso": str(HELLOASSO["back_office"]).replace("://www.", "://*."),
        "stripe": environment.url("STRIPE_PAGES", "https://checkout.stripe.com", schemes=("https",)),
    }.items()
    if provider in PAYMENT_PROVIDERS
]

# Transfers: the holder exactly as the bank writes it, since the payer's bank compares both (Payee check, October 2025).

BANK = {"iban": environment.iban("BANK_IBAN"), "bic": environment.bic("BANK_BIC")}
BANK["holder"] = environment.text("BANK_HOLDER", None if BANK["iban"] else "")
if len(BANK["holder"]) > 70:
    raise ImproperlyConfigured(
        "BANK_HOLDER ne doit pas dépasser 70 caractères : un virement n’en porte pas plus."
    )

# VAT: nothing is taxed here. Why not, by nature; an accountant decides (docs/decisions/0019). EN 16931 category, code of
# the reason, and the text that the law wants on the invoice.

VAT_REASONS = {
    "hors-champ": ("O", "VATEX-EU-O", "Hors du champ d’application de la TVA"),
    "261-7-1-a": ("E", "VATEX-FR-CGI261-7", "Exonération de TVA, article 261, 7, 1° a du CGI"),
    "261-7-1-b": ("E", "VATEX-FR-CGI261-7", "Exonération de TVA, article 261, 7, 1° b du CGI"),
    "261-4-4-a": ("E", "VATEX-FR-CGI261-4", "Exonération de TVA, article 261, 4, 4° a du CGI"),
    "293-b": ("E", "VATEX-FR-FRANCHISE", "TVA non applicable, article 293 B du CGI"),
}
VAT = {
    "dues": environment.choice("VAT_DUES", "hors-champ", among=VAT_REASONS),
    "gift": environment.choice("VAT_GIFTS", "hors-champ", among=VAT_REASONS),
    "event": environment.choice("VAT_EVENTS", "261-7-1-b", among=VAT_REASONS),
    "training": environment.choice("VAT_TRAININGS", "261-7-1-b", among=VAT_REASONS),
    "sponsorship": environment.choice("VAT_SPONSORSHIP", "261-7-1-b", among=VAT_REASONS),
}
VAT_NUMBER = environment.text("VAT_NUMBER", "")
INVOICE_DAYS = environment.integer("INVOICE_DAYS", default=30)  # to pay one, where nothing else was agreed

# Tax receipts: off until the board has decided that the association may issue some, and says when and why.

_decision = environment.text("TAX_RECEIPTS_DECISION", "")
_if_decided = None if _decision else ""
TAX_RECEIPTS = {
    "decision": _decision,
    "object": environment.text("TAX_RECEIPTS_OBJECT", _if_decided),
    "quality": environment.text("TAX_RECEIPTS_QUALITY", _if_decided),
    "signatory": environment.text("TAX_RECEIPTS_SIGNATORY", _if_decided),
    "signature": environment.file("TAX_RECEIPTS_SIGNATURE"),
    "form_person": environment.text("TAX_RECEIPTS_FORM_PERSON", "modèle 2041-RD, Cerfa n° 11580*05"),
    "form_company": environment.text("TAX_RECEIPTS_FORM_COMPANY", "modèle 2041-MEC-SD, Cerfa n° 16216*02"),
}

# The chart of accounts of associations (ANC 2018-06). Rows keep the account of the day they were written.

_dues = environment.text("ACCOUNT_DUES", "756")
BOOKS: dict[str, Any] = {
    "natures": {
        "dues": _dues,
        "gift": environment.text("ACCOUNT_GIFTS", "754"),
        "event": environment.text("ACCOUNT_EVENTS", "706"),
        "training": environment.text("ACCOUNT_TRAININGS", "706"),
        "sponsorship": environment.text("ACCOUNT_SPONSORSHIP", "706"),
    },
    "dues": {  # by whom a plan is for
        "person": environment.text("ACCOUNT_DUES_PERSONS", _dues),
        "organisation": environment.text("ACCOUNT_DUES_ORGANISATIONS", _dues),
    },
    "methods": {
        "transfer": environment.text("ACCOUNT_BANK", "512"),
        "cheque": environment.text("ACCOUNT_CHEQUES", "512"),
        "cash": environment.text("ACCOUNT_CASH", "530"),
        "helloasso": environment.text("ACCOUNT_HELLOASSO", "580"),
        "stripe": environment.text("ACCOUNT_STRIPE", "580"),
        "sandbox": environment.text("ACCOUNT_SANDBOX", "580"),
        "credit": environment.text("ACCOUNT_CREDITS", "4191"),
    },
    "payer": environment.text("ACCOUNT_PAYERS", "411"),
    "bank": environment.text("ACCOUNT_BANK", "512"),
    "transit": environment.text("ACCOUNT_TRANSIT", "580"),
    "fees": environment.text("ACCOUNT_FEES", "627"),
    "loss": environment.text("ACCOUNT_LOSSES", "654"),
    "labels": {
        "411": "Adhérents et clients",
        "4191": "Avances et acomptes reçus",
        "512": "Banque",
        "530": "Caisse",
        "580": "Virements internes",
        "627": "Services bancaires",
        "654": "Pertes sur créances irrécouvrables",
        "706": "Prestations de services",
        "754": "Dons",
        "756": "Cotisations",
        "7561": "Cotisations sans contrepartie",
        "7562": "Cotisations avec contrepartie",
    },
}
