from members.admin.applications import ApplicationAdmin
from members.admin.directory import ConsentAdmin, SkillAdmin
from members.admin.duplicates import DuplicatePairAdmin
from members.admin.groups import GroupAdmin
from members.admin.imports import ImportBatchAdmin
from members.admin.members import MemberAdmin
from members.admin.memberships import MembershipAdmin
from members.admin.merges import MergeAdmin
from members.admin.messages import MemberMessageAdmin
from members.admin.plans import CollegeAdmin, PlanAdmin
from members.admin.reminders import ReminderRuleAdmin
from members.admin.searches import SavedSearchAdmin
from members.admin.seats import InvitationAdmin, MailDomainAdmin, MandateAdmin

__all__ = [
    "ApplicationAdmin",
    "CollegeAdmin",
    "ConsentAdmin",
    "DuplicatePairAdmin",
    "ImportBatchAdmin",
    "GroupAdmin",
    "InvitationAdmin",
    "MailDomainAdmin",
    "MandateAdmin",
    "MemberAdmin",
    "MemberMessageAdmin",
    "MembershipAdmin",
    "MergeAdmin",
    "PlanAdmin",
    "ReminderRuleAdmin",
    "SavedSearchAdmin",
    "SkillAdmin",
]
