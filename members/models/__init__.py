from members.models.applications import (
    ABANDONED_AFTER_DAYS,
    Application,
    ApplicationOpen,
)
from members.models.consents import Consent, Purpose, TextChanged
from members.models.deciding import Decided, NotTheSameKind
from members.models.decisions import Departure, StatusOverride
from members.models.directory import DirectoryEntry, NotUpToDate, Skill
from members.models.duplicates import DuplicatePair
from members.models.groups import Group, SavedSearch
from members.models.identity import Identity, Kind, normalise_email
from members.models.imports import ImportBatch, ImportBusy, ImportRow, TurnLost
from members.models.invitations import INVITATION_DAYS, Invitation, MailDomain
from members.models.mandates import Mandate
from members.models.members import AlreadyGone, Member
from members.models.memberships import Membership, MembershipQuerySet, NotOnCredit, PeriodOver, PeriodOverlap
from members.models.merges import Merge
from members.models.messages import LeftOut, MemberMessage
from members.models.notes import Note, WrittenOnce
from members.models.plans import College, Plan, PlanPrice
from members.models.reminders import ReminderRule

__all__ = [
    "ABANDONED_AFTER_DAYS",
    "INVITATION_DAYS",
    "AlreadyGone",
    "Application",
    "ApplicationOpen",
    "College",
    "Consent",
    "Decided",
    "Departure",
    "DirectoryEntry",
    "DuplicatePair",
    "Group",
    "Identity",
    "ImportBatch",
    "ImportBusy",
    "ImportRow",
    "Invitation",
    "Kind",
    "MailDomain",
    "LeftOut",
    "Mandate",
    "Member",
    "MemberMessage",
    "Membership",
    "MembershipQuerySet",
    "Merge",
    "NotUpToDate",
    "NotTheSameKind",
    "Note",
    "NotOnCredit",
    "PeriodOver",
    "PeriodOverlap",
    "Plan",
    "PlanPrice",
    "Purpose",
    "ReminderRule",
    "Skill",
    "SavedSearch",
    "StatusOverride",
    "TextChanged",
    "TurnLost",
    "WrittenOnce",
    "normalise_email",
]
