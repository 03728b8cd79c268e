"""The policy of retention, in one table: what is kept of people, why, how long, and what happens then.

The privacy page shows it, `manage.py apply_retention` applies it, the export and the erasure follow its columns. A column
that is neither here nor in `iamm.not_personal` makes a test fail. Sources: RGPD articles 5, 6, 17 and 32; code de commerce,
article L123-22 (ten years); code civil, article 2224 (five years); law of 1 July 1901, article 4.
"""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from documents.models import KEPT as EXPORTS_KEPT
from events.models import FEEDBACK_DAYS
from iamm import due, erasure
from iamm.retention_money import MONEY
from iamm.retention_rules import Kept, Rule
from members.models import ABANDONED_AFTER_DAYS, Identity
from members.models.imports import KEPT as IMPORTS_KEPT
from members.models.merges import WINDOW as MERGES_KEPT

IDENTITY = Identity.identity_fields()


POLICY = [
    Rule(
        "members",
        _("Adhésion"),
        _("nom, coordonnées, année de naissance, périodes, départ, état décidé, notes de l’équipe"),
        _("Tenir la liste des membres et vous rappeler l’échéance (exécution du contrat d’adhésion)."),
        Kept(_("la fin de la dernière adhésion ou le départ"), years=1),
        _("Rendue anonyme, sauf s’il reste une cotisation due\u00a0: les périodes restent, pour compter."),
        {
            "members.Member": [*IDENTITY, "kind", "college", "seats", "joined_on", "card_code"],
            "members.Membership": [
                "plan",
                "starts_on",
                "ends_on",
                "sold_until",
                "amount",
                "cancelled_at",
            ],
            "members.Departure": ["kind", "left_on", "decided_on", "reason", "rejoined_on"],
            "members.StatusOverride": ["status", "starts_on", "until", "reason"],
            "members.Note": ["text", "created_at"],
        },
        due.members,
        erasure.erase_members,
    ),
    Rule(
        "organisations",
        _("Contact d’une organisation membre"),
        _("nom, adresse e-mail, téléphone"),
        _("Joindre l’organisation (exécution du contrat d’adhésion)."),
        Kept(_("tant que l’organisation est membre, et un an")),
        _("Effacé\u202f; l’organisation reste."),
        {"members.Member": ["first_name", "last_name", "email", "phone", "billing_email"]},
    ),
    Rule(
        "mandates",
        _("Représentation d’une organisation"),
        _("nom, adresse e-mail, rôle, dates"),
        _("Savoir qui parle et vote pour l’organisation (exécution du contrat d’adhésion)."),
        Kept(_("la fin du mandat"), years=1),
        _("Rendue anonyme."),
        {
            "members.Mandate": [
                *("organisation", "role", "first_name", "last_name", "email"),
                *("is_voting", "is_dues_contact", "starts_on", "ends_on"),
            ]
        },
        due.mandates,
        erasure.erase_mandates,
    ),
    Rule(
        "invitations",
        _("Invitation dans une organisation"),
        _("adresse e-mail, rôle"),
        _("Vous donner une place dans une organisation membre (intérêt légitime)."),
        Kept(_("l’envoi"), years=1),
        _("Effacée."),
        {"members.Invitation": ["organisation", "email", "role", "language", "created_at", "accepted_at"]},
        due.invitations,
        erasure.delete,
    ),
    Rule(
        "directory",
        _("Annuaire des membres"),
        _("présentation, compétences, et ce que vous cochez"),
        _("Permettre aux membres à jour de se trouver (votre consentement, que vous retirez en un clic)."),
        Kept(_("montrée jusqu’à la fin de l’adhésion en cours, gardée pour vous seul un an de plus")),
        _("Effacée avec la fiche d’adhérent."),
        {
            "members.DirectoryEntry": [
                *("headline", "bio", "website", "shows_organisation", "shows_college"),
                *("shows_email", "shows_phone", "shows_city"),
            ]
        },
    ),
    Rule(
        "consents",
        _("Vos accords"),
        _("pour quoi, dans quels mots, de quand à quand"),
        _("Prouver que vous avez accepté (obligation légale, RGPD article 7)."),
        Kept(_("la fin de l’accord"), years=5),
        _("Effacés. Si vos données le sont avant, ils ne disent plus de qui ils sont."),
        {"members.Consent": ["purpose", "text_version", "given_at", "expires_on", "withdrawn_at"]},
        due.consents,
        erasure.delete,
    ),
    Rule(
        "merges",
        _("Fusion de deux fiches d’une même personne"),
        _("les deux fiches telles qu’elles étaient"),
        _("Pouvoir revenir sur une erreur (intérêt légitime)."),
        Kept(_("la fusion"), days=MERGES_KEPT.days),
        _("Les anciennes fiches sont effacées\u202f; l’ancien numéro mène à la nouvelle."),
        {"members.Merge": ["before", "dropped", "removed_card_code", "at"]},
        task="members.tasks.forget_merges",
    ),
    Rule(
        "imports",
        _("Fichier d’adhérents importé par l’équipe"),
        _("le fichier, chaque ligne, et la fiche avant et après"),
        _("Vérifier un import, et pouvoir revenir dessus (intérêt légitime)."),
        Kept(_("l’envoi du fichier"), days=IMPORTS_KEPT.days),
        _("Fichier et lignes effacés\u202f; la fiche reste."),
        {
            "members.ImportBatch": ["file", "filename", "head", "message", "refusals", "created_at"],
            "members.ImportRow": ["values", "changes", "problems", "before", "after", "applied_at"],
        },
        task="members.tasks.erase_imports",
    ),
    Rule(
        "applications",
        _("Demande d’adhésion jamais payée"),
        _("ce que dit le formulaire, justificatif"),
        _("Vous laisser le temps de payer (mesures avant un contrat)."),
        Kept(_("l’appel à payer ou à compléter"), days=ABANDONED_AFTER_DAYS),
        _("Effacée. Le justificatif l’est dès que le bureau a répondu. Acceptée, elle suit l’adhésion."),
        {
            "members.Application": [
                *IDENTITY,
                "wants_directory",
                *("plan", "terms", "seats", "chosen_amount", "message", "proof", "answer", "amount"),
                *("state", "starts_on", "ends_on", "language", "created_at"),
            ]
        },
        task="members.tasks.purge_abandoned",
    ),
    Rule(
        "refused-applications",
        _("Demande d’adhésion refusée"),
        _("ce que dit le formulaire, réponse du bureau"),
        _("Pouvoir expliquer la décision (intérêt légitime)."),
        Kept(_("la réponse"), years=1),
        _("Effacée."),
        {},
        due.refused_applications,
        erasure.erase_applications,
    ),
    Rule(
        "bookings",
        _("Inscription à un événement"),
        _("nom, adresse e-mail, réponses aux questions, place"),
        _("Tenir votre place et vous prévenir (exécution de ce que vous avez demandé)."),
        Kept(_("l’événement"), years=1),
        _("Rendue anonyme\u00a0: on sait combien sont venus, mais plus qui."),
        {
            "events.Booking": [
                *("event", "name", "email", "state", "invoice_to", "staff_reason", "language"),
                *("created_at", "confirmed_at", "cancelled_at"),
            ],
            "events.Registration": ["code", "name", "email", "price", "amount", "cancelled_at"],
            "events.Answer": ["question", "text"],
        },
        due.bookings,
        erasure.erase_bookings,
    ),
    Rule(
        "access-needs",
        _("Besoin d’accessibilité"),
        _("ce que vous en dites, et la réponse"),
        _("Vous accueillir (votre consentement). Seule la personne chargée de l’accessibilité le lit."),
        Kept(_("l’événement"), days=31),
        _("Effacé."),
        {"events.AccessNeed": ["text", "answer", "asked_at", "answered_at"]},
        due.access_needs,
        erasure.delete,
    ),
    Rule(
        "feedback",
        _("Avis après un événement"),
        _("note, texte, place"),
        _("Faire mieux la fois suivante. L’équipe ne voit pas de qui vient un avis (intérêt légitime)."),
        Kept(_("l’événement, le temps de pouvoir le changer"), days=FEEDBACK_DAYS),
        _("Plus rien ne dit de qui il vient."),
        {"events.Feedback": ["event", "rating", "useful", "would_recommend"]},
        task="events.tasks.unsign_feedback",
    ),
    Rule(
        "speakers",
        _("Intervenant d’un événement"),
        _("nom, fonction, présentation, photo, site"),
        _("Annoncer le programme (accord avec la personne)."),
        Kept(_("tant que le programme est en ligne")),
        _("Retiré à la demande de la personne."),
        {"events.Speaker": ["name", "slug", "role", "biography", "photo", "photo_alt", "website"]},
    ),
    *MONEY,
    Rule(
        "mails",
        _("Messages"),
        _("e-mails que le site envoie, message de contact"),
        _("Vérifier qu’un message est bien parti (intérêt légitime)."),
        Kept(_("l’envoi"), days=lambda: settings.MAIL_KEPT_DAYS),
        _(
            "Destinataire et texte effacés. La boîte qui reçoit votre message de contact suit ses propres règles."
        ),
        {
            "mailing.Email": [
                *("key", "to", "subject", "text", "html", "attachments", "list"),
                *("state", "created_at", "sent_at", "last_error"),
            ]
        },
        task="mailing.tasks.purge",
    ),
    Rule(
        "opt-outs",
        _("Désinscription d’une liste"),
        _("empreinte de l’adresse e-mail, sans l’adresse"),
        _("Ne plus vous écrire (votre droit d’opposition)."),
        Kept(_("tant que vous ne revenez pas")),
        _("Elle reste quand tout le reste est effacé\u00a0: elle ne dit pas de qui elle est."),
        {"mailing.OptOut": ["address_hash", "list", "created_at"]},
    ),
    Rule(
        "accounts",
        _("Compte"),
        _("adresses e-mail, nom, empreinte du mot de passe, second facteur, adresse de calendrier"),
        _("Vous reconnaître (exécution de ce que vous avez demandé)."),
        Kept(_("la dernière connexion, si vous n’êtes pas membre"), years=3),
        _("Un e-mail prévient un mois avant, puis tout est effacé. Vous pouvez l’effacer plus tôt."),
        {
            "accounts.User": [
                *("email", "first_name", "last_name", "date_joined", "last_login"),
                *("is_active", "is_staff", "is_superuser", "password"),
            ],
            "account.EmailAddress": ["email", "verified", "primary"],
            "account.EmailConfirmation": ["created", "sent", "key"],
            "mfa.Authenticator": ["type", "data", "created_at", "last_used_at"],
            "events.CalendarFeed": ["token", "created_at"],
        },
        due.warned_accounts,
        erasure.erase_accounts,
        secrets={
            "accounts.User": ["password"],
            "account.EmailConfirmation": ["key"],
            "mfa.Authenticator": ["data"],
            "events.CalendarFeed": ["token"],
        },
    ),
    Rule(
        "sessions",
        _("Connexion"),
        _("adresse IP, navigateur, date"),
        _(
            "Vous montrer vos connexions, pour que vous en repériez une qui n’est pas la vôtre "
            "(intérêt légitime\u00a0: la sécurité)."
        ),
        Kept(_("la connexion"), days=lambda: settings.SESSION_COOKIE_AGE // 86400),
        _("Effacée, ou dès que vous vous déconnectez."),
        {
            "usersessions.UserSession": [
                *("created_at", "ip", "last_seen_at", "session_key", "user_agent", "data")
            ],
            "sessions.Session": ["session_key", "session_data", "expire_date"],
        },
        task="accounts.tasks.forget_expired",
        secrets={
            "usersessions.UserSession": ["session_key"],
            "sessions.Session": ["session_key", "session_data"],
        },
    ),
    Rule(
        "rate-limits",
        _("Envoi d’un formulaire"),
        _("adresse IP"),
        _("Freiner les envois automatiques (intérêt légitime\u00a0: la sécurité)."),
        Kept(_("l’envoi"), days=1),
        _("Effacée."),
        {},
        task="accounts.tasks.forget_expired",
    ),
    Rule(
        "journal",
        _("Journal"),
        _("qui a créé, modifié, ouvert ou emporté une fiche, et quand"),
        _("Savoir qui a fait quoi avec vos données (intérêt légitime\u00a0: la sécurité)."),
        Kept(_("le geste"), years=3),
        _("Effacé. Si vos données le sont avant, ce que la ligne disait de vous l’est aussi."),
        {"journal.Entry": ["at", "action", "label", "changes", "note", "reference"]},
        due.journal,
        erasure.forget_entries,
    ),
    Rule(
        "admin-log",
        _("Journal de l’administration"),
        _("nom de la fiche touchée, geste, date"),
        _("Retrouver une erreur (intérêt légitime\u00a0: la sécurité)."),
        Kept(_("le geste"), years=3),
        _("Effacé."),
        {"admin.LogEntry": ["action_time", "object_repr", "action_flag", "change_message"]},
        due.admin_log,
        erasure.delete,
    ),
    Rule(
        "exports",
        _("Fichier demandé par l’équipe"),
        _("tableau, choix, fichier"),
        _("Administrer l’association (intérêt légitime)."),
        Kept(_("sa préparation"), days=EXPORTS_KEPT.days),
        _("Fichier et choix effacés\u202f; le journal retient qu’il a été pris."),
        {
            "documents.Export": [
                *("kind", "title", "format", "parameters", "language", "asked_at", "state"),
                *("file", "error", "expires_at"),
            ]
        },
        task="documents.tasks.purge_exports",
    ),
    Rule(
        "staff-journal",
        _("Gestes de l’équipe"),
        _("nom de la personne de l’équipe"),
        _("Savoir qui a fait quoi avec les données des autres (intérêt légitime\u00a0: la sécurité)."),
        Kept(_("le geste"), years=3),
        _("Effacé avec la ligne du journal."),
        {"journal.Entry": ["at", "action", "actor_name"]},
    ),
    Rule(
        "staff-log",
        _("Gestes de l’équipe dans l’administration"),
        _("compte, geste, date"),
        _("Retrouver une erreur (intérêt légitime\u00a0: la sécurité)."),
        Kept(_("le geste"), years=3),
        _("Effacé."),
        {"admin.LogEntry": ["action_time", "action_flag"]},
    ),
]


def rule(slug: str) -> Rule:
    return next(one for one in POLICY if one.slug == slug)
