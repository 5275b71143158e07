"""Whatever the sandbox does wrongly, no adapter says what is not so.

Each switch of the catalogue is turned on for each operation of the contract; a new one joins by
itself. What is held to is safety, not progress: what an answer lets whoever delivers conclude.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Health, Held, Known, Page, Posting, Registry
from cec_plugin.sandbox.faults import On
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.sandbox.switches import CATALOGUE
from tests.contract.conformance import new_reference, posting, retraction
from tests.contract.sandbox_tenants import (
    ADA,
    BY_QUERY,
    GRACE,
    SECRETS,
    SandboxTenant,
    SetUp,
    adapter,
)

SPARING = {"delay_ms": 50, "slow_drip": 100, "huge": 2, "token_expires": 1}
"""The figures of switches that would take their time, or be harmless, as they are by default."""

AUTH = {"empty_without_credentials": "wrong header", "token_expires": "oauth2"}
"""Where a switch only hits who is not known, or comes with a token."""

HIDES = {"reads_lag"}
"""What has the registry not show what it has, so that nobody could know of it."""

NOTHING_WAS_WRITTEN = {
    Result.RETRYABLE,
    Result.CONFIGURATION,
    Result.REFUSED,
    Result.MEMBER,
    Result.UNABLE,
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "by path": {},
    "by query, each write looked up": {**BY_QUERY, "read_back": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """A switch, and which calls it hits."""

    name: str
    on: On

    @property
    def change(self) -> dict[str, Any]:
        value = {"value": SPARING[self.name]} if self.name in SPARING else {}
        return {self.name: {"on": self.on.value, **value}}


WEATHERS = [
    Weather(name=fault.name, on=on) for fault in CATALOGUE for on in sorted({fault.on, On.ANY})
]


@pytest.fixture(autouse=True)
def _secrets(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CEC_SECRETS = SECRETS
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(members=[ADA, GRACE]) as sandbox:
        yield sandbox


@pytest.fixture
def tenant(sandbox: Sandbox) -> SandboxTenant:
    """Give the sandbox empty and well, with an adapter that nothing hits yet."""
    sandbox.control.reset()
    return SandboxTenant(registry=adapter(sandbox, SetUp()), sandbox=sandbox)


Storm = Callable[[], Registry]


@pytest.fixture
def storm(tenant: SandboxTenant, weather: Weather, options: Mapping[str, Any]) -> Storm:
    """Return what turns the switch on and gives the adapter that is put to the test."""

    def storm() -> Registry:
        auth = AUTH.get(weather.name, "header")
        registry = tenant.again(SetUp(auth=auth, options=options, timeout_s=1))
        tenant.control.set_faults(**weather.change)
        return registry

    return storm


def _planted(tenant: SandboxTenant, count: int = 1) -> list[Posting]:
    credits_ = [posting(tenant) for _ in range(count)]
    for one in credits_:
        assert tenant.registry.post(one).result is Result.DELIVERED
    return credits_


def _standing(tenant: SandboxTenant, credit: Posting) -> list[int | None]:
    return [row.hundredths for row in tenant.rows(credit.reference) if not row.reversed]


def _assert_true(tenant: SandboxTenant, outcome: Outcome, credit: Posting, *, added: int) -> None:
    """Hold an outcome against the data; ``added`` is how many rows there are since."""
    if outcome.result is Result.DELIVERED:
        assert _standing(tenant, credit) == [credit.hundredths]
    if outcome.result in NOTHING_WAS_WRITTEN and not outcome.maybe_written:
        assert added == 0, outcome


@pytest.mark.parametrize("weather", WEATHERS, ids=lambda one: f"{one.name} on {one.on}")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
class TestUnderEachSwitch:
    def test_a_post_says_only_what_is_so(self, tenant: SandboxTenant, storm: Storm) -> None:
        credit = posting(tenant)
        outcome = storm().post(credit)
        added = len(tenant.control.data().credits)
        _assert_true(tenant, outcome, credit, added=added)

    def test_a_bad_credit_is_never_delivered(self, tenant: SandboxTenant, storm: Storm) -> None:
        credit = replace(posting(tenant), member_number=tenant.unknown)
        outcome = storm().post(credit)
        assert outcome.result is not Result.DELIVERED
        _assert_true(tenant, outcome, credit, added=len(tenant.control.data().credits))

    def test_another_amount_under_our_reference_is_never_ours(
        self, tenant: SandboxTenant, storm: Storm
    ) -> None:
        (credit,) = _planted(tenant)
        other = replace(credit, hundredths=2000)
        outcome = storm().post(other)
        added = len(tenant.control.data().credits) - 1
        if added == 0:
            assert outcome.result is not Result.DELIVERED
        assert credit.hundredths in _standing(tenant, credit)

    def test_a_batch_agrees_with_the_data_by_position(
        self, tenant: SandboxTenant, storm: Storm
    ) -> None:
        good, also = posting(tenant), posting(tenant)
        bad = replace(posting(tenant), member_number=tenant.unknown)
        sent = [good, bad, also]
        outcomes = storm().post_many(sent)
        total = len(tenant.control.data().credits)
        if isinstance(outcomes, Outcome):
            assert outcomes.result is not Result.DELIVERED
            _assert_true(tenant, outcomes, good, added=total)
            return
        assert len(outcomes) == len(sent)
        for credit, outcome in zip(sent, outcomes, strict=True):
            rows = len(tenant.rows(credit.reference))
            _assert_true(tenant, outcome, credit, added=rows)
        assert outcomes[1].result is not Result.DELIVERED

    def test_what_is_there_is_never_called_absent(
        self, tenant: SandboxTenant, storm: Storm, weather: Weather
    ) -> None:
        credit, *_ = _planted(tenant, 3)
        found = storm().find(credit.reference)
        if isinstance(found, Held):
            assert (found.reference, found.hundredths) == (credit.reference, credit.hundredths)
        assert found is not None or weather.name in HIDES

    def test_what_is_not_there_is_never_found(self, tenant: SandboxTenant, storm: Storm) -> None:
        _planted(tenant)
        assert not isinstance(storm().find(new_reference()), Held)

    def test_nobody_is_taken_for_somebody_else(self, tenant: SandboxTenant, storm: Storm) -> None:
        registry = storm()
        for number in (tenant.known, GRACE.number):
            found = registry.member(number)
            assert found is not None
            assert isinstance(found, Outcome) or found.number == number
        assert not isinstance(registry.member(tenant.unknown), Known)

    def test_a_reversal_says_only_what_is_so(self, tenant: SandboxTenant, storm: Storm) -> None:
        credit, other = _planted(tenant, 2)
        outcome = storm().reverse(retraction(credit))
        standing = _standing(tenant, credit)
        if outcome.result is Result.DELIVERED:
            assert not standing
        if outcome.result in NOTHING_WAS_WRITTEN and not outcome.maybe_written:
            assert standing
            assert not tenant.control.data().reversals
        assert _standing(tenant, other)

    def test_a_list_leaves_out_nothing(
        self, tenant: SandboxTenant, storm: Storm, weather: Weather
    ) -> None:
        planted = {one.reference for one in _planted(tenant, 3)}
        page = storm().changes("")
        if isinstance(page, Page):
            listed = {one.reference for one in page.records}
            assert listed == planted or weather.name in HIDES

    def test_health_is_good_only_where_we_are_known(
        self, tenant: SandboxTenant, storm: Storm, weather: Weather
    ) -> None:
        health: Health = storm().health()
        if health.ok:
            assert health.caller
            assert health.entities
            assert all(health.entities.values())
            assert weather.name not in {"empty_without_credentials", "html", "login_redirect"}
        else:
            assert health.detail

    def test_it_ends_in_time(self, tenant: SandboxTenant, storm: Storm) -> None:
        registry = storm()
        began = time.monotonic()
        with registry.within(0.6):
            registry.post(posting(tenant))
            registry.find(new_reference())
        assert time.monotonic() - began < 1.5
