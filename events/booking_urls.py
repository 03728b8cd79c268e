from django.urls import path

from events import views

app_name = "bookings"
urlpatterns = [
    path("<uuid:token>/", views.booking, name="booking"),
    path("<uuid:token>/annuler/", views.booking_cancel, name="booking_cancel"),
]
