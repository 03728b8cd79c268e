"""All that a line of the bank may still pay, read once for many lines: as many queries for one as for a thousand."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from payments.models import Charge, Document, PayerAlias, Payment, Refund, StatementLine
from payments.models.asides import alias_keys
from payments.statements.names import Names

BY_HAND_AROUND = timedelta(days=10)  # between what somebody typed and what the bank says
BOUNCES_WITHIN = timedelta(days=120)


class OpenRows:
    def __init__(self, lines: Sequence[StatementLine]) -> None:
        charges: Any = Charge.objects.filter(paid_at=None, cancelled_at=None).with_amounts()
        rows = charges.filter(missing__gt=0).select_related("user").order_by("pk")
        self.charges: dict[int, Charge] = {charge.pk: charge for charge in rows}
        self.due: dict[int, Decimal] = {key: charge.missing for key, charge in self.charges.items()}  # type: ignore[attr-defined]
        self.payer_of = {key: charge.email.lower() or key for key, charge in self.charges.items()}
        self.by_due: defaultdict[Decimal, list[int]] = defaultdict(list)
        self.by_payer: defaultdict[str | int, list[int]] = defaultdict(list)
        for key in self.charges:
            self.by_due[self.due[key]].append(key)
            self.by_payer[self.payer_of[key]].append(key)
        self.names = Names({key: _names(charge) for key, charge in self.charges.items()})
        self.invoices = self._invoices()
        self._addresses = self._other_addresses(lines)
        self._aliases = self._known_payers(lines)
        self._read_what_left(lines)
        self._read_what_was_typed(lines)
        self._read_what_counters(lines)

    def of_address(self, email: str) -> set[int]:
        """The charges of whoever reads this address, by any address of their account."""
        return {
            key
            for address in {email, *self._addresses.get(email, [])} - {""}
            for key in self.by_payer.get(address, [])
        }

    def learnt(self, line: StatementLine) -> set[int]:
        """Those of whom its counterparty has paid for. One that has paid for many says nothing."""
        found: set[int] = set()
        for key in alias_keys(line):
            known = self._aliases.get(key, Counter())
            whole = sum(known.values())
            likely = [email for email, times in known.items() if times * 2 >= whole]
            found.update(key for email in likely for key in self.by_payer.get(email, []))
        return found

    def countering(self, line: StatementLine, left: Decimal) -> list[str]:
        """The numbers of the lines that took this money away again, or brought it, and that nobody has dealt with."""
        family = [*self.countered_by[line.pk], *self.lines_countered.get(line.counters_id, [])]
        return [one.number for one in family if one.left * left < 0]

    def _invoices(self) -> dict[str, int]:
        issued = Document.objects.filter(kind=Document.Kind.INVOICE, charge__in=list(self.charges))
        return dict(issued.values_list("number", "charge"))

    def _other_addresses(self, lines: Iterable[StatementLine]) -> dict[str, list[str]]:
        asked = {line.email for line in lines} - {""}
        proved = EmailAddress.objects.filter(user__emailaddress__email__in=asked, verified=True)
        found: defaultdict[str, list[str]] = defaultdict(list)
        users: defaultdict[int, list[str]] = defaultdict(list)
        for user, email in proved.values_list("user", "email").distinct():
            users[user].append(email.lower())
        for emails in users.values():
            for email in emails:
                found[email].extend(emails)
        return found

    def _known_payers(self, lines: Sequence[StatementLine]) -> dict[str, Counter[str]]:
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for alias in PayerAlias.objects.of_lines(list(lines)):
            found[alias.key][alias.email] = alias.times
        return found

    def _read_what_left(self, lines: Iterable[StatementLine]) -> None:
        self.refunds = list(Refund.objects.to_make().select_related("charge", "charge__user").order_by("pk"))
        self.names_to_refund = Names({refund.pk: _names(refund.charge) for refund in self.refunds})
        debits = [line for line in lines if line.amount < 0]
        amounts = {-line.amount for line in debits}
        first = min((line.booked_on for line in debits), default=None)
        received = Payment.objects.filter(kind=Payment.Kind.RECEIVED, method__in=["transfer", "cheque"])
        undone = Exists(Payment.objects.filter(counters=OuterRef("pk"), countered_by=None))
        kept = received.filter(~undone, amount__in=amounts).select_related("charge", "charge__user")
        if first:
            kept = kept.filter(valued_on__gte=first - BOUNCES_WITHIN)
        self.paid_before: defaultdict[Decimal, list[Payment]] = defaultdict(list)
        for payment in kept.order_by("-pk"):
            self.paid_before[payment.amount].append(payment)
        paid = [payment for some in self.paid_before.values() for payment in some]
        self.names_who_paid = Names({payment.pk: _names(payment.charge) for payment in paid})

    def _read_what_counters(self, lines: Sequence[StatementLine]) -> None:
        """Of payments of providers: what was given back of each, and whom a part of it had paid."""
        pks = {line.pk for line in lines if not line.is_of_the_bank}
        sources = {line.counters_id for line in lines if line.counters_id}
        family: Any = StatementLine.objects.with_left().filter(Q(counters__in=pks) | Q(pk__in=sources))
        self.countered_by: defaultdict[int, list[Any]] = defaultdict(list)
        self.lines_countered: dict[int | None, list[Any]] = {}
        for one in family.order_by("pk"):
            self.countered_by[one.counters_id or 0].append(one)
            self.lines_countered[one.pk] = [one]
        self.paid_by_line: defaultdict[int | None, list[Payment]] = defaultdict(list)
        undone = Exists(Payment.objects.filter(counters=OuterRef("pk"), countered_by=None))
        paid = Payment.objects.filter(~undone, line__in=sources, kind=Payment.Kind.RECEIVED)
        for payment in paid.select_related("charge").order_by("pk"):
            self.paid_by_line[payment.line_id].append(payment)

    def _read_what_was_typed(self, lines: Sequence[StatementLine]) -> None:
        """Transfers that somebody recorded before the bank told of them, and payments of providers by their reference."""
        days = [line.booked_on for line in lines]
        typed = Payment.objects.filter(kind=Payment.Kind.RECEIVED, line=None, countered_by=None)
        amounts = {line.amount for line in lines}
        around = typed.filter(method=Payment.Method.TRANSFER, amount__in=amounts)
        if days:
            around = around.filter(valued_on__range=(min(days) - BY_HAND_AROUND, max(days) + BY_HAND_AROUND))
        self.typed: defaultdict[Decimal, list[Payment]] = defaultdict(list)
        for payment in around.select_related("charge", "charge__user"):
            self.typed[payment.amount].append(payment)
        found = [payment for some in self.typed.values() for payment in some]
        self.names_typed = Names(
            {payment.pk: [*_names(payment.charge), payment.reference] for payment in found}
        )
        of_providers = Payment.objects.filter(
            line=None,
            reference__in={line.bank_id for line in lines if line.bank_id and not line.is_of_the_bank},
        )
        self.recorded = set(of_providers.values_list("method", "reference"))


def _names(charge: Charge) -> list[str]:
    """What somebody who owes may be called: also by their account, and by their address."""
    account = f"{charge.user.first_name} {charge.user.last_name}" if charge.user else ""
    mailbox, _at, domain = charge.email.partition("@")
    return [charge.name, account, mailbox, domain.rpartition(".")[0]]
