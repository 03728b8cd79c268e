from django.urls import path

from events import views

app_name = "events"
urlpatterns = [
    path("", views.agenda, name="agenda"),
    path("calendrier/<int:year>/<int:month>/", views.calendar, name="calendar"),
    path("flux.ics", views.feed_ics, name="feed_ics"),
    path("flux.atom", views.feed_atom, name="feed_atom"),
    path("<slug:slug>/", views.event, name="event"),
    path("<slug:slug>.ics", views.event_ics, name="event_ics"),
    path("<slug:slug>/inscription/", views.event_register, name="event_register"),
]
