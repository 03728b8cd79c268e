from django.urls import path

from members import views

app_name = "members"
urlpatterns = [
    path("", views.plan_list, name="plan_list"),
    path("<slug:slug>/", views.join, name="join"),
    path("demandes/<uuid:token>/", views.application, name="application"),
]
