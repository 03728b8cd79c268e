from members.admin.applications import ApplicationAdmin
from members.admin.members import MemberAdmin
from members.admin.memberships import MembershipAdmin
from members.admin.plans import CollegeAdmin, PlanAdmin

__all__ = ["ApplicationAdmin", "CollegeAdmin", "MemberAdmin", "MembershipAdmin", "PlanAdmin"]
