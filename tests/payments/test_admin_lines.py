"""The inbox: what it shows, and what staff do there."""

from decimal import Decimal

import pytest
from django.urls import reverse

from payments.models import Aside, PayerAlias, Payment, Refund, StatementLine
from tests.admin import assert_same_queries, search, told, typed, unlabelled
from tests.factories import create_charge, create_line, create_role, create_staff

pytestmark = pytest.mark.django_db
INBOX = reverse("admin:payments_statementline_changelist")


@pytest.fixture
def staff(client):
    client.force_login(create_role("Trésorerie"))
    return client


def url(line, verb="change"):
    return reverse(f"admin:payments_statementline_{verb}", args=[line.pk])


def named(amount=40, name="Camille Démo", **fields):
    """A sum and the line that pays it."""
    charge = create_charge(amount, name=name, **fields)
    return charge, create_line(amount, payer=name.upper())


def accept(client, line, key=None, **query):
    if key is None:
        key = client.get(url(line)).context["row"].proposals[0].key
    address = url(line, "accept") + ("?liste=1&state=to_do" if query else "")
    return client.post(address, {"proposal": key}, follow=True)


# The list


def test_the_inbox_opens_on_what_is_to_do_and_sorts_the_rest(staff):
    charge, matched = named()
    matched.pay({charge.pk: Decimal(40)}, by=create_staff())
    aside = create_line(900)
    aside.set_aside("helloasso", by=create_staff())
    to_do, doubtful = create_line(7), create_line(7, twin=create_line(7))

    assert to_do in search(staff, INBOX)
    assert matched not in search(staff, INBOX)
    assert search(staff, INBOX, state="doubtful") == [doubtful]
    assert search(staff, INBOX, state="matched") == [matched]
    assert search(staff, INBOX, state="set_aside") == [aside]
    assert len(search(staff, INBOX, state="all")) == 5
    assert search(staff, INBOX, state="all", sens="out") == []


def test_a_line_is_found_by_its_words_and_by_its_amount(staff):
    line, other = create_line(41, payer="LE PHARE", label="FACTURE 12"), create_line(-12)

    assert search(staff, INBOX, q="phare") == [line]
    assert search(staff, INBOX, q="facture") == [line]
    assert search(staff, INBOX, q="41,00") == [line]
    assert search(staff, INBOX, q="12") == [other, line]


def test_the_list_says_what_each_line_may_be_and_why(staff):
    charge, line = named()

    page = staff.get(INBOX).text

    assert f'value="pay:{charge.pk}=40.00"' in page
    assert "même nom, montant exact" in page
    assert f'formaction="{url(line, "accept")}?liste=1&amp;"' in page


def test_the_inbox_costs_the_same_for_one_and_for_many(staff):
    create_charge(name="Camille Démo")

    assert_same_queries(staff, INBOX, lambda: create_line(payer="CAMILLE DEMO"))


def test_what_is_done_says_by_what(staff):
    charge, line = named()
    line.pay({charge.pk: Decimal(40)}, by=create_staff())

    page = staff.get(INBOX, {"state": "matched"}).text

    assert "rapprochée" in page
    assert str(charge) in page


# One click


def test_one_click_matches_what_was_shown_and_comes_back_to_the_list(staff):
    charge, line = named()

    response = accept(staff, line, liste=1)

    charge.refresh_from_db()
    assert charge.paid_at is not None
    assert told(response) == [f"Rapprochée\u00a0: {charge}."]
    assert response.redirect_chain == [(f"{INBOX}?state=to_do#inbox", 302)]
    assert f"Rapprochée\u00a0: {charge}." in staff.get(url(line, "history")).text


def test_the_second_click_changes_nothing_and_says_so(staff):
    charge, line = named()
    key = staff.get(url(line)).context["row"].proposals[0].key
    for _twice in range(2):
        response = accept(staff, line, key)

    assert told(response) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]
    assert Payment.objects.count() == 1


