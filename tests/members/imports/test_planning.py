from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from members.imports import work
from members.models import ImportBatch, ImportRow, Kind, Mandate, Member
from tests.factories import create_college, create_member, create_membership, create_organisation, create_plan
from tests.members.imports.files import outcomes, preview, problems, receive, table, workbook

pytestmark = pytest.mark.django_db
State = ImportBatch.State
CREATED, CHANGED, UNCHANGED, ERROR = ImportRow.Outcome.values


@pytest.fixture(autouse=True)
def plan():
    return create_plan(name="Citoyens", college=create_college())


def changes(batch, number=2):
    return batch.rows.get(number=number).changes


def test_what_would_happen_is_shown_and_nothing_is_done():
    known = create_member(first_name="Zoé", last_name="Démo", email="zoe@example.org", city="Agde")
    same = create_member(first_name="Lou", last_name="Essai", email="lou@example.org", city="Agde")

    batch = preview(
        table(
            "Prénom;Nom;E-mail;Ville;Collège",
            "Zoé;Démo;ZOE@example.org ;Sète;",
            "Lou;Essai;lou@example.org;;",
            "Max;Nouveau;max@example.org;Lattes;citoyens",
            "Léo;;leo@example;Lattes;citoyens",
        )
    )

    assert batch.state == State.CHECKED
    assert outcomes(batch) == [(2, CHANGED), (3, UNCHANGED), (4, CREATED), (5, ERROR)]
    assert batch.counts == {CHANGED: 1, UNCHANGED: 1, CREATED: 1, ERROR: 1}
    assert changes(batch) == {"city": ["Agde", "Sète"]}
    assert problems(batch) == [(5, "email", "Saisissez une adresse de courriel valide.")]
    assert [one.city for one in Member.objects.filter(pk__in=[known.pk, same.pk])] == ["Agde", "Agde"]
    assert Member.objects.count() == 2


@pytest.mark.parametrize(
    ("titles", "cells"),
    [
        ("Numéro d’adhérent;Ville", "A-{pk:06d};Sète"),
        ("E-mail;Ville", "Zoe@Example.org;Sète"),
        ("Prénom;Nom;Année de naissance;Ville", "ZOÉ;DÉMO;1980;Sète"),
        ("Prénom;Nom;Téléphone;Ville", "zoé;démo;+33 6 12 34 56 78;Sète"),
    ],
)
def test_a_row_finds_its_record(titles, cells):
    member = create_member(
        first_name="Zoé", last_name="Démo", email="zoe@example.org", birth_year=1980, phone="06 12 34 56 78"
    )

    row = preview(table(titles, cells.format(pk=member.pk))).rows.get()

    assert (row.outcome, row.member, row.changes["city"]) == (CHANGED, member, ["", "Sète"])


def test_an_organisation_is_found_by_its_siret_however_it_is_spaced():
    member = create_organisation(siret="73282932000074")

    row = preview(table("Organisation;SIRET;Effectif", "Autre nom;732 829 320 00074;12")).rows.get()

    assert (row.outcome, row.member) == (CHANGED, member)
    assert row.changes == {"organisation": ["Société d'essai", "Autre nom"], "headcount": [None, 12]}


def test_a_mailbox_that_a_person_and_an_organisation_share_finds_the_one_that_the_row_is_about():
    person = create_member(last_name="Démo", email="contact@example.org")
    organisation = create_organisation("Société d'essai", email="contact@example.org")

    batch = preview(
        table(
            "Organisation;Nom;E-mail;Téléphone",
            ";Démo;contact@example.org;1",
            "Société d'essai;;contact@example.org;2",
        )
    )

    assert [row.member for row in batch.rows.order_by("number")] == [person, organisation]


def test_several_records_that_correspond_are_named_and_none_is_chosen():
    pks = [create_member(first_name="Zoé", last_name="Démo", birth_year=1980).pk for _ in range(2)]

    row = preview(table("Prénom;Nom;Année de naissance", "Zoé;Démo;1980")).rows.get()

    assert row.problems == [["last_name", "Plusieurs fiches correspondent.", pks]]


def test_a_homonym_that_nothing_tells_apart_is_not_created_twice():
    member = create_member(first_name="Zoé", last_name="Démo")

    row = preview(table("Prénom;Nom;Collège", "Zoé;Démo;citoyens")).rows.get()

    assert (row.outcome, row.problems[0][2]) == (ERROR, [member.pk])


def test_people_of_one_name_born_another_year_are_others():
    create_member(first_name="Zoé", last_name="Démo", birth_year=1980, phone="0612345678")

    row = preview(table("Prénom;Nom;Naissance;Tél;Collège", "Zoé;Démo;2004;0612345678;citoyens")).rows.get()

    assert row.outcome == CREATED


