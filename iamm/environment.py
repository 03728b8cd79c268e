"""Strict reading of the environment: a wrong value stops the start with a sentence that names the variable."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def read_env_file(path: Path) -> None:
    """Load `path` if it exists; the real environment wins over it."""
    if path.is_file():
        env.read_env(path)


def text(name: str, default: str | None = None) -> str:
    value = str(env.str(name, default="") or default or "").strip()
    if not value and default is None:
        raise ImproperlyConfigured(f"{name} est obligatoire et n'est pas renseignée : voir .env.example.")
    return value


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "1" if default else "0")
    if value not in {"0", "1"}:
        raise ImproperlyConfigured(f"{name} doit valoir 0 ou 1, pas « {value} ».")
    return value == "1"


def integer(name: str, *, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} doit être un nombre entier, pas « {value} ».")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, default: str = "", *, schemes: tuple[str, ...]) -> str:
    """A URL of one of `schemes`, without its trailing slash; empty when unset and not required."""
    value = text(name, default).rstrip("/")
    if value and urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(
            f"{name} doit commencer par {' ou '.join(f'{s}:' for s in schemes)}, pas « {value} »."
        )
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