def test_a_sum_paid_meanwhile_is_not_paid_twice_by_an_old_page(staff):
    charge, line = named()
    key = staff.get(url(line)).context["row"].proposals[0].key
    charge.record_payment(method="cash", amount=Decimal(40), reference="C1")

    response = accept(staff, line, key)

    assert told(response) == ["Une de ces sommes a reçu de l’argent entre-temps\u00a0: regardez de nouveau."]
    assert not Refund.objects.exists()


def test_a_payment_recorded_meanwhile_is_not_counted_twice_and_it_is_said(staff):
    charge, line = create_charge(40), create_line(40, method="helloasso", bank_id="P-1")
    charge.record_payment(method="helloasso", amount=Decimal(40), reference="P-1")

    response = accept(staff, line, f"pay:{charge.pk}=40.00")

    assert told(response)[0].startswith("Ce paiement était déjà enregistré pour cette somme")
    assert line.locked().remainder == 0


@pytest.mark.parametrize(
    "key",
    ["", "pay", "pay:1", "pay:1=40", "pay:1=-40.00", "pay:1=40.00;2", "set_aside:rien", "erase:1=40.00"],
)
def test_a_forged_proposal_is_refused(staff, key):
    line = create_line(40)

    assert staff.post(url(line, "accept"), {"proposal": key}).status_code == 400
    assert line.locked().remainder == 40


def test_a_forged_payout_of_what_no_bank_told_is_refused(staff):
    line = create_line(method="helloasso", bank_id="P-1")

    assert staff.post(url(line, "accept"), {"proposal": "set_aside:helloasso"}).status_code == 400
    assert not Aside.objects.exists()


def test_a_proposal_of_a_sum_that_is_no_more_is_refused_in_words(staff):
    response = accept(staff, create_line(40), "pay:999999=40.00")

    assert told(response) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]


def test_one_click_sets_a_payout_aside(staff):
    line = create_line(900, payer="HELLOASSO")

    response = accept(staff, line)

    assert told(response) == ["Mise de côté\u00a0: reversement de HelloAsso."]
    assert Aside.objects.get().account == "580"


def test_one_click_notes_a_refund_and_a_bounced_cheque(staff):
    charge = create_charge(40)
    payment = charge.record_payment(method="cheque", amount=Decimal(40), reference="0001")
    bounced = create_line(-40, payer="CAMILLE DEMO", label="CHEQUE IMPAYE")
    assert told(accept(staff, bounced)) == [f"Impayé noté\u00a0: {charge} est de nouveau à régler."]

    other = create_charge(15)
    other.record_payment(method="cash", amount=Decimal(15), reference="C1")
    refund = other.owe_refund(Decimal(15), reason="gesture")
    assert told(accept(staff, create_line(-15, payer="CAMILLE DEMO"))) == [
        f"Remboursement noté\u00a0: {other}."
    ]

    refund.refresh_from_db()
    assert (refund.payment.amount, payment.countered_by.count()) == (-15, 1)


# By hand


def test_a_line_is_split_over_what_somebody_searched(staff):
    line = create_line(55, payer="INCONNU", label="")
    charges = [create_charge(40, name="Zoé Essai"), create_charge(15, name="Zoé Essai")]

    page = staff.get(url(line), {"q": "zoé essai"})
    amounts = {f"amount_{charge.pk}": str(charge.amount) for charge in charges}
    response = staff.post(url(line, "match"), amounts, follow=True)

    assert {charge for charge, _field in page.context["match"].rows()} == {*charges}
    assert told(response)[0].startswith("Rapprochée")
    assert line.locked().remainder == 0


@pytest.mark.parametrize("q", ["S-{:06d}", "{}", "zoe@example.org", "Essai"])
def test_a_sum_is_searched_by_its_number_its_payer_and_their_address(staff, q):
    line, charge = (
        create_line(7, payer="X", label=""),
        create_charge(40, name="Zoé Essai", email="zoe@example.org"),
    )

    page = staff.get(url(line), {"q": q.format(charge.pk)})

    assert [found for found, _field in page.context["match"].rows()] == [charge]