@pytest.mark.parametrize(
    ("titles", "row"),
    [
        ("Prénom;Nom;E-mail;Collège", "Zoé;Démo;zoe@example.org;citoyens"),
        ("Prénom;Nom;Naissance;Collège", "Zoé;Démo;1980;citoyens"),
        ("Prénom;Nom;Collège", "Zoé;Démo;citoyens"),
    ],
)
def test_the_second_row_about_somebody_names_the_first(titles, row):
    batch = preview(table("Liste", titles, row, row.upper()))

    assert outcomes(batch) == [(3, CREATED), (4, ERROR)]
    assert problems(batch) == [(4, "", "Cette fiche est déjà à la ligne 3 du fichier.")]


def test_two_rows_that_find_one_record_by_different_ways_are_two_rows_about_it():
    member = create_member(email="zoe@example.org")

    batch = preview(table("Numéro;E-mail;Ville", f"{member.pk};;Sète", ";zoe@example.org;Agde"))

    assert outcomes(batch) == [(2, CHANGED), (3, ERROR)]


def test_empty_cells_erase_nothing():
    create_member(email="zoe@example.org", first_name="Zoé", city="Agde", phone="0612345678")

    batch = preview(table("Prénom;E-mail;Ville;Tél", ";zoe@example.org; ;"))

    assert outcomes(batch) == [(2, UNCHANGED)]


def test_an_address_of_somebody_else_is_not_taken():
    owner, other = create_member(email="zoe@example.org"), create_member()

    row = preview(table("Numéro;E-mail", f"{other.pk};zoe@example.org")).rows.get()

    assert row.problems == [["email", "Cette adresse e-mail est déjà celle d’un adhérent.", [owner.pk]]]


