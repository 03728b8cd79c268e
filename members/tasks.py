from celery import shared_task
from django.utils import timezone

from members import duplicates, mandate_emails, renewals
from members.imports import work
from members.models import Application, ImportBatch, Mandate, Member, MemberMessage, Merge
from members.models.imports import LATE

WARNED_DAYS = 30


@shared_task
def send_reminders() -> int:
    return renewals.send_reminders(on=timezone.localdate())


@shared_task
def purge_abandoned() -> int:
    return Application.objects.purge_abandoned()


@shared_task
def warn_of_ending_mandates() -> int:
    """Once for each last day: a run that was missed catches up. Returns how many messages were queued."""
    today = timezone.localdate()
    ending = Mandate.objects.ending(on=today, within=WARNED_DAYS)
    ending = ending.exclude(organisation__in=Member.objects.departed(on=today))
    return sum(mandate_emails.mandate_ending(one) for one in ending.select_related("organisation", "user"))


@shared_task
def find_duplicates() -> int:
    return duplicates.refresh()


@shared_task
def forget_merges() -> int:
    return Merge.objects.forget()


@shared_task
def go_on_with_import(batch_id: int) -> bool:
    return work.go_on(ImportBatch.objects.get(pk=batch_id))


@shared_task
def finish_imports() -> int:
    """Hand out again what no worker took or finished. One that is only late is not handed out twice."""
    for batch in ImportBatch.objects.lost():
        batch.give_up()
    late = ImportBatch.objects.due().filter(state_since__lte=timezone.now() - LATE)
    pks = list(late.values_list("pk", flat=True))
    for pk in pks:
        go_on_with_import.delay(pk)
    return len(pks)


@shared_task
def erase_imports() -> int:
    """Forget files and rows ninety days after the import, or after the upload of what was never imported."""
    batches = list(ImportBatch.objects.over())
    for batch in batches:
        batch.erase()
    return len(batches)


@shared_task
def send_member_message(message_id: int) -> int:
    return MemberMessage.objects.get(pk=message_id).write_copies()


@shared_task
def finish_member_messages() -> int:
    return sum(message.write_copies() for message in MemberMessage.objects.abandoned())
