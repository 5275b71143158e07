"""What is kept, split by life cycle."""

from cec_plugin.models.adjustments import Adjustment
from cec_plugin.models.catalogue import Activity, Organization, Role
from cec_plugin.models.certifications import (
    Designation,
    Holding,
    HoldingLeave,
    HoldingStatus,
    Renewal,
    Requirement,
    Tag,
)
from cec_plugin.models.claims import Claim
from cec_plugin.models.export import Export, ExportedEntry
from cec_plugin.models.ledger import Account, Approval, CreditEntry, Refusal
from cec_plugin.models.merges import Merge
from cec_plugin.models.notices import Notice, Participation, Service
from cec_plugin.models.operations import JobRun
from cec_plugin.models.outbox import Attempt, Delivery, Registry
from cec_plugin.models.people import Identity, Membership, Officer, Person, Relation
from cec_plugin.models.previews import Preview, PreviewedAccount
from cec_plugin.models.programs import Exemption, PartCourse, Program, ProgramPart
from cec_plugin.models.reconciliation import Difference, Reconciliation
from cec_plugin.models.roster import RosterFile, RosterLine
from cec_plugin.models.schedules import Cap, RoleBonus, Rule, Schedule

__all__ = [
    "Account",
    "Activity",
    "Adjustment",
    "Approval",
    "Attempt",
    "Cap",
    "Claim",
    "CreditEntry",
    "Delivery",
    "Designation",
    "Difference",
    "Exemption",
    "Export",
    "ExportedEntry",
    "Holding",
    "HoldingLeave",
    "HoldingStatus",
    "Identity",
    "JobRun",
    "Membership",
    "Merge",
    "Notice",
    "Officer",
    "Organization",
    "PartCourse",
    "Participation",
    "Person",
    "Preview",
    "PreviewedAccount",
    "Program",
    "ProgramPart",
    "Reconciliation",
    "Refusal",
    "Registry",
    "Relation",
    "Renewal",
    "Requirement",
    "Role",
    "RoleBonus",
    "RosterFile",
    "RosterLine",
    "Rule",
    "Schedule",
    "Service",
    "Tag",
]
