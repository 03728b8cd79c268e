import re
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from journal.models import Entry
from mailing.models import Email
from members.models import DirectoryEntry, Mandate, Member, Skill
from members.models.consents import version_on
from tests.factories import create_entry, create_member, create_membership, create_organisation, create_user

pytestmark = pytest.mark.django_db
SIRET = "130 025 265 00013"


@pytest.fixture
def member(client):
    """Signed in, and up to date."""
    user = create_user(first_name="Camille", last_name="Démo")
    member = create_member(user=user, email=user.email, first_name="Camille", last_name="Démo")
    create_membership(member)
    client.force_login(user)
    return member


@pytest.fixture
def organisation(member):
    organisation = create_membership(create_organisation("Fabrique")).member
    Mandate.objects.create(organisation=organisation, user=member.user, role=Mandate.Role.TITULAR)
    return organisation


def url(name, *args):
    return reverse(f"members:{name}", args=args)


def person(**fields):
    return {"first_name": "Camille", "last_name": "Démo"} | fields


# Correcting the record


def test_a_person_corrects_what_is_kept_of_them_and_it_is_noted(client, member):
    fields = {"phone": "04 67 00 00 01", "city": "Sète", "birth_year": "1980", "last_name": "Durand"}

    response = client.post(url("profile"), person(**fields))

    member.refresh_from_db()
    assert response["Location"] == url("profile", member.pk)
    assert (member.phone, member.city, member.birth_year, str(member)) == (
        "04 67 00 00 01",
        "Sète",
        1980,
        "Camille Durand",
    )
    entry = Entry.objects.about(member).get()
    assert (entry.actor, entry.changes["last_name"]) == (member.user, ["Démo", "Durand"])
    assert set(entry.changes) == {"phone", "city", "birth_year", "last_name"}
    assert User.objects.get(pk=member.user.pk).get_full_name() == "Camille Durand"


def test_saving_the_same_again_notes_nothing(client, member):
    client.post(url("profile"), person())

    assert Entry.objects.about(member).count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("last_name", ""),
        ("first_name", "www.exemple.fr"),
        ("birth_year", "1850"),
        ("birth_year", "2999"),
        ("phone", "0" * 31),
        ("city", "Sète\0"),
    ],
)
def test_bad_input_is_refused_beside_its_field(client, member, field, value):
    response = client.post(url("profile"), person(address="1 rue Neuve", **{field: value}))

    member.refresh_from_db()
    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert (response.context["form"]["address"].value(), member.address) == ("1 rue Neuve", "")


def test_neither_the_address_nor_the_college_is_changed_by_a_forged_form(client, member):
    before = Member.objects.values().get(pk=member.pk)

    client.post(url("profile"), person(email="autre@example.org", college="2", user="", kind="organisation"))

    assert Member.objects.values().get(pk=member.pk) == before


def test_a_representative_corrects_the_organisation(client, organisation):
    response = client.post(
        url("profile", organisation.pk), {"organisation": "La Fabrique", "siret": SIRET, "headcount": "12"}
    )

    organisation.refresh_from_db()
    assert response.status_code == 302
    assert (organisation.organisation, organisation.siret, organisation.headcount) == (
        "La Fabrique",
        "13002526500013",
        12,
    )


@pytest.mark.parametrize("number", ["13002526500014", "12", "abc", "9" * 20])
def test_a_false_siret_is_refused(client, organisation, number):
    response = client.post(url("profile", organisation.pk), {"organisation": "Fabrique", "siret": number})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["siret"]


def test_a_bad_value_that_another_wrote_does_not_stop_a_correction(client, member):
    Member.objects.filter(pk=member.pk).update(birth_year=1)

    member.correct(by=member.user, phone="04 67 00 00 01")

    assert Member.objects.get(pk=member.pk).phone == "04 67 00 00 01"


@pytest.mark.parametrize("name", ["profile", "directory_entry"])
def test_the_record_of_another_does_not_exist(client, member, name):
    assert client.get(url(name, create_member().pk)).status_code == 404
    assert client.post(url(name, create_organisation().pk), person()).status_code == 404


def test_a_colleague_does_not_correct_the_organisation(client, organisation):
    Mandate.objects.update(role=Mandate.Role.COLLEAGUE)

    for name in ("profile", "directory_entry"):
        assert client.post(url(name, organisation.pk), {"organisation": "À moi"}).status_code == 404


@pytest.mark.parametrize("name", ["profile", "directory_entry"])
def test_an_account_without_a_record_reads_so(client, name):
    client.force_login(create_user())

    page = client.get(url(name))

    assert page.status_code == 200
    assert "aucune adhésion n’est liée à ce compte" in page.content.decode().lower()


def test_one_goes_from_a_record_to_the_others(client, organisation, member):
    page = client.get(url("profile")).content.decode()

    assert f'href="{url("profile", organisation.pk)}"' in page
    assert f'href="{url("profile", member.pk)}" aria-current="page"' in page


# The address


