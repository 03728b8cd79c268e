import re
import runpy
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from iamm.celery import app

SETTINGS = Path(settings.BASE_DIR) / "iamm/settings.py"
EXAMPLE = (Path(settings.BASE_DIR) / ".env.example").read_text()
EXPLAINED = set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
ONLY_FOR_COMPOSE = {"POSTGRES_PASSWORD"}
FILES = [SETTINGS, SETTINGS.with_name("money_settings.py")]
READS = re.compile(r"(?:environment\.\w+|_required)\(\s*\"([A-Z_]+)\"")
READ = {name for file in FILES for name in READS.findall(file.read_text())}


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Read the settings as a start in production does, with these variables."""

    def start(**variables):
        for name in READ:
            monkeypatch.setenv(name, "")  # so that what a file sets is forgotten after the test
            monkeypatch.delenv(name)
        production = {
            "ENV_FILE": str(tmp_path / "absent"),
            "SECRET_KEY": "k" * 50,
            "SITE_URL": "https://portail.example.org",
            "DATA_DIR": str(tmp_path),
        }
        for name, value in (production | variables).items():
            monkeypatch.setenv(name, value)
        for module in ("iamm.environment", "iamm.money_settings"):
            monkeypatch.delitem(sys.modules, module)
        return runpy.run_path(str(SETTINGS))

    return start


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY est obligatoire et n’est pas renseignée : voir .env.example."),
        ({"SECRET_KEY": "court"}, "SECRET_KEY doit compter au moins 50 caractères : voir .env.example."),
        ({"DEBUG": "maybe"}, "DEBUG doit valoir 0 ou 1, pas « maybe »."),
        ({"DATABASE_URL": "mysql://u:p@h/b"}, "DATABASE_URL doit commencer par postgres:// ou sqlite:///."),
        ({"REDIS_URL": "http://h"}, "REDIS_URL doit commencer par redis:// ou rediss:// ou unix://."),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES doit être un nombre entier positif, pas « -1 »."),
        ({"SITE_URL": "ftp://example.org"}, "SITE_URL doit commencer par http:// ou https://."),
        (
            {"SITE_URL": "https://example.org/portail"},
            "SITE_URL doit être une adresse sans chemin, comme https://exemple.fr.",
        ),
        (
            {"SITE_URL": "http://example.org"},
            "SITE_URL doit commencer par https:// hors de la machine locale.",
        ),
        ({"PAYMENT_SANDBOX": "yes"}, "PAYMENT_SANDBOX doit valoir 0 ou 1, pas « yes »."),
        (
            {"PAYMENT_SANDBOX": "1"},
            "PAYMENT_NOTIFICATION_SECRET est obligatoire et n’est pas renseignée : voir .env.example.",
        ),
        (
            {"BANK_IBAN": "FR76 3000 6000 0112 3456 7890 188"},
            "BANK_IBAN n’est pas un IBAN juste : recopiez-le du relevé d’identité bancaire.",
        ),
        ({"BANK_BIC": "AGRI"}, "BANK_BIC n’est pas un BIC juste : il compte 8 ou 11 caractères."),
        (
            {"BANK_IBAN": "FR7630006000011234567890189"},
            "BANK_HOLDER est obligatoire et n’est pas renseignée : voir .env.example.",
        ),
        (
            {"BANK_HOLDER": "x" * 71},
            "BANK_HOLDER ne doit pas dépasser 70 caractères : un virement n’en porte pas plus.",
        ),
        (
            {"STAFF_WITHOUT_SECOND_FACTOR": "1"},
            "STAFF_WITHOUT_SECOND_FACTOR n’est permis qu’avec DEBUG=1.",
        ),
        (
            {"EMAIL_URL": "smtp.example.org"},
            "EMAIL_URL doit commencer par smtp://, smtp+tls://, smtp+ssl:// ou filemail://.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)
def test_a_missing_or_wrong_variable_stops_the_start_with_a_sentence_that_names_it(
    start, variables, sentence
):
    with pytest.raises(ImproperlyConfigured) as error:
        start(**variables)

    assert str(error.value) == sentence


def test_production_starts_with_a_key_and_an_address(start):
    values = start()

    assert values["DEBUG"] is False
    assert values["ALLOWED_HOSTS"] == ["portail.example.org"]
    assert values["SECURE_SSL_REDIRECT"] is True
    assert values["STORAGES"]["staticfiles"]["BACKEND"] == "iamm.storage.BundledStaticFilesStorage"


def test_a_secret_may_start_with_a_dollar(start):
    key = "$" + "k" * 60

    assert start(SECRET_KEY=key)["SECRET_KEY"] == key


def test_a_redis_socket_serves_the_queue_and_the_cache(start):
    values = start(REDIS_URL="unix:///run/redis/socket")

    assert values["CELERY_BROKER_URL"] == "redis+socket:///run/redis/socket"
    assert values["CACHES"]["default"]["LOCATION"] == "unix:///run/redis/socket"
    assert values["CELERY_TASK_ALWAYS_EAGER"] is False


def test_the_real_environment_wins_over_the_file(start, tmp_path):
    (tmp_path / "file").write_text("MAIL_KEPT_DAYS=30\nMAIL_CLAIM_SECONDS=60\n")

    values = start(ENV_FILE=str(tmp_path / "file"), MAIL_KEPT_DAYS="10")

    assert (values["MAIL_KEPT_DAYS"], values["MAIL_CLAIM_SECONDS"]) == (10, 60)


def test_a_form_leads_to_the_pages_of_the_providers_that_are_open_and_nowhere_else(start):
    helloasso = {f"HELLOASSO_{name}": "x" for name in ("ORGANIZATION", "CLIENT_ID", "CLIENT_SECRET")}
    stripe = {"STRIPE_SECRET_KEY": "x", "STRIPE_WEBHOOK_SECRET": "x"}

    def allowed(**variables):
        return start(**variables)["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["form-action"]

    assert allowed() == ["'self'"]
    open_both = {"PAYMENT_PROVIDERS": "helloasso,stripe", "PAYMENT_NOTIFICATION_SECRET": "x"}
    pages = ["'self'", "https://*.helloasso.com", "https://checkout.stripe.com"]
    assert allowed(**open_both, **helloasso, **stripe) == pages


def test_a_bank_account_may_be_typed_as_the_bank_writes_it(start):
    values = start(
        BANK_HOLDER="Association", BANK_IBAN="fr76 3000 6000 0112 3456 7890 189", BANK_BIC="agrifrpp"
    )

    assert values["BANK"] == {
        "holder": "Association",
        "iban": "FR7630006000011234567890189",
        "bic": "AGRIFRPP",
    }


def test_the_example_explains_each_variable_that_is_read_and_no_other():
    assert EXPLAINED - ONLY_FOR_COMPOSE == READ


def test_each_scheduled_name_is_a_registered_task():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
