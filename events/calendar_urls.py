from django.urls import path

from events import calendar_views as views

app_name = "calendars"
urlpatterns = [
    path("<uuid:token>.ics", views.personal_feed, name="personal_feed"),
    path("nouvelle-adresse/", views.personal_feed_renew, name="personal_feed_renew"),
]
