from collections import Counter
from decimal import Decimal
from functools import partial
from uuid import uuid4

from mailing.models import Email
from members import plan_changes
from members.models import Application, ApplicationOpen, Decided, Membership
from payments.models import Charge, Refund
from tests.factories import create_member, create_membership, create_plan, create_staff
from tests.members.applying import pay, submit


def kinds(results):
    return Counter(type(result) for result in results)


def test_two_clicks_at_once_are_one_application(at_once):
    plan, key = create_plan(), uuid4()

    results = at_once(*[partial(submit, plan, request_key=key)] * 6)

    assert {result.pk for result in results} == {Application.objects.get().pk}
    assert Charge.objects.count() == 1


def test_two_forms_at_once_with_one_address_are_one_application(at_once):
    plan = create_plan(approval="everybody")

    results = at_once(*[partial(submit, plan) for _ in range(6)])

    assert kinds(results) == {Application: 1, ApplicationOpen: 5}
    assert Email.objects.count() == 1


def test_one_address_in_several_spellings_is_one_application(at_once):
    plan = create_plan()
    spellings = ["zoé@médi.example.org", "ZOÉ@MÉDI.example.org", "zoe\u0301@xn--mdi-bma.Example.org"]

    results = at_once(*[partial(submit, plan, email) for email in spellings * 2])

    assert kinds(results) == {Application: 1, ApplicationOpen: 5}
    assert Application.objects.get().email == "zoé@xn--mdi-bma.example.org"


def test_a_free_plan_asked_for_at_once_opens_one_period(at_once):
    plan = create_plan(price=Decimal(0))

    at_once(*[partial(submit, plan) for _ in range(4)])

    assert Membership.objects.count() == Application.objects.filter(state="done").count()
    assert Membership.objects.values("member").distinct().count() == 1


def test_the_first_of_two_who_decide_at_once_is_heard(at_once):
    application = submit(create_plan(approval="everybody"))
    zoe, noe = create_staff(), create_staff()
    seen = [Application.objects.get(pk=application.pk) for _ in range(4)]

    results = at_once(
        partial(seen[0].accept, by=zoe),
        partial(seen[1].refuse, by=noe, reason="Non"),
        partial(seen[2].accept, by=noe),
        partial(seen[3].refuse, by=zoe, reason="Non"),
    )

    assert kinds(results) == {type(None): 1, Decided: 3}
    assert Charge.objects.count() == Application.objects.filter(state="accepted").count()


def test_paying_and_withdrawing_at_once_lose_no_money(at_once):
    applications = [submit(create_plan(), f"p{number}@example.org") for number in range(6)]
    seen = [Application.objects.get(pk=one.pk) for one in applications]

    results = at_once(*[partial(pay, one) for one in applications], *[one.abandon for one in seen])

    assert [result for result in results if isinstance(result, Exception)] == []
    states = Counter(Application.objects.values_list("state", flat=True))
    assert states["done"] + states["abandoned"] == 6
    assert Membership.objects.count() == states["done"]
    assert Refund.objects.count() == states["abandoned"]


def test_two_changes_of_plan_at_once_are_one_change(at_once):
    cheap, dear = create_plan(price=Decimal(20)), create_plan(price=Decimal(60))
    member = create_member()
    application = submit(create_plan(price=Decimal(40)), member.email)
    period = pay(application)

    results = at_once(
        *[partial(plan_changes.change, period, cheap, request_key=uuid4()) for _ in range(3)],
        *[partial(plan_changes.change, period, dear, request_key=uuid4()) for _ in range(3)],
    )

    changes = Application.objects.filter(replaces=period)
    assert changes.count() == 1
    assert len([one for one in results if isinstance(one, Application)]) == 1
    assert Refund.objects.count() == changes.filter(plan=cheap).count()


def test_one_change_clicked_six_times_at_once_is_one(at_once):
    period = create_membership(plan=create_plan(price=Decimal(0)))
    free, key = create_plan(price=Decimal(0)), uuid4()

    results = at_once(*[partial(plan_changes.change, period, free, request_key=key)] * 6)

    assert {one.pk for one in results} == {Application.objects.get().pk}
    assert Membership.objects.effective().count() == 2