def change_address(client, new):
    """As a person does: asks, reads the code, types it."""
    client.post(reverse("account_email"), {"email": new, "action_add": ""})
    text = Email.objects.filter(to=new).latest("pk").text
    [code] = re.findall(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", text, re.MULTILINE)
    return client.post(reverse("account_email_verification_sent"), {"code": code})


def test_the_record_follows_the_address_that_signs_in(client, member):
    change_address(client, "nouvelle@example.org")

    old = member.email
    member.refresh_from_db()
    assert member.email == "nouvelle@example.org"
    entry = Entry.objects.about(member).get()
    assert (entry.actor, entry.changes) == (member.user, {"email": [old, "nouvelle@example.org"]})


def test_nothing_moves_before_the_new_address_is_proved(client, member):
    client.post(reverse("account_email"), {"email": "nouvelle@example.org", "action_add": ""})

    assert Member.objects.get(pk=member.pk).email == member.email


def test_a_record_with_another_address_stays(client, member):
    Member.objects.filter(pk=member.pk).update(email="autre@example.org")

    change_address(client, "nouvelle@example.org")

    assert Member.objects.get(pk=member.pk).email == "autre@example.org"


def test_an_address_that_another_record_has_is_left_for_the_staff(member):
    other = create_member(email="Prise@example.org")

    Member.objects.follow_address(member.user, old=member.email, new="prise@example.org")

    assert Member.objects.get(pk=member.pk).email == member.email
    assert Member.objects.get(pk=other.pk).email == "Prise@example.org"


def test_an_organisation_that_has_the_new_address_does_not_keep_the_record_of_a_person(member):
    create_organisation(email="partagee@example.org")

    Member.objects.follow_address(member.user, old=member.email, new="partagee@example.org")

    assert Member.objects.get(pk=member.pk).email == "partagee@example.org"


def test_the_record_of_somebody_else_never_follows(member):
    other = create_member(user=create_user())

    Member.objects.follow_address(member.user, old=other.email, new="nouvelle@example.org")

    assert Member.objects.get(pk=other.pk).email == other.email


# The entry of the directory


def appear(client, member, version=None):
    version = version or version_on("directory", timezone.localdate())
    return client.post(url("directory_appear", member.pk), {"version": version}, follow=True)


def is_shown(member):
    return DirectoryEntry.objects.shown(on=timezone.localdate()).filter(member=member).exists()


def test_appearing_and_disappearing_take_one_click_each(client, member):
    page = client.get(url("directory_entry"))
    assert (page.context["asks"], page.context["is_shown"]) == (True, False)

    page = appear(client, member)
    assert (is_shown(member), page.context["asks"], page.context["is_shown"]) == (True, False, True)

    page = client.post(url("directory_disappear", member.pk), follow=True)
    assert (is_shown(member), page.context["is_shown"], len(page.context["consents"])) == (False, False, 1)


def test_the_text_is_shown_with_its_date_before_and_after(client, member):
    text = "Cet accord prend"

    assert text in client.get(url("directory_entry")).content.decode()
    assert text in appear(client, member).content.decode()


def test_an_old_wording_is_refused_in_words(client, member):
    page = appear(client, member, version="2000-01-01")

    assert [str(message) for message in page.context["messages"]] == [
        "Le texte de l’accord a changé\u00a0: relisez-le, puis choisissez de nouveau."
    ]
    assert not is_shown(member)


def test_who_is_no_longer_up_to_date_is_refused_in_words(client, member):
    member.memberships.get().cancel()

    page = appear(client, member)

    assert [str(message) for message in page.context["messages"]] == [
        "L’annuaire est celui des membres à jour\u00a0: renouvelez d’abord l’adhésion."
    ]
    assert (is_shown(member), page.context["asks"]) == (False, False)


def test_reading_the_page_changes_nothing(client, member):
    assert client.get(url("directory_appear", member.pk)).status_code == 405
    assert client.get(url("directory_disappear", member.pk)).status_code == 405


def test_nobody_shows_or_hides_another(client, member):
    entry = create_entry()

    assert appear(client, create_member()).status_code == 404
    assert client.post(url("directory_disappear", entry.member.pk)).status_code == 404
    assert is_shown(entry.member)


def test_an_entry_is_written_field_by_field_and_noted(client, member):
    skill = Skill.objects.get(slug="ia-et-sante")
    client.post(url("directory_entry"), {"headline": "Infirmier", "skills": [skill.pk], "shows_email": "on"})

    entry = DirectoryEntry.objects.get()
    assert (entry.member, entry.headline, list(entry.skills.all())) == (member, "Infirmier", [skill])
    assert (entry.shows_email, entry.shows_phone) == (True, False)
    assert not is_shown(member)
    client.post(url("directory_entry"), {"headline": "Infirmier"})
    assert Entry.objects.about(entry).first().changes == {
        "shows_email": [True, False],
        "skills": [[f"IA et santé ({skill.pk})"], []],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("website", "javascript:alert(1)"),
        ("headline", "x" * 121),
        ("bio", "x" * 601),
        ("skills", "0"),
        ("skills", "x"),
    ],
)
def test_a_bad_entry_is_refused_beside_its_field(client, member, field, value):
    response = client.post(url("directory_entry"), {field: value})

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [field]
    assert DirectoryEntry.objects.count() == 0


def test_the_preview_is_what_others_read(client, member):
    client.post(url("directory_entry"), {"headline": "Infirmier", "shows_email": "on"})

    card = client.get(url("directory_entry")).context["preview"]

    assert (card.name, card.headline, card.email, card.phone) == (
        "Camille Démo",
        "Infirmier",
        member.email,
        "",
    )


def test_a_representative_writes_and_shows_the_entry_of_the_organisation(client, organisation):
    page = client.get(url("directory_entry", organisation.pk))
    assert "shows_organisation" not in page.context["form"].fields

    client.post(url("directory_entry", organisation.pk), {"headline": "On fabrique"})
    appear(client, organisation)

    assert is_shown(organisation)
    assert organisation.consents.get().given_by == organisation.mandates.get().user


def test_a_consent_that_ends_before_the_membership_is_asked_again(client, member):
    appear(client, member)
    end = member.memberships.get().ends_on
    create_membership(member, starts_on=end + timedelta(days=1), ends_on=date(end.year + 2, 1, 1))

    page = client.get(url("directory_entry"))
    assert (page.context["is_shown"], page.context["asks"]) == (True, True)

    page = appear(client, member)
    assert (page.context["asks"], page.context["consent"].expires_on) == (False, date(end.year + 2, 1, 1))