@pytest.mark.parametrize(
    ("titles", "row", "column", "told"),
    [
        ("Prénom;E-mail;Collège", "Zoé;zoe@example.org;citoyens", "last_name", "Il manque à cette fiche\u00a0: nom."),
        ("Nom;E-mail", "Démo;zoe@example.org", "college", "Il manque à cette fiche\u00a0: collège."),
        ("Nom;Collège", "Démo;Poètes", "college", "Aucun collège ne s’appelle ainsi."),
        ("Nom;Formule", "Démo;Poètes", "plan", "Aucune formule ne s’appelle ainsi."),
        ("Nom;Formule", "Démo;Citoyens", "starts_on", "Il manque à cette adhésion\u00a0: premier jour de l’adhésion."),
        ("Nom;Début", "Démo;01/01/2026", "plan", "Il manque à cette adhésion\u00a0: formule."),
        ("Nom;Formule;Début", "Démo;Citoyens;31/02/2026", "starts_on", "Ce jour n’existe pas."),
        ("Nom;Numéro", "Démo;999999", "number", "Aucune fiche n’a ce numéro."),
        ("Nom;Nature", "Démo;licorne", "kind", "On attend «\u00a0personne\u00a0» ou «\u00a0organisation\u00a0»."),
        ("Nom;Naissance", "Démo;3000", "birth_year", "Cette année n’est pas encore venue."),
        ("Nom;Prénom", "D\0mo;Zoé", "last_name", "Cette cellule contient des caractères illisibles."),
        (
            "Nom;Formule;Début;Fin",
            "Démo;Citoyens;01/02/2026;31/01/2026",
            "ends_on",
            "Le dernier jour ne peut pas précéder le premier.",
        ),
        (
            "Organisation;SIRET;Collège",
            "Essai;73282932000075;citoyens",
            "siret",
            "Ce numéro n’est pas un SIREN (9 chiffres) ni un SIRET (14 chiffres)\u00a0: vérifiez-le, un chiffre est faux.",
        ),
        (
            "Nom;Prénom",
            "Démo;Zoé;Sète",
            "",
            "Cette ligne a plus de cellules que de titres\u00a0: elle est peut-être décalée.",
        ),
        (
            "Nom;Collège;Nom du représentant",
            "Démo;citoyens;Essai",
            "mandate_email",
            "Un représentant va avec une organisation.",
        ),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_why(titles, row, column, told):
    batch = preview(table(titles, row))

    assert problems(batch)[0] == (2, column, told)


def test_a_row_keeps_all_its_reasons_and_the_others_go_on():
    batch = preview(
        table("Nom;E-mail;Naissance;Collège", "Démo;zoe@;1066;x", "Essai;lou@example.org;1980;citoyens")
    )

    assert [column for _row, column, _told in problems(batch)] == ["email", "birth_year", "college"]
    assert outcomes(batch) == [(2, ERROR), (3, CREATED)]


# Periods and mandates


def test_a_period_is_planned_with_the_end_that_its_plan_gives():
    batch = preview(table("Nom;Formule;Début;Montant", "Démo;citoyens;01/02/2026;1 234,50"))

    said = "Citoyens, du 1er\u00a0février 2026 au 31 janvier 2027, 1\u202f234,50\u00a0€"
    assert outcomes(batch) == [(2, CREATED)]
    assert changes(batch)["period"] == [None, said]
    assert changes(batch)["joined_on"] == [None, "2026-02-01"]
    assert changes(batch)["college"] == [None, "Citoyens"]


def test_a_period_that_is_there_already_changes_nothing_and_one_across_it_is_refused(plan):
    member = create_member(email="zoe@example.org")
    create_membership(member, plan=plan, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31))
    titles = "E-mail;Formule;Début;Fin"

    same = preview(table(titles, "zoe@example.org;Citoyens;2026-01-01;2026-12-31"))
    across = preview(table(titles, "zoe@example.org;Citoyens;31/12/2026;30/06/2027"))
    after = preview(table(titles, "zoe@example.org;Citoyens;01/01/2027;30/06/2027"))

    assert [outcomes(one) for one in (same, across, after)] == [
        [(2, UNCHANGED)],
        [(2, ERROR)],
        [(2, CHANGED)],
    ]
    told = "Ces dates chevauchent une autre adhésion, du 1er\u00a0janvier 2026 au 31 décembre 2026."
    assert problems(across) == [(2, "starts_on", told)]


def test_no_period_is_opened_after_a_departure():
    member = create_member(email="zoe@example.org")
    left = timezone.localdate() - timedelta(days=10)
    member.leave("resigned", left_on=left)

    batch = preview(table("E-mail;Formule;Début", f"zoe@example.org;Citoyens;{left + timedelta(days=1)}"))

    assert [column for _row, column, _told in problems(batch)] == ["ends_on"]


def test_a_mandate_goes_to_an_organisation_once():
    organisation = create_organisation(siret="732829320")
    create_plan(name="Entreprises", kind=Kind.ORGANISATION)
    titles = "Organisation;SIREN;Représentant;E-mail du représentant;Rôle"
    content = table(titles, "Société d'essai;732829320;Démo;Zoe@example.org;suppléante")

    batch = preview(content)
    organisation.mandates.create(email="zoe@example.org", role=Mandate.Role.TITULAR)

    assert changes(batch) == {"mandate": [None, "Démo (suppléant) zoe@example.org"]}
    assert outcomes(preview(content)) == [(2, UNCHANGED)]


@pytest.mark.parametrize(("seats", "outcome"), [("1", ERROR), ("2", CHANGED), ("", CHANGED)])
def test_no_seat_is_given_beyond_those_of_the_organisation(seats, outcome):
    organisation = create_organisation(siret="732829320")
    organisation.mandates.create(email="lou@example.org")

    batch = preview(
        table("SIREN;Organisation;Places;E-mail du représentant", f"732829320;Essai;{seats};zoe@example.org")
    )

    assert outcomes(batch) == [(2, outcome)]


def test_a_plan_of_the_other_kind_is_refused():
    create_plan(name="Entreprises", kind=Kind.ORGANISATION)

    batch = preview(table("Nature;Nom;Formule;Début", "personne;Démo;Entreprises;01/01/2026"))

    assert problems(batch)[0] == (2, "plan", "Cette formule est pour l’autre nature d’adhérent.")


# Whole files


def test_a_file_of_titles_alone_says_so():
    batch = preview(table("Prénom;Nom;E-mail"))

    assert (batch.state, batch.message) == (State.UNREADABLE, "Ce fichier n’a aucune ligne sous ses titres.")


def test_a_workbook_is_planned_like_a_text(plan):
    day = date(2026, 1, 1)
    batch = preview(
        workbook(
            ["Liste"],
            ["Nom", "Tél", "Naissance", "Formule", "Début"],
            ["Démo", 612345678, 1980, "Citoyens", day],
        )
    )

    assert outcomes(batch) == [(3, CREATED)]
    assert changes(batch, 3)["phone"] == [None, "612345678"]


def test_a_workbook_of_too_many_rows_is_refused_on_the_way_and_shows_none(monkeypatch):
    monkeypatch.setattr("members.imports.columns.MAX_ROWS", 600)
    rows = [[f"Démo {number}", "citoyens"] for number in range(601)]

    batch = preview(workbook(["Nom", "Collège"], *rows))

    assert (batch.state, batch.rows.count()) == (State.UNREADABLE, 0)
    assert batch.message.startswith("Ce fichier a plus de 50\u202f000 lignes")


def test_a_full_chunk_is_planned_in_hardly_more_queries_than_one_row():
    for number in range(400):
        create_member(email=f"m{number}@example.org")
    rows = [f"m{number}@example.org;Démo;Sète;Citoyens;01/01/2020" for number in range(400)]
    titles, counts = "E-mail;Nom;Ville;Formule;Début", []

    for some in (rows[:1], rows):
        batch = receive(table(titles, *some))
        with CaptureQueriesContext(connection) as queries:
            work.go_on(batch)
        counts.append(len(queries))

    assert batch.counts == {CHANGED: 400}
    assert counts[1] <= counts[0] + 8  # SQLite cuts a long insert in several
