"""The REST adapter holds the contract on the sandbox, in each way in which it may be set up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.ports import Held, Registry
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Credit, Member, State
from cec_plugin.sandbox.server import running_sandbox
from tests.contract.conformance import Conformance

ADA = Member(number="M-1001", name="Ada Byron")
NOBODY = "M-9009"
SECRETS = {
    "header": {"key": "sandbox-key"},
    "basic": {"user": "sandbox", "password": "sandbox-password"},
    "oauth2": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
}


def as_held(credit: Credit) -> Held:
    """Return a row of the registry's own data as the contract has it."""
    return Held(
        remote_id=str(credit.id),
        hundredths=credit.hundredths,
        reversed=credit.state is State.REVERSED,
        member_number=credit.member_number,
        reference=credit.reference or "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTenant:
    """The sandbox, whose own data is open."""

    registry: Registry
    control: Control
    known: str = ADA.number
    unknown: str = NOBODY

    def rows(self, reference: str) -> Sequence[Held]:
        return [as_held(one) for one in self.control.data().credits if one.reference == reference]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """One way to set the adapter up."""

    auth: str = "header"
    options: Mapping[str, Any] = field(default_factory=dict)


SET_UPS = {
    "defaults": SetUp(),
    "basic": SetUp(auth="basic"),
    "oauth2": SetUp(auth="oauth2"),
    "each write looked up": SetUp(options={"read_back": True}),
    "members by query": SetUp(
        options={"member_path": "/members?number={number}", "member_items": "items"}
    ),
    "one by one": SetUp(options={"batch_path": ""}),
    "no reversal": SetUp(options={"reverse_path": ""}),
    "no list": SetUp(options={"list_path": ""}),
    "no members": SetUp(options={"member_path": ""}),
    "pages of two": SetUp(options={"page_size": 2}),
}


@pytest.mark.parametrize("set_up", SET_UPS.values(), ids=SET_UPS)
class TestTheSandbox(Conformance):
    @pytest.fixture
    def tenant(
        self, set_up: SetUp, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[SandboxTenant]:
        settings.CEC_SECRETS = SECRETS
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        with running_sandbox(members=[ADA]) as sandbox:
            row = models.Registry(
                pk=1,
                name="Guild register",
                base_url=sandbox.url,
                auth=set_up.auth,
                secret=set_up.auth,
                timeout_s=5,
                calls_per_minute=60_000_000,
                options=dict(set_up.options),
            )
            yield SandboxTenant(registry=build(row), control=sandbox.control)
