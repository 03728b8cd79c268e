from functools import partial

from journal import trail
from journal.models import Entry
from tests.factories import create_member, create_staff


def test_a_page_opened_five_times_at_once_leaves_one_entry_a_person(at_once):
    member, zoe, noe = create_member(), create_staff(), create_staff()

    def opening(actor):
        return partial(trail.record, member, trail.Action.OPENED, actor=actor, once_per=trail.HOUR)

    results = at_once(*[opening(zoe)] * 5, *[opening(noe)] * 5)

    assert [type(result) for result in results] == [Entry] * 10
    assert sorted(Entry.objects.values_list("actor", flat=True)) == sorted([zoe.pk, noe.pk])
