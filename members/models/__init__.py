from members.models.applications import ABANDONED_AFTER_DAYS, Application, PlanClosed
from members.models.members import Member, Membership, MembershipQuerySet, PeriodOverlap
from members.models.plans import College, Kind, Plan, PlanPrice

__all__ = [
    "ABANDONED_AFTER_DAYS",
    "Application",
    "College",
    "Kind",
    "Member",
    "Membership",
    "MembershipQuerySet",
    "PeriodOverlap",
    "Plan",
    "PlanClosed",
    "PlanPrice",
]
