"""The REST registry says of every answer of the sandbox, over real sockets, what it means."""

import contextlib
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.reading import MAX_BYTES
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Posting, Registry, Retraction
from cec_plugin.sandbox.auth import Credentials
from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.records import Member, State
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.sandbox.switches import CATALOGUE

ADA = Member(number="M-1001", name="Ada Byron")
SECRETS = {
    "header": {"key": "sandbox-key"},
    "basic": {"user": "sandbox", "password": "sandbox-password"},
    "oauth2": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
    "wrong header": {"key": "no-such-key"},
    "wrong basic": {"user": "sandbox", "password": "no-such-password"},
    "wrong oauth2": {"client_id": "sandbox-client", "client_secret": "no-such-secret"},
}
POSTING = Posting(
    reference="ref-1",
    member_number="M-1001",
    activity="course-v1:Guild+ETH+1",
    title="Ethics",
    credit_type="cec",
    hundredths=1050,
    unit="hours",
    earned_on=date(2026, 11, 14),
    role="presenter",
)
RETRACTION = Retraction(
    reference="ref-1", own_reference="rev-1", on=date(2026, 12, 1), reason="withdrawn"
)
Build = Callable[..., Registry]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(members=[ADA]) as sandbox:
        yield sandbox


@pytest.fixture
def control(sandbox: Sandbox) -> Control:
    return sandbox.control


