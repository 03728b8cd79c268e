"""Two members that were one: what follows, what forbids it, and where the old addresses lead."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from events.models import Price
from journal.models import Entry
from members import duplicates, merging
from members.merging import AlreadyMerged, ChangedMeanwhile, MergeRefused
from members.models import Application, Consent, DuplicatePair, Mandate, Member, Merge, StatusOverride
from members.models.consents import Purpose
from tests.factories import (
    create_college,
    create_event,
    create_member,
    create_membership,
    create_organisation,
    create_plan,
    create_price,
    create_staff,
    create_user,
)

pytestmark = pytest.mark.django_db
YEAR = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}
LAST_YEAR = {"starts_on": date(2025, 1, 1), "ends_on": date(2025, 12, 31)}


def merge(kept, removed, take=(), **more):
    return merging.merge(kept, removed, take=take, by=create_staff(), **more)


def refusal(kept, removed):
    with pytest.raises(MergeRefused) as caught:
        merge(kept, removed)
    return caught.value.reasons


def exists(member):
    return Member.objects.filter(pk=member.pk).exists()


# What follows


def test_each_relation_to_a_member_is_known_to_the_merge():
    """A new one moves by itself. Say here that this is right for it: not for what must stay, nor for what is unique."""
    columns = {f"{column.model._meta.label}.{column.name}" for column in merging.relations()}

    assert columns == {
        "events.Price.organisation",
        "members.Application.member",
        "members.Consent.member",
        "members.Departure.member",
        "members.DirectoryEntry.member",
        "members.DuplicatePair.member_a",
        "members.DuplicatePair.member_b",
        "members.Group_members.member",
        "members.ImportRow.member",
        "members.Invitation.organisation",
        "members.MailDomain.organisation",
        "members.Mandate.organisation",
        "members.MemberMessage_by_hand.member",
        "members.MemberMessage_members.member",
        "members.Membership.member",
        "members.Merge.kept",
        "members.Note.member",
        "members.StatusOverride.member",
    }


def test_all_that_was_of_the_removed_member_is_of_the_kept_one():
    kept, removed = create_member(), create_member(email="zoe@example.org")
    period = create_membership(removed, **LAST_YEAR)
    departure = removed.leave("resigned", left_on=date(2024, 1, 1))
    departure.cancel()
    person = {"first_name": "Zoé", "last_name": "Démo", "email": "zoe@example.org"}
    application = Application.submit(create_plan(), **person, request_key=uuid4())
    override = removed.decide_status("honorary", reason="Fondation", starts_on=date(2026, 1, 1), until=None)

    row = merge(kept, removed)

    for one in (period, application, departure, override):
        one.refresh_from_db()
        assert one.member == kept
    assert not exists(removed)
    assert {(label, pk) for label, _column, pk, _digest in row.moved} == {
        ("members.Membership", period.pk),
        ("members.Departure", departure.pk),
        ("members.StatusOverride", override.pk),
        ("members.Application", application.pk),
    }


def test_the_seats_and_the_prices_of_an_organisation_follow_it():
    kept, removed = create_organisation(), create_organisation()
    seat = Mandate.objects.create(organisation=removed, email="ana@example.org")
    price = create_price(create_event(), for_whom=Price.ForWhom.ORGANISATION, organisation=removed)

    merge(kept, removed)

    for one in (seat, price):
        one.refresh_from_db()
        assert one.organisation == kept


def test_the_kept_member_keeps_its_values_but_for_those_chosen():
    college = create_college("Académique", "academique")
    kept = create_member(first_name="Lou", city="Sète", joined_on=date(2024, 5, 1))
    removed = create_member(first_name="Louise", city="Lattes", joined_on=date(2021, 3, 1), college=college)

    merge(kept, removed, ["first_name", "college", "card_code", "kind"])

    code = kept.card_code
    kept.refresh_from_db()
    assert (kept.first_name, kept.city, kept.college) == ("Louise", "Sète", college)
    assert (kept.joined_on, kept.card_code) == (date(2021, 3, 1), code)


def test_the_address_of_the_removed_member_may_be_the_one_that_stays():
    kept, removed = create_member(), create_member(email="lou@example.org")

    merge(kept, removed, ["email"])

    kept.refresh_from_db()
    assert kept.email == "lou@example.org"


def test_blanks_are_filled_from_the_other_but_no_limit_is_no_blank():
    kept = create_organisation(city="", phone="0467000001", seats=None)
    removed = create_organisation(city="Sète", phone="0467000002", seats=5)

    assert merging.filled_from(kept, removed) == {"city"}
    assert {field.name for field in merging.differing(kept, removed)} == {"city", "phone", "email", "seats"}


def test_the_account_of_either_is_that_of_the_kept_one():
    user = create_user()
    kept, removed = create_member(), create_member(user=user)

    merge(kept, removed)

    kept.refresh_from_db()
    assert kept.user == user


def test_pairs_of_the_removed_member_are_of_nobody_any_more():
    kept, removed, third = [create_member(first_name="Ana", last_name="Brun") for _ in range(3)]
    duplicates.refresh()

    merge(kept, removed)

    pair = DuplicatePair.objects.get()
    assert (pair.member_a, pair.member_b) == (kept, third)


def test_the_journal_says_it_on_the_kept_member():
    kept, removed = create_member(city="Sète"), create_member(city="Lattes")

    row = merge(kept, removed, ["city"])

    entry = Entry.objects.about(kept).get()
    assert (entry.action, entry.actor_id, entry.reference) == ("merged", row.by_id, f"merge.{row.pk}")
    assert entry.changes == {"city": ["Sète", "Lattes"]}
    assert entry.note == f"La fiche {removed.number} a rejoint celle-ci."


# What forbids it


def test_a_member_is_not_merged_into_itself():
    member = create_member()

    assert refusal(member, member) == ["C’est deux fois la même fiche."]
    assert exists(member)


def test_a_person_is_not_an_organisation():
    assert refusal(create_member(), create_organisation()) == [
        "L’une est une personne, l’autre une organisation."
    ]


def test_two_accounts_are_not_one():
    kept, removed = create_member(user=create_user()), create_member(user=create_user())

    assert refusal(kept, removed) == ["Toutes deux ont un compte\u00a0: déliez d’abord un des comptes."]
    assert exists(removed)


@pytest.mark.parametrize("other", [YEAR, {"starts_on": date(2026, 12, 31), "ends_on": date(2027, 6, 30)}])
def test_periods_that_share_a_day_are_not_merged_even_when_they_look_the_same(other):
    kept, removed = create_member(), create_member()
    create_membership(kept, **YEAR)
    extra = create_membership(removed, **other)

    [reason] = refusal(kept, removed)
    extra.cancel()
    row = merge(kept, removed)

    assert reason.startswith("Leurs adhésions du 1er\u00a0janvier 2026 au 31 décembre 2026 et du ")
    assert reason.endswith(" se chevauchent\u00a0: annulez d’abord celle qui est de trop.")
    assert (len(row.moved), kept.memberships.count()) == (1, 2)


def test_two_open_mandates_of_one_address_are_not_merged():
    kept, removed = create_organisation(), create_organisation()
    for organisation in (kept, removed):
        Mandate.objects.create(organisation=organisation, email="ana@example.org")

    assert refusal(kept, removed) == [
        "mandat «\u00a0ana@example.org (collègue)\u00a0»\u00a0: "
        "Cette adresse a déjà une place dans l’organisation."
    ]


def test_one_that_was_merged_away_is_not_merged_again():
    kept, removed = create_member(), create_member()
    merge(kept, removed)

    with pytest.raises(AlreadyMerged):
        merge(kept, removed)
    assert Merge.objects.count() == 1


def test_what_changed_since_it_was_shown_is_shown_again():
    kept, removed = create_member(), create_member()
    shown = merging.seen(kept, removed)
    Member.objects.filter(pk=removed.pk).update(city="Sète")

    with pytest.raises(ChangedMeanwhile):
        merge(kept, removed, shown=shown)
    assert exists(removed)


def test_values_that_do_not_go_together_change_nothing():
    kept, removed = create_member(), create_member()
    create_membership(removed)
    Member.objects.filter(pk=removed.pk).update(phone="0" * 30, birth_year=3000)
    removed.refresh_from_db()

    with pytest.raises(ValidationError):
        merge(kept, removed, ["birth_year"])
    assert (exists(removed), removed.memberships.count(), Merge.objects.count()) == (True, 1, 0)


def test_a_merge_shows_nobody_in_the_directory_who_has_not_agreed_on_the_kept_record():
    kept, removed = create_member(), create_member()
    Consent.give(removed, Purpose.DIRECTORY, version="2026-11-26", until=None)

    assert refusal(kept, removed) == [
        "Accord «\u00a0annuaire des membres\u00a0» donné sur la seule fiche retirée\u00a0: gardez plutôt l’autre fiche."
    ]
    assert merge(removed, kept).kept == removed


def test_a_merge_shows_nobody_in_the_directory_who_has_changed_their_mind_on_the_other_record():
    kept, removed = create_member(), create_member()
    for member in (removed, kept):
        Consent.give(member, Purpose.DIRECTORY, version="2026-11-26", until=None)
    Consent.withdraw(removed, Purpose.DIRECTORY)

    assert refusal(kept, removed) == [
        "Accord «\u00a0annuaire des membres\u00a0» retiré depuis sur l’autre fiche\u00a0: retirez-le d’abord sur les deux."
    ]


# Where the old addresses lead


def test_an_old_card_code_and_an_old_number_lead_to_the_kept_member_also_through_two_merges():
    first, second, third = create_member(), create_member(), create_member()
    merge(second, first)
    merge(third, second)

    codes = [Merge.objects.kept_for(member.card_code) for member in (first, second, third)]
    numbers = [Merge.objects.kept_for_pk(member.pk) for member in (first, second, third)]

    assert (codes, numbers) == ([third, third, None],) * 2
    assert sorted(Merge.objects.into(third)) == [first.pk, second.pk]


def test_what_would_undo_a_merge_is_erased_when_it_no_longer_can(time_machine_travel):
    kept, removed = create_member(), create_member()
    row = merge(kept, removed)
    early = Merge.objects.forget()

    with time_machine_travel(days=31):
        erased = [Merge.objects.forget() for _ in range(2)]

    row.refresh_from_db()
    assert (early, erased, row.before, row.dropped, row.is_undoable) == (0, [1, 0], {}, [], False)
    assert Merge.objects.kept_for(removed.card_code) == kept


def test_who_is_up_to_date_through_the_removed_member_still_is():
    kept, removed = create_member(), create_membership(create_member()).member
    today = timezone.localdate()

    merge(kept, removed)

    assert Member.objects.current(on=today).get() == kept
    assert StatusOverride.objects.count() == 0
    assert kept.standing(on=today + timedelta(days=1)).is_current
