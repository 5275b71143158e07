"""Answers in shapes that the sandbox does not make: other names, other paths, other habits."""

import gzip
import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses
import urllib3
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.answers import ID_LENGTH, WORDS_LENGTH
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Posting, Registry, Retraction

BASE = "https://registry.example/api"
CREDIT = f"{BASE}/credits/ref-1"
REVERSE = f"{CREDIT}/reverse"
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
STORED = {
    "id": 7,
    "reference": "ref-1",
    "amount": "10.50",
    "state": "active",
    "member_number": "M-1001",
}
HEALTHY = {"caller": "us", "entities": {"members": True, "credits": True}}
Build = Callable[..., Registry]


@pytest.fixture(autouse=True)
def _mocked() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


@pytest.fixture
def wire(_mocked: responses.RequestsMock) -> responses.RequestsMock:
    """Give what answers in a registry's place."""
    return _mocked


@pytest.fixture
def registry_with(settings: Settings) -> Build:
    """Return what builds the adapter of a registry with these options."""
    settings.CEC_SECRETS = {"guild": {"key": "ochre-zebra"}}

    def registry_with(**options: Any) -> Registry:
        return build(
            models.Registry(
                pk=1,
                name="Guild register",
                base_url=BASE + "/",
                secret="guild",
                calls_per_minute=60_000_000,
                options=options,
            )
        )

    return registry_with


@pytest.fixture
def registry(registry_with: Build) -> Registry:
    return registry_with()


def _sent(wire: responses.RequestsMock, place: int = 0) -> Any:
    return json.loads(wire.calls[place].request.body)