@pytest.fixture
def registry_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return what builds the adapter for an address from a row, as a courier does."""
    settings.CEC_SECRETS = SECRETS
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def registry_at(url: str, *, auth: str = "header", **fields: Any) -> Registry:
        row = models.Registry(
            pk=1,
            name="Guild register",
            base_url=url,
            auth=auth.removeprefix("wrong "),
            secret=auth,
            **{"timeout_s": 5, "calls_per_minute": 60_000_000, **fields},
        )
        return build(row)

    return registry_at


@pytest.fixture
def registry(sandbox: Sandbox, registry_at: Build) -> Registry:
    return registry_at(sandbox.url)


def _post(registry: Registry) -> Outcome:
    return registry.post(POSTING)


def _find(registry: Registry) -> Held | Outcome | None:
    return registry.find("ref-1")


def _reverse(registry: Registry) -> Outcome:
    return registry.reverse(RETRACTION)


def _result(answer: Held | Outcome | None) -> Result | str:
    if isinstance(answer, Outcome):
        return answer.result
    return "nothing" if answer is None else "held"


class TestInGoodWeather:
    def test_a_credit_is_written_under_our_reference(
        self, registry: Registry, control: Control
    ) -> None:
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.status) == (Result.DELIVERED, 201)
        (credit,) = control.data().credits
        assert (credit.reference, str(credit.id)) == ("ref-1", outcome.remote_id)
        assert (credit.member_number, credit.hundredths, credit.unit) == ("M-1001", 1050, "hours")
        assert (credit.activity_code, credit.title) == ("course-v1:Guild+ETH+1", "Ethics")
        assert (credit.credit_type, credit.earned_on) == ("cec", date(2026, 11, 14))

    def test_the_same_credit_again_is_the_same_row(
        self, registry: Registry, control: Control
    ) -> None:
        first, second = registry.post(POSTING), registry.post(POSTING)
        assert (first.status, second.status) == (201, 200)
        assert first.remote_id == second.remote_id
        assert len(control.data().credits) == 1

    def test_a_credit_is_found_with_its_amount_and_member(self, registry: Registry) -> None:
        posted = registry.post(POSTING)
        assert registry.find("ref-1") == Held(
            remote_id=posted.remote_id,
            hundredths=1050,
            reversed=False,
            member_number="M-1001",
            reference="ref-1",
        )

    def test_nothing_under_a_reference_is_no_failure(self, registry: Registry) -> None:
        assert registry.find("ref-1") is None

    def test_a_credit_is_reversed_once_under_a_reference_of_its_own(
        self, registry: Registry, control: Control
    ) -> None:
        posted = registry.post(POSTING)
        for _ in range(2):
            outcome = registry.reverse(RETRACTION)
            assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, posted.remote_id)
        data = control.data()
        assert [credit.state for credit in data.credits] == [State.REVERSED]
        assert [(row.reference, row.reason) for row in data.reversals] == [("rev-1", "withdrawn")]
        held = registry.find("ref-1")
        assert isinstance(held, Held)
        assert held.reversed

    def test_a_reversal_of_what_is_not_there_is_refused(self, registry: Registry) -> None:
        outcome = registry.reverse(RETRACTION)
        assert (outcome.result, outcome.status) == (Result.REFUSED, 404)
        assert "credit_not_found" in outcome.reason

    def test_a_second_reversal_under_another_reference_is_a_conflict(
        self, registry: Registry
    ) -> None:
        registry.post(POSTING)
        registry.reverse(RETRACTION)
        outcome = registry.reverse(replace(RETRACTION, own_reference="rev-2"))
        assert (outcome.result, outcome.status) == (Result.CONFLICT, 409)


class TestWhoWeAre:
    @pytest.mark.parametrize(
        ("auth", "caller"),
        [("header", "api-key"), ("basic", "sandbox"), ("oauth2", "sandbox-client")],
    )
    def test_each_way_is_accepted_and_health_says_as_whom(
        self, sandbox: Sandbox, registry_at: Build, auth: str, caller: str
    ) -> None:
        registry = registry_at(sandbox.url, auth=auth)
        health = registry.health()
        assert (health.ok, health.caller) == (True, caller)
        assert registry.post(POSTING).result is Result.DELIVERED
        assert {call.caller for call in sandbox.control.calls() if call.reference} == {caller}

    @pytest.mark.parametrize("auth", ["wrong header", "wrong basic", "wrong oauth2"])
    @pytest.mark.parametrize("ask", [_post, _find, _reverse])
    def test_a_wrong_secret_is_our_configuration(
        self,
        sandbox: Sandbox,
        registry_at: Build,
        auth: str,
        ask: Callable[[Registry], Held | Outcome | None],
    ) -> None:
        registry = registry_at(sandbox.url, auth=auth)
        assert _result(ask(registry)) is Result.CONFIGURATION
        health = registry.health()
        assert not health.ok
        assert "no-such" not in health.detail
        assert sandbox.control.data().credits == ()

    @pytest.mark.parametrize("auth", ["wrong header", "wrong basic"])
    @pytest.mark.parametrize("ask", [_post, _find, _reverse])
    def test_an_empty_200_without_credentials_is_no_missing_credit(
        self,
        sandbox: Sandbox,
        registry_at: Build,
        auth: str,
        ask: Callable[[Registry], Held | Outcome | None],
    ) -> None:
        sandbox.control.set_faults(empty_without_credentials=True)
        registry = registry_at(sandbox.url, auth=auth)
        assert _result(ask(registry)) is Result.CONFIGURATION
        assert registry.health().detail == "it does not say who we are"
        assert sandbox.control.data().credits == ()

    def test_a_token_is_fetched_once_for_many_calls(
        self, sandbox: Sandbox, registry_at: Build
    ) -> None:
        registry = registry_at(sandbox.url, auth="oauth2")
        for _ in range(3):
            assert registry.find("ref-1") is None
        assert _tokens(sandbox) == 1

    def test_a_token_that_is_refused_mid_way_is_fetched_anew_once(
        self, sandbox: Sandbox, registry_at: Build
    ) -> None:
        registry = registry_at(sandbox.url, auth="oauth2")
        assert registry.health().ok
        sandbox.control.set_faults(unauthorized={"times": 1})
        assert registry.post(POSTING).result is Result.DELIVERED
        assert (_tokens(sandbox), len(sandbox.control.data().credits)) == (2, 1)

    def test_a_token_that_never_holds_is_not_fetched_for_ever(self, registry_at: Build) -> None:
        with running_sandbox(credentials=Credentials(token_lifetime_s=0)) as sandbox:
            registry = registry_at(sandbox.url, auth="oauth2")
            assert registry.post(POSTING).result is Result.CONFIGURATION
            assert _tokens(sandbox) == 2

    @pytest.mark.parametrize(
        ("switch", "result"),
        [
            ({"unavailable": True}, Result.RETRYABLE),
            ({"too_many": True}, Result.RETRYABLE),
            ({"server_error": {"on": "any"}}, Result.RETRYABLE),
            ({"commit_then_reset": {"on": "any"}}, Result.RETRYABLE),
            ({"truncated": True}, Result.RETRYABLE),
            ({"slow_drip": 20}, Result.RETRYABLE),
            ({"unauthorized": True}, Result.CONFIGURATION),
            ({"login_redirect": True}, Result.CONFIGURATION),
            ({"html": True}, Result.CONFIGURATION),
            ({"huge": True}, Result.CONFIGURATION),
        ],
    )
    def test_a_token_that_cannot_be_had_writes_nothing(
        self,
        sandbox: Sandbox,
        registry_at: Build,
        switch: Mapping[str, Any],
        result: Result,
    ) -> None:
        registry = registry_at(sandbox.url, auth="oauth2", timeout_s=1)
        sandbox.control.set_faults(**switch)
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.reason[:9]) == (result, "no token:")
        assert [call.path for call in sandbox.control.calls()] == ["/oauth/token"]


def _tokens(sandbox: Sandbox) -> int:
    return sum(call.path == "/oauth/token" for call in sandbox.control.calls())


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What each call comes to under a switch, and how many rows a post leaves behind.

    A reversal leaves as many, unless ``reversals`` says otherwise.
    """

    switch: Any
    post: Result
    find: Result | str
    reverse: Result
    rows: int = 0
    reversals: int | None = None
    auth: str = "header"
    healthy: bool = False


