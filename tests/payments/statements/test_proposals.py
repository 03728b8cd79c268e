from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from payments.models import PayerAlias, StatementLine
from payments.statements.proposals import Desk
from payments.transfer import reference_of
from tests.factories import create_charge, create_line, create_staff, create_user

pytestmark = pytest.mark.django_db


def charge(amount=40, name="Camille Démo", email="camille@example.org", **fields):
    return create_charge(amount, email=email, name=name, **fields)


def line(amount=40, payer="", label="", **fields):
    return create_line(amount, payer=payer, label=label, **fields)


def proposed(one):
    return Desk([one]).propose(one)


def first(one):
    """What it would do first, and whether it is sure."""
    found = proposed(one)
    return (found[0].rows, found[0].is_sure) if found else None


@pytest.fixture
def others():
    """Of the same amount, so that an amount alone says nothing."""
    return [charge(40, f"Personne {letter * 5}", f"{letter}@example.org") for letter in "abcdefgh"]


def test_a_number_and_its_amount_are_sure_whoever_pays(others):
    one = charge()

    assert first(line(label=f"ADHESION {one.number}")) == ((one,), True)
    assert first(line(reference=reference_of(one))) == ((one,), True)
    assert first(line(payer="SARL INCONNUE", end_to_end=one.number)) == ((one,), True)


def test_a_name_and_its_amount_are_sure(others):
    one = charge()

    [proposal, *_others] = proposed(line(payer="MME DEMO CAMILLE"))

    assert (proposal.rows, proposal.is_sure) == ((one,), True)
    assert proposal.reasons == ("même nom", "montant exact")
    assert proposal.key == f"pay:{one.pk}=40.00"


def test_a_number_that_names_another_payer_is_proposed_and_not_sure(others):
    typed, named = charge(name="Zoé Essai", email="zoe@example.org"), charge(amount=90)

    found = proposed(line(payer="DEMO CAMILLE", label=typed.number))

    assert (found[0].rows, found[0].is_sure) == ((typed,), False)
    assert named in [proposal.rows[0] for proposal in found]


def test_a_name_and_its_amount_are_not_sure_beside_the_number_of_another_sum(others):
    named = charge()

    [proposal, *_others] = proposed(
        line(payer="DEMO CAMILLE", label=charge(90, "Zoé Essai", "zoe@example.org").number)
    )

    assert (proposal.rows, proposal.is_sure) == ((named,), False)
    assert "le libellé porte le numéro d’une autre somme" in proposal.reasons


def test_a_slip_in_the_number_gives_way_to_the_name_and_the_amount(others):
    named = charge()
    digits = f"{named.pk:06d}"
    slip = f"S-{digits[:-2]}{digits[-1]}{digits[-2]}"

    assert first(line(payer="DEMO CAMILLE", label=slip))[0] == (named,)


def test_an_amount_alone_is_said_only_where_few_owe_it(others):
    rare = charge(137, "Zoé Essai", "zoe@example.org")

    assert first(line(137)) == ((rare,), False)
    assert proposed(line(40)) == []


def test_several_sums_of_one_payer_make_the_amount(others):
    both = (charge(40), charge(15))
    charge(90)

    [proposal, *_others] = proposed(line(55, payer="DEMO CAMILLE"))

    assert (proposal.rows, proposal.parts) == (both, (40, 15))
    assert proposal.reasons[-1] == "2 sommes font ce montant ensemble"


def test_several_numbers_make_the_amount_whoever_owes_them(others):
    one, other = charge(40), charge(15, "Zoé Essai", "zoe@example.org")

    assert first(line(55, label=f"{one.number} {other.number}"))[0] == (one, other)


def test_a_part_and_more_than_is_due_are_said(others):
    one = charge(90)

    part, more = (
        proposed(line(50, payer="DEMO CAMILLE"))[0],
        proposed(line(120, payer="X", label=one.number))[0],
    )

    assert (part.parts, part.reasons[-1]) == ((50,), "une partie\u00a0: il resterait 40,00\u00a0€")
    assert (more.parts, more.reasons[-1]) == ((90,), "30,00\u00a0€ de plus que ce qui est dû")


def test_what_is_left_is_what_counts(others):
    one = charge(60)
    one.record_payment(method="cash", amount=Decimal(20), reference="C1")

    assert first(line(payer="DEMO CAMILLE"))[0] == (one,)


def test_money_that_comes_late_finds_what_has_lapsed(others):
    late = charge(payable_until=timezone.now() - timedelta(days=3))

    proposal = proposed(line(payer="DEMO CAMILLE"))[0]

    assert proposal.rows == (late,)
    assert "délai passé" in proposal.reasons


@pytest.mark.parametrize("close", ["cancel", "pay"])
def test_what_is_asked_no_more_is_not_proposed(close):
    one = charge()
    if close == "cancel":
        one.cancel()
    else:
        one.record_payment(method="cash", amount=Decimal(40), reference="C1")

    assert proposed(line(payer="DEMO CAMILLE", label=one.number)) == []


