"""Every trap of a real learning record store, and that we do not fall into it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import requests
from pytest_django import Settings

from cec_plugin.adapters.registries.xapi_listing import PAGE
from cec_plugin.adapters.registries.xapi_statements import award_id, void_id
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page, Posting, Registry
from tests.contract.conformance import new_reference, posting, retraction
from tests.contract.xapi_tenant import (
    DIRECTORY,
    EXTENSION,
    SECRETS,
    SITE,
    VOIDED,
    RalphTenant,
    registry_at,
    tenant_of,
)
from tests.servers.ralph import LMS, OTHER, READER, Caller, RalphServer, running_ralph

ANYBODY = {"objectType": "Agent", "account": {"homePage": SITE, "name": "a-store-keeper"}}


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.CEC_SECRETS = {**SECRETS, "wrong": {"user": LMS.user, "password": "amber-giraffe"}}
    settings.CEC_ALLOW_HTTP = True


@pytest.fixture
def tenant(ralph: RalphServer) -> RalphTenant:
    return tenant_of(ralph)


@pytest.fixture
def credit(tenant: RalphTenant) -> Posting:
    return posting(tenant)


def _tell(server: RalphServer, statement: dict[str, Any], caller: Caller = LMS) -> None:
    """Send the store a statement that is not of our adapter's making."""
    requests.post(
        f"{server.url}/xAPI/statements", json=statement, headers=caller.header, timeout=20
    ).raise_for_status()


def _asked(server: RalphServer, **query: str) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{server.url}/xAPI/statements", params=query, headers=LMS.header, timeout=20
    )
    statements: list[dict[str, Any]] = answer.json()["statements"]
    return statements


def _pages(registry: Registry) -> Iterator[Page]:
    cursor, more = "", True
    while more:
        page = registry.changes(cursor)
        assert isinstance(page, Page), page
        yield page
        cursor, more = page.cursor, page.more


def _listed(registry: Registry, reference: str) -> list[Held]:
    return [one for page in _pages(registry) for one in page.records if one.reference == reference]