REFUSES = {
    "post": Result.CONFIGURATION,
    "find": Result.CONFIGURATION,
    "reverse": Result.CONFIGURATION,
}
LATER = {"post": Result.RETRYABLE, "find": Result.RETRYABLE, "reverse": Result.RETRYABLE}
UNSURE = {"post": Result.AMBIGUOUS, "find": Result.RETRYABLE, "reverse": Result.AMBIGUOUS}
AS_USUAL = {
    "post": Result.DELIVERED,
    "find": "held",
    "reverse": Result.DELIVERED,
    "rows": 1,
    "healthy": True,
}
UNREADABLE = {"post": Result.UNREADABLE, "find": Result.UNREADABLE, "reverse": Result.UNREADABLE}

SWITCHES = {
    "delay_ms": Expected(switch=50, **AS_USUAL),
    "unavailable": Expected(switch=True, **LATER),
    "too_many": Expected(switch=True, **LATER),
    "quota_403": Expected(switch=True, **LATER),
    "unauthorized": Expected(switch=True, **REFUSES),
    "empty_without_credentials": Expected(switch=True, auth="wrong header", **REFUSES),
    "login_redirect": Expected(switch=True, **REFUSES),
    "html": Expected(switch=True, **REFUSES),
    "server_error": Expected(switch={"on": "any"}, **UNSURE),
    "opaque_500": Expected(switch={"on": "any"}, **UNSURE),
    "commit_then_timeout": Expected(switch={"on": "any"}, rows=1, **UNSURE),
    "commit_then_reset": Expected(switch={"on": "any"}, rows=1, **UNSURE),
    "truncated": Expected(switch=True, rows=1, **UNSURE),
    "slow_drip": Expected(switch=20, rows=1, **UNSURE),
    "huge": Expected(switch=2, rows=1, **UNREADABLE),
    "no_reverse": Expected(switch=True, **{**AS_USUAL, "reverse": Result.UNABLE}, reversals=0),
    "token_expires": Expected(switch=0, auth="oauth2", **REFUSES),
    "filters_ignored": Expected(switch=True, **AS_USUAL),
    "reads_lag": Expected(switch=True, **{**AS_USUAL, "find": "nothing"}),
    "opaque_data_errors": Expected(switch=True, **AS_USUAL),
    "all_or_nothing": Expected(switch=True, **AS_USUAL),
    "errors_in_200": Expected(switch=True, **AS_USUAL),
    "references_not_unique": Expected(switch=True, **AS_USUAL),
    "lost_reference": Expected(switch=True, **{**AS_USUAL, "post": Result.CONFLICT}),
    "receipts_later": Expected(
        switch=True, **{**AS_USUAL, "post": Result.TAKEN, "rows": 0}, reversals=1
    ),
    "approves_later": Expected(switch=True, **AS_USUAL),
}


