"""An operator's own registry, named in the environment, holds the contract with its adapter.

See docs/howto/conformance.md. It writes credits that stay there: give it a test tenant.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.delivery import Outcome
from cec_plugin.domain.ports import Held, Page, Registry
from tests.contract.conformance import Conformance
from tests.tenants import told, told_json

SECRET = "tenant"
TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTenant:
    """A registry of which only the address is known: its rows are read through the adapter."""

    registry: Registry
    known: str
    unknown: str

    def rows(self, reference: str) -> Sequence[Held]:
        if self.registry.capabilities.finds:
            found = self.registry.find(reference)
            assert not isinstance(found, Outcome), found
            return [] if found is None else [found]
        assert self.registry.capabilities.lists, "nobody can see what it holds"
        return [row for row in self._everything() if row.reference == reference]

    def _everything(self) -> list[Held]:
        listed: list[Held] = []
        cursor, more = "", True
        while more:
            page = self.registry.changes(cursor)
            assert isinstance(page, Page), page
            listed += page.records
            cursor, more = page.cursor, page.more
        return listed


@pytest.mark.tenant
class TestTheNamedTenant(Conformance):
    @pytest.fixture
    def tenant(self, settings: Settings) -> NamedTenant:
        settings.CEC_SECRETS = {SECRET: told_json(os.environ, "SECRET")}
        row = models.Registry(
            pk=1,
            name="tenant",
            adapter=told(os.environ, "ADAPTER"),
            base_url=told(os.environ, "URL"),
            auth=told(os.environ, "AUTH"),
            secret=SECRET,
            timeout_s=TIMEOUT_S,
            calls_per_minute=int(told(os.environ, "CALLS_PER_MINUTE")),
            options=told_json(os.environ, "OPTIONS"),
        )
        return NamedTenant(
            registry=build(row),
            known=told(os.environ, "KNOWN"),
            unknown=told(os.environ, "UNKNOWN"),
        )
