from collections.abc import Iterable

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from events.models import Event


def feed(events: Iterable[Event], *, query: str) -> Atom1Feed:
    """RFC 4287. A filtered feed is another feed, with an identity of its own; an entry keeps its own if it is renamed."""
    suffix = f"?{query}" if query else ""
    name = settings.ASSOCIATION["name"]
    feed = Atom1Feed(
        title=_("Agenda – IA Montpellier Méditerranée"),
        link=f"{settings.SITE_URL}{reverse('events:agenda')}{suffix}",
        feed_url=f"{settings.SITE_URL}{reverse('events:feed_atom')}{suffix}",
        description="",
        subtitle=_("Les prochains rendez-vous, dans l’ordre où ils ont lieu."),
        language=get_language(),
        author_name=name,
        author_link=settings.SITE_URL,
    )
    for event in events:
        feed.add_item(
            event.title,
            settings.SITE_URL + event.get_absolute_url(),
            render_to_string("events/_feed_entry.html", {"event": event}),
            unique_id=f"tag:{settings.SITE_HOST},2026:event-{event.pk}",
            updateddate=event.updated_at,
            categories=[theme.name for theme in event.themes.all()],
        )
    return feed
