"""What a Tendenci can do to a credit, and what the REST adapter with its options makes of it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pytest_django import Settings

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Held, Page, Posting
from tests.contract.conformance import posting, retraction
from tests.contract.recorded import read
from tests.contract.tendenci_tenant import OPTIONS, SECRETS, TendenciTenant, connect
from tests.emulations.tendenci.server import KEY, Emulation, running_tendenci
from tests.threads import together

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "conformance.md"
SAMPLES = Path(__file__).parent / "samples" / "tendenci"
RECORDED = Posting(
    reference="lms:c3fd7b59dab74c17b38b6a7478a1c12b",
    member_number="M-1001",
    activity="ETH101",
    title="Ethics",
    credit_type="cec",
    hundredths=150,
    unit="hours",
    earned_on=date(2026, 11, 20),
    role="learner",
)
PROFILES = {
    "member_path": "/api_tasty/v1/profile/?format=json&member_number={number}",
    "member_items": "objects",
    "member_key": "member_number",
}


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS
    settings.CEC_ALLOW_HTTP = True


@pytest.fixture
def tendenci() -> Iterator[Emulation]:
    with running_tendenci() as emulation:
        yield emulation


@pytest.fixture
def tenant(tendenci: Emulation) -> TendenciTenant:
    return TendenciTenant(tendenci, connect(tendenci.url))


def test_the_options_are_those_of_the_documentation() -> None:
    blocks = HOWTO.read_text().split("```json\n")[1:]
    assert OPTIONS in [json.loads(block.split("```")[0]) for block in blocks]


def test_it_can_do_what_the_options_say(tenant: TendenciTenant) -> None:
    assert tenant.registry.capabilities == Capabilities(upsert=True, lists=True, members=False)


class TestWhatIsSent:
    @pytest.mark.parametrize(
        ("sample", "act"),
        [
            ("30-addon-put-create.http", lambda one: one.post(RECORDED)),
            ("32-addon-cancel.http", lambda one: one.reverse(retraction(RECORDED))),
            ("33-addon-list.http", lambda one: one.find(RECORDED.reference)),
        ],
    )
    def test_it_is_what_was_recorded(
        self, tenant: TendenciTenant, tendenci: Emulation, sample: str, act: Any
    ) -> None:
        tenant.registry.post(RECORDED)
        act(tenant.registry)
        was, now = read(SAMPLES / sample), tendenci.calls[-1]
        assert (now.method, unquote(now.path)) == (was.method, was.path)
        assert now.body == (json.loads(was.payload) if was.payload else {})


class TestTakingBack:
    def test_what_an_administrator_changed_there_stays_as_it_is(
        self, tenant: TendenciTenant, tendenci: Emulation
    ) -> None:
        """A reversal sends the whole record, as the registry itself shows it."""
        tenant.registry.post(RECORDED)
        changed = {**tendenci.calls[-1].body, "credits": "2.25", "date": "2026-11-21"}
        tendenci.transcripts.put(RECORDED.reference, changed)
        assert tenant.registry.reverse(retraction(RECORDED)).result is Result.DELIVERED
        (row,) = tendenci.transcripts.rows(external_id=RECORDED.reference)
        assert (row["credits"], row["date"], row["status"]) == ("2.25", "2026-11-21", "cancelled")

    def test_what_is_cancelled_is_not_written_again(
        self, tenant: TendenciTenant, tendenci: Emulation
    ) -> None:
        tenant.registry.post(RECORDED)
        tenant.registry.reverse(retraction(RECORDED))
        tendenci.calls.clear()
        outcome = tenant.registry.reverse(retraction(RECORDED))
        assert (outcome.result, outcome.reason) == (Result.DELIVERED, "found reversed")
        assert [call.method for call in tendenci.calls] == ["GET"]

    def test_what_is_not_there_is_not_made_to_be_cancelled(
        self, tenant: TendenciTenant, tendenci: Emulation
    ) -> None:
        outcome = tenant.registry.reverse(retraction(RECORDED))
        assert (outcome.result, outcome.status) == (Result.REFUSED, 404)
        assert not tenant.rows(RECORDED.reference)
        assert not [call for call in tendenci.calls if call.method == "PUT"]

    def test_nothing_is_written_where_it_could_not_be_read(
        self, tendenci: Emulation, tenant: TendenciTenant
    ) -> None:
        tenant.registry.post(RECORDED)
        stranger = connect(tendenci.url, secret="another")
        outcome = stranger.reverse(retraction(RECORDED))
        assert (outcome.result, outcome.maybe_written) == (Result.CONFIGURATION, False)
        (row,) = tenant.rows(RECORDED.reference)
        assert not row.reversed

    def test_the_old_reference_would_open_it_again(
        self, tenant: TendenciTenant, tendenci: Emulation
    ) -> None:
        """Therefore whoever delivers takes a new one."""
        tenant.registry.post(RECORDED)
        tenant.registry.reverse(retraction(RECORDED))
        assert tenant.registry.post(RECORDED).result is Result.DELIVERED
        (row,) = tenant.rows(RECORDED.reference)
        assert not row.reversed
        tenant.registry.reverse(retraction(RECORDED))
        held = tenant.registry.find(RECORDED.reference)
        assert isinstance(held, Held)
        assert held.reversed


class TestMembers:
    def test_a_number_that_nobody_has_is_told_by_the_refusal(self, tenant: TendenciTenant) -> None:
        credit = replace(posting(tenant), member_number=tenant.unknown)
        outcome = tenant.registry.post(credit)
        assert (outcome.result, outcome.status) == (Result.MEMBER, 400)
        assert "unknown member" in outcome.reason
        assert tenant.unknown not in outcome.reason
        assert not tenant.rows(credit.reference)

    @pytest.mark.parametrize("number", ["M-1001", "M-9999"])
    def test_a_list_of_everybody_without_numbers_proves_nothing(
        self, tendenci: Emulation, number: str
    ) -> None:
        """Neither that somebody is there, nor that nobody is."""
        registry = connect(tendenci.url, secret="stock", scheme="ApiKey", **PROFILES)
        found = registry.member(number)
        assert isinstance(found, Outcome)
        assert (found.result, found.status) == (Result.CONFIGURATION, 200)
        assert number not in found.reason

    def test_the_key_for_credits_does_not_open_the_list_of_people(
        self, tendenci: Emulation
    ) -> None:
        found = connect(tendenci.url, **PROFILES).member("M-1001")
        assert isinstance(found, Outcome)
        assert (found.result, found.status) == (Result.CONFIGURATION, 401)


class TestWhoWeAre:
    def test_a_registry_without_a_single_credit_is_in_good_health(
        self, tendenci: Emulation
    ) -> None:
        tendenci.transcripts.clear()
        health = connect(tendenci.url).health()
        assert (health.ok, health.caller, health.entities) == (True, "tendenci", {"credits": True})

    def test_another_key_is_refused_and_not_repeated(self, tendenci: Emulation) -> None:
        health = connect(tendenci.url, secret="another").health()
        assert not health.ok
        assert health.detail == "HTTP 403: detail: Authentication credentials were not provided."

    def test_what_answers_anybody_proves_nothing_of_us(self, tendenci: Emulation) -> None:
        tendenci.open = True
        registry = connect(tendenci.url)
        assert registry.health().detail == (
            "it shows credits without credentials: nothing proves ours"
        )
        found = registry.find(RECORDED.reference)
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION

    def test_the_key_itself_is_never_repeated(self, tendenci: Emulation) -> None:
        """The scheme before it is not part of the secret."""
        outcome = connect(tendenci.url, constants={"status": KEY}).post(RECORDED)
        assert outcome.result is Result.REFUSED
        assert outcome.reason.startswith("HTTP 400: status: ")
        assert KEY not in outcome.reason


class TestAtOnce:
    def test_four_equal_credits_at_once_are_one(self, tendenci: Emulation) -> None:
        tendenci.transcripts.gap = threading.Barrier(4, timeout=20)
        registries = [connect(tendenci.url) for _ in range(4)]
        outcomes = together([lambda one=one: one.post(RECORDED) for one in registries])
        assert [one.result for one in outcomes] == [Result.DELIVERED] * 4
        assert sorted(one.status or 0 for one in outcomes) == [200, 200, 200, 201]
        assert len({one.remote_id for one in outcomes}) == 1
        assert len(tendenci.transcripts.rows(external_id=RECORDED.reference)) == 1


class TestLooking:
    def test_a_filter_that_is_ignored_finds_nothing_and_proves_nothing(
        self, tendenci: Emulation
    ) -> None:
        """It shows those of others."""
        registry = connect(tendenci.url, find_path="/api/v1/transcripts/?ref={reference}")
        found = registry.find(RECORDED.reference)
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION

    def test_all_that_stands_there_is_listed_with_what_became_of_it(
        self, tenant: TendenciTenant, tendenci: Emulation
    ) -> None:
        tendenci.transcripts.page_size = 2
        first, second = posting(tenant), posting(tenant)
        for credit in (first, second):
            tenant.registry.post(credit)
        tenant.registry.reverse(retraction(second))
        page = tenant.registry.changes("")
        assert isinstance(page, Page)
        assert (page.cursor, page.more) == ("2", True)
        last = tenant.registry.changes(page.cursor)
        assert isinstance(last, Page)
        assert not last.more
        assert [(one.reference, one.hundredths, one.reversed) for one in last.records] == [
            (second.reference, 1000, True)
        ]
