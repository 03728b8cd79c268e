from django.urls import path

from events import content_views

app_name = "speakers"
urlpatterns = [
    path("<slug:slug>/", content_views.speaker, name="speaker"),
]
