from django.urls import path

from members import organisation_views as views
from members import seat_views

app_name = "organisations"
urlpatterns = [
    path("invitations/<uuid:token>/", seat_views.invitation, name="invitation"),
    path("organisations/rejoindre/<uuid:token>/", seat_views.join_by_domain, name="join_by_domain"),
    path("organisations/<int:pk>/inviter/", views.invite, name="invite"),
    path(
        "organisations/<int:pk>/invitations/<int:invitation>/renvoyer/", views.send_again, name="send_again"
    ),
    path(
        "organisations/<int:pk>/invitations/<int:invitation>/annuler/",
        views.cancel_invitation,
        name="cancel_invitation",
    ),
    path("organisations/<int:pk>/domaine/", views.add_domain, name="add_domain"),
    path("organisations/<int:pk>/domaine/<int:domain>/fermer/", views.close_domain, name="close_domain"),
    path("organisations/<int:pk>/facturation/", views.billing, name="billing"),
    path("organisations/<int:pk>/places/<int:mandate>/", views.mandate, name="mandate"),
    path("organisations/<int:pk>/places/<int:mandate>/retirer/", views.remove, name="remove"),
    path("organisations/<int:pk>/quitter/", views.leave, name="leave"),
]
