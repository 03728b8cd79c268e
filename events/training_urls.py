from django.urls import path

from events import views

app_name = "trainings"
urlpatterns = [
    path("", views.training_list, name="training_list"),
    path("<slug:slug>/", views.training, name="training"),
]
