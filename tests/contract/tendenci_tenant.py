"""An emulated Tendenci as a tenant of the conformance suite, described by options alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.ports import Held, Registry
from tests.emulations.tendenci.server import KEY, STOCK_KEY, Emulation

SECRETS = {
    "tendenci": {"key": KEY},
    "another": {"key": "umber-okapi"},
    "stock": {"key": STOCK_KEY.removeprefix("ApiKey ")},
}
OPTIONS: dict[str, Any] = {
    "header": "Authorization",
    "scheme": "Api-Key",
    "caller_field": "",
    "probes": {"credits": "/api/v1/transcripts/"},
    "credit_path": "/api/v1/transcripts/{reference}/",
    "reference_sent": False,
    "fields": {
        "reference": "external_id",
        "activity": "course_code",
        "amount": "credits",
        "earned_on": "date",
        "title": "",
        "credit_type": "",
        "unit": "",
    },
    "find_path": "/api/v1/transcripts/?external_id={reference}",
    "find_items": "results",
    "list_path": "/api/v1/transcripts/",
    "list_items": "results",
    "cursor_parameter": "page",
    "size_parameter": "",
    "row_cursor": "",
    "reverse_path": "/api/v1/transcripts/{reference}/",
    "reverse_method": "PUT",
    "reverse_whole": True,
    "reverse_fields": {"on": "", "reason": ""},
    "reverse_constants": {"status": "cancelled"},
    "state_field": "status",
    "reversed_value": "cancelled",
    "error_code": "member_number.0",
    "error_fields": "",
    "member_codes": ["unknown member"],
}


def connect(url: str, *, secret: str = "tendenci", **options: Any) -> Registry:
    """Make the adapter from a row, as a courier does."""
    return build(
        models.Registry(
            pk=1,
            name="Society of engineers",
            base_url=url,
            secret=secret,
            timeout_s=5,
            calls_per_minute=60_000_000,
            options=OPTIONS | options,
        )
    )


@dataclass(frozen=True, slots=True)
class TendenciTenant:
    """A Tendenci that knows Ada under M-1001."""

    emulation: Emulation
    registry: Registry
    known: str = "M-1001"
    unknown: str = "M-9999"

    def rows(self, reference: str) -> Sequence[Held]:
        """Return every transcript under a reference."""
        return [
            Held(
                remote_id=str(row["id"]),
                hundredths=parse_hundredths(row["credits"]),
                reversed=row["status"] == "cancelled",
                member_number=row["member_number"],
                reference=row["external_id"],
            )
            for row in self.emulation.transcripts.rows(external_id=reference)
        ]
