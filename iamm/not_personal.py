"""The columns that say nothing of a person, model by model. The others are in `iamm.retention`.

A primary key, and a link to an account, are in neither: they say nothing once the row they lead to is gone. Texts that staff
write for everybody (an event, a plan, a message to a group) are here: whom they name is named in public.
"""

COLUMNS: dict[str, str] = {
    "accounts.User": "",
    "admin.LogEntry": "content_type object_id",
    "auth.Group": "name",
    "auth.Permission": "name content_type codename",
    "contenttypes.ContentType": "app_label model",
    "account.EmailConfirmation": "email_address",
    "documents.Export": "token attempts claimed_at row_count size",
    "events.AccessNeed": "registration",
    "events.Answer": "booking registration",
    "events.Appearance": "event speaker position",
    "events.Audience": "name slug position",
    "events.Booking": "sequence token request_key expires_at queued_at charge",
    "events.Event": "status starts_at ends_at sequence updated_at capacity has_waiting_list queue_closes_hours max_places"
    " needs_approval is_members_only allows_invoice cancellation_fee refunds_until registration_opens_at"
    " registration_closes_at language image image_alt access accessibility accessibility_email latitude longitude"
    " online_url link_shown_hours series title slug kind training summary description format venue address level",
    "events.Feedback": "place",
    "events.GroupMessage": "event subject text states price question choice audience created_at sent_at queued_at",
    "events.Price": "event name amount is_chosen for_whom college organisation quota kept_until opens_at closes_at position",
    "events.PromoCode": "event code price percent amount_off max_uses valid_from valid_until",
    "events.Question": "event label help_text kind asked_of is_required choices position",
    "events.Registration": "booking promo_code",
    "events.ReminderRule": "event number unit only_online sent_for",
    "events.Resource": "event title kind url file is_public position",
    "events.Series": "name created_at",
    "events.Slot": "event starts_at ends_at title text room",
    "events.Theme": "name slug",
    "events.Training": "title slug summary objectives prerequisites programme duration_hours is_published updated_at",
    "journal.Entry": "content_type object_id",
    "mailing.Email": "is_secret message_id attempts next_try_at claimed_at purged_at",
    "members.Application": "token request_key state_since is_proven member replaces charge membership",
    "members.College": "name slug position",
    "members.Consent": "member",
    "members.Departure": "member created_at cancelled_at",
    "members.DirectoryEntry": "member",
    "members.DuplicatePair": "member_a member_b reasons score found_at dismissed_at",  # goes with the person
    "members.Group": "name description",
    "members.SavedSearch": "name query is_shared created_at",
    "members.MemberMessage": "subject text audience created_at sent_at queued_at is_service service_reason",
    "members.ImportBatch": "token state state_since header_row columns columns_key college counts attempts claimed_at"
    " applied_at undone_at expires_at erased_at",
    "members.ImportRow": "batch number outcome member",
    "members.Invitation": "token expires_at cancelled_at",
    "members.MailDomain": "organisation domain token verified_at closed_at",
    "members.Mandate": "withdrawn_at",
    "members.Membership": "member grace_until credit_until charge created_at imported_by",
    "members.Merge": "kept removed_pk kept_digest moved undone_at forgotten_at",
    "members.Note": "member",
    "members.Plan": "name slug kind college summary benefits period months fixed_starts_on fixed_ends_on late_join"
    " free_from_month free_from_day max_terms is_amount_chosen is_deductible seats_included approval proof proof_label"
    " asks_address renewal_opens_days grace_days backdates is_open position",
    "members.PlanPrice": "plan amount since from_headcount seat_amount",
    "members.ReminderRule": "plan days subject text is_active",
    "members.Skill": "name slug position",
    "members.StatusOverride": "member created_at cancelled_at",
    "partners.Fact": "partner figure text dated source position",
    "partners.Partner": "name slug is_founder position monogram tint role summary presentation website logo",
    "payments.Charge": "uuid return_path payable_until booked_on",
    "payments.Billing": "charge is_wanted",
    "payments.Cancellation": "document",
    "payments.ChargeLine": "charge account",
    "payments.Adjustment": "charge line account booked_on",
    "payments.DunningRule": "name days subject text is_active",
    "payments.Aside": "line account bank booked_on counters",
    "payments.PayerAlias": "key",
    "payments.TableLayout": "signature columns account updated_at",
    "payments.Closing": "month entry_count total sha256 closed_at",
    "payments.Checkout": "charge read_at unclear cleared",
    "payments.Document": "token charge payment corrects vat seller content sha256",  # the bytes go with the buyer
    "payments.Payment": "charge counters line booked_on account",
    "payments.Refund": "charge payment asked_of",
    "payments.Series": "prefix year last last_on",
    "payments.SandboxOrder": "uuid",
    "payments.SandboxPayment": "uuid order notify_at notified_at attempts",
    "payments.SandboxRefund": "payment key",
    "payments.Statement": "filename format sha256 layout header_row account first_on last_on new_count known_count doubtful_count"
    " refused_count received_at imported_at",
    "payments.StatementLine": "statement account fingerprint twin counters told_apart_at",
}
