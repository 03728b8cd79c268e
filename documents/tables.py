"""The tables that staff may ask for as a file, by name. An app registers its own when it is ready:
`tables.register("members.members", MemberTable.asked, permission="members.export_member")`."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from django.contrib.auth.models import AbstractUser
from django.db.models import Model

from documents.spreadsheets import Table

Parameters = dict[str, Any]
Builder = Callable[[Parameters, AbstractUser], Table]


@runtime_checkable
class NamesItsSubjects(Protocol):
    """A table of which the journal is told whose rows left: primary keys of `subject_model`."""

    @property
    def subject_model(self) -> type[Model]: ...

    def subjects(self) -> Iterable[int]: ...


class Kind(NamedTuple):
    name: str
    build: Builder
    permission: str

    def may(self, user: Any) -> bool:
        return bool(user.is_active and user.has_perm(self.permission))


_kinds: dict[str, Kind] = {}


def register(name: str, build: Builder, *, permission: str) -> None:
    """`build(parameters, user)` is called in the background, in the language of whoever asked."""
    _kinds[name] = Kind(name, build, permission)


def kind_of(name: str) -> Kind:
    """Raises KeyError for a name that no app has registered, or no longer."""
    return _kinds[name]


def may_ask(user: Any) -> bool:
    """Whether there is any table this person may take away."""
    return any(kind.may(user) for kind in _kinds.values())
