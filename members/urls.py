from django.urls import path

from members import views

app_name = "members"
urlpatterns = [
    path("adherer/", views.plan_list, name="plan_list"),
    path("adherer/<slug:slug>/", views.join, name="join"),
    path("adherer/demandes/<uuid:token>/", views.application, name="application"),
]
