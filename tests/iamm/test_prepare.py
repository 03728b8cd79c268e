import io

import pytest
from django.core.management import call_command

from accounts.models import User
from events.models import Event
from partners.models import Partner
from tests.factories import create_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _personal_machine(settings):
    settings.DEBUG = True


def prepare(**options):
    output = io.StringIO()
    call_command("prepare", stdout=output, stderr=output, **options)
    return output.getvalue()


def test_a_new_base_gets_the_founders_and_no_invented_life():
    prepare()

    assert (Partner.objects.count(), Event.objects.count(), User.objects.count()) == (6, 0, 0)


def test_the_demonstration_fills_an_empty_base_once_and_gives_its_logins_each_time():
    first = prepare(demo=True)
    counts = (Partner.objects.count(), Event.objects.count(), User.objects.count())
    second = prepare(demo=True)

    assert (Partner.objects.count(), Event.objects.count(), User.objects.count()) == counts
    assert counts[1] == 40
    for output in (first, second):
        assert "admin@example.org  mot de passe : demonstration-admin" in output.replace("\u00a0", " ")


def test_the_demonstration_stays_out_of_a_base_that_somebody_uses():
    create_user("tresoriere@association.example")

    prepare(demo=True)

    assert Event.objects.count() == 0