class TestUnderEachSwitch:
    def test_no_switch_is_left_out(self) -> None:
        assert SWITCHES.keys() == {fault.name for fault in CATALOGUE}

    @pytest.mark.parametrize("name", SWITCHES)
    def test_a_post_is_understood(self, sandbox: Sandbox, registry_at: Build, name: str) -> None:
        expected = SWITCHES[name]
        registry = registry_at(sandbox.url, auth=expected.auth, timeout_s=1)
        sandbox.control.set_faults(**{name: expected.switch})
        assert registry.post(POSTING).result is expected.post
        assert len(sandbox.control.data().credits) == expected.rows

    @pytest.mark.parametrize("name", SWITCHES)
    def test_a_look_is_understood(self, sandbox: Sandbox, registry_at: Build, name: str) -> None:
        expected = SWITCHES[name]
        registry_at(sandbox.url).post(POSTING)
        registry = registry_at(sandbox.url, auth=expected.auth, timeout_s=1)
        sandbox.control.set_faults(**{name: expected.switch})
        assert _result(registry.find("ref-1")) == expected.find

    @pytest.mark.parametrize("name", SWITCHES)
    def test_a_reversal_is_understood(
        self, sandbox: Sandbox, registry_at: Build, name: str
    ) -> None:
        expected = SWITCHES[name]
        registry_at(sandbox.url).post(POSTING)
        registry = registry_at(sandbox.url, auth=expected.auth, timeout_s=1)
        sandbox.control.set_faults(**{name: expected.switch})
        assert registry.reverse(RETRACTION).result is expected.reverse
        left = expected.rows if expected.reversals is None else expected.reversals
        assert len(sandbox.control.data().reversals) == left

    @pytest.mark.parametrize("name", SWITCHES)
    def test_health_is_proof(self, sandbox: Sandbox, registry_at: Build, name: str) -> None:
        expected = SWITCHES[name]
        registry = registry_at(sandbox.url, auth=expected.auth, timeout_s=1)
        sandbox.control.set_faults(**{name: expected.switch})
        health = registry.health()
        assert health.ok is expected.healthy
        assert bool(health.detail) is not expected.healthy


class TestWhatWasWritten:
    @pytest.mark.parametrize(
        "name", ["commit_then_timeout", "commit_then_reset", "truncated", "slow_drip"]
    )
    def test_what_went_unanswered_is_found_afterwards(
        self, sandbox: Sandbox, registry_at: Build, name: str
    ) -> None:
        expected = SWITCHES[name]
        registry = registry_at(sandbox.url, timeout_s=1)
        sandbox.control.set_faults(**{name: expected.switch})
        assert registry.post(POSTING).result is Result.AMBIGUOUS
        sandbox.control.clear_faults()
        held = registry.find("ref-1")
        assert isinstance(held, Held)
        assert held.hundredths == 1050

    def test_a_lost_reference_names_the_row_that_the_registry_acknowledged(
        self, registry: Registry, control: Control
    ) -> None:
        control.set_faults(lost_reference=True)
        outcome = registry.post(POSTING)
        (row,) = control.data().credits
        assert (row.reference, str(row.id)) == (None, outcome.remote_id)
        assert outcome.reason == "the registry took it and does not show it under our reference"

    def test_an_answer_without_end_is_not_read_to_its_end(
        self, registry: Registry, control: Control
    ) -> None:
        control.set_faults(huge=100)
        tracemalloc.start()
        try:
            outcome = registry.post(POSTING)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert outcome.reason == f"the answer is larger than {MAX_BYTES} bytes"
        assert peak < 8 * MAX_BYTES

    def test_a_drip_is_left_at_the_deadline_not_at_its_end(self, registry_at: Build) -> None:
        """Each byte comes in time; only all of them together do not."""
        whole, sent, left = 200, list[int](), threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as server:

            def drip() -> None:
                connection, _ = server.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % whole)
                    while len(sent) < whole and not left.wait(0.02):
                        connection.sendall(b" ")
                        sent.append(1)

            thread = threading.Thread(target=drip)
            thread.start()
            registry = registry_at(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=1)
            outcome = registry.post(POSTING)
            seen = len(sent)
            left.set()
            thread.join()
        assert (outcome.result, outcome.reason) == (Result.AMBIGUOUS, "no answer in time")
        assert 0 < seen < whole

    def test_nothing_is_ever_sent_twice_by_itself(
        self, sandbox: Sandbox, registry_at: Build
    ) -> None:
        registry = registry_at(sandbox.url, timeout_s=1)
        for name in ("server_error", "commit_then_reset", "unavailable", "login_redirect"):
            sandbox.control.reset()
            sandbox.control.set_faults(**{name: True})
            registry.post(POSTING)
            assert [call.method for call in sandbox.control.calls()] == ["PUT"]


