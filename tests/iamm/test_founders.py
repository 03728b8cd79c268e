import re

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse
from PIL import Image

from events.models import Event
from iamm.founders import FOUNDERS
from members.models import College, Kind, Member, Membership, Plan
from partners.models import Fact, Partner
from tests.factories import create_college, create_event, create_partner

pytestmark = pytest.mark.django_db


def load():
    call_command("load_founders", verbosity=0)


def counts():
    models = [Partner, Fact, Member, College, Plan, Membership]
    return [model.objects.count() for model in models]


def test_loading_makes_six_founders_with_their_facts_their_college_and_their_member():
    load()

    founders = list(Partner.objects.founders())
    assert [founder.monogram for founder in founders] == ["UM", "CHU", "RO", "3M", "113", "FT"]
    assert [founder.tint for founder in founders] == [1, 2, 3, 4, 5, 6]
    assert [founder.facts.count() for founder in founders] == [len(founder.facts) for founder in FOUNDERS]
    slugs = ["fondateurs", "academique", "economique", "institutionnel", "citoyens"]
    assert list(College.objects.values_list("slug", flat=True)) == slugs
    members = Member.objects.filter(kind=Kind.ORGANISATION, college__slug="fondateurs", email="")
    assert set(members.values_list("organisation", flat=True)) == {founder.name for founder in founders}


def test_what_is_loaded_fits_the_rules_of_the_admin():
    load()

    for row in [*Partner.objects.all(), *Fact.objects.all(), *College.objects.all(), *Plan.objects.all()]:
        row.full_clean()


def test_every_fact_names_its_source():
    load()

    assert Fact.objects.filter(source="").count() == 0


def test_nobody_can_join_as_a_founder_and_no_period_is_made_up(client):
    load()

    response = client.get(reverse("members:plan_list"))

    assert list(response.context["plans"]) == []
    assert Membership.objects.count() == 0


def test_loading_again_creates_nothing():
    load()
    before = counts()

    load()

    assert counts() == before


def test_loading_again_keeps_what_staff_edited():
    load()
    Partner.objects.filter(slug="digital-113").update(name="Digital 113 bis", summary="Une autre phrase")
    Partner.objects.filter(slug="region-occitanie").update(slug="occitanie")
    Partner.objects.get(slug="chu-de-montpellier").facts.all().delete()
    Member.objects.filter(organisation="Digital 113").update(organisation="Digital 113 bis")
    College.objects.filter(slug="citoyens").update(name="Citoyennes et citoyens")
    before = counts()

    load()

    assert counts() == before
    assert Partner.objects.get(slug="digital-113").summary == "Une autre phrase"
    assert Partner.objects.get(slug="chu-de-montpellier").facts.count() == 0


def test_a_deleted_founder_comes_back_without_a_second_member():
    load()
    before = counts()
    Partner.objects.get(slug="digital-113").delete()

    load()

    assert counts() == before


def test_colleges_that_exist_already_are_used():
    create_college("Collège fondateur", "fondateurs")

    load()

    assert College.objects.count() == 5
    assert Member.objects.filter(college__name="Collège fondateur").count() == 6


def test_the_list_shows_the_six_founders_in_order(client):
    load()

    response = client.get(reverse("founder_list"))

    names = re.findall(r'<h2><a href="/fondateurs/[\w-]+/">(.+?)</a></h2>', response.text)
    assert names == [founder.name for founder in FOUNDERS]


def test_the_list_without_founders_says_so(client):
    response = client.get(reverse("founder_list"))

    assert "Les pages des membres fondateurs sont en préparation." in response.text


@pytest.mark.parametrize("founder", FOUNDERS, ids=[founder.slug for founder in FOUNDERS])
def test_the_page_of_a_founder_shows_each_fact_with_its_source(client, founder):
    load()

    response = client.get(reverse("founder", args=[founder.slug]))

    sources = re.findall(r"Source\u00a0: (.+?)</small>", response.text)
    assert sorted(sources) == sorted(fact.source for fact in founder.facts)
    shown = response.context["figures"] + response.context["milestones"]
    assert sorted(fact.text for fact in shown) == sorted(fact.text for fact in founder.facts)


def test_the_page_lists_the_coming_events_of_this_founder_alone(client):
    founder = create_partner()
    ours, theirs, draft = create_event(), create_event(), create_event(status=Event.Status.DRAFT)
    ours.partners.add(founder)
    theirs.partners.add(create_partner())
    draft.partners.add(founder)

    response = client.get(founder.get_absolute_url())

    assert list(response.context["events"]) == [ours]


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_runs_the_same_queries_for_one_event_and_for_three(
    client, django_assert_num_queries, number
):
    founder = create_partner()
    for _ in range(number):
        create_event().partners.add(founder)

    with django_assert_num_queries(5):
        client.get(founder.get_absolute_url())


def test_markdown_of_staff_cannot_carry_a_script(client):
    founder = create_partner(presentation="<script>alert(1)</script> [lien](javascript:alert(1))")

    response = client.get(founder.get_absolute_url())

    assert "<script>alert" not in response.text
    assert 'href="javascript:' not in response.text


def test_a_partner_that_is_no_founder_has_no_page(client):
    partner = create_partner(is_founder=False)

    assert client.get(partner.get_absolute_url()).status_code == 404


def red_logo():
    image = ContentFile(b"", "logo.png")
    Image.new("RGB", (80, 40), "red").save(image, "PNG")
    return image


def test_a_logo_is_served_by_the_portal_itself(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    founder = create_partner(logo=red_logo())

    response = client.get(founder.logo.url)

    assert b"".join(response.streaming_content)[8:12] == b"WEBP"
    assert response["Content-Type"] == "image/webp"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert f'src="{founder.logo.url}"' in client.get(founder.get_absolute_url()).text


@pytest.mark.parametrize(
    "path",
    [
        "partners/absent.webp",
        "partners/secret.txt",
        "autre/secret.webp",
        "partners/../autre/secret.webp",
        "partners/%2e%2e/autre/secret.webp",
        "partners/",
    ],
)
def test_no_other_file_is_served(client, settings, tmp_path, path):
    settings.MEDIA_ROOT = tmp_path
    for name in ["partners/secret.txt", "autre/secret.webp"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret")

    assert client.get(f"/media/{path}").status_code == 404
