from django.urls import path

from payments import extract_views, paper_views, views

app_name = "payments"
urlpatterns = [
    path("<uuid:uuid>/", views.charge, name="charge"),
    path("<uuid:uuid>/payer/", views.charge_pay, name="charge_pay"),
    path("<uuid:uuid>/retour/", views.charge_return, name="charge_return"),
    path("<uuid:uuid>/facture/", paper_views.charge_invoice, name="charge_invoice"),
    path("<uuid:uuid>/devis/", paper_views.charge_quote, name="charge_quote"),
    path("<uuid:uuid>/confirmation/<int:payment>/", paper_views.confirmation, name="confirmation"),
    path("<uuid:uuid>/recu/<int:payment>/", paper_views.charge_receipt, name="charge_receipt"),
    path("<uuid:uuid>/documents/<uuid:token>/", paper_views.document, name="document"),
    path("extrait/<int:year>/", extract_views.extract, name="extract"),
    path("extrait/<int:year>.pdf", extract_views.extract_pdf, name="extract_pdf"),
    path("notification/<slug:provider>/<str:secret>/", views.notification, name="notification"),
    path("bac-a-sable/<uuid:uuid>/", views.sandbox, name="sandbox"),
]
