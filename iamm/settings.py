"""One file, read from the environment. `.env.example` explains each variable."""

from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from iamm import environment
from iamm.environment import BASE_DIR
from iamm.money_settings import *  # noqa: F403 - settings of their own, in a file of their own
from iamm.money_settings import BANK, PAYMENT_PAGES

# Where and how it runs

DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
if not DEBUG and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY doit compter au moins 50 caractères : voir .env.example.")

SITE_URL = environment.origin("SITE_URL", "http://localhost:8000")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
IS_HTTPS = SITE_URL.startswith("https:")
if not DEBUG and not IS_HTTPS and SITE_HOST not in {"localhost", "127.0.0.1"}:
    raise ImproperlyConfigured("SITE_URL doit commencer par https:// hors de la machine locale.")
ALLOWED_HOSTS = [SITE_HOST, *environment.words("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = environment.integer("TRUSTED_PROXIES", default=0)
DATA_DIR = Path(environment.text("DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

INSTALLED_APPS = [
    "iamm",
    "events",
    "members",
    "payments",
    "partners",
    "mailing",
    "accounts",
    "documents",
    "journal",
    "iamm.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_guid",
]

MIDDLEWARE = [
    "iamm.logs.request_id_middleware",
    "iamm.logs.access_log_middleware",
    "iamm.page_cache.shared_pages",  # outside of what writes headers: it keeps them with the page
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "iamm.middleware.refuse_nul_bytes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.staff_second_factor",
]

ROOT_URLCONF = "iamm.urls"
WSGI_APPLICATION = "iamm.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "iamm.templatetags.french",
                "iamm.templatetags.pages",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "iamm.context_processors.site",
            ],
        },
    }
]

# Data: SQLite and no broker by default; PostgreSQL and Redis in production

DATABASES = {"default": environment.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "iamm.redis_cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            "OPTIONS": {"MAX_ENTRIES": 50_000},  # rate limits live here: 300, the default, would forget them
        }
    }

# Pages for people who are not signed in are kept until what they are made of changes: see iamm/page_cache.py
SHARED_PAGES = environment.flag("SHARED_PAGES", default=not DEBUG)

# A socket names its database "db" for redis and "virtual_host" for Celery.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")

# What happens by itself. Celery beat and `manage.py tick` run this same list; a schedule is seconds or a crontab.
CELERY_BEAT_SCHEDULE = {
    "deliver-mail": {"task": "mailing.tasks.deliver_due", "schedule": 60.0},
    "open-checkouts": {"task": "payments.tasks.read_open_checkouts", "schedule": 600.0},
    "helloasso-payments": {"task": "payments.tasks.sweep_helloasso", "schedule": crontab(minute=10, hour=5)},
    "invoices": {"task": "payments.tasks.issue_invoices", "schedule": 600.0},
    "credit-notes": {"task": "payments.tasks.issue_credit_notes", "schedule": 60.0},
    "sandbox-notifications": {"task": "payments.tasks.notify_sandbox_payments", "schedule": 60.0},
    "release-expired-holds": {"task": "events.tasks.release_expired_holds", "schedule": 60.0},
    "event-reminders": {"task": "events.tasks.send_reminders", "schedule": 600.0},
    "group-messages": {"task": "events.tasks.finish_group_messages", "schedule": 60.0},
    "member-messages": {"task": "members.tasks.finish_member_messages", "schedule": 60.0},
    "membership-reminders": {
        "task": "members.tasks.send_reminders",
        "schedule": crontab(minute=15, hour="8-19"),
    },
    "ending-mandates": {
        "task": "members.tasks.warn_of_ending_mandates",
        "schedule": crontab(minute=45, hour="8-19"),
    },
    "unpaid-reminders": {
        "task": "payments.tasks.remind_of_unpaid",
        "schedule": crontab(minute=30, hour="9-18"),
    },
    "forget-sessions": {"task": "accounts.tasks.forget_expired", "schedule": crontab(minute=20, hour=4)},
    "unsign-feedback": {"task": "events.tasks.unsign_feedback", "schedule": crontab(minute=25, hour=4)},
    "unfinished-exports": {"task": "documents.tasks.finish_exports", "schedule": 60.0},
    "purge-exports": {"task": "documents.tasks.purge_exports", "schedule": crontab(minute=35, hour=4)},
    "unfinished-imports": {"task": "members.tasks.finish_imports", "schedule": 60.0},
    "erase-imports": {"task": "members.tasks.erase_imports", "schedule": crontab(minute=45, hour=4)},
    "abandoned-bank-files": {
        "task": "payments.tasks.forget_abandoned_files",
        "schedule": crontab(minute=40, hour=4),
    },
    "purge-mail": {"task": "mailing.tasks.purge", "schedule": crontab(minute=30, hour=4)},
    "possible-duplicates": {"task": "members.tasks.find_duplicates", "schedule": crontab(minute=45, hour=3)},
    "final-merges": {"task": "members.tasks.forget_merges", "schedule": crontab(minute=45, hour=4)},
    "abandoned-applications": {
        "task": "members.tasks.purge_abandoned",
        "schedule": crontab(minute=40, hour=4),
    },
    "retention": {"task": "iamm.tasks.apply_retention", "schedule": crontab(minute=45, hour=4)},
}

