from allauth.account.decorators import secure_admin_login
from allauth.mfa.webauthn.views import login_webauthn
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from iamm import cockpit, consultations, privacy_views, views, wellknown

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
login_not_required(login_webauthn)  # allauth leaves it closed, and it is how one signs in with a passkey

urlpatterns = [
    path("", views.home, name="home"),
    path("agenda/", include("events.urls")),
    path("formations/", include("events.training_urls")),
    path("reservations/", include("events.booking_urls")),
    path("intervenants/", include("events.speaker_urls")),
    path("", include("members.urls")),
    path("paiements/", include("payments.urls")),
    path("", include("mailing.urls")),
    path("fondateurs/", views.founder_list, name="founder_list"),
    path("fondateurs/<slug:slug>/", views.founder, name="founder"),
    path("compte/", views.account, name="account"),
    path("compte/consultations/", consultations.consultation_list, name="consultation_list"),
    path("compte/donnees/", privacy_views.personal_data, name="personal_data"),
    path("compte/donnees/copie/", privacy_views.personal_export_file, name="personal_export_file"),
    path("compte/donnees/quitter/", privacy_views.leave, name="leave"),
    path("compte/donnees/effacer/", privacy_views.erase, name="erase"),
    path("donnees-effacees/", privacy_views.erased, name="erased"),
    path("compte/calendrier/", include("events.calendar_urls")),
    path("compte/organisations/<int:pk>/", cockpit.organisation, name="organisation"),
    path("compte/", include("members.organisation_urls")),
    path("compte/", include("allauth.urls")),
    path("contact/", views.contact, name="contact"),
    path("mentions-legales/", views.legal_notice, name="legal_notice"),
    path("confidentialite/", views.privacy, name="privacy"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("plan-du-site/", views.site_map, name="site_map"),
    path("langue/<slug:code>/", views.language, name="language"),
    path("sante/", wellknown.health, name="health"),
    path("sante/pret/", wellknown.ready, name="ready"),
    path("robots.txt", wellknown.robots, name="robots"),
    path("sitemap.xml", wellknown.sitemap_xml, name="sitemap_xml"),
    path(".well-known/security.txt", wellknown.security_txt, name="security_txt"),
    path("media/partners/<slug:name>.webp", views.logo, name="logo"),
    path("media/events/<slug:name>.<slug:extension>", views.picture, name="picture"),
    path("admin/", admin.site.urls),
]
