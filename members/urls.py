from django.urls import path

from members import renewal_views, views

app_name = "members"
urlpatterns = [
    path("adherer/", views.plan_list, name="plan_list"),
    path("adherer/<slug:slug>/", views.join, name="join"),
    path("adherer/demandes/<uuid:token>/", views.application, name="application"),
    path("adherer/renouveler/<str:token>/", renewal_views.renew, name="renew"),
]