def test_a_counterparty_that_paid_before_is_known_again(others):
    one = charge()
    PayerAlias.objects.learn(line(payer="LE PHARE VERT"), "camille@example.org")

    proposal = proposed(line(payer="SARL Phare Vert", label="COTISATION"))[0]

    assert proposal.rows == (one,)
    assert proposal.reasons[0] == "cette contrepartie a déjà payé pour cette personne"


def test_a_counterparty_that_paid_for_many_says_nothing(others):
    charge()
    for email in ("a@example.org", "b@example.org", "camille@example.org"):
        PayerAlias.objects.learn(line(payer="LE PHARE VERT"), email)

    assert proposed(line(payer="LE PHARE VERT")) == []


def test_the_account_and_the_address_of_who_owes_name_them_too(others):
    account = create_user("jd@example.org", first_name="Jeanne", last_name="Essai")
    by_account = charge(name="Société d’études", email="contact@example.org", user=account)
    by_address = charge(name="L’entreprise", email="lucien.vidal@example.org")

    assert first(line(payer="ESSAI JEANNE"))[0] == (by_account,)
    assert first(line(payer="VIDAL LUCIEN"))[0] == (by_address,)


def test_a_provider_s_payment_is_known_by_any_address_of_the_account(others):
    account = create_user("principale@example.org")
    account.emailaddress_set.create(email="autre@example.org", verified=True, primary=False)
    one = charge(email="autre@example.org")

    found = line(method="helloasso", email="principale@example.org", payer="X", bank_id="P-1")

    assert first(found) == ((one,), True)


# Not a payment of anybody


@pytest.mark.parametrize(
    ("amount", "label", "reason"),
    [
        (900, "VIR HELLO ASSO VERSEMENT", "helloasso"),
        (900, "STRIPE PAYMENTS EUROPE", "stripe"),
        (120, "VERSEMENT ESPÈCES GUICHET", "cash"),
        (-12, "FRAIS DE TENUE DE COMPTE", "fees"),
        (5000, "SUBVENTION 2026", "subsidy"),
        (200, "REMISE DE CHEQUES N 12", "known"),
    ],
)
def test_what_is_no_payment_is_said_to_be_so(amount, label, reason):
    [proposal] = proposed(line(amount, label=label))

    assert (proposal.kind, proposal.key) == ("set_aside", f"set_aside:{reason}")


def test_a_transfer_that_somebody_typed_before_is_not_counted_twice():
    charge().record_payment(method="transfer", amount=Decimal(40), reference="VIR CAMILLE")

    assert proposed(line(payer="DEMO CAMILLE"))[0].key == "set_aside:known"
    assert proposed(line(payer="ESSAI ZOE")) == []
    assert proposed(line(payer="DEMO CAMILLE", booked_on=timezone.localdate() - timedelta(days=30))) == []


def test_a_provider_s_payment_that_has_found_its_charge_since_is_said_to_be_known():
    found = line(method="helloasso", bank_id="P-1")
    charge().record_payment(method="helloasso", amount=Decimal(40), reference="P-1")

    assert proposed(found)[0].key == "set_aside:known"


# Money that left


def test_money_that_left_is_a_refund_that_was_to_make(others):
    one, other = charge(40), charge(40, "Zoé Essai", "zoe@example.org")
    for each in (one, other):
        each.record_payment(method="cash", amount=Decimal(40), reference=str(each.pk))
    refunds = [each.owe_refund(Decimal(40), reason="gesture") for each in (one, other)]

    [proposal, *_others] = proposed(line(-40, payer="ESSAI ZOE"))

    assert (proposal.kind, proposal.rows, proposal.is_sure) == ("give_back", (refunds[1],), True)


def test_money_that_left_may_be_a_payment_that_bounced(others):
    payment = charge().record_payment(method="cheque", amount=Decimal(40), reference="0001")

    [proposal] = proposed(line(-40, label="CHEQUE IMPAYE DEMO CAMILLE"))

    assert (proposal.kind, proposal.rows, proposal.is_sure) == ("charge_back", (payment,), False)


# All of them


def test_nothing_is_proposed_for_what_is_done_or_doubtful(others):
    one, staff = charge(), create_staff()
    done = line(payer="DEMO CAMILLE")
    done.set_aside("other", by=staff)

    assert proposed(done) == []
    assert proposed(line(payer="DEMO CAMILLE", twin=done)) == []
    assert first(line(payer="DEMO CAMILLE"))[0] == (one,)


def test_a_page_costs_as_many_queries_as_a_line(others, django_assert_num_queries):
    lines = [line(payer=f"DEMO CAMILLE {n}", label=f"S-{n:06d}") for n in range(50)]

    for some in (lines[:1], lines):
        rows = list(StatementLine.objects.with_left().filter(pk__in=[one.pk for one in some]))
        with django_assert_num_queries(5):
            desk = Desk(rows)
            for row in rows:
                desk.propose(row)
