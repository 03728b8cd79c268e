import pytest
from django.core.management import call_command
from django.urls import reverse

from members.models import Consent, Skill
from tests.factories import create_entry, create_staff, create_user

pytestmark = pytest.mark.django_db
CONSENTS = reverse("admin:members_consent_changelist")


def test_staff_read_consents_and_write_none(client):
    client.force_login(create_staff())
    consent = create_entry().member.consents.get()
    change = reverse("admin:members_consent_change", args=[consent.pk])

    page = client.get(change)

    assert consent.text[:40] in page.content.decode()
    assert client.get(reverse("admin:members_consent_add")).status_code == 403
    assert client.post(change, {"expires_on": "2030-01-01"}).status_code == 403
    assert Consent.objects.get().expires_on == consent.expires_on


@pytest.mark.parametrize(("state", "number"), [("in_force", 1), ("over", 1), ("x", 2)])
def test_consents_are_listed_by_what_they_are_worth(client, state, number):
    client.force_login(create_staff())
    create_entry()
    over = create_entry().member
    Consent.withdraw(over, "directory")

    rows = client.get(CONSENTS, {"state": state}).context["cl"].queryset

    assert rows.count() == number


def test_the_staff_of_memberships_write_skills_and_read_consents(client):
    call_command("load_roles", verbosity=0)
    user = create_user(is_staff=True, second_factor=True)
    client.force_login(user)
    assert client.get(CONSENTS).status_code == 403

    user.groups.set(create_user().groups.model.objects.filter(name="Adhésions"))

    client.post(reverse("admin:members_skill_add"), {"name": "IA et mer", "slug": "ia-et-mer", "position": 9})
    assert Skill.objects.filter(slug="ia-et-mer").count() == 1
    assert client.get(CONSENTS).status_code == 200
