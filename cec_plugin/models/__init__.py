"""What is kept, split by life cycle."""

from cec_plugin.models.catalogue import Activity, Organization, Role
from cec_plugin.models.export import Export, ExportedEntry
from cec_plugin.models.ledger import Account, CreditEntry, Refusal
from cec_plugin.models.notices import Notice, Participation, Service
from cec_plugin.models.operations import JobRun
from cec_plugin.models.outbox import Attempt, Delivery, Registry
from cec_plugin.models.people import Identity, Membership, Person
from cec_plugin.models.schedules import RoleBonus, Rule, Schedule

__all__ = [
    "Account",
    "Activity",
    "Attempt",
    "CreditEntry",
    "Delivery",
    "Export",
    "ExportedEntry",
    "Identity",
    "JobRun",
    "Membership",
    "Notice",
    "Organization",
    "Participation",
    "Person",
    "Refusal",
    "Registry",
    "Role",
    "RoleBonus",
    "Rule",
    "Schedule",
    "Service",
]