class TestWhatACreditIs:
    def test_it_says_who_earned_what_where_and_when(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        outcome = tenant.registry.post(credit)
        (stored,) = tenant.statements(credit.reference)
        assert stored["id"] == outcome.remote_id == award_id(credit.reference)
        assert stored["actor"]["account"] == {"homePage": DIRECTORY, "name": "M-1001"}
        assert stored["verb"]["id"] == "http://id.tincanapi.com/verb/earned"
        assert stored["object"]["id"] == f"{SITE}/courses/course-v1:Guild+ETH101+2026"
        assert stored["object"]["definition"]["name"] == {"en": "Ethics for Career Practitioners"}
        assert stored["timestamp"] == "2026-03-02T00:00:00Z"
        assert stored["result"]["extensions"][EXTENSION] == {
            "reference": credit.reference,
            "amount": "10.00",
            "unit": "hours",
            "credit_type": "cec",
            "role": "learner",
            "earned_on": "2026-03-02",
        }

    def test_an_id_is_made_from_the_reference_and_stays_for_ever(self) -> None:
        """Should either change, nothing that was ever sent would be found again."""
        assert award_id("cec-1") == "0425605f-e0ba-5b53-8460-693786ffc938"
        assert void_id("cec-1") == "43dcbc8b-8f24-5d89-9435-e495a7561e42"

    def test_a_credit_without_an_activity_is_told_of_the_site(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        opening = replace(credit, activity="", title="")
        assert tenant.registry.post(opening).result is Result.DELIVERED
        (stored,) = tenant.statements(credit.reference)
        assert stored["object"]["id"] == f"{SITE}/courses/"

    def test_a_key_with_spaces_makes_a_proper_address(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        assert tenant.registry.post(replace(credit, activity="Annual day, é")).result is (
            Result.DELIVERED
        )
        (stored,) = tenant.statements(credit.reference)
        assert stored["object"]["id"] == f"{SITE}/courses/Annual%20day,%20%C3%A9"


class TestOneStatementForACredit:
    def test_another_amount_under_a_reference_is_a_conflict_and_overwrites_nothing(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        outcome = tenant.registry.post(replace(credit, hundredths=2000))
        assert (outcome.result, outcome.status) == (Result.CONFLICT, 409)
        assert outcome.reason == "the registry has another amount under our reference"
        assert [row.hundredths for row in tenant.rows(credit.reference)] == [1000]

    def test_another_member_under_a_reference_is_a_conflict(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        outcome = tenant.registry.post(replace(credit, member_number="M-2002"))
        assert outcome.result is Result.CONFLICT
        assert "M-2002" not in outcome.reason
        assert [row.member_number for row in tenant.rows(credit.reference)] == ["M-1001"]

    def test_the_same_number_in_another_directory_is_another_member(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        elsewhere = registry_at(ralph.url, options={"home_page": "https://other.example.org"})
        assert elsewhere.post(credit).result is Result.CONFLICT

    def test_a_course_that_was_renamed_meanwhile_is_no_conflict(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        """The store says 409, for the content differs; not in what a credit is, though."""
        tenant.registry.post(credit)
        outcome = tenant.registry.post(replace(credit, title="Ethics, revised"))
        assert (outcome.result, outcome.status) == (Result.DELIVERED, 409)
        assert len(tenant.rows(credit.reference)) == 1

    def test_eight_at_once_make_one(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        registries = [registry_at(ralph.url) for _ in range(8)]
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(lambda registry: registry.post(credit), registries))
        assert {one.result for one in outcomes} == {Result.DELIVERED}
        assert len(tenant.rows(credit.reference)) == 1

    def test_several_under_one_id_are_a_conflict(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        """No call can bring it about here; a store with several writers, or its restore, can."""
        ralph.empty()
        tenant.registry.post(credit)
        ralph.file.write_text(ralph.file.read_text() * 2)
        found = tenant.registry.find(credit.reference)
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFLICT

    def test_a_statement_of_another_make_under_our_id_is_a_conflict(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        verb, activity = {"id": "http://example.org/did"}, {"id": "http://example.org/a"}
        foreign = {"id": award_id(credit.reference), "actor": ANYBODY}
        _tell(ralph, {**foreign, "verb": verb, "object": activity})
        assert tenant.registry.post(credit).result is Result.CONFLICT


class TestTakingBack:
    def test_ralph_shows_a_voided_statement_as_if_it_stood_and_we_do_not(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        tenant.registry.reverse(retraction(credit))
        assert len(_asked(ralph, statementId=award_id(credit.reference))) == 1
        found = tenant.registry.find(credit.reference)
        assert isinstance(found, Held)
        assert (found.reversed, found.hundredths) == (True, 1000)

    def test_what_was_taken_back_does_not_stand_again_under_the_old_reference(
        self, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        tenant.registry.reverse(retraction(credit))
        outcome = tenant.registry.post(credit)
        assert outcome.result is Result.CONFLICT
        assert outcome.reason == "the registry has it as reversed"

    def test_taking_back_on_another_day_is_the_same(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        first = retraction(credit)
        tenant.registry.reverse(first)
        before = len(ralph.statements())
        again = replace(first, on=date(2027, 1, 1), own_reference=new_reference())
        assert tenant.registry.reverse(again).result is Result.DELIVERED
        assert len(ralph.statements()) == before

    def test_two_who_take_back_at_once_do_it_once(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        registries = [registry_at(ralph.url) for _ in range(8)]
        with ThreadPoolExecutor(8) as threads:
            outcomes = list(
                threads.map(lambda one: one.reverse(retraction(credit)), registries)
            )  # each under a reference of its own: all but the first are answered 409
        assert {one.result for one in outcomes} == {Result.DELIVERED}
        voids = [one for one in ralph.statements() if one["id"] == void_id(credit.reference)]
        assert len(voids) == 1

    def test_what_was_never_there_cannot_be_taken_back_and_nothing_is_written(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        before = len(ralph.statements())
        outcome = tenant.registry.reverse(retraction(credit))
        assert (outcome.result, outcome.status) == (Result.REFUSED, 404)
        assert len(ralph.statements()) == before

    def test_another_statement_under_the_voids_id_takes_nothing_back(
        self, ralph: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        elsewhere = {"objectType": "StatementRef", "id": str(uuid4())}
        void = {"id": void_id(credit.reference), "actor": ANYBODY, "verb": {"id": VOIDED}}
        _tell(ralph, {**void, "object": elsewhere})
        assert tenant.registry.reverse(retraction(credit)).result is Result.CONFLICT
        found = tenant.registry.find(credit.reference)
        assert isinstance(found, Held)
        assert not found.reversed


class TestBatches:
    def test_fifty_go_in_one_call(self, tenant: RalphTenant, credit: Posting) -> None:
        credits_ = [replace(credit, reference=new_reference()) for _ in range(50)]
        assert tenant.registry.capabilities.bulk == 50
        before = _calls(tenant.server)
        outcomes = tenant.registry.post_many(credits_)
        assert _calls(tenant.server) - before == 1
        assert isinstance(outcomes, list)
        assert {one.result for one in outcomes} == {Result.DELIVERED}
        assert [one.remote_id for one in outcomes] == [award_id(one.reference) for one in credits_]
        assert all(len(tenant.rows(one.reference)) == 1 for one in credits_)

    @pytest.mark.parametrize("there", [1, 3])
    def test_what_was_there_before_is_found_again(self, tenant: RalphTenant, there: int) -> None:
        """The store names only what is new; where nothing is, it says nothing at all."""
        credits_ = [posting(tenant) for _ in range(3)]
        for one in credits_[:there]:
            tenant.registry.post(one)
        outcomes = tenant.registry.post_many(credits_)
        assert isinstance(outcomes, list)
        assert [one.result for one in outcomes] == [Result.DELIVERED] * 3
        assert all(len(tenant.rows(one.reference)) == 1 for one in credits_)

    def test_what_was_taken_back_is_told_apart_in_a_batch(self, tenant: RalphTenant) -> None:
        credits_ = [posting(tenant) for _ in range(3)]
        tenant.registry.post(credits_[1])
        tenant.registry.reverse(retraction(credits_[1]))
        outcomes = tenant.registry.post_many(credits_)
        assert isinstance(outcomes, list)
        assert [one.result for one in outcomes] == [
            Result.DELIVERED,
            Result.CONFLICT,
            Result.DELIVERED,
        ]

    def test_one_conflict_refuses_the_whole_batch_and_nothing_is_written(
        self, tenant: RalphTenant
    ) -> None:
        credits_ = [posting(tenant) for _ in range(3)]
        tenant.registry.post(replace(credits_[1], hundredths=1))
        outcome = tenant.registry.post_many(credits_)
        assert isinstance(outcome, Outcome)
        assert (outcome.result, outcome.status) == (Result.CONFLICT, 409)
        assert not tenant.rows(credits_[0].reference)
        assert not tenant.rows(credits_[2].reference)
        assert not tenant.registry.capabilities.partial_bulk

    def test_one_that_is_no_statement_refuses_the_whole_batch_without_repeating_it(
        self, tenant: RalphTenant
    ) -> None:
        good, bad = posting(tenant), replace(posting(tenant), member_number="")
        outcome = tenant.registry.post_many([good, bad])
        assert isinstance(outcome, Outcome)
        assert (outcome.result, outcome.status) == (Result.REFUSED, 422)
        assert "actor" in outcome.reason
        assert "Field required" in outcome.reason or "at least" in outcome.reason
        assert DIRECTORY not in outcome.reason
        assert not tenant.rows(good.reference)


class TestWhoWeAre:
    def test_a_wrong_password_is_a_matter_of_configuration_and_writes_nothing(
        self, ralph: RalphServer, credit: Posting
    ) -> None:
        registry = registry_at(ralph.url, user="wrong")
        before = len(ralph.statements())
        outcome = registry.post(credit)
        assert (outcome.result, outcome.status) == (Result.CONFIGURATION, 401)
        found = registry.find(credit.reference)
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION
        health = registry.health()
        assert (health.ok, health.entities) == (False, {"statements": False})
        assert "amber-giraffe" not in health.detail
        assert len(ralph.statements()) == before

    def test_health_names_us_and_writes_nothing(
        self, ralph: RalphServer, tenant: RalphTenant
    ) -> None:
        before = len(ralph.statements())
        assert tenant.registry.health().caller == LMS.account
        assert len(ralph.statements()) == before

    def test_whoever_may_only_read_is_told_so_before_the_first_credit(self) -> None:
        restricted = {"RALPH_LRS_RESTRICT_BY_AUTHORITY": "true"}
        with running_ralph(**restricted, RALPH_LRS_RESTRICT_BY_SCOPES="true") as server:
            reader, writer = (tenant_of(server, one).registry.health() for one in (READER, LMS))
        assert writer.ok
        assert not reader.ok
        assert reader.caller == READER.account
        assert reader.detail.startswith("statements cannot be written: HTTP 401")

    def test_a_store_that_names_nobody_proves_us_by_refusing_strangers(
        self, ralph: RalphServer
    ) -> None:
        health = registry_at(ralph.url, options={"whoami_path": ""}).health()
        assert (health.ok, health.caller) == (True, LMS.user)

    def test_no_statements_at_an_address_is_not_taken_for_nothing_there(
        self, ralph: RalphServer
    ) -> None:
        astray = registry_at(ralph.url, options={"statements_path": "/xapi/statements"})
        found = astray.find(new_reference())
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION
        assert not astray.health().ok

    def test_what_answers_json_and_is_no_store_is_not_taken_for_one(
        self, ralph: RalphServer
    ) -> None:
        astray = registry_at(ralph.url, options={"statements_path": "/__heartbeat__"})
        for answer in (astray.find(new_reference()), astray.changes("")):
            assert isinstance(answer, Outcome)
            assert answer.result is Result.CONFIGURATION
            assert "no xAPI store" in answer.reason


class TestListing:
    @pytest.fixture
    def server(self, ralph: RalphServer) -> RalphServer:
        ralph.empty()
        return ralph

    @pytest.fixture
    def tenant(self, server: RalphServer) -> RalphTenant:
        return tenant_of(server)

    def test_every_credit_of_several_pages_is_listed_once(self, tenant: RalphTenant) -> None:
        credits_ = [posting(tenant) for _ in range(2 * PAGE)]
        for start in range(0, len(credits_), 50):
            tenant.registry.post_many(credits_[start : start + 50])
        pages = list(_pages(tenant.registry))
        listed = [one.reference for page in pages for one in page.records]
        assert sorted(listed) == sorted(one.reference for one in credits_)
        assert [len(page.records) for page in pages] == [PAGE, PAGE, 0]

    def test_ralphs_since_misses_what_was_sent_late_and_we_do_not_rely_on_it(
        self, server: RalphServer, tenant: RalphTenant
    ) -> None:
        """Its ``since`` goes by when a credit was earned, the standard's by when it was stored."""
        tenant.registry.post(posting(tenant))
        (page,) = _pages(tenant.registry)
        (stored,) = server.statements()
        late = posting(tenant)
        tenant.registry.post(late)
        assert not _asked(server, since=stored["stored"])
        after = tenant.registry.changes(page.cursor)
        assert isinstance(after, Page)
        assert late.reference in {one.reference for one in after.records}

    def test_what_was_taken_back_is_listed_as_such_whatever_page_says_so(
        self, tenant: RalphTenant
    ) -> None:
        first = posting(tenant)
        tenant.registry.post(first)
        tenant.registry.post_many([posting(tenant) for _ in range(PAGE)])
        tenant.registry.reverse(retraction(first))
        pages = list(_pages(tenant.registry))
        assert first.reference in {one.reference for one in pages[0].records}
        assert {one.reversed for one in _listed(tenant.registry, first.reference)} == {True}

    def test_what_is_taken_back_while_we_list_comes_again(self, tenant: RalphTenant) -> None:
        first = posting(tenant)
        tenant.registry.post(first)
        tenant.registry.post_many([posting(tenant) for _ in range(PAGE)])
        pages = _pages(tenant.registry)
        records = [*next(pages).records]
        tenant.registry.reverse(retraction(first))
        records += [one for page in pages for one in page.records]
        about = [one for one in records if one.reference == first.reference]
        assert [one.reversed for one in about] == [False, True]
        assert {one.remote_id for one in about} == {award_id(first.reference)}

    def test_what_another_took_back_is_listed_as_taken_back(
        self, server: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        void = {"id": str(uuid4()), "actor": ANYBODY, "verb": {"id": VOIDED}}
        target = {"objectType": "StatementRef", "id": award_id(credit.reference)}
        _tell(server, {**void, "object": target}, OTHER)
        (held,) = _listed(tenant.registry, credit.reference)
        assert (held.reversed, held.hundredths) == (True, 1000)

    def test_what_others_sent_is_not_listed(
        self, server: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        foreign = {"actor": ANYBODY, "verb": {"id": "http://example.org/did"}}
        their_own = str(uuid4())
        _tell(server, {**foreign, "id": their_own, "object": {"id": "http://example.org/a"}})
        target = {"objectType": "StatementRef", "id": their_own}
        _tell(server, {"actor": ANYBODY, "verb": {"id": VOIDED}, "object": target})
        tenant.registry.post(credit)
        records = [one for page in _pages(tenant.registry) for one in page.records]
        assert [one.reference for one in records] == [credit.reference]

    def test_a_copy_of_a_credit_under_another_id_is_listed_beside_it(
        self, server: RalphServer, tenant: RalphTenant, credit: Posting
    ) -> None:
        tenant.registry.post(credit)
        (stored,) = tenant.statements(credit.reference)
        _tell(server, {**stored, "id": str(uuid4())})
        listed = _listed(tenant.registry, credit.reference)
        assert len({one.remote_id for one in listed}) == 2

    def test_a_filter_narrows_what_is_listed(
        self, server: RalphServer, tenant: RalphTenant
    ) -> None:
        ours, theirs = posting(tenant), posting(tenant)
        tenant.registry.post(ours)
        tenant_of(server, OTHER).registry.post(theirs)
        narrowed = tenant_of(server, filters={"mine": "true"}).registry
        listed = {one.reference for page in _pages(narrowed) for one in page.records}
        assert listed == {ours.reference}

    def test_an_empty_store_lists_nothing(self, tenant: RalphTenant) -> None:
        assert tenant.registry.changes("") == Page(records=(), cursor="", more=False)


def _calls(server: RalphServer) -> int:
    return server.process.log.read_text().count("/xAPI/statements")
