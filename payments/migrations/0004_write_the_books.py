"""Give what was recorded before the books existed its accounts and its days, as the verbs would have."""

from decimal import Decimal

from django.conf import settings
from django.db import migrations
from django.db.models import F, Min, Sum
from django.utils import timezone


def write_the_books(apps, schema_editor):
    Charge, Line, Adjustment, Payment, Refund = (
        apps.get_model("payments", name) for name in ("Charge", "ChargeLine", "Adjustment", "Payment", "Refund")
    )
    for nature, account in settings.BOOKS["natures"].items():
        Line.objects.filter(nature=nature).update(account=account)
    for method, account in settings.BOOKS["methods"].items():
        Payment.objects.filter(method=method).update(account=account, booked_on=F("valued_on"))
    Payment.objects.filter(amount__lt=0).update(kind="refund")
    paid = Charge.objects.annotate(first=Min("payments__booked_on")).exclude(first=None)
    for charge in paid.iterator(chunk_size=500):
        charge.booked_on = charge.first
        charge.save(update_fields=["booked_on"])
        lines = list(Line.objects.filter(charge=charge).order_by("-pk"))
        if charge.cancelled_at:
            kind, at, rest = "cancelled", charge.cancelled_at, sum(line.amount for line in lines)
        else:  # what was promised back, or given back, beyond what came in on top
            refunds = Refund.objects.filter(charge=charge).exclude(reason="paid_twice").order_by("pk")
            last = refunds.last()
            kind, at = "reduced", last.created_at if last else None
            rest = refunds.aggregate(total=Sum("amount"))["total"] or Decimal(0)
        for line in lines:
            part = min(rest, line.amount)
            if part > 0:
                Adjustment.objects.create(
                    charge=charge,
                    line=line,
                    kind=kind,
                    amount=part,
                    account=line.account,
                    booked_on=max(timezone.localdate(at), charge.booked_on),
                    made_at=at,
                )
            rest -= part


class Migration(migrations.Migration):

    dependencies = [("payments", "0003_ledger")]

    operations = [migrations.RunPython(write_the_books, migrations.RunPython.noop)]
