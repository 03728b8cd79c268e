from django.urls import path

from members import (
    application_views,
    card_views,
    change_views,
    directory_views,
    record_views,
    renewal_views,
    views,
)

app_name = "members"
urlpatterns = [
    path("adherer/", views.plan_list, name="plan_list"),
    path("adherer/<slug:slug>/", views.join, name="join"),
    path("adherer/renouveler/<str:token>/", renewal_views.renew, name="renew"),
    path("annuaire/", directory_views.directory, name="directory"),
    path("compte/annuaire/", record_views.directory_entry, name="directory_entry"),
    path("compte/annuaire/<int:pk>/", record_views.directory_entry, name="directory_entry"),
    path("compte/annuaire/<int:pk>/paraitre/", record_views.directory_appear, name="directory_appear"),
    path("compte/annuaire/<int:pk>/retirer/", record_views.directory_disappear, name="directory_disappear"),
    path("compte/profil/", record_views.profile, name="profile"),
    path("compte/profil/<int:pk>/", record_views.profile, name="profile"),
    path("adherer/changer/<int:pk>/", change_views.change, name="change"),
    path("adherer/demandes/<uuid:token>/", application_views.application, name="application"),
    path(
        "adherer/demandes/<uuid:token>/retirer/",
        application_views.application_withdraw,
        name="application_withdraw",
    ),
    path("compte/carte/", card_views.card, name="card"),
    path("compte/carte/<int:pk>.pdf", card_views.card_pdf, name="card_pdf"),
    path("cartes/<str:code>/", card_views.card_check, name="card_check"),
]