class TestWhatTheRegistrySays:
    def test_another_amount_under_our_reference_is_a_conflict(
        self, registry: Registry, control: Control
    ) -> None:
        registry.post(POSTING)
        outcome = registry.post(replace(POSTING, hundredths=2000))
        assert (outcome.result, outcome.status) == (Result.CONFLICT, 409)
        assert [credit.hundredths for credit in control.data().credits] == [1050]

    def test_an_unknown_member_is_a_class_of_its_own(self, registry: Registry) -> None:
        outcome = registry.post(replace(POSTING, member_number="M-2002"))
        assert (outcome.result, outcome.status) == (Result.MEMBER, 404)
        assert "2002" not in outcome.reason

    def test_a_refused_field_is_named(self, registry: Registry, control: Control) -> None:
        outcome = registry.post(replace(POSTING, title="x" * 501))
        assert (outcome.result, outcome.status) == (Result.REFUSED, 422)
        assert "title: must have at most" in outcome.reason
        assert control.data().credits == ()

    @pytest.mark.parametrize("name", ["too_many", "unavailable"])
    def test_seconds_to_wait_are_handed_on_and_kept_by_every_call(
        self, registry: Registry, control: Control, name: str
    ) -> None:
        control.set_faults(**{name: {"times": 1, "value": 17}})
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.retry_after_s) == (Result.RETRYABLE, 17.0)
        early = registry.find(POSTING.reference)
        assert isinstance(early, Outcome)
        assert (early.result, early.crowded) == (Result.RETRYABLE, True)
        assert 0 < (early.retry_after_s or 0) <= 17
        assert [call.method for call in control.calls()] == ["PUT"]

    def test_an_address_where_nobody_listens_wrote_nothing(self, registry_at: Build) -> None:
        with socket.socket() as taken:  # bound, but not listening: every connection is refused
            taken.bind(("127.0.0.1", 0))
            registry = registry_at(f"http://127.0.0.1:{taken.getsockname()[1]}")
            for ask in (_post, _find, _reverse):
                outcome = ask(registry)
                assert isinstance(outcome, Outcome)
                assert (outcome.result, outcome.reason) == (Result.RETRYABLE, "no connection")
            assert registry.health().detail == "no connection"

    def test_a_name_that_nobody_knows_wrote_nothing(self, registry_at: Build) -> None:
        registry = registry_at("http://registry.invalid")
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.reason) == (Result.RETRYABLE, "no connection")

    def test_a_wrong_path_is_our_configuration_or_refused_never_delivered(
        self, sandbox: Sandbox, registry_at: Build
    ) -> None:
        registry = registry_at(f"{sandbox.url}/elsewhere")
        assert registry.post(POSTING).result is Result.REFUSED
        assert not registry.health().ok
