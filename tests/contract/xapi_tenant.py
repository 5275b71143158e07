"""A Ralph of our own as a registry to test against: what it holds is read from its file on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.ports import Held, Registry
from tests.servers.ralph import LMS, OTHER, READER, Caller, RalphServer

DIRECTORY = "https://members.example.org"
SITE = "https://lms.example.org"
EXTENSION = "https://lms.example.org/xapi/credit"
OPTIONS: dict[str, Any] = {"home_page": DIRECTORY, "site": SITE}
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
SECRETS = {one.user: {"user": one.user, "password": one.password} for one in (LMS, OTHER, READER)}


def registry_at(url: str, *, user: str = LMS.user, options: Any = None, **row: Any) -> Registry:
    """Return the adapter for an address, made from a row as a courier makes it."""
    return build(
        models.Registry(
            pk=1,
            name="Record store",
            adapter=models.Registry.Adapter.XAPI,
            base_url=url,
            options={**OPTIONS, **(options or {})},
            **{
                "auth": "basic",
                "secret": user,
                "timeout_s": 10,
                "calls_per_minute": 60_000_000,
                **row,
            },
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RalphTenant:
    """One Ralph, the adapter that speaks to it, and its own data."""

    server: RalphServer
    registry: Registry
    known: str = "M-1001"
    unknown: str = "M-9999"

    def statements(self, reference: str) -> list[dict[str, Any]]:
        """Return the stored statements that are credits under a reference."""
        return [one for one in self.server.statements() if _note(one).get("reference") == reference]

    def rows(self, reference: str) -> Sequence[Held]:
        """Return every credit under a reference, with whether any statement voids it."""
        voided = {
            one["object"]["id"]
            for one in self.server.statements()
            if one["verb"]["id"] == VOIDED and one["object"]["objectType"] == "StatementRef"
        }
        return [
            Held(
                remote_id=one["id"],
                hundredths=parse_hundredths(_note(one)["amount"]),
                reversed=one["id"] in voided,
                member_number=one["actor"]["account"]["name"],
                reference=reference,
            )
            for one in self.statements(reference)
        ]


def tenant_of(server: RalphServer, caller: Caller = LMS, **options: Any) -> RalphTenant:
    """Return a tenant in which we are ``caller``."""
    registry = registry_at(server.url, user=caller.user, options=options)
    return RalphTenant(server=server, registry=registry)


def _note(statement: dict[str, Any]) -> dict[str, Any]:
    note = statement.get("result", {}).get("extensions", {}).get(EXTENSION, {})
    return note if isinstance(note, dict) else {}
