"""A file of members imported, brought again with changes, and taken back: how long it takes, and what memory."""

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path

from django.apps import apps
from django.core.files import File

from bench import harness

TITLES = [
    "Nature", "Prénom", "Nom", "Adresse e-mail", "Téléphone", "Année de naissance", "Adresse", "Code postal",
    "Ville", "Formule", "Début", "Fin", "Montant payé",
]  # fmt: skip
COLUMNS = [
    "kind", "first_name", "last_name", "email", "phone", "birth_year", "address", "postcode",
    "city", "plan", "starts_on", "ends_on", "amount",
]  # fmt: skip
LIMIT = 60  # seconds for 10 000 rows


def write_file(path: Path, count: int, *, suffix: str = "") -> None:
    """People of the demonstration, each with a period. With a suffix, they all live somewhere else."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(TITLES)
        for n in range(count):
            name = ["personne", f"Camille {n % 97}", f"Démo {n}", f"personne{n}@example.org"]
            where = [f"04 67 {n % 1_000_000:06d}", 1940 + n % 60, f"{n} rue d’essai{suffix}", "34000"]
            period = ["Citoyens", "01/01/2026", "31/12/2026", "40,00"]
            writer.writerow([*name, *where, "Montpellier", *period])


def create_plan() -> None:
    college = apps.get_model("members.College").objects.create(name="Essai", slug="essai")
    apps.get_model("members.Plan").objects.create(
        name="Citoyens", slug="citoyens-essai", college=college, summary="Pour essayer", benefits="Une voix"
    )


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def measure(count: int) -> dict[str, float]:
    """The file twice, the second time with changes; then both are undone. Exits unless each row came out as it should."""
    from members.imports import work  # noqa: PLC0415 - once Django is ready

    Batch, User = apps.get_model("members.ImportBatch"), apps.get_model("accounts.User")
    staff = User.objects.get_or_create(email="equipe@example.org")[0]
    path = Path(os.environ["DATA_DIR"]) / "members.csv"
    members = apps.get_model("members.Member").objects
    before, took, batches = members.count(), {}, []
    for name, suffix, outcome in (("", "", "created"), (" (changements)", " bis", "changed")):
        write_file(path, count, suffix=suffix)
        with path.open("rb") as file:
            batch = Batch.receive(File(file, "members.csv"), head=[], by=staff)
        batches.append(batch)
        batch.choose_columns(COLUMNS, key="", header_row=1, college=None)
        took[f"aperçu{name} (s)"] = seconds(lambda batch=batch: work.go_on(batch))
        batch.apply(by=staff)
        took[f"import{name} (s)"] = seconds(lambda batch=batch: work.go_on(batch))
        if batch.counts != {outcome: count}:
            raise SystemExit(f"Le compte n'y est pas : {batch.counts}.")
    for batch in reversed(batches):
        batch.undo(by=staff)
        took["annulation (s)"] = seconds(lambda batch=batch: work.go_on(batch))
        if batch.refusals:
            raise SystemExit(f"L'annulation est refusée : {batch.refusals[:3]}.")
        if batch.state != "undone":
            raise SystemExit(f"L'annulation n'a pas eu lieu : {batch.state} {batch.message}.")
    if members.count() != before:
        raise SystemExit("L'annulation a laissé des fiches.")
    return took


def main() -> None:
    is_quick = harness.is_quick()
    harness.start_production(harness.free_port())
    create_plan()
    rows = []
    for count in (100, 300) if is_quick else (1_000, 10_000, 50_000):
        took = measure(count)
        memory = harness.peak_memory(os.getpid())[0]
        rows.append({"lignes": count, **took, "mémoire max (Mo)": memory})
    harness.report("imports", rows, is_quick=is_quick)
    if not is_quick and max(rows[1][name] for name in took) > LIMIT:
        raise SystemExit("10 000 lignes prennent plus d'une minute.")


if __name__ == "__main__":
    main()
