"""Strict reading of the environment: a wrong value stops the start with a sentence that names the variable."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from stdnum import bic as bics
from stdnum import iban as ibans


def read_env_file(default: Path) -> None:
    """Load ENV_FILE, or `default`, if it exists; the real environment wins over it."""
    path = Path(os.environ.get("ENV_FILE") or default)
    if path.is_file():
        environ.Env.read_env(path)


BASE_DIR = Path(__file__).resolve().parent.parent
read_env_file(BASE_DIR / ".env")


def text(name: str, default: str | None = None) -> str:
    """The value as it is: a secret may start with a dollar, which django-environ would take for a reference."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(f"{name} est obligatoire et n’est pas renseignée : voir .env.example.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "1" if default else "0")
    if value not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} doit valoir 0 ou 1, pas « {value} ».")
    return value == "1"


def integer(name: str, *, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} doit être un nombre entier positif, pas « {value} ».")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, *, among: Iterable[str]) -> str:
    value = text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name} doit être l’un de {', '.join(among)}, pas « {value} ».")
    return value


def file(name: str) -> str:
    """The path of a file that is there, or nothing."""
    value = text(name, "")
    if value and not Path(value).is_file():
        raise ImproperlyConfigured(f"{name} doit être le chemin d’un fichier, pas « {value} ».")
    return value


def url(name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
    """A URL of one of `schemes`, without its trailing slash; empty when unset and not required."""
    value = text(name, default).rstrip("/")
    if value and urlsplit(value).scheme not in schemes:
        starts = " ou ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} doit commencer par {starts}.")  # its value may hold a password
    return value


def origin(name: str, default: str) -> str:
    """The address of a site: scheme, host and maybe a port, nothing after."""
    value = url(name, default, schemes=("http", "https"))
    parts = urlsplit(value)
    if not parts.hostname or f"{parts.scheme}://{parts.netloc}" != value:
        raise ImproperlyConfigured(f"{name} doit être une adresse sans chemin, comme https://exemple.fr.")
    return value


def database(name: str, default: str) -> dict[str, Any]:
    value = text(name, default)
    if not value.startswith(("postgres://", "postgresql://", "sqlite:///")):
        raise ImproperlyConfigured(f"{name} doit commencer par postgres:// ou sqlite:///.")
    return dict(environ.Env.db_url_config(value))


def mail(name: str, default: str) -> dict[str, Any]:
    value = text(name, default)
    if not value.startswith(
        ("smtp://", "smtp+tls://", "smtp+ssl://", "filemail://", "consolemail://", "memorymail://")
    ):
        raise ImproperlyConfigured(
            f"{name} doit commencer par smtp://, smtp+tls://, smtp+ssl:// ou filemail://."
        )
    return dict(environ.Env.email_url_config(value))


def iban(name: str) -> str:
    """Without its spaces; empty when unset."""
    value = text(name, "")
    if value and not ibans.is_valid(value):
        raise ImproperlyConfigured(
            f"{name} n’est pas un IBAN juste : recopiez-le du relevé d’identité bancaire."
        )
    return str(ibans.compact(value))


def bic(name: str) -> str:
    value = text(name, "")
    if value and not bics.is_valid(value):
        raise ImproperlyConfigured(f"{name} n’est pas un BIC juste : il compte 8 ou 11 caractères.")
    return str(bics.compact(value))
