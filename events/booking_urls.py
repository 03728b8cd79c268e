from django.urls import path

from events import booking_views as views
from events import calendar_views, document_views, feedback_views

app_name = "bookings"
urlpatterns = [
    path("<uuid:token>/", views.booking, name="booking"),
    path("<uuid:token>/annuler/", views.booking_cancel, name="booking_cancel"),
    path("<uuid:token>/agenda.ics", calendar_views.booking_ics, name="booking_ics"),
    path("<uuid:token>/reponse/", views.booking_answer, name="booking_answer"),
    path("<uuid:token>/billets.pdf", document_views.booking_tickets, name="booking_tickets"),
    path("<uuid:token>/personnes/<int:pk>/", views.booking_place, name="booking_place"),
    path("place/<uuid:code>/", views.place, name="place"),
    path("place/<uuid:code>/billet.pdf", document_views.place_ticket, name="place_ticket"),
    path("place/<uuid:code>/agenda.ics", calendar_views.place_ics, name="place_ics"),
    path("place/<uuid:code>/avis/", feedback_views.place_feedback, name="place_feedback"),
    path("place/<uuid:code>/rendre/", views.place_cancel, name="place_cancel"),
]