class TestWhatIsSent:
    def test_the_credit_is_json_in_words_that_registries_use(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, json=STORED, status=201)
        registry.post(POSTING)
        assert _sent(wire) == {
            "reference": "ref-1",
            "member_number": "M-1001",
            "activity_code": "course-v1:Guild+ETH+1",
            "title": "Ethics",
            "credit_type": "cec",
            "amount": "10.50",
            "unit": "hours",
            "earned_on": "2026-11-14",
        }
        assert wire.calls[0].request.headers["X-Api-Key"] == "ochre-zebra"

    def test_other_names_constants_and_methods_are_data(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(
            credit_path="/journals?ref={reference}",
            credit_method="POST",
            header="X-Ss-Id",
            fields={
                "reference": "ExternalId",
                "member_number": "PersonID",
                "amount": "CEUsEarned",
                "role": "PartTaken",
                "unit": "",
                "title": "",
                "id": "JournalID",
            },
            constants={"CertificationID": 12, "CEUsEarned": "never"},
        )
        wire.post(
            f"{BASE}/journals?ref=ref-1",
            json={"JournalID": "J/9", "ExternalId": "ref-1", "CEUsEarned": "10.5"},
        )
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, "J/9")
        assert _sent(wire) == {
            "CertificationID": 12,
            "ExternalId": "ref-1",
            "PersonID": "M-1001",
            "activity_code": "course-v1:Guild+ETH+1",
            "credit_type": "cec",
            "CEUsEarned": "10.50",
            "earned_on": "2026-11-14",
            "PartTaken": "presenter",
        }
        assert wire.calls[0].request.headers["X-Ss-Id"] == "ochre-zebra"

    def test_a_reference_cannot_leave_its_place_in_the_path(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/credits/..%2Fmembers%3Fall", json={"error": {"code": "no"}}, status=404)
        assert registry.find("../members?all") is None

    def test_a_reversal_names_both_references(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(
            reverse_path="/void/{reference}",
            reverse_method="DELETE",
            fields={"reference": "ext"},
            state_field="record.status",
            reversed_value="VOIDED",
        )
        wire.delete(f"{BASE}/void/ref-1", json={"ext": "ref-1", "record": {"status": "VOIDED"}})
        assert registry.reverse(RETRACTION).result is Result.DELIVERED
        assert _sent(wire) == {
            "ext": "rev-1",
            "reversed_on": "2026-12-01",
            "reason": "withdrawn",
        }


class TestWhatIsProof:
    @pytest.mark.parametrize(
        ("status", "answer"),
        [
            (200, {"json": {"ok": True}}),
            (200, {"json": []}),
            (200, {"body": b"null"}),
            (201, {"json": {"id": 7}}),
            (200, {"json": {**STORED, "reference": "ref-2"}}),
            (200, {"json": {**STORED, "reference": None}}),
            (200, {"json": {**STORED, "amount": "20.00"}}),
            (204, {"body": b""}),
        ],
    )
    def test_a_success_that_does_not_show_the_credit_is_read_back(
        self, registry: Registry, wire: responses.RequestsMock, status: int, answer: Any
    ) -> None:
        wire.put(CREDIT, status=status, **answer)
        wire.get(CREDIT, json=STORED)
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, "7")
        assert [call.request.method for call in wire.calls] == ["PUT", "GET"]

    def test_another_amount_on_reading_back_is_a_conflict(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, json={"id": 7})
        wire.get(CREDIT, json={**STORED, "amount": "1.00"})
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.CONFLICT, "7")

    def test_a_record_that_lost_our_reference_is_a_conflict(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, json={"id": 7, "reference": None})
        wire.get(CREDIT, json={"error": {"code": "gone"}}, status=404)
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.CONFLICT, "7")

    def test_acknowledged_and_not_there_yet_is_ambiguous(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        """Reads may lag behind; with the id that was named, the next look decides."""
        wire.put(CREDIT, json={"id": 7})
        wire.get(CREDIT, json={"error": {"code": "gone"}}, status=404)
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.AMBIGUOUS, "7")

    def test_neither_acknowledged_nor_there_is_ambiguous(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, json={"ok": True})
        wire.get(CREDIT, json={"error": {"code": "gone"}}, status=404)
        assert registry.post(POSTING).result is Result.AMBIGUOUS

    @pytest.mark.parametrize("status", [401, 500, 503, 404])
    def test_acknowledged_and_unreadable_afterwards_may_stand_there(
        self, registry: Registry, wire: responses.RequestsMock, status: int
    ) -> None:
        """Also where our key was taken from us in between: nobody may call the credit absent."""
        wire.put(CREDIT, json={"id": 7})
        wire.get(CREDIT, status=status, json={})
        outcome = registry.post(POSTING)
        refused = status in (401, 404)
        expected = Result.CONFIGURATION if refused else Result.AMBIGUOUS
        assert (outcome.result, outcome.remote_id) == (expected, "7")
        assert outcome.maybe_written == refused

    def test_a_registry_that_tells_no_amount_is_believed_by_the_reference(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.get(CREDIT, json={"id": 7, "reference": "ref-1"})
        assert registry.find("ref-1") == Held(
            remote_id="7", hundredths=None, reversed=False, reference="ref-1"
        )

    @pytest.mark.parametrize("amount", ["10.5", "10.50", 10.5, "10,5"])
    def test_an_amount_is_compared_as_a_figure(
        self, registry: Registry, wire: responses.RequestsMock, amount: Any
    ) -> None:
        wire.put(CREDIT, json={**STORED, "amount": amount})
        assert registry.post(POSTING).result is Result.DELIVERED
        assert len(wire.calls) == 1

    @pytest.mark.parametrize("amount", ["10.50 CEU", "ten", "", [10]])
    def test_an_amount_that_is_no_figure_is_not_the_one_that_was_sent(
        self, registry: Registry, wire: responses.RequestsMock, amount: Any
    ) -> None:
        wire.put(CREDIT, json={**STORED, "amount": amount})
        wire.get(CREDIT, json={**STORED, "amount": amount})
        assert registry.post(POSTING).result is Result.CONFLICT

    def test_somebody_elses_record_is_not_ours(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        """An unknown filter is ignored by some registries: then everybody comes."""
        wire.get(CREDIT, json={**STORED, "reference": "ref-2"})
        wire.get(f"{BASE}/health", json=HEALTHY)
        assert registry.find("ref-1") is None

    @pytest.mark.parametrize("body", [{}, [], "nothing", 7])
    def test_nothing_in_a_200_is_only_absence_if_we_are_somebody(
        self, registry: Registry, wire: responses.RequestsMock, body: Any
    ) -> None:
        wire.get(CREDIT, json=body)
        wire.get(f"{BASE}/health", json={})
        outcome = registry.find("ref-1")
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.CONFIGURATION

    def test_who_we_are_may_stand_deep_inside(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(health_path="/me", caller_field="session.user.name")
        wire.get(f"{BASE}/me", json={"session": {"user": {"name": "guild-bot"}}})
        assert (registry.health().ok, registry.health().caller) == (True, "guild-bot")

    def test_a_reversal_that_is_not_shown_is_read_back(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.post(REVERSE, status=204)
        wire.get(CREDIT, json={**STORED, "state": "reversed"})
        outcome = registry.reverse(RETRACTION)
        assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, "7")

    def test_a_reversal_that_changed_nothing_is_ambiguous(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.post(REVERSE, json={"ok": True})
        wire.get(CREDIT, json=STORED)
        assert registry.reverse(RETRACTION).result is Result.AMBIGUOUS


class TestWhatIsAFailure:
    @pytest.mark.parametrize(
        ("status", "body", "result"),
        [
            (400, {"error": {"code": "bad"}}, Result.REFUSED),
            (402, {}, Result.REFUSED),
            (410, {}, Result.REFUSED),
            (422, {"error": {"code": "closed", "message": "The year is closed"}}, Result.REFUSED),
            (403, {}, Result.CONFIGURATION),
            (403, {"error": {"code": "REQUEST_LIMIT_EXCEEDED"}}, Result.RETRYABLE),
            (403, {"error": {"message": "Daily quota is used up"}}, Result.RETRYABLE),
            (408, {}, Result.RETRYABLE),
            (425, {}, Result.RETRYABLE),
            (429, {}, Result.RETRYABLE),
            (500, {"error": {"code": "mandatory_missing"}}, Result.AMBIGUOUS),
            (502, {}, Result.AMBIGUOUS),
            (503, {}, Result.RETRYABLE),
            (504, {}, Result.AMBIGUOUS),
            (409, {}, Result.CONFLICT),
            (300, [], Result.CONFLICT),
            (404, {}, Result.CONFIGURATION),
            (404, {"error": {"code": "no_activity"}}, Result.REFUSED),
            (404, {"error": {"code": "member_not_found"}}, Result.MEMBER),
        ],
    )
    def test_a_refused_write_is_classed(
        self,
        registry: Registry,
        wire: responses.RequestsMock,
        status: int,
        body: Any,
        result: Result,
    ) -> None:
        wire.put(CREDIT, json=body, status=status)
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.status) == (result, status)
        assert len(wire.calls) == 1

    @pytest.mark.parametrize("status", [500, 502, 504])
    def test_a_failed_read_is_never_ambiguous(
        self, registry: Registry, wire: responses.RequestsMock, status: int
    ) -> None:
        wire.get(CREDIT, json={}, status=status)
        outcome = registry.find("ref-1")
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.RETRYABLE

    def test_codes_and_words_stand_where_the_registry_puts_them(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(
            error_code="fault.detail.kind",
            error_message="fault.text",
            error_fields="fault.detail.fields",
            member_codes=["UNKNOWN_PERSON", "LAPSED"],
        )
        fault = {"text": "Cannot be posted", "detail": {"kind": "LAPSED", "fields": {"d": "late"}}}
        wire.put(CREDIT, json={"fault": fault}, status=404)
        outcome = registry.post(POSTING)
        assert outcome.result is Result.MEMBER
        assert outcome.reason == "HTTP 404: LAPSED Cannot be posted d: late"

    def test_the_answer_itself_may_name_what_is_wrong_with_each_field(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        """As Django REST framework answers."""
        registry = registry_with(error_fields="", error_message="")
        wire.put(CREDIT, json={"amount": ["Too many.", "No number."]}, status=400)
        outcome = registry.post(POSTING)
        assert outcome.result is Result.REFUSED
        assert outcome.reason == "HTTP 400: amount: Too many., No number."

    @pytest.mark.parametrize(
        "body",
        [
            {"error": "a text"},
            {"error": ["a", "list"]},
            {"error": {"code": ["a"], "fields": "all"}},
            ["a list"],
            "a text",
            None,
        ],
    )
    def test_an_error_of_another_shape_is_still_refused(
        self, registry: Registry, wire: responses.RequestsMock, body: Any
    ) -> None:
        wire.put(CREDIT, json=body, status=422)
        assert registry.post(POSTING).result is Result.REFUSED

    @pytest.mark.parametrize(
        ("header", "wait_s"),
        [
            ("120", 120),
            ("9" * 400, 86400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
            ("Sat, 01 Jan 2000 00:00:00 GMT", 0),
        ],
        ids=["seconds", "seconds without end", "far future", "past"],
    )
    def test_a_wait_is_a_day_at_most_and_never_below_zero(
        self, registry: Registry, wire: responses.RequestsMock, header: str, wait_s: float
    ) -> None:
        wire.put(CREDIT, json={}, status=429, headers={"Retry-After": header})
        assert registry.post(POSTING).retry_after_s == wait_s

    def test_a_wait_may_be_an_http_date(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
        wire.put(CREDIT, json={}, status=429, headers={"Retry-After": in_an_hour})
        wait_s = registry.post(POSTING).retry_after_s
        assert wait_s is not None
        assert 1800 < wait_s <= 3600

    @pytest.mark.parametrize("header", ["soon", "-5", "1.5", "", "Mon, 99 Foo 2026"])
    def test_a_wait_that_nobody_can_read_is_none(
        self, registry: Registry, wire: responses.RequestsMock, header: str
    ) -> None:
        wire.put(CREDIT, json={}, status=429, headers={"Retry-After": header})
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.retry_after_s) == (Result.RETRYABLE, None)

    @pytest.mark.parametrize(
        ("body", "trouble"),
        [
            (b"OK", "not JSON"),
            (b"{", "not JSON"),
            (b"\xff\xfe\x00", "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b"", "empty"),
        ],
    )
    def test_an_answer_that_is_no_json_is_unreadable(
        self, registry: Registry, wire: responses.RequestsMock, body: bytes, trouble: str
    ) -> None:
        wire.put(CREDIT, body=body)
        outcome = registry.post(POSTING)
        assert outcome.result is Result.UNREADABLE
        assert outcome.reason.endswith(trouble)

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [(b"<!doctype html>", "text/plain"), (b"Log in", "text/html; charset=utf-8")],
    )
    def test_a_page_is_our_configuration(
        self, registry: Registry, wire: responses.RequestsMock, body: bytes, content_type: str
    ) -> None:
        wire.put(CREDIT, body=body, content_type=content_type)
        assert registry.post(POSTING).result is Result.CONFIGURATION

    def test_a_small_packed_answer_is_not_taken_for_a_cut_one(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        """Packed, a few bytes are longer than plain."""
        packed = gzip.compress(json.dumps({"reference": "ref-1"}).encode())
        wire.get(
            CREDIT,
            body=packed,
            headers={"Content-Encoding": "gzip", "Content-Length": str(len(packed))},
        )
        assert isinstance(registry.find("ref-1"), Held)

    def test_an_answer_is_asked_for_unpacked(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.get(CREDIT, json=STORED)
        registry.find("ref-1")
        assert wire.calls[0].request.headers["Accept-Encoding"] == "identity"


class TestBrokenConnections:
    def _tls(self, cause: Exception) -> requests.exceptions.SSLError:
        pool = urllib3.HTTPSConnectionPool("registry.example")
        reason = urllib3.exceptions.SSLError(cause)
        return requests.exceptions.SSLError(
            urllib3.exceptions.MaxRetryError(pool, "/credits/ref-1", reason)
        )

    def test_a_certificate_that_is_not_trusted_is_our_configuration(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, body=self._tls(ssl.SSLCertVerificationError("self-signed")))
        outcome = registry.post(POSTING)
        assert outcome.result is Result.CONFIGURATION
        assert outcome.reason == "the registry's certificate is not trusted"

    def test_tls_that_breaks_off_may_have_carried_the_credit(
        self, registry: Registry, wire: responses.RequestsMock
    ) -> None:
        wire.put(CREDIT, body=self._tls(ssl.SSLEOFError("unexpected eof while reading")))
        assert registry.post(POSTING).result is Result.AMBIGUOUS

    @pytest.mark.parametrize(
        ("error", "result"),
        [
            (requests.ConnectTimeout(), Result.RETRYABLE),
            (requests.ReadTimeout(), Result.AMBIGUOUS),
            (requests.ConnectionError(), Result.AMBIGUOUS),
            (requests.exceptions.ChunkedEncodingError(), Result.AMBIGUOUS),
            (urllib3.exceptions.DecodeError(), Result.AMBIGUOUS),
        ],
    )
    def test_whatever_breaks_is_a_value(
        self,
        registry: Registry,
        wire: responses.RequestsMock,
        error: Exception,
        result: Result,
    ) -> None:
        wire.put(CREDIT, body=error)
        assert registry.post(POSTING).result is result


class TestWordsOfARegistry:
    def _said(self, registry: Registry, wire: responses.RequestsMock, words: str) -> str:
        wire.put(CREDIT, json={"error": {"code": "bad", "message": words}}, status=422)
        return registry.post(POSTING).reason

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("Write to ada@guild.example, please", "Write to @ please"),
            ("Member M-1001 is late", "Member # is late"),
            ("Licence 4711/AB has ended", "Licence # has ended"),
            ("line\n\n\tline", "line line"),
            ("zero\x00byte, half\ud800", "zerobyte, half"),
            ("at most 500 characters", "at most 500 characters"),
            ("the key ochre-zebra is old", "the key # is old"),
        ],
    )
    def test_they_are_shown_without_what_is_personal_or_secret(
        self, registry: Registry, wire: responses.RequestsMock, words: str, said: str
    ) -> None:
        assert self._said(registry, wire, words) == f"HTTP 422: bad {said}"

    @pytest.mark.parametrize("number", ["7", "ADA", "A.7", "Ä/1"])
    def test_a_members_number_is_never_repeated_whatever_it_looks_like(
        self, registry: Registry, wire: responses.RequestsMock, number: str
    ) -> None:
        message = f"No member {number} in 70 years, LADAR"
        wire.put(CREDIT, json={"error": {"code": "no", "message": message}}, status=422)
        outcome = registry.post(replace(POSTING, member_number=number))
        assert outcome.reason == "HTTP 422: no No member # in 70 years, LADAR"

    def test_they_are_short(self, registry: Registry, wire: responses.RequestsMock) -> None:
        assert len(self._said(registry, wire, "x" * 10_000)) <= WORDS_LENGTH + len("HTTP 422: ")

    def test_an_id_fits_its_column(self, registry: Registry, wire: responses.RequestsMock) -> None:
        wire.put(CREDIT, json={**STORED, "id": "i\x00" + "d" * 500})
        outcome = registry.post(POSTING)
        assert outcome.result is Result.DELIVERED
        assert (len(outcome.remote_id), outcome.remote_id[:2]) == (ID_LENGTH, "id")
        assert models.Delivery._meta.get_field("remote_id").max_length == ID_LENGTH
