from django.urls import path

from payments import views

app_name = "payments"
urlpatterns = [
    path("<uuid:uuid>/", views.charge, name="charge"),
    path("<uuid:uuid>/payer/", views.charge_pay, name="charge_pay"),
    path("<uuid:uuid>/retour/", views.charge_return, name="charge_return"),
    path("notification/<slug:provider>/<str:secret>/", views.notification, name="notification"),
    path("bac-a-sable/<uuid:uuid>/", views.sandbox, name="sandbox"),
]