def test_more_than_is_due_is_asked_about_once_then_kept_to_be_given_back(staff):
    line, charge = create_line(50), create_charge(40)
    amount = {f"amount_{charge.pk}": "50,00"}

    refused = staff.post(url(line, "match"), amount)
    again = typed_match(refused)
    response = staff.post(url(line, "match"), again | {"may_exceed": "on"}, follow=True)

    assert refused.status_code == 400
    assert "10,00\u00a0€ de plus que ce qui est dû." in refused.text
    assert again[f"amount_{charge.pk}"] == "50,00"
    assert told(response)[0].startswith("Rapprochée")
    assert Refund.objects.get().amount == 10


def typed_match(response):
    """What the form of the page would send again."""
    return {name: value for name, value in typed(response).items() if name.startswith("amount_")}


@pytest.mark.parametrize(
    ("amount", "message"),
    [("", "Écrivez un montant"), ("41", "Cela fait 41,00\u00a0€"), ("0", "supérieur à zéro")],
)
def test_an_amount_that_does_not_fit_is_said_beside_it(staff, amount, message):
    line, charge = create_line(40, payer=""), create_charge(90)

    response = staff.post(url(line, "match"), {f"amount_{charge.pk}": amount})

    assert response.status_code == 400
    assert message in response.text
    assert line.locked().remainder == 40


def test_refunds_are_chosen_for_money_that_left(staff):
    charge = create_charge(40)
    charge.record_payment(method="cash", amount=Decimal(40), reference="C1")
    refunds = [charge.owe_refund(Decimal(amount), reason="gesture") for amount in (10, 20)]
    line = create_line(-30, payer="X", label="")

    nothing = staff.post(url(line, "refunds"), {})
    response = staff.post(url(line, "refunds"), {"refunds": [one.pk for one in refunds]}, follow=True)

    assert nothing.status_code == 400
    assert told(response)[0].startswith("Remboursement noté")
    assert line.locked().remainder == 0


def test_more_refunds_than_left_are_refused_beside_the_field(staff):
    charge = create_charge(40)
    charge.record_payment(method="cash", amount=Decimal(40), reference="C1")
    refunds = [charge.owe_refund(Decimal(20), reason="gesture") for _twice in range(2)]
    line = create_line(-30, payer="X", label="")

    response = staff.post(url(line, "refunds"), {"refunds": [one.pk for one in refunds]})

    assert "Cela fait 40,00\u00a0€" in response.text
    assert Refund.objects.to_make().count() == 2


def test_a_line_is_set_aside_with_a_reason(staff):
    line = create_line(-12)

    refused = staff.post(url(line, "aside"), {"reason": "other"})
    response = staff.post(url(line, "aside"), {"reason": "other", "note": "Timbres"}, follow=True)

    assert "Dites en quelques mots ce que c’est." in refused.text
    assert told(response) == ["Mise de côté\u00a0: autre."]
    assert Aside.objects.get().note == "Timbres"


def test_what_a_provider_kept_of_a_payout_is_said_with_it(staff):
    line = create_line(95)
    refused = staff.post(url(line, "aside"), {"reason": "subsidy", "fees": "5,00"})
    assert refused.status_code == 400
    assert "Seul un reversement a des frais retenus." in refused.text

    staff.post(url(line, "aside"), {"reason": "stripe", "fees": "5,00"})

    assert sorted((aside.reason, aside.amount) for aside in line.asides.all()) == [
        ("fees", -5),
        ("stripe", 100),
    ]


def test_a_provider_s_payment_cannot_be_a_payout(staff):
    line = create_line(40, method="stripe", bank_id="pi_1")

    assert staff.post(url(line, "aside"), {"reason": "helloasso"}).status_code == 400


@pytest.mark.parametrize(("verb", "left"), [("apart", 40), ("accept", 0)])
def test_a_doubtful_line_is_decided(staff, verb, left):
    line = create_line(40, twin=create_line(40))

    staff.post(url(line, verb), {"proposal": "set_aside:double"})

    assert line.locked().remainder == left
    assert not StatementLine.objects.doubtful().exists()


