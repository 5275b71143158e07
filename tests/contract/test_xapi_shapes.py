"""Learning record stores that keep to the standard where Ralph does not, and those out of order."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from pytest_django import Settings
from requests import PreparedRequest

from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.adapters.registries.xapi_statements import ANOTHER, award, award_id, void, void_id
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page, Posting, Registry, Retraction
from cec_plugin.exceptions import ConfigurationError
from tests.contract.xapi_tenant import OPTIONS, VOIDED, registry_at

BASE = "https://store.example/lrs/7"
STATEMENTS = f"{BASE}/statements"
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
USUAL = XapiOptions.from_json(OPTIONS)
AWARD = {**award(POSTING, USUAL), "stored": "2026-11-15T10:00:00.000Z"}
VOID = {**void(RETRACTION, USUAL), "stored": "2026-12-01T10:00:00.000Z"}
SECRETS = {
    "lms": {"user": "guild", "password": "amber-giraffe"},
    "client": {"client_id": "guild", "client_secret": "umber-okapi"},
}
Reply = tuple[int, Any]
Answers = Callable[[dict[str, str]], Reply]


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS


@pytest.fixture
def wire() -> Any:
    """Give what answers in a store's place."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def _registry(**options: Any) -> Registry:
    return registry_at(BASE, options={"statements_path": "/statements", **options})


