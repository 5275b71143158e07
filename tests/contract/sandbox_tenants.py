"""The sandbox as a tenant to test adapters against, in each way in which it may be set up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.ports import Held, Registry
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Approval, Credit, Member, State
from cec_plugin.sandbox.server import Sandbox, running_sandbox

ADA, GRACE = Member(number="M-1001", name="Ada Byron"), Member(number="M-1002", name="Grace")
NOBODY = "M-9009"
SECRETS = {
    "header": {"key": "sandbox-key"},
    "basic": {"user": "sandbox", "password": "sandbox-password"},
    "oauth2": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
    "hmac": {"key_id": "guild", "current": "sandbox-hmac-secret"},
    "wrong header": {"key": "no-such-key"},
}
BY_QUERY: Mapping[str, Any] = {
    "find_path": "/credits?reference={reference}",
    "find_items": "items",
    "member_path": "/members?number={number}",
    "member_items": "items",
}
DECIDED = {Approval.APPROVED: True, Approval.DECLINED: False}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """One way to set the adapter up."""

    auth: str = "header"
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTenant:
    """The sandbox, whose own data is open."""

    registry: Registry
    sandbox: Sandbox
    known: str = ADA.number
    unknown: str = NOBODY

    @property
    def control(self) -> Control:
        return self.sandbox.control

    def rows(self, reference: str) -> Sequence[Held]:
        return [as_held(one) for one in self.control.data().credits if one.reference == reference]

    def again(self, set_up: SetUp) -> Registry:
        """Return another adapter for the same sandbox."""
        return adapter(self.sandbox, set_up)


@contextmanager
def sandbox_tenant(set_up: SetUp) -> Iterator[SandboxTenant]:
    """Run a sandbox with an adapter that is set up in this way."""
    with running_sandbox(members=[ADA, GRACE]) as sandbox:
        yield SandboxTenant(registry=adapter(sandbox, set_up), sandbox=sandbox)


def adapter(sandbox: Sandbox, set_up: SetUp) -> Registry:
    """Build an adapter for a sandbox from a row, as a courier does."""
    return build(
        models.Registry(
            pk=1,
            name="Guild register",
            base_url=sandbox.url,
            auth=set_up.auth.removeprefix("wrong "),
            secret=set_up.auth,
            timeout_s=set_up.timeout_s,
            calls_per_minute=60_000_000,
            options=dict(set_up.options),
        )
    )


def as_held(credit: Credit) -> Held:
    """Return a row of the registry's own data as the contract has it."""
    return Held(
        remote_id=str(credit.id),
        hundredths=credit.hundredths,
        reversed=credit.state is State.REVERSED,
        member_number=credit.member_number,
        reference=credit.reference or "",
        approved=DECIDED.get(credit.approval),
    )
