import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from mailing.models import Email
from tests import factories

pytestmark = pytest.mark.django_db
LIST, ADD = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_user_add")


def _change(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def _data(user, **fields):
    inline = {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0}
    data = {
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": "on",
    }
    return data | {f"emailaddress_set-{name}": value for name, value in inline.items()} | fields


@pytest.fixture
def superuser(client):
    user = factories.create_staff("direction@example.org")
    client.force_login(user)
    return user


@pytest.fixture
def clerk(client):
    """Staff with every right on accounts, who is not a superuser."""
    user = factories.create_user("accueil@example.org", is_staff=True, second_factor=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(user)
    return user


def test_an_account_is_added_with_an_address_that_its_owner_has_to_prove(client, superuser):
    answer = client.post(ADD, _data(User(email="Nouvelle@Example.org")))

    assert answer.status_code == 302
    user = User.objects.get(email="nouvelle@example.org")
    assert not user.has_usable_password()
    assert user.verified_emails == []
    assert list(user.emailaddress_set.values_list("email", "primary")) == [("nouvelle@example.org", True)]


def test_an_address_is_somebody_s_once(client, superuser):
    other = factories.create_user("alex@example.org")
    EmailAddress.objects.create(user=other, email="autre@example.org", verified=True)

    refused = [
        client.post(ADD, _data(User(email=email))).context["adminform"].errors
        for email in ("ALEX@example.org", "autre@example.org")
    ]

    assert [list(errors) for errors in refused] == [["email"], ["email"]]


def test_a_changed_address_opens_nothing_until_it_is_proved(client, superuser):
    user = factories.create_user("ancienne@example.org")

    client.post(_change(user), _data(user, email="nouvelle@example.org"))

    user.refresh_from_db()
    assert user.email == "nouvelle@example.org"
    assert user.verified_emails == []
    assert not EmailAddress.objects.filter(email="ancienne@example.org").exists()


def test_names_change_without_touching_the_address(client, superuser):
    user = factories.create_user("alex@example.org")

    client.post(_change(user), _data(user, first_name="Alex"))

    user.refresh_from_db()
    assert (user.first_name, user.verified_emails) == ("Alex", ["alex@example.org"])


def test_no_page_shows_or_sets_a_password(client, superuser):
    user = factories.create_user("alex@example.org")

    page = client.get(_change(user))

    assert "password" not in page.context["adminform"].form.fields
    assert user.password not in page.text
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[user.pk])
    assert client.get(f"/admin/accounts/user/{user.pk}/password/").status_code in {302, 404}


def test_no_page_shows_secrets_or_vouches_for_addresses():
    names = {model._meta.label for model in admin.site._registry}

    assert names.isdisjoint({"account.EmailAddress", "mfa.Authenticator", "usersessions.UserSession"})


def test_a_clerk_may_not_touch_staff(client, clerk):
    boss = factories.create_staff("direction@example.org")

    client.post(_change(boss), _data(boss, email="pirate@example.org", first_name="Pirate"))
    client.post(reverse("admin:accounts_user_delete", args=[boss.pk]), {"post": "yes"})
    client.post(LIST, {"action": "delete_selected", "_selected_action": boss.pk, "post": "yes"})

    boss.refresh_from_db()
    assert (boss.email, boss.first_name) == ("direction@example.org", "")


def test_a_clerk_may_not_raise_anybody_nor_move_an_address(client, clerk):
    user = factories.create_user("alex@example.org")
    rights = {"is_staff": "on", "is_superuser": "on", "user_permissions": Permission.objects.first().pk}

    client.post(_change(user), _data(user, email="pirate@example.org", first_name="Alex", **rights))
    client.post(_change(clerk), _data(clerk, is_superuser="on"))

    user.refresh_from_db()
    clerk.refresh_from_db()
    assert (user.first_name, user.email) == ("Alex", "alex@example.org")
    assert (user.is_staff, user.is_superuser, user.user_permissions.count()) == (False, False, 0)
    assert not clerk.is_superuser


def test_a_clerk_adds_an_account_without_rights(client, clerk):
    client.post(ADD, _data(User(email="nouvelle@example.org"), is_staff="on", is_superuser="on"))

    user = User.objects.get(email="nouvelle@example.org")
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_nobody_deletes_their_own_account_here(client, superuser):
    client.post(reverse("admin:accounts_user_delete", args=[superuser.pk]), {"post": "yes"})

    assert User.objects.filter(pk=superuser.pk).exists()


def test_a_superuser_takes_away_a_lost_second_factor_after_confirming(client, superuser):
    user = factories.create_user("alex@example.org", second_factor=True)
    data = {"action": "remove_second_factors", "_selected_action": user.pk}

    client.post(LIST, data)
    assert Authenticator.objects.filter(user=user).exists()
    client.post(LIST, data | {"confirmed": "yes"})

    assert not Authenticator.objects.filter(user=user).exists()
    assert Email.objects.get(to="alex@example.org").subject == "Votre second facteur a été retiré"


def test_a_clerk_takes_no_second_factor_away(client, clerk):
    user = factories.create_user("alex@example.org", second_factor=True)

    data = {"action": "remove_second_factors", "_selected_action": user.pk, "confirmed": "yes"}
    client.post(LIST, data)

    assert Authenticator.objects.filter(user=user).exists()


def test_the_list_finds_accounts_and_costs_the_same_for_many(client, superuser, django_assert_num_queries):
    factories.create_user("alex@example.org", last_name="Démo")
    client.get(LIST)  # the first page of a session notes the device
    with CaptureQueriesContext(connection) as first:
        client.get(LIST)
    for _ in range(5):
        factories.create_user(second_factor=True)

    with django_assert_num_queries(len(first)):
        client.get(LIST)
    assert [user.email for user in client.get(LIST, {"q": "démo"}).context["cl"].result_list] == [
        "alex@example.org"
    ]