def _reads(wire: responses.RequestsMock, answers: Answers) -> None:
    """Answer each query by what it asks."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(str(request.url)).query)
        status, body = answers({name: values[0] for name, values in query.items()})
        return status, {}, body if isinstance(body, str) else json.dumps(body)

    wire.add_callback(responses.GET, STATEMENTS, answer, content_type="application/json")


def _standard(*standing: Any, voided: Any = ()) -> Answers:
    """Answer as the standard has it: one statement or 404, and what is voided only as such."""

    def answers(query: dict[str, str]) -> Reply:
        for parameter, there in (("statementId", standing), ("voidedStatementId", voided)):
            if parameter in query:
                found = [one for one in there if one["id"] == query[parameter]]
                return (200, found[0]) if found else (404, "")
        return 200, {"statements": list(standing), "more": ""}

    return answers


def _asked(wire: responses.RequestsMock) -> list[str]:
    return [str(call.request.url) for call in wire.calls]


class TestAStandardStore:
    def test_a_statement_that_comes_by_itself_is_found(self, wire: responses.RequestsMock) -> None:
        _reads(wire, _standard(AWARD))
        assert _registry().find("ref-1") == Held(
            remote_id=award_id("ref-1"),
            hundredths=1050,
            reversed=False,
            member_number="M-1001",
            reference="ref-1",
        )
        assert wire.calls[0].request.headers["X-Experience-API-Version"] == "1.0.3"

    def test_404_is_nothing_there_where_the_store_answers_otherwise(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, _standard())
        assert _registry().find("ref-1") is None

    def test_404_to_everything_is_a_wrong_address(self, wire: responses.RequestsMock) -> None:
        _reads(wire, lambda _query: (404, ""))
        found = _registry().find("ref-1")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION

    def test_a_voided_statement_is_found_where_the_standard_hides_it(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, _standard(VOID, voided=[AWARD]))
        found = _registry().find("ref-1")
        assert isinstance(found, Held)
        assert (found.reversed, found.hundredths) == (True, 1050)

    def test_a_list_of_others_is_nothing_there(self, wire: responses.RequestsMock) -> None:
        """A parameter that the store does not know is ignored, and anything at all is listed."""
        others = {"statements": [{**AWARD, "id": f"another-{number}"} for number in range(2)]}
        _reads(wire, lambda query: (404, "") if "statementId" in query else (200, others))
        assert _registry().find("ref-1") is None

    def test_an_account_without_a_name_is_no_member(self, wire: responses.RequestsMock) -> None:
        _reads(wire, _standard({**AWARD, "actor": {"mbox": "mailto:ada@example.org"}}))
        found = _registry().find("ref-1")
        assert isinstance(found, Held)
        assert found.member_number == ANOTHER

    @pytest.mark.parametrize("failing", ["statementId", "voidedStatementId", "limit"])
    def test_a_look_that_fails_is_no_answer(
        self, wire: responses.RequestsMock, failing: str
    ) -> None:
        _reads(wire, lambda query: (503, "") if failing in query else _standard()(query))
        found = _registry().find("ref-1")
        assert isinstance(found, Outcome)
        assert found.result is Result.RETRYABLE

    def test_a_look_for_the_void_that_fails_is_no_answer(
        self, wire: responses.RequestsMock
    ) -> None:
        void_fails = {"statementId": void_id("ref-1")}
        _reads(wire, lambda query: (503, "") if query == void_fails else _standard(AWARD)(query))
        found = _registry().find("ref-1")
        assert isinstance(found, Outcome)
        assert found.result is Result.RETRYABLE


class TestWhatAWriteComesTo:
    def test_a_store_that_compares_nothing_is_not_believed(
        self, wire: responses.RequestsMock
    ) -> None:
        """The standard only recommends 409: 200 and our id may stand for something else."""
        wire.post(STATEMENTS, json=[award_id("ref-1")])
        note = {"reference": "ref-1", "amount": "2.00"}
        other = {**AWARD, "result": {"extensions": {USUAL.extension: note}}}
        _reads(wire, _standard(other))
        outcome = _registry().post(POSTING)
        assert (outcome.result, outcome.status) == (Result.CONFLICT, 200)

    @pytest.mark.parametrize("amount", [None, "much", "", -5])
    def test_an_amount_nobody_can_read_is_not_ours(
        self, wire: responses.RequestsMock, amount: Any
    ) -> None:
        wire.post(STATEMENTS, json=[award_id("ref-1")])
        note = {"reference": "ref-1", "amount": amount}
        _reads(wire, _standard({**AWARD, "result": {"extensions": {USUAL.extension: note}}}))
        assert _registry().post(POSTING).result is Result.CONFLICT

    def test_what_is_not_to_be_seen_yet_is_ambiguous(self, wire: responses.RequestsMock) -> None:
        """A store may answer before what it stored can be read."""
        wire.post(STATEMENTS, json=[award_id("ref-1")])
        _reads(wire, _standard())
        outcome = _registry().post(POSTING)
        assert (outcome.result, outcome.remote_id) == (Result.AMBIGUOUS, "")

    @pytest.mark.parametrize(
        ("status", "result", "maybe_written"),
        [(503, Result.AMBIGUOUS, False), (401, Result.CONFIGURATION, True)],
    )
    def test_a_write_that_could_not_be_read_back_may_stand(
        self, wire: responses.RequestsMock, status: int, result: Result, *, maybe_written: bool
    ) -> None:
        wire.post(STATEMENTS, json=[award_id("ref-1")])
        _reads(wire, lambda _query: (status, {}))
        outcome = _registry().post(POSTING)
        assert (outcome.result, outcome.maybe_written) == (result, maybe_written)

    def test_a_conflict_with_what_is_never_shown_stays_one(
        self, wire: responses.RequestsMock
    ) -> None:
        wire.post(STATEMENTS, json={"detail": "Differing statements"}, status=409)
        _reads(wire, _standard())
        outcome = _registry().post(POSTING)
        assert (outcome.result, outcome.reason) == (
            Result.CONFLICT,
            "HTTP 409: Differing statements",
        )

    def test_a_void_that_is_not_to_be_seen_yet_is_ambiguous(
        self, wire: responses.RequestsMock
    ) -> None:
        wire.post(STATEMENTS, json=[void_id("ref-1")])
        _reads(wire, _standard(AWARD))
        assert _registry().reverse(RETRACTION).result is Result.AMBIGUOUS

    def test_a_void_that_the_store_refuses_is_refused(self, wire: responses.RequestsMock) -> None:
        wire.post(STATEMENTS, json={"detail": "no voiding here"}, status=403)
        _reads(wire, _standard(AWARD))
        outcome = _registry().reverse(RETRACTION)
        assert outcome.result is Result.CONFIGURATION
        assert not outcome.maybe_written

    def test_a_failed_look_before_taking_back_writes_nothing(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, lambda _query: (503, ""))
        assert _registry().reverse(RETRACTION).result is Result.RETRYABLE
        assert {call.request.method for call in wire.calls} == {"GET"}

    def test_neither_the_members_number_nor_our_secret_is_repeated(
        self, wire: responses.RequestsMock
    ) -> None:
        said = "what is MEMBER to amber-giraffe"
        wire.post(STATEMENTS, json={"detail": said.replace("MEMBER", "Abc")}, status=400)
        outcome = _registry().post(replace(POSTING, member_number="Abc"))
        assert outcome.result is Result.REFUSED
        assert outcome.reason == "HTTP 400: what is # to #"

    def test_a_fault_is_told_by_its_place_and_not_by_what_was_sent(
        self, wire: responses.RequestsMock
    ) -> None:
        fault = {"loc": ["body", "actor"], "msg": "Field required", "input": {"name": "Abc"}}
        wire.post(STATEMENTS, json={"detail": [fault, "Abc"]}, status=422)
        assert _registry().post(POSTING).reason == "HTTP 422: body.actor: Field required"

    def test_a_token_that_expired_is_fetched_anew_once(self, wire: responses.RequestsMock) -> None:
        token = {"access_token": "azure-heron", "token_type": "Bearer"}
        wire.post(f"{BASE}/oauth/token", json=token)
        wire.get(STATEMENTS, status=401)
        wire.get(STATEMENTS, json={"statements": []})
        registry = registry_at(
            BASE, user="client", auth="oauth2", options={"statements_path": "/statements"}
        )
        assert registry.find("ref-1") is None
        assert sum("/oauth/token" in url for url in _asked(wire)) == 2


class TestPages:
    @pytest.mark.parametrize(
        "more",
        [
            "https://elsewhere.example/lrs/7/statements?page=2",
            "//elsewhere.example/lrs/7/statements?page=2",
            "http://store.example/lrs/7/statements?page=2",
            "https://store.example:8443/lrs/7/statements?page=2",
            "https://store.example@elsewhere.example/lrs/7/statements",
            "/other/statements?page=2",
            "/lrs/70/statements?page=2",
            "/lrs/7/../8/statements",
            "statements?page=2",
            "https://[elsewhere",
            7,
        ],
    )
    def test_a_next_page_elsewhere_is_not_followed(
        self, wire: responses.RequestsMock, more: object
    ) -> None:
        _reads(wire, lambda _query: (200, {"statements": [AWARD], "more": more}))
        page = _registry().changes("")
        assert isinstance(page, Outcome)
        assert page.result is Result.CONFIGURATION
        assert all(url.startswith(f"{STATEMENTS}?") for url in _asked(wire))

    @pytest.mark.parametrize("host", ["", "https://store.example"])
    def test_a_next_page_of_its_own_is_followed(
        self, wire: responses.RequestsMock, host: str
    ) -> None:
        def answers(query: dict[str, str]) -> Reply:
            if "agent" in query or "page" in query:
                return 200, {"statements": []}
            return 200, {"statements": [AWARD], "more": f"{host}/lrs/7/statements?page=2"}

        _reads(wire, answers)
        registry = _registry()
        first = registry.changes("")
        assert isinstance(first, Page)
        assert (len(first.records), first.more) == (1, True)
        assert registry.changes(first.cursor) == Page(records=(), cursor="", more=False)
        assert _asked(wire)[-1] == f"{STATEMENTS}?page=2"

    def test_pages_that_lead_in_a_circle_end(self, wire: responses.RequestsMock) -> None:
        _reads(wire, lambda _query: (200, {"statements": [], "more": "/lrs/7/statements?a=1"}))
        page = _registry().changes("")
        assert isinstance(page, Outcome)

    def test_a_cursor_that_is_not_the_stores_is_refused(self, wire: responses.RequestsMock) -> None:
        page = _registry().changes("https://elsewhere.example/lrs/7/statements")
        assert isinstance(page, Outcome)
        assert page.result is Result.CONFIGURATION
        assert not wire.calls

    def test_what_the_standard_hides_is_listed_by_its_void(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, _standard(VOID, voided=[AWARD]))
        page = _registry().changes("")
        assert isinstance(page, Page)
        (held,) = page.records
        assert (held.reference, held.reversed, held.hundredths) == ("ref-1", True, None)
        assert held.remote_id == award_id("ref-1")

    def test_what_another_took_back_is_read_where_the_standard_hides_it(
        self, wire: responses.RequestsMock
    ) -> None:
        target = {"objectType": "StatementRef", "id": AWARD["id"]}
        by_another = {"id": "another", "verb": {"id": VOIDED}, "object": target}
        _reads(wire, _standard(by_another, voided=[AWARD]))
        page = _registry().changes("")
        assert isinstance(page, Page)
        assert [(one.reference, one.reversed) for one in page.records] == [("ref-1", True)]

    def test_where_since_goes_by_storing_a_later_listing_begins_there(
        self, wire: responses.RequestsMock
    ) -> None:
        """With some minutes to spare; and it does not begin anew where nothing came."""

        def answers(query: dict[str, str]) -> Reply:
            fresh = "since" not in query and "agent" not in query
            return 200, {"statements": [AWARD] if fresh else []}

        _reads(wire, answers)
        registry = _registry(since_is_stored=True)
        first = registry.changes("")
        assert isinstance(first, Page)
        assert first.cursor == "since:2026-11-15T09:55:00+00:00"
        again = registry.changes(first.cursor)
        assert again == Page(records=(), cursor=first.cursor, more=False)
        assert "since=2026-11-15T09%3A55%3A00%2B00%3A00" in _asked(wire)[-1]

    @pytest.mark.parametrize("stored", [None, "yesterday", 7])
    def test_where_nobody_can_read_when_it_was_stored_a_later_listing_begins_anew(
        self, wire: responses.RequestsMock, stored: object
    ) -> None:
        _reads(wire, lambda _query: (200, {"statements": [{**AWARD, "stored": stored}]}))
        page = _registry(since_is_stored=True).changes("")
        assert isinstance(page, Page)
        assert page.cursor == ""

    @pytest.mark.parametrize("failing", ["agent", "limit", "statementId"])
    def test_a_listing_that_fails_is_no_page(
        self, wire: responses.RequestsMock, failing: str
    ) -> None:
        target = {"objectType": "StatementRef", "id": "x"}
        by_another = {"id": "another", "verb": {"id": VOIDED}, "object": target}

        def answers(query: dict[str, str]) -> Reply:
            if failing in query and (failing != "limit" or "agent" not in query):
                return 503, ""
            return 200, {"statements": [by_another]}

        _reads(wire, answers)
        page = _registry().changes("")
        assert isinstance(page, Outcome)
        assert page.result is Result.RETRYABLE


class TestHealth:
    def test_a_store_that_answers_strangers_proves_nothing(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, _standard())
        health = _registry(whoami_path="").health()
        assert not health.ok
        assert "without credentials" in health.detail
        assert all("Authorization" not in call.request.headers for call in wire.calls)

    def test_a_store_out_of_order_is_not_taken_for_one_that_refuses_strangers(
        self, wire: responses.RequestsMock
    ) -> None:
        _reads(wire, lambda _query: (503, ""))
        assert not _registry(whoami_path="").health().ok

    @pytest.mark.parametrize(
        ("said", "caller"),
        [
            ({"agent": {"account": {"name": "lms"}, "name": "LMS"}}, "lms"),
            ({"agent": {"name": "LMS"}}, "LMS"),
            ({"agent": {"mbox": "mailto:lms@example.org"}}, "guild"),
        ],
    )
    def test_it_says_who_we_are_to_the_store(
        self, wire: responses.RequestsMock, said: object, caller: str
    ) -> None:
        wire.get(f"{BASE}/whoami", json=said)
        wire.post(STATEMENTS, json=[])
        _reads(wire, _standard())
        health = _registry().health()
        assert (health.ok, health.caller, health.entities) == (True, caller, {"statements": True})
        assert json.loads(wire.calls[-1].request.body or "") == []

    def test_a_store_that_does_not_say_who_we_are_is_not_proven(
        self, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/whoami", json={})
        assert _registry().health().detail == "it does not say who we are"

    def test_statements_that_cannot_be_read_are_no_health(
        self, wire: responses.RequestsMock
    ) -> None:
        wire.get(f"{BASE}/whoami", json={"agent": {"name": "LMS"}})
        _reads(wire, lambda _query: (403, {}))
        health = _registry().health()
        assert (health.ok, health.caller) == (False, "LMS")
        assert health.detail == "statements cannot be read: HTTP 403"


class TestOptions:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ([], "options: they must be a JSON object"),
            ({"home_page": "https://m.example"}, "options, 'site': it must be given"),
            ({"site": "https://lms.example"}, "options, 'home_page': it must be given"),
            ({**OPTIONS, "hom_page": ""}, "options, 'hom_page': there is no such option"),
            ({**OPTIONS, "site": "lms"}, "options, 'site': it must be an address (an IRI)"),
            ({**OPTIONS, "verb": "earned"}, "options, 'verb': it must be an address (an IRI)"),
            ({**OPTIONS, "verb": 7}, "options, 'verb': it must be a str"),
            ({**OPTIONS, "filters": []}, "options, 'filters': it must be a dict"),
            ({**OPTIONS, "filters": {"a": 1}}, "options, 'filters': what it holds must be texts"),
            (
                {**OPTIONS, "filters": {"since": "x"}},
                "options, 'filters': 'since' is said already",
            ),
            ({**OPTIONS, "since_is_stored": 1}, "options, 'since_is_stored': it must be a bool"),
            (
                {**OPTIONS, "statements_path": "s"},
                "options, 'statements_path': it must begin with a slash",
            ),
            (
                {**OPTIONS, "statements_path": ""},
                "options, 'statements_path': it must begin with a slash",
            ),
            (
                {**OPTIONS, "statements_path": "/s?a=1"},
                "options, 'statements_path': it must be a path alone",
            ),
            ({**OPTIONS, "version": "1"}, "options, 'version': it is a version such as 1.0.3"),
            ({**OPTIONS, "language": "?"}, "options, 'language': it is a language such as en"),
            ({**OPTIONS, "account": " "}, "options, 'account': it must not be empty"),
            ({**OPTIONS, "header": "A B"}, "options, 'header': no header can have this name"),
            (
                {**OPTIONS, "header": "X-Experience-API-Version"},
                "options, 'header': no header can have this name",
            ),
        ],
    )
    def test_an_option_that_cannot_be_used_is_named(self, given: object, said: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            XapiOptions.from_json(given)
        assert str(refused.value) == said

    def test_what_stands_under_the_site_can_stand_elsewhere(self) -> None:
        assert USUAL.activity_prefix == "https://lms.example.org/courses/"
        assert USUAL.extension == "https://lms.example.org/xapi/credit"
        given = {
            **OPTIONS,
            "site": "https://lms.example.org/",
            "activity_prefix": "urn:course:",
            "whoami_path": "",
        }
        options = XapiOptions.from_json(given)
        assert (options.site, options.activity_prefix) == (USUAL.site, "urn:course:")
        assert options.extension == USUAL.extension

    def test_a_row_that_cannot_be_used_is_named(self) -> None:
        with pytest.raises(ConfigurationError) as refused:
            registry_at(BASE, options={"verb": "earned"})
        assert str(refused.value).startswith("registry 'Record store', options, 'verb': ")
