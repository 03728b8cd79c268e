"""Who is known to pay for whom: learnt from what a person matches, and unlearnt."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from payments.models import PayerAlias
from tests.factories import create_charge, create_line, create_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return create_staff()


def test_who_pays_for_whom_is_learnt_by_name_and_by_account_and_unlearnt(staff):
    line, charge = (
        create_line(40, payer="SARL CHEZ LOU", iban="FR7699999"),
        create_charge(40, email="lou@example.org"),
    )
    [payment] = line.pay({charge.pk: Decimal(40)}, by=staff)
    same = [create_line(9, payer="Sarl « Chez Lou »"), create_line(9, payer="Autre", iban="FR7699999")]

    assert [PayerAlias.objects.of_lines([one]).get().email for one in same] == ["lou@example.org"] * 2
    assert "FR76" not in str(list(PayerAlias.objects.values()))

    payment.undo(by=staff)
    assert not PayerAlias.objects.exists()


def test_a_match_undone_leaves_what_another_has_taught(staff):
    charges = [create_charge(20, email="lou@example.org") for _three in range(3)]
    create_line(20, payer="LE PHARE").pay({charges[0].pk: Decimal(20)}, by=staff)
    payments = create_line(40, payer="LE PHARE").pay({one.pk: Decimal(20) for one in charges[1:]}, by=staff)

    for payment in payments:
        payment.undo(by=staff)

    assert PayerAlias.objects.get().times == 1


def test_a_payer_not_seen_for_three_years_is_forgotten(staff):
    from iamm import due, retention  # noqa: PLC0415

    line = create_line(40, payer="Lou", iban="FR76")
    PayerAlias.objects.learn(line, "lou@example.org")
    PayerAlias.objects.filter(pk=PayerAlias.objects.latest("pk").pk).update(
        used_on=timezone.localdate() - timedelta(days=4 * 365)
    )

    assert due.payer_aliases(retention.rule("payer-aliases").kept).count() == 1


def test_what_a_provider_says_of_its_payer_unlearns_nothing_of_the_bank(staff):
    of_the_bank = create_line(9, payer="SARL LOU")
    of_the_bank.pay({create_charge(9, email="lou@example.org").pk: Decimal(9)}, by=staff)
    line = create_line(40, payer="SARL LOU", method="helloasso", bank_id="P-1")
    [payment] = line.pay({create_charge(40, email="lou@example.org").pk: Decimal(40)}, by=staff)

    payment.undo(by=staff)

    assert PayerAlias.objects.get().times == 1
