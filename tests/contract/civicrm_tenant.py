"""An emulated CiviCRM as a tenant of the conformance suite, read from its own data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.ports import Held, Registry
from tests.emulations.civicrm.data import REFERENCE
from tests.emulations.civicrm.schema import Row
from tests.emulations.civicrm.server import KEY, Emulation

CANCELLED = 3
SECRETS = {"civicrm": {"key": KEY}}


def connect(url: str, *, timeout_s: int = 5, **options: Any) -> Registry:
    """Make the adapter from a row, as a courier does."""
    return build(
        models.Registry(
            pk=1,
            name="Society of engineers",
            adapter=models.Registry.Adapter.CIVICRM,
            base_url=url,
            auth=models.Registry.Auth.HEADER,
            secret="civicrm",
            timeout_s=timeout_s,
            calls_per_minute=60_000_000,
            options=options,
        )
    )


@dataclass(frozen=True, slots=True)
class CivicrmTenant:
    """A CiviCRM that knows Ada under M-1001."""

    emulation: Emulation
    registry: Registry
    known: str = "M-1001"
    unknown: str = "M-9999"

    def rows(self, reference: str) -> Sequence[Held]:
        """Return every activity under a reference."""
        return [
            self._held(row)
            for row in self.emulation.data.rows("Activity")
            if row[REFERENCE] == reference
        ]

    def _held(self, row: Row) -> Held:
        contacts = self.emulation.data.contacts
        numbers = [str(contacts[one]["external_identifier"]) for one in row["target_contact_id"]]
        return Held(
            remote_id=str(row["id"]),
            hundredths=parse_hundredths(str(row["CE_Credit.Credits"])),
            reversed=row["status_id"] == CANCELLED,
            member_number=", ".join(numbers),
            reference=row[REFERENCE],
        )
