"""The pages of the staff with 20 000 members: how many queries, and how long, in one process."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench import harness

Act = Callable[[], Any]
TURNS = 3


def measure(name: str, act: Act, *, turns: int = TURNS) -> dict[str, Any]:
    """The median of a few turns, after one that warms."""
    seconds, queries, size = [], 0, 0
    for _turn in range(turns + (turns > 1)):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            size = act()
            seconds.append(time.perf_counter() - started)
        queries = len(captured)
    return {
        "page": name,
        "requêtes": queries,
        "secondes": harness.median(seconds[-turns:]),
        "ko": size // 1000,
    }


def staff_client() -> tuple[Client, Any]:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: PLC0415 - needs Django

    user = apps.get_model("accounts.User").objects.create_superuser("bench@example.org", "x" * 20)
    TOTP.activate(user, generate_totp_secret())
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return client, user


def pages() -> list[tuple[str, str]]:
    Member, Plan = apps.get_model("members.Member"), apps.get_model("members.Plan")
    members, today = reverse("admin:members_member_changelist"), timezone.localdate()
    someone = Member.objects.filter(kind="person").order_by("-pk")[10]
    voters = reverse("admin:members_member_voters")
    return [
        ("liste", members),
        ("liste, dernière page", f"{members}?p={Member.objects.count() // 100 - 1}"),
        ("liste, par dernier jour", f"{members}?o=3"),
        ("recherche, un nom", f"{members}?q=martin"),
        ("recherche, un numéro", f"{members}?q={someone.number}"),
        ("recherche, un téléphone", f"{members}?q=0467112233"),
        *(
            (f"état : {state}", f"{members}?state={state}")
            for state in ("current", "grace", "expired", "gone")
        ),
        ("état : jamais", f"{members}?state=never"),
        ("à jour il y a un an", f"{members}?current_on={today.replace(year=today.year - 1, day=1)}"),
        ("dernière formule", f"{members}?plan={Plan.objects.first().pk}"),
        ("fiche", reverse("admin:members_member_change", args=[someone.pk])),
        ("chronologie", reverse("admin:member_timeline", args=[someone.pk])),
        ("liste électorale", voters),
        ("liste électorale, à signer (PDF)", reverse("admin:members_member_voters_pdf")),
        ("liste électorale (CSV)", reverse("admin:members_member_voters_csv")),
        ("absents, avec leur raison (CSV)", reverse("admin:members_member_absent_csv")),
    ]


def get(client: Client, address: str) -> Act:
    def act() -> int:
        response = client.get(address, secure=True)
        if response.status_code != 200:
            raise SystemExit(f"{address} : {response.status_code}")
        if response.streaming:
            return sum(len(part) for part in response.streaming_content)
        return len(response.content)

    return act


def export(user: Any, extension: str) -> Act:
    """As a worker makes it; nobody else takes it."""
    Export, Member = apps.get_model("documents.Export"), apps.get_model("members.Member")

    def act() -> int:
        with patch("documents.tasks.make_export.delay_on_commit"):
            parameters = {"members": list(Member.objects.values_list("pk", flat=True))}
            asked = Export.ask("members.members", parameters=parameters, by=user, title="x", format=extension)
        asked.make()
        asked.refresh_from_db()
        return asked.size

    return act


def main() -> None:
    is_quick = harness.is_quick()
    count = 200 if is_quick else 20_000
    harness.start_production(harness.free_port())
    harness.manage("load_demo", "--members", str(count), "--events", "48", "--yes-this-is-demo-data")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client, user = staff_client()
    rows = [
        measure(name, get(client, address), turns=1 if "PDF" in name or "CSV" in name else TURNS)
        for name, address in pages()
    ]
    rows += [measure(f"export, {kind.upper()}", export(user, kind), turns=1) for kind in ("csv", "xlsx")]
    harness.report("members", rows, is_quick=is_quick, members=count)


if __name__ == "__main__":
    main()
