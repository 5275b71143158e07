"""What a REST registry's options make of it: each shape of path, batch, list and answer is data."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests
import responses
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.signing import Signature, Signing
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Held, Known, Page, Registry
from tests.contract.test_shapes import BASE, HEALTHY, POSTING, RETRACTION, STORED

Build = Callable[..., Registry]
SECOND = replace(POSTING, reference="ref-2", member_number="M-1002")
BATCH = f"{BASE}/credits/batch"


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
    settings.CEC_SECRETS = {
        "header": {"key": "ochre-zebra"},
        "hmac": {"key_id": "guild", "current": "umber-okapi"},
    }

    def registry_with(*, auth: str = "header", **options: Any) -> Registry:
        return build(
            models.Registry(
                pk=1,
                name="Guild register",
                base_url=BASE,
                auth=auth,
                secret=auth,
                calls_per_minute=60_000_000,
                options=options,
            )
        )

    return registry_with


def _sent(wire: responses.RequestsMock, place: int = 0) -> Any:
    return json.loads(wire.calls[place].request.body)


def _results(outcomes: list[Outcome] | Outcome) -> list[Result]:
    assert isinstance(outcomes, list), outcomes
    return [one.result for one in outcomes]


class TestWhatItCanDo:
    def test_the_defaults_can_do_what_the_sandbox_can(self) -> None:
        assert RestOptions().capabilities == Capabilities(
            upsert=True, lists=True, bulk=200, partial_bulk=True
        )

    def test_a_registry_with_its_own_path_is_not_supposed_to_have_the_sandboxs_others(
        self,
    ) -> None:
        able = RestOptions.from_json({"credit_path": "/c/{reference}"}).capabilities
        assert (able.lists, able.members, able.bulk, able.partial_bulk) == (False, False, 1, False)
        assert (able.finds, able.reverses) == (True, True)

    def test_what_has_no_path_cannot_be_done(self) -> None:
        none = dict.fromkeys(
            ("member_path", "find_path", "batch_path", "list_path", "reverse_path"), ""
        )
        able = RestOptions.from_json(none).capabilities
        assert (able.members, able.finds, able.lists, able.reverses, able.bulk) == (
            *(False,) * 4,
            1,
        )

    def test_limits_and_manners_are_said(self) -> None:
        able = RestOptions.from_json(
            {
                "credit_path": "/journals",
                "credit_method": "POST",
                "find_path": "/journals?external={reference}",
                "batch_path": "/journals/bulk",
                "batch_size": 30,
                "batch_partial": False,
                "receipts": True,
                "approval_field": "status",
                "reference_length": 20,
                "decimals": 1,
                "unit": "CEU",
                "date_only": False,
            }
        ).capabilities
        assert able == Capabilities(
            upsert=False,
            finds=True,
            lists=False,
            reverses=True,
            members=False,
            bulk=30,
            partial_bulk=False,
            reference_length=20,
            decimals=1,
            date_only=False,
            unit="CEU",
            receipts=True,
            approves=True,
        )

    @pytest.mark.parametrize(
        ("given", "changed", "why"),
        [
            ({"reference_length": 4}, {}, "our reference has more than the 4 characters it keeps"),
            ({"decimals": 0}, {}, "10.5 has more decimals than the 0 that it keeps"),
            (
                {"decimals": 1},
                {"hundredths": 1025},
                "10.25 has more decimals than the 1 that it keeps",
            ),
            ({"unit": "CEU"}, {}, "it keeps CEU and no hours"),
        ],
    )
    def test_what_does_not_fit_is_refused_before_anything_is_sent(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        given: dict[str, Any],
        changed: dict[str, Any],
        why: str,
    ) -> None:
        registry, credit = registry_with(**given), replace(POSTING, **changed)
        for outcome in (registry.post(credit), *_several(registry.post_many([credit]))):
            assert (outcome.result, outcome.reason) == (Result.REFUSED, why)
        assert not wire.calls

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ({}, "10.50"),
            ({"decimals": 1}, "10.5"),
            ({"amount_as_number": True}, 10.5),
        ],
    )
    def test_an_amount_is_written_as_the_registry_keeps_it(
        self, registry_with: Build, wire: responses.RequestsMock, given: dict[str, Any], sent: Any
    ) -> None:
        wire.put(f"{BASE}/credits/ref-1", json=STORED)
        assert registry_with(**given).post(POSTING).result is Result.DELIVERED
        assert _sent(wire)["amount"] == sent

    def test_a_whole_amount_has_no_point(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.put(f"{BASE}/credits/ref-1", json={**STORED, "amount": 10})
        outcome = registry_with(decimals=0).post(replace(POSTING, hundredths=1000))
        assert outcome.result is Result.DELIVERED
        assert _sent(wire)["amount"] == "10"

    @pytest.mark.parametrize(
        ("option", "call"),
        [
            ("member_path", lambda registry: registry.member("M-1001")),
            ("find_path", lambda registry: registry.find("ref-1")),
            ("batch_path", lambda registry: registry.post_many([POSTING])),
            ("list_path", lambda registry: registry.changes("")),
            ("reverse_path", lambda registry: registry.reverse(RETRACTION)),
        ],
    )
    def test_what_it_cannot_do_calls_nobody(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        option: str,
        call: Callable[[Registry], Any],
    ) -> None:
        assert call(registry_with(**{option: ""})).result is Result.UNABLE
        assert not wire.calls

    def test_more_than_a_call_takes_is_not_sent(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        outcome = registry_with(batch_size=2).post_many([POSTING] * 3)
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.UNABLE
        assert not wire.calls


def _several(outcomes: list[Outcome] | Outcome) -> list[Outcome]:
    assert isinstance(outcomes, list)
    return outcomes


class TestACollection:
    """A registry that takes a POST to a collection, and is asked for our reference."""

    OPTIONS: dict[str, Any] = {
        "credit_path": "/journals",
        "credit_method": "POST",
        "record_field": "data",
        "find_path": "/journals?external={reference}",
        "find_items": "data.rows",
        "fields": {"reference": "attributes.external", "member_number": "attributes.person"},
        "constants": {"attributes": {"kind": "credit"}},
    }
    ROW: dict[str, Any] = {
        "id": "J-9",
        "attributes": {"external": "ref-1", "person": "M-1001"},
        "amount": 10.5,
    }

    def test_names_with_dots_stand_inside_when_sent_and_when_read(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(f"{BASE}/journals", json={"data": self.ROW}, status=201)
        registry = registry_with(**self.OPTIONS)
        for _ in range(2):
            outcome = registry.post(POSTING)
            assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, "J-9")
        assert _sent(wire) == _sent(wire, 1)
        assert _sent(wire)["attributes"] == {
            "kind": "credit",
            "external": "ref-1",
            "person": "M-1001",
        }

    @pytest.mark.parametrize(
        ("rows", "found"),
        [
            ([ROW], "held"),
            ([{"id": 1, "attributes": {"external": "ref-9"}}, ROW], "held"),
            ([ROW, ROW], Result.CONFLICT),
            ([{"id": 1, "attributes": {"external": "ref-9"}}], Result.CONFIGURATION),
            ([], "nothing"),
            (None, "nothing"),
        ],
        ids=["one", "one among others", "several", "only others", "none", "no list"],
    )
    def test_the_reference_of_every_row_is_compared(
        self, registry_with: Build, wire: responses.RequestsMock, rows: Any, found: Result | str
    ) -> None:
        wire.get(f"{BASE}/journals?external=ref-1", json={"data": {"rows": rows}})
        wire.get(f"{BASE}/health", json=HEALTHY)
        answer = registry_with(**self.OPTIONS).find("ref-1")
        if isinstance(answer, Outcome):
            assert answer.result is found
        else:
            assert found == ("nothing" if answer is None else "held")

    def test_a_choice_of_several_is_a_conflict(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/credits/ref-1", json=["/a", "/b"], status=300)
        answer = registry_with().find("ref-1")
        assert isinstance(answer, Outcome)
        assert answer.result is Result.CONFLICT

    def test_a_reference_that_nobody_has_may_be_told_in_another_way_than_404(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        said = {"success": False, "error": {"code": "NO_SUCH"}}
        wire.get(f"{BASE}/credits/ref-1", json=said)
        assert registry_with(absent_codes=["NO_SUCH"]).find("ref-1") is None
        answer = registry_with(absent_codes=["OTHER"]).find("ref-1")
        assert isinstance(answer, Outcome)
        assert answer.result is Result.REFUSED

    def test_a_reversal_without_a_place_in_the_path_names_the_award(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(
            reverse_path="/reversals", reverse_fields={"reference": "award", "on": "day"}
        )
        wire.post(f"{BASE}/reversals", json={**STORED, "state": "reversed"})
        assert registry.reverse(RETRACTION).result is Result.DELIVERED
        assert _sent(wire) == {
            "award": "ref-1",
            "reference": "rev-1",
            "day": "2026-12-01",
            "reason": "withdrawn",
        }

    def test_a_deleted_credit_is_taken_back(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.delete(f"{BASE}/credits/ref-1", status=204)
        wire.get(f"{BASE}/credits/ref-1", json={"error": {"code": "gone"}}, status=404)
        registry = registry_with(reverse_path="/credits/{reference}", reverse_method="DELETE")
        assert registry.reverse(RETRACTION).result is Result.DELIVERED

    @pytest.mark.parametrize("status", [405, 501])
    def test_a_reversal_that_is_never_taken_is_beyond_the_registry(
        self, registry_with: Build, wire: responses.RequestsMock, status: int
    ) -> None:
        wire.post(f"{BASE}/credits/ref-1/reverse", json={}, status=status)
        assert registry_with().reverse(RETRACTION).result is Result.UNABLE

    def test_a_reversal_may_be_taken_for_later(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(f"{BASE}/credits/ref-1/reverse", json={}, status=202)
        assert registry_with().reverse(RETRACTION).result is Result.TAKEN


class TestRewriting:
    """A reversal that sends the whole record again, as it stands there."""

    PATH = f"{BASE}/records/ref-1"
    OPTIONS: dict[str, Any] = {
        "credit_path": "/records/{reference}",
        "reverse_path": "/records/{reference}",
        "reverse_method": "PUT",
        "reverse_whole": True,
        "fields": {"amount": "earned.hours", "title": "", "unit": "", "credit_type": ""},
        "constants": {"provider": 12, "earned": {"by": "course"}},
        "reverse_constants": {"state": "reversed"},
        "reverse_fields": {"on": "", "reason": "why"},
    }
    ROW: dict[str, Any] = {
        "id": 7,
        "reference": "ref-1",
        "member_number": "M-1001",
        "activity_code": None,
        "earned": {"hours": 10.5, "seen_by": "Jo"},
        "state": "active",
    }

    def test_what_we_sent_is_sent_as_it_stands_there_now(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        """Under the award's own reference, and without what the registry keeps for itself."""
        wire.get(self.PATH, json=self.ROW)
        wire.put(self.PATH, json={**self.ROW, "state": "reversed"})
        registry = registry_with(**self.OPTIONS)
        for _ in range(2):
            outcome = registry.reverse(RETRACTION)
            assert (outcome.result, outcome.remote_id) == (Result.DELIVERED, "7")
        assert _sent(wire, 1) == {
            "provider": 12,
            "reference": "ref-1",
            "member_number": "M-1001",
            "earned": {"by": "course", "hours": 10.5},
            "why": "withdrawn",
            "state": "reversed",
        }
        assert _sent(wire, 3) == _sent(wire, 1)

    @pytest.mark.parametrize(
        ("read", "result"),
        [
            ({"json": [ROW, ROW]}, Result.CONFLICT),
            ({"json": {}, "status": 503}, Result.RETRYABLE),
            ({"body": requests.ReadTimeout()}, Result.RETRYABLE),
            ({"json": {}, "status": 401}, Result.CONFIGURATION),
            ({"json": {"error": {"code": "none"}}, "status": 404}, Result.REFUSED),
        ],
    )
    def test_what_could_not_be_read_is_not_written(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        read: dict[str, Any],
        result: Result,
    ) -> None:
        wire.get(self.PATH, **read)
        outcome = registry_with(**self.OPTIONS).reverse(RETRACTION)
        assert (outcome.result, outcome.maybe_written) == (result, False)
        assert len(wire.calls) == 1

    def test_a_refusal_does_not_repeat_whom_it_is_about(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(self.PATH, json={**self.ROW, "member_number": "Q-7"})
        wire.put(self.PATH, json={"error": {"message": "Q-7 has lapsed"}}, status=422)
        outcome = registry_with(**self.OPTIONS).reverse(RETRACTION)
        assert (outcome.result, outcome.reason) == (Result.REFUSED, "HTTP 422: # has lapsed")

    def test_constants_go_with_any_reversal(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(f"{BASE}/credits/ref-1/reverse", json={**STORED, "state": "reversed"})
        registry_with(reverse_constants={"by": "lms"}).reverse(RETRACTION)
        assert _sent(wire) == {
            "reference": "rev-1",
            "reversed_on": "2026-12-01",
            "reason": "withdrawn",
            "by": "lms",
        }


class TestMembers:
    QUERY = {"member_path": "/people?no={number}", "member_items": "people", "member_key": "no"}

    @pytest.mark.parametrize(
        ("people", "found"),
        [
            ([{"no": "M-1001"}], Known(number="M-1001")),
            ([{"no": "M-1002"}, {"no": "M-1001"}], Known(number="M-1001")),
            ([{"no": "M-1002"}, {"no": "M-10011"}], None),
            ([{"no": "m-1001"}], None),
            ([], None),
            ([{"no": "M-1001", "standing": "active"}], Known(number="M-1001", active=True)),
            ([{"no": "M-1001", "standing": "lapsed"}], Known(number="M-1001", active=False)),
        ],
    )
    def test_the_number_in_the_answer_is_compared(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        people: Any,
        found: Known | None,
    ) -> None:
        wire.get(f"{BASE}/people?no=M-1001", json={"people": people})
        wire.get(f"{BASE}/health", json=HEALTHY)
        assert registry_with(**self.QUERY).member("M-1001") == found

    def test_a_list_in_which_nobody_has_a_number_proves_nothing(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/people?no=M-1001", json={"people": [{"id": 1}, {"id": 2, "no": None}]})
        found = registry_with(**self.QUERY).member("M-1001")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION
        assert len(wire.calls) == 1

    def test_several_with_one_number_are_a_conflict(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/people?no=M-1001", json={"people": [{"no": "M-1001"}] * 2})
        found = registry_with(**self.QUERY).member("M-1001")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFLICT

    def test_a_truth_is_compared_as_it_is_written(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/members/7", json={"number": 7, "current": True})
        registry = registry_with(standing_field="current", active_values=["true"])
        assert registry.member("7") == Known(number="7", active=True)

    def test_nobody_in_a_200_is_nobody_only_if_we_are_somebody(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/people?no=M-1001", json={"people": []})
        wire.get(f"{BASE}/health", json={})
        found = registry_with(**self.QUERY).member("M-1001")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION
        assert "1001" not in found.reason


class TestBatches:
    def test_each_is_sent_as_if_alone(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        items = [{"status": 201, "reference": one, "id": 7} for one in ("ref-1", "ref-2")]
        wire.post(BATCH, json={"items": items}, status=207)
        assert _results(registry_with().post_many([POSTING, SECOND])) == [Result.DELIVERED] * 2
        sent = _sent(wire)["items"]
        assert [one["reference"] for one in sent] == ["ref-1", "ref-2"]
        assert [one["member_number"] for one in sent] == ["M-1001", "M-1002"]

    def test_nothing_is_sent_for_none(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        assert registry_with().post_many([]) == []
        assert not wire.calls

    def test_what_does_not_fit_is_refused_in_its_place(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(BATCH, json={"items": [{"status": 201, "reference": "ref-2", "id": 8}]})
        outcomes = registry_with(decimals=1).post_many([replace(POSTING, hundredths=1), SECOND])
        assert _results(outcomes) == [Result.REFUSED, Result.DELIVERED]

    @pytest.mark.parametrize(
        ("item", "result"),
        [
            ({"status": 201, "reference": "ref-1", "id": 7}, Result.DELIVERED),
            ({"status": "200", "reference": "ref-1"}, Result.DELIVERED),
            ({"status": 200, "reference": "ref-1", "amount": "10.50"}, Result.DELIVERED),
            ({"status": 202, "reference": "ref-1", "id": 7}, Result.TAKEN),
            ({"status": 404, "error": {"code": "member_not_found"}}, Result.MEMBER),
            ({"error": {"code": "member_not_found"}}, Result.MEMBER),
            ({"status": 422, "error": {"code": "invalid"}}, Result.REFUSED),
            ({"error": {"code": "invalid"}}, Result.REFUSED),
            ({"success": False}, Result.REFUSED),
            ({"status": 404}, Result.REFUSED),
            ({"status": 409, "error": {"code": "conflict"}}, Result.CONFLICT),
            ({"status": 429, "error": {"code": "too_many"}}, Result.RETRYABLE),
            ({"status": 500}, Result.AMBIGUOUS),
            ({"status": 500, "error": {"code": "mandatory_missing"}}, Result.REFUSED),
        ],
    )
    def test_an_item_is_classed_as_a_call_would_be(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        item: dict[str, Any],
        result: Result,
    ) -> None:
        other = {"status": 201, "reference": "ref-2", "id": 8}
        wire.post(BATCH, json={"items": [item, other]})
        registry = registry_with(refused_codes=["mandatory_missing"])
        assert _results(registry.post_many([POSTING, SECOND])) == [result, Result.DELIVERED]
        assert len(wire.calls) == 1

    @pytest.mark.parametrize(
        "items",
        [
            [{"status": 201, "reference": "ref-1"}],
            [{"status": 201, "reference": one} for one in ("ref-2", "ref-1")],
            [{"status": 201, "reference": one} for one in ("ref-1", "ref-2", "ref-3")],
            [{"status": 201, "reference": "ref-1"}, "created"],
        ],
        ids=["fewer", "in another order", "more", "no record"],
    )
    def test_answers_that_do_not_agree_with_what_was_sent_settle_nothing(
        self, registry_with: Build, wire: responses.RequestsMock, items: Any
    ) -> None:
        wire.post(BATCH, json={"items": items}, status=207)
        outcome = registry_with().post_many([POSTING, SECOND])
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.AMBIGUOUS

    @pytest.mark.parametrize("body", [{}, {"items": []}, {"items": "done"}, [], {"ok": True}])
    @pytest.mark.parametrize(
        ("health", "result"), [(HEALTHY, Result.AMBIGUOUS), ({}, Result.CONFIGURATION)]
    )
    def test_an_answer_without_items_asks_who_we_are(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        body: Any,
        health: Any,
        result: Result,
    ) -> None:
        wire.post(BATCH, json=body)
        wire.get(f"{BASE}/health", json=health)
        outcome = registry_with().post_many([POSTING, SECOND])
        assert isinstance(outcome, Outcome)
        assert outcome.result is result
        assert outcome.maybe_written or result is Result.AMBIGUOUS

    def test_a_batch_may_be_taken_for_later_as_a_whole(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(BATCH, json={"job": 12}, status=202)
        assert _results(registry_with().post_many([POSTING, SECOND])) == [Result.TAKEN] * 2

    def test_a_whole_that_failed_is_one_outcome(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        said = {"error": {"code": "invalid", "message": "M-1002 is no member, nor is M-1001"}}
        wire.post(BATCH, json=said, status=422)
        outcome = registry_with().post_many([POSTING, SECOND])
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.REFUSED
        assert "100" not in outcome.reason

    def test_where_one_takes_all_with_it_nothing_is_settled_by_position(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        rolled_back = {"status": 400, "error": {"code": "ROLLED_BACK"}}
        bad = {"status": 422, "error": {"code": "invalid"}}
        wire.post(BATCH, json={"items": [rolled_back, bad]})
        outcome = registry_with(batch_partial=False).post_many([POSTING, SECOND])
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.REFUSED

    def test_an_item_with_another_amount_is_looked_up(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(BATCH, json={"items": [{"reference": "ref-1", "amount": "1.00"}]})
        wire.get(f"{BASE}/credits/ref-1", json={**STORED, "amount": "1.00"})
        assert _results(registry_with().post_many([POSTING])) == [Result.CONFLICT]

    def test_items_that_name_no_reference_are_looked_up_one_by_one(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(BATCH, json=[{"id": 7}, {"id": 8}])
        wire.get(f"{BASE}/credits/ref-1", json=STORED)
        wire.get(f"{BASE}/credits/ref-2", json={"error": {"code": "gone"}}, status=404)
        registry = registry_with(batch_items="", batch_field="", item_reference="")
        outcomes = _several(registry.post_many([POSTING, SECOND]))
        assert _results(outcomes) == [Result.DELIVERED, Result.AMBIGUOUS]
        assert [one.remote_id for one in outcomes] == ["7", "8"]
        assert isinstance(_sent(wire), list)

    def test_errors_may_stand_in_a_list(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        """As Salesforce answers a collection."""
        registry = registry_with(
            batch_field="records",
            batch_items="",
            constants={"attributes": {"type": "Credit__c"}},
            item_status="",
            item_reference="",
            item_code="errors.0.statusCode",
            item_message="errors.0.message",
            member_codes=["NO_CONTACT"],
        )
        failed = {"success": False, "errors": [{"statusCode": "NO_CONTACT", "message": "who?"}]}
        wire.post(BATCH, json=[{"id": "7", "success": True, "errors": []}, failed])
        wire.get(f"{BASE}/credits/ref-1", json=STORED)
        outcomes = _several(registry.post_many([POSTING, SECOND]))
        assert _results(outcomes) == [Result.DELIVERED, Result.MEMBER]
        assert outcomes[1].reason == "NO_CONTACT who?"


class TestLists:
    def test_a_page_names_the_cursor_of_the_next(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        rows = [{**STORED, "cursor": "3"}, {**STORED, "reference": None, "cursor": "5"}]
        wire.get(f"{BASE}/credits?limit=100", json={"items": rows, "next": "5"})
        page = registry_with().changes("")
        assert isinstance(page, Page)
        assert [one.reference for one in page.records] == ["ref-1", ""]
        assert (page.cursor, page.more) == ("5", True)

    @pytest.mark.parametrize(
        ("following", "cursor", "more"),
        [
            (None, "3", False),
            ("", "3", False),
            (False, "3", False),
            (9, "9", True),
            ("https://elsewhere.example/x?since=a%2Fb&limit=1", "a/b", True),
            ("?since=12", "12", True),
            ("/credits?page=2", "3", False),
        ],
    )
    def test_what_comes_next_may_be_a_cursor_or_an_address(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        following: Any,
        cursor: str,
        more: bool,
    ) -> None:
        rows = [{**STORED, "cursor": "3"}]
        wire.get(f"{BASE}/credits?since=1&limit=100", json={"items": rows, "next": following})
        page = registry_with().changes("1")
        assert isinstance(page, Page)
        assert (page.cursor, page.more) == (cursor, more)

    def test_names_of_parameters_and_places_are_data(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(
            list_path="/journals?type=cec",
            list_items="data",
            cursor_parameter="after",
            size_parameter="",
            next_field="paging.cursor",
            row_cursor="",
        )
        wire.get(
            f"{BASE}/journals?type=cec&after=a%2Fb",
            json={"data": [STORED], "paging": {"cursor": "c"}},
        )
        page = registry.changes("a/b")
        assert isinstance(page, Page)
        assert (page.cursor, page.more) == ("c", True)

    @pytest.mark.parametrize(
        "body",
        [
            {"items": "none"},
            {"items": ["a", "b"]},
            {"rows": []},
            {"items": [STORED], "next": "1"},
        ],
        ids=["no list", "no records", "elsewhere", "leads back"],
    )
    def test_what_is_no_page_is_not_read_as_one(
        self, registry_with: Build, wire: responses.RequestsMock, body: Any
    ) -> None:
        wire.get(f"{BASE}/credits?since=1&limit=100", json=body)
        wire.get(f"{BASE}/health", json=HEALTHY)
        page = registry_with().changes("1")
        assert isinstance(page, Outcome)
        assert page.result is Result.UNREADABLE

    @pytest.mark.parametrize("health", [HEALTHY, {}], ids=["known", "nobody"])
    def test_an_empty_page_is_the_end_only_if_we_are_somebody(
        self, registry_with: Build, wire: responses.RequestsMock, health: Any
    ) -> None:
        wire.get(f"{BASE}/credits?since=1&limit=100", json={"items": [], "next": None})
        wire.get(f"{BASE}/health", json=health)
        page = registry_with().changes("1")
        if health:
            assert page == Page(records=(), cursor="1", more=False)
        else:
            assert isinstance(page, Outcome)
            assert page.result is Result.CONFIGURATION


class TestDoubt:
    """An answer without what was asked says that it is not there only once the registry knows us."""

    @pytest.mark.parametrize(
        ("health", "result"),
        [
            ({"status": 503}, Result.RETRYABLE),
            ({"body": requests.ReadTimeout()}, Result.RETRYABLE),
            ({"status": 401, "json": {}}, Result.CONFIGURATION),
            ({"status": 404}, Result.CONFIGURATION),
            ({"json": {"caller": "us"}}, Result.CONFIGURATION),
        ],
    )
    def test_a_registry_that_is_only_away_is_no_wrong_configuration(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        health: dict[str, Any],
        result: Result,
    ) -> None:
        wire.get(f"{BASE}/credits/ref-1", json={})
        wire.get(f"{BASE}/health", **health)
        found = registry_with().find("ref-1")
        assert isinstance(found, Outcome)
        assert found.result is result

    def test_a_probe_that_fails_for_now_is_no_closed_door(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/credits/ref-1", json={})
        wire.get(f"{BASE}/health", json=HEALTHY)
        wire.get(f"{BASE}/people", status=503)
        registry = registry_with(probes={"members": "/people"})
        found = registry.find("ref-1")
        assert isinstance(found, Outcome)
        assert found.result is Result.RETRYABLE
        assert (registry.health().ok, registry.health().detail) == (False, "HTTP 503")

    def test_a_batch_without_an_answer_and_without_a_registry_may_be_written(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.post(BATCH, json={})
        wire.get(f"{BASE}/health", status=503)
        outcome = registry_with().post_many([POSTING, SECOND])
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.AMBIGUOUS


class TestHealth:
    def test_what_we_need_and_may_not_see_is_named(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/health", json={"caller": "us", "entities": {"members": True}})
        health = registry_with().health()
        assert (health.ok, health.detail) == (False, "it does not show us credits")
        assert health.entities == {"members": True, "credits": False}

    def test_only_what_is_named_is_needed(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        told = {"caller": "us", "entities": {"credits": True, "payroll": False}}
        wire.get(f"{BASE}/health", json=told)
        assert registry_with(entities=["credits"]).health().ok

    @pytest.mark.parametrize(
        ("answer", "reached"),
        [
            ({"json": {"items": [1]}}, True),
            ({"json": [STORED]}, True),
            ({"json": {"count": 0}}, True),
            ({"json": {"items": [], "count": 0}}, False),
            ({"json": []}, False),
            ({"json": {}}, False),
            ({"json": {}, "status": 403}, False),
            ({"body": "<html>"}, False),
        ],
    )
    def test_a_probe_must_answer_with_something(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        answer: dict[str, Any],
        reached: bool,
    ) -> None:
        wire.get(f"{BASE}/me", json={"name": "us"})
        wire.get(f"{BASE}/people?limit=1", **answer)
        registry = registry_with(
            health_path="/me", caller_field="name", probes={"members": "/people?limit=1"}
        )
        health = registry.health()
        assert (health.ok, health.entities) == (reached, {"members": reached})


class TestStrangers:
    """A registry that does not say who calls must refuse who has no credentials."""

    OPTIONS: dict[str, Any] = {
        "caller_field": "",
        "scheme": "Token",
        "header": "Authorization",
        "probes": {"credits": "/credits"},
    }

    @pytest.mark.parametrize(
        ("stranger", "us", "detail"),
        [
            ({"status": 401, "json": {}}, {"json": {"items": []}}, ""),
            ({"status": 302, "headers": {"Location": "/login"}}, {"json": []}, ""),
            ({"body": "<html>Log in"}, {"json": {}}, ""),
            (
                {"json": {"items": []}},
                {"json": {"items": [1]}},
                "it shows credits without credentials: nothing proves ours",
            ),
            ({"status": 503}, {"json": {}}, "HTTP 503"),
            ({"status": 401, "json": {}}, {"status": 401, "json": {}}, "HTTP 401"),
            ({"status": 401, "json": {}}, {"status": 503}, "HTTP 503"),
        ],
    )
    def test_what_is_refused_to_others_and_shown_to_us_proves_who_we_are(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        stranger: dict[str, Any],
        us: dict[str, Any],
        detail: str,
    ) -> None:
        ours = responses.matchers.header_matcher({"Authorization": "Token ochre-zebra"})
        wire.get(f"{BASE}/credits", match=[ours], **us)
        wire.get(f"{BASE}/credits", **stranger)
        health = registry_with(**self.OPTIONS).health()
        assert (health.ok, health.detail) == (not detail, detail)
        if health.ok:
            assert (health.caller, health.entities) == ("header", {"credits": True})
        assert "Authorization" not in wire.calls[0].request.headers

    def test_without_time_nobody_is_called(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(**self.OPTIONS)
        with registry.within(0):
            assert not registry.health().ok
        assert not wire.calls


class TestSuccessInside:
    @pytest.mark.parametrize(
        ("code", "result"), [("bad", Result.REFUSED), ("member_not_found", Result.MEMBER)]
    )
    def test_a_200_that_denies_itself_is_refused_in_its_own_words(
        self, registry_with: Build, wire: responses.RequestsMock, code: str, result: Result
    ) -> None:
        said = {"success": False, "error": {"code": code, "message": "The year is closed"}}
        wire.put(f"{BASE}/credits/ref-1", json=said)
        outcome = registry_with().post(POSTING)
        assert (outcome.result, outcome.status) == (result, 200)
        assert outcome.reason == f"HTTP 200: {code} The year is closed"
        assert len(wire.calls) == 1

    def test_where_and_how_it_is_said_is_data(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        registry = registry_with(success_field="result.ok", success_value="Y")
        wire.put(f"{BASE}/credits/ref-1", json={**STORED, "result": {"ok": "N"}})
        outcome = registry.post(POSTING)
        assert (outcome.result, outcome.reason) == (Result.REFUSED, "HTTP 200")
        wire.replace(responses.PUT, f"{BASE}/credits/ref-1", json={**STORED, "result": {"ok": "Y"}})
        assert registry.post(POSTING).result is Result.DELIVERED

    def test_a_named_error_in_the_data_is_refused_whatever_its_status(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        said = {"error": {"code": "mandatory_missing", "message": "Name it"}}
        wire.put(f"{BASE}/credits/ref-1", json=said, status=500)
        outcome = registry_with(refused_codes=["mandatory_missing"]).post(POSTING)
        assert (outcome.result, outcome.status) == (Result.REFUSED, 500)

    def test_a_receipt_leaves_it_to_be_confirmed(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.put(f"{BASE}/credits/ref-1", json={**STORED, "id": "r-1"}, status=202)
        outcome = registry_with().post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.TAKEN, "r-1")

    @pytest.mark.parametrize(
        ("said", "approved"), [("yes", True), ("no", False), ("waiting", None), (None, None)]
    )
    def test_a_decision_of_the_registry_is_read(
        self,
        registry_with: Build,
        wire: responses.RequestsMock,
        said: str | None,
        approved: bool | None,
    ) -> None:
        registry = registry_with(
            approval_field="review", approved_values=["yes"], declined_values=["no"]
        )
        wire.get(f"{BASE}/credits/ref-1", json={**STORED, "review": said})
        held = registry.find("ref-1")
        assert isinstance(held, Held)
        assert held.approved is approved


class TestSignatures:
    def test_time_method_path_and_body_are_signed(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.put(f"{BASE}/credits/ref-1", json=STORED)
        assert registry_with(auth="hmac").post(POSTING).result is Result.DELIVERED
        request = wire.calls[0].request
        stamp = request.headers["X-Timestamp"]
        signed = f"{stamp}.PUT./api/credits/ref-1.".encode() + request.body
        expected = hmac.new(b"umber-okapi", signed, hashlib.sha256).hexdigest()
        assert request.headers["X-Signature"] == f"sha256={expected}"
        assert request.headers["X-Key-Id"] == "guild"
        assert "umber-okapi" not in str(request.headers)

    def test_a_call_without_a_body_and_its_query_are_signed(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/credits?limit=100", json={"items": [STORED]})
        assert isinstance(registry_with(auth="hmac").changes(""), Page)
        headers = wire.calls[0].request.headers
        signed = f"{headers['X-Timestamp']}.GET./api/credits?limit=100.".encode()
        expected = hmac.new(b"umber-okapi", signed, hashlib.sha256).hexdigest()
        assert headers["X-Signature"] == f"sha256={expected}"

    def test_names_and_what_is_signed_are_data(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        """What a body says is signed as it stands, also where it looks like one of our places."""
        registry = registry_with(
            auth="hmac",
            signing={
                "key_header": "X-Client",
                "time_header": "X-Time",
                "signature_header": "Authorization",
                "signed": "{method}\n{path}\n{body}",
                "written": "HMAC {hex}",
            },
        )
        wire.put(f"{BASE}/credits/ref-1", json=STORED)
        registry.post(replace(POSTING, title="{path} {timestamp}"))
        request = wire.calls[0].request
        signed = b"PUT\n/api/credits/ref-1\n" + request.body
        expected = hmac.new(b"umber-okapi", signed, hashlib.sha256).hexdigest()
        assert request.headers["Authorization"] == f"HMAC {expected}"
        assert request.headers["X-Client"] == "guild"

    def test_one_secret_is_tried_once(
        self, registry_with: Build, wire: responses.RequestsMock
    ) -> None:
        wire.put(f"{BASE}/credits/ref-1", json={}, status=401)
        assert registry_with(auth="hmac").post(POSTING).result is Result.CONFIGURATION
        assert len(wire.calls) == 1

    def test_the_other_secret_is_dropped_where_it_did_not_work(self) -> None:
        signature = Signature(Signing(), key_id="one", current="a", next_secret="b")
        assert signature.renew()
        signature.renewed(worked=False)
        assert not signature._use_next