# Accounts: the e-mail is the login; staff need a second factor

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = reverse_lazy("account")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailVerificationCodeForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmPasswordResetCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "add_email": "accounts.forms.AddEmailForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60  # a first mail may wait some minutes at the receiving server
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# allauth counts these per address in the shared cache, ours beside its own: see accounts/limits.py
ACCOUNT_RATE_LIMITS = {
    "register": "60/10m/ip,300/d/ip",  # a lecture hall has one address
    "join": "10/10m/ip,40/d/ip",
    "quote": "120/10m/ip",  # what it would cost, asked at each change of the form
    "application": "30/10m/ip",
    "pay": "30/10m/ip",
    "return": "60/10m/ip",  # each return asks a provider
    "invite": "60/10m/ip,200/d/ip",
    "seat": "60/10m/ip",  # colleagues share an address
    "directory": "60/10m/user,300/d/user",  # to read it, not to take it away
    "record": "30/10m/user",
    "contact": "5/10m/ip,20/d/ip",
    "booking": "60/10m/ip",
    "calendar": "300/1m/ip",  # a provider reads the feeds of many people from few addresses
    "card": "120/10m/ip,1000/d/ip",  # at the door of an event, one address checks many
    "notification": "600/1m/ip",
    "personal_export": "1/h/user",
    "erase": "10/h/user",
    "unsubscribe": "300/1m/ip",  # a provider clicks for many people from few addresses
}
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateCodeForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.AddWebAuthnForm",
    "edit_webauthn": "accounts.forms.EditWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "IA Montpellier Méditerranée"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
USERSESSIONS_TRACK_ACTIVITY = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
STAFF_WITHOUT_SECOND_FACTOR = environment.flag("STAFF_WITHOUT_SECOND_FACTOR", default=False)
if STAFF_WITHOUT_SECOND_FACTOR and not DEBUG:
    raise ImproperlyConfigured("STAFF_WITHOUT_SECOND_FACTOR n’est permis qu’avec DEBUG=1.")

# Mail

globals().update(environment.mail("EMAIL_URL", f"filemail:///{DATA_DIR / 'mails'}"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = environment.text(
    "MAIL_FROM", f"IA Montpellier Méditerranée <ne-pas-repondre@{SITE_HOST}>"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAIL_CLAIM_SECONDS = environment.integer("MAIL_CLAIM_SECONDS", default=120)
MAIL_KEPT_DAYS = environment.integer("MAIL_KEPT_DAYS", default=90)

# What only the association can fill in; an empty one shows as missing to staff

ASSOCIATION = {
    "name": "IA Montpellier Méditerranée",
    "address": environment.text("ASSOCIATION_ADDRESS", ""),
    "phone": environment.text("ASSOCIATION_PHONE", ""),
    "email": environment.text("ASSOCIATION_EMAIL", ""),
    "rna": environment.text("ASSOCIATION_RNA", ""),
    "siret": environment.text("ASSOCIATION_SIRET", ""),
    "publication_director": environment.text("ASSOCIATION_PUBLICATION_DIRECTOR", ""),
    "host": environment.text("ASSOCIATION_HOST", ""),
    "privacy_contact": environment.text("ASSOCIATION_PRIVACY_CONTACT", ""),
    "bank_account": BANK["iban"],
}

# Language and time

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("français")), ("en", _("anglais"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "langue"
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = environment.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "documents", "base_url": None},  # only views of ours serve them
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "iamm.storage.BundledStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# Security

SECURE_HSTS_SECONDS = 63_072_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^sante/"]  # the container's own health check speaks plain HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF, *PAYMENT_PAGES],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Logs: one JSON line a request and a task; the request id comes from the proxy and follows to the tasks.
# The proxy's id must be a UUID, else it is replaced: what a stranger sends never reaches the logs.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "django_guid.log_filters.CorrelationId", "correlation_id_field": "request_id"}
    },
    "formatters": {"json": {"()": "iamm.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},  # 4xx are in the access log already
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # robots; the 400 is in the access log
        "django_guid": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},  # it tells what it asks, and who pays
        "gunicorn.access": {"handlers": [], "propagate": False},
        "gunicorn.error": {"handlers": [], "propagate": True},
    },
}