# Undone


@pytest.mark.parametrize("first", ["accept", "apart"])
def test_an_old_page_does_not_decide_again_what_a_line_is(staff, first):
    line = create_line(7, twin=create_line(7))
    second = {"accept": "apart", "apart": "accept"}[first]

    for verb in (first, second):
        response = staff.post(url(line, verb), {"proposal": "set_aside:double"}, follow=True)

    assert told(response) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]
    line.refresh_from_db()
    assert (line.told_apart_at is None, Aside.objects.exists()) == (first == "accept", first == "accept")


def test_each_act_is_undone_from_the_line(staff):
    charge, line = named()
    accept(staff, line)
    payment = Payment.objects.get()
    undo = reverse("admin:payments_payment_undo", args=[payment.pk])
    assert undo in staff.get(url(line)).text

    response = staff.post(undo, {"reason": "Mauvaise personne"}, follow=True)

    assert response.redirect_chain[-1][0] == url(line)
    assert line.locked().remainder == 40
    assert undo not in staff.get(url(line)).text


def test_what_was_set_aside_is_taken_back_once(staff):
    line = create_line(900)
    aside = line.set_aside("helloasso", by=create_staff())
    undo = reverse("admin:payments_statementline_undo_aside", args=[aside.pk])
    assert undo in staff.get(url(line)).text

    first, second = (staff.post(undo, follow=True) for _twice in range(2))

    assert told(first) == ["Mise de côté annulée\u00a0: la ligne est de nouveau à rapprocher."]
    assert told(second) == ["C’est déjà fait, ou quelqu’un s’en est occupé entre-temps."]
    assert line.locked().remainder == 900


# Rights, and pages


def test_every_input_has_a_label(staff):
    charge, line = named()
    charge.record_payment(method="cash", amount=Decimal(40), reference="C1")
    charge.owe_refund(Decimal(10), reason="gesture")

    for one in (line, create_line(-10), create_line(40, twin=line)):
        assert unlabelled(staff.get(url(one), {"q": "camille"})) == []


def test_looking_gives_no_right_to_act(client):
    reader = create_role("Trésorerie")
    group = reader.groups.get()
    group.permissions.remove(group.permissions.get(codename="change_statementline"))
    client.force_login(reader)
    _charge, line = named()

    answers = [
        client.post(url(line, verb), {"proposal": "x"}).status_code
        for verb in ("accept", "match", "refunds", "aside", "apart", "doubt")
    ]

    assert answers == [403] * 6
    assert 'name="proposal"' not in client.get(url(line)).text
    assert client.get(url(line)).status_code == 200


@pytest.mark.parametrize("verb", ["accept", "match", "refunds", "aside", "apart", "doubt"])
def test_a_verb_is_not_an_address_to_follow(staff, verb):
    assert staff.get(url(create_line(), verb)).status_code == 405


def test_others_see_no_bank(client):
    client.force_login(create_role("Formations"))

    assert [client.get(INBOX).status_code, client.get(url(create_line())).status_code] == [403, 403]
    assert client.get(INBOX.replace("statementline", "payeralias")).status_code == 403


def test_what_waits_is_on_the_first_page_of_the_admin(staff):
    create_line(40, twin=create_line(40))

    page = staff.get(reverse("admin:index")).text

    assert "1 ligne de la banque à rapprocher" in page
    assert "1 ligne de la banque peut-être en double" in page


def test_who_pays_for_whom_is_read_and_deleted(staff):
    PayerAlias.objects.learn(create_line(payer="LE PHARE"), "lou@example.org")
    alias = PayerAlias.objects.get()
    delete = reverse("admin:payments_payeralias_delete", args=[alias.pk])

    assert "LE PHARE" in staff.get(reverse("admin:payments_payeralias_changelist")).text
    staff.post(delete, {"post": "yes"})

    assert not PayerAlias.objects.exists()
