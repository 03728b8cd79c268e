from decimal import Decimal
from functools import partial
from uuid import uuid4

import pytest

from accounts.models import User
from iamm import erasure
from iamm.personal import Person
from members.models import Application, Member
from payments.models import Charge, Payment, Refund
from tests.factories import create_event, create_plan, create_user, register


@pytest.mark.parametrize("_again", range(3))
def test_a_payment_that_arrives_while_its_payer_is_erased_is_never_lost(at_once, _again):
    user = create_user()
    application = Application.submit(
        create_plan(), email=user.email, user=user, request_key=uuid4(), last_name="Démo"
    )
    pay = partial(application.charge.record_payment, method="sandbox", amount=Decimal(40), reference="1")

    erased, paid = at_once(partial(erasure.erase, Person.of_user(user)), pay)

    assert (erased, type(paid)) == (None, Payment)
    application.refresh_from_db()
    if application.state == Application.State.DONE:  # it came before: the member it made is erased too
        assert [str(member) for member in Member.objects.all()] == ["Personne effacée"]
        assert Charge.objects.get().email == user.email
    else:  # it came after: there is nobody to make a member of
        assert Refund.objects.get().amount == 40
        assert not Member.objects.exists()


def test_two_people_of_the_same_events_are_erased_at_once(at_once):
    users, events = [create_user(), create_user()], [create_event(capacity=3) for _ in range(3)]
    for index, user in enumerate(users):
        for event in events[:: -1 if index else 1]:
            register(event, user.email, user=user)

    results = at_once(*[partial(erasure.erase, Person.of_user(user)) for user in users])

    assert results == [None, None]
    assert [event.places_taken for event in events] == [0, 0, 0]


def test_somebody_erased_five_times_at_once_is_erased_once(at_once):
    user = create_user()
    register(create_event(), user.email, user=user)

    people = [Person.of_user(User.objects.get(pk=user.pk)) for _ in range(5)]

    results = at_once(*[partial(erasure.erase, person) for person in people])

    assert [result for result in results if result is not None] == []
