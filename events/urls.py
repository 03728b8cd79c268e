from django.urls import path

from events import agenda_views, booking_views, content_views, views

app_name = "events"
urlpatterns = [
    path("", agenda_views.agenda, name="agenda"),
    path("calendrier/<int:year>/<int:month>/", agenda_views.calendar, name="calendar"),
    path("archives/", agenda_views.archive, name="archive"),
    path("flux.ics", agenda_views.feed_ics, name="feed_ics"),
    path("flux.atom", agenda_views.feed_atom, name="feed_atom"),
    path("<slug:slug>/", views.event, name="event"),
    path("<slug:slug>.ics", views.event_ics, name="event_ics"),
    path("<slug:slug>/inscription/", booking_views.event_register, name="event_register"),
    path("<slug:slug>/documents/<int:pk>/", content_views.event_resource, name="event_resource"),
]
