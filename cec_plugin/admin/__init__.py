"""The pages of Django's admin, one module a life cycle; importing them registers them."""

from cec_plugin.admin import (
    catalogue,
    certifications,
    exports,
    ledger,
    memberships,
    notices,
    operations,
    outbox,
    people,
    previews,
    programs,
    registries,
    rules,
    schedules,
    serving,
)

__all__ = [
    "catalogue",
    "certifications",
    "exports",
    "ledger",
    "memberships",
    "notices",
    "operations",
    "outbox",
    "people",
    "previews",
    "programs",
    "registries",
    "rules",
    "schedules",
    "serving",
]
