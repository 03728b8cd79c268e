"""The rules of what money leaves behind: see `iamm.retention`, whose table they are part of."""

from django.utils.translation import gettext_lazy as _

from iamm import due, erasure
from iamm.retention_rules import Kept, Rule, words
from payments.models.asides import ALIAS_KEPT
from payments.models.statements import KEPT as BANK_FILES_KEPT

DOCUMENT = "kind number issued_on issued_at buyer lines total paid paid_on due_on"
STATEMENT_LINE = (
    "method booked_on valued_on amount label payer email iban bank_id end_to_end reference provider_receipt"
)

MONEY = [
    Rule(
        "accounting",
        _("Paiements"),
        _("nom, adresse e-mail, adresse de facturation, montant, moyen, référence, factures et reçus"),
        _("Tenir les comptes (obligation légale). Le site ne voit jamais votre numéro de carte."),
        Kept(_("la fin de l’année du paiement"), years=10),
        _(
            "Nom, adresse et référence effacés. La loi interdit de le faire plus tôt pour une pièce comptable."
        ),
        {
            "payments.Charge": words(
                "name email language created_at due_on supplied_on reminded_on paid_at contested_at cancelled_at"
                " cancel_reason"
            ),
            "payments.Billing": words(
                "is_organisation name address postcode city country siret legal_form vat_number service_code engagement_number"
                " purchase_order"
            ),
            "payments.Document": words(DOCUMENT),
            "payments.ChargeLine": ["nature", "label", "amount", "deductible"],
            "payments.Adjustment": ["kind", "amount", "reason", "made_at"],
            "payments.Payment": words("method kind amount reference valued_on provider_receipt recorded_at"),
            "payments.Refund": ["amount", "reason", "created_at", "withdrawn_at"],
            "payments.Checkout": ["provider", "reference", "amount", "state", "created_at"],
            "payments.SandboxOrder": ["amount", "label", "return_url", "created_at"],
            "payments.SandboxPayment": ["state", "made_at"],
            "payments.SandboxRefund": ["amount", "is_chargeback", "made_at"],
        },
        due.accounting,
        erasure.forget_payers,
    ),
    Rule(
        "tax-receipts",
        _("Reçu fiscal"),
        _("nom et adresse de qui a donné, montant, date"),
        _("Justifier les reçus délivrés (obligation légale, livre des procédures fiscales, article L102 E)."),
        Kept(_("la fin de l’année du reçu"), years=6),
        _("Nom, adresse et document effacés\u202f; le numéro et le montant restent."),
        {
            "payments.Document": words(DOCUMENT),
            "payments.Cancellation": ["reason", "cancelled_at"],
        },
        due.tax_receipts,
        erasure.forget_documents,
    ),
    Rule(
        "statements",
        _("Ligne d’un relevé de compte"),
        _("nom et IBAN de qui a payé, libellé, montant, date"),
        _("Retrouver à qui est un paiement, et tenir les comptes (obligation légale)."),
        Kept(_("la fin de l’année de l’opération"), years=10),
        _("Nom, IBAN et libellé effacés\u202f; le montant reste."),
        {
            "payments.StatementLine": words(STATEMENT_LINE),
            "payments.Aside": ["reason", "note", "amount", "made_at"],
        },
        due.statement_lines,
        erasure.forget_lines,
        secrets={"payments.StatementLine": ["iban"]},  # of somebody else perhaps, who paid for them
    ),
    Rule(
        "payer-aliases",
        _("Payeur reconnu"),
        _("nom de qui a payé, adresse e-mail de la personne pour qui, nombre de fois"),
        _("Reconnaître un virement fait par quelqu’un d’autre (intérêt légitime)."),
        Kept(_("son dernier paiement"), days=ALIAS_KEPT.days),
        _("Effacé."),
        {"payments.PayerAlias": ["name", "email", "times", "used_on"]},
        due.payer_aliases,
        erasure.delete,
    ),
    Rule(
        "bank-files",
        _("Relevé envoyé par l’équipe et jamais importé"),
        _("le fichier de la banque"),
        _("Vérifier un relevé avant de l’importer (intérêt légitime)."),
        Kept(_("l’envoi du fichier"), days=BANK_FILES_KEPT.days),
        _("Effacé. Importé, le fichier l’est aussitôt\u202f; ses lignes restent."),
        {"payments.Statement": ["content"]},
        task="payments.tasks.forget_abandoned_files",
    ),
    Rule(
        "unpaid-charges",
        _("Somme demandée et jamais payée"),
        _("nom, adresse e-mail"),
        _("Vous laisser le temps de payer (exécution de ce que vous avez demandé)."),
        Kept(_("la demande, une fois annulée ou échue"), years=1),
        _("Nom et adresse effacés."),
        {},
        due.unpaid_charges,
        erasure.erase_payers,
    ),
]
