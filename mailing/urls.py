from django.urls import path

from mailing import views

app_name = "mailing"
urlpatterns = [
    path("courrier/desinscription/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("compte/messages/", views.preferences, name="preferences"),
]
