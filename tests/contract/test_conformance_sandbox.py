"""The REST adapter holds the contract on the sandbox, in each way in which it may be set up."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page
from tests.contract.conformance import Conformance, posting
from tests.contract.sandbox_tenants import (
    BY_QUERY,
    SECRETS,
    SandboxTenant,
    SetUp,
    sandbox_tenant,
)

SET_UPS = {
    "defaults": SetUp(),
    "basic": SetUp(auth="basic"),
    "oauth2": SetUp(auth="oauth2"),
    "hmac": SetUp(auth="hmac"),
    "found by query": SetUp(options=BY_QUERY),
    "each write looked up": SetUp(options={"read_back": True}),
    "one by one": SetUp(options={"batch_path": ""}),
    "no reversal": SetUp(options={"reverse_path": ""}),
    "no list": SetUp(options={"list_path": ""}),
    "no members": SetUp(options={"member_path": ""}),
    "nothing found": SetUp(options={"find_path": ""}),
    "pages of two": SetUp(options={"page_size": 2}),
    "probed": SetUp(
        options={
            "entities_field": "",
            "probes": {"members": "/members?number=M-1001", "credits": "/credits?limit=1"},
        }
    ),
}


@pytest.fixture(autouse=True)
def _secrets(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CEC_SECRETS = SECRETS
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("set_up", SET_UPS.values(), ids=SET_UPS)
class TestTheSandbox(Conformance):
    @pytest.fixture
    def tenant(self, set_up: SetUp) -> Iterator[SandboxTenant]:
        with sandbox_tenant(set_up) as tenant:
            if "probes" in set_up.options:  # a list without a record proves nothing
                assert tenant.registry.post(posting(tenant)).result is Result.DELIVERED
            yield tenant


@pytest.fixture
def tenant() -> Iterator[SandboxTenant]:
    with sandbox_tenant(SetUp()) as tenant:
        yield tenant


class TestRotation:
    BOTH = {"key_id": "guild", "current": "old-secret", "next": "new-secret"}

    def test_a_secret_is_rotated_without_losing_a_call(
        self, tenant: SandboxTenant, settings: Settings
    ) -> None:
        settings.CEC_SECRETS = {"hmac": self.BOTH}
        registry = tenant.again(SetUp(auth="hmac"))
        for accepted in (("old-secret",), ("old-secret", "new-secret"), ("new-secret",)):
            tenant.control.accept_secrets(*accepted)
            credits_ = [posting(tenant), posting(tenant)]
            assert registry.post(credits_[0]).result is Result.DELIVERED
            sent = registry.post_many(credits_[1:])
            assert isinstance(sent, list)
            assert sent[0].result is Result.DELIVERED
        assert [call.status for call in tenant.control.calls()].count(401) == 1

    def test_another_adapter_of_the_process_begins_with_the_one_that_worked(
        self, tenant: SandboxTenant, settings: Settings
    ) -> None:
        settings.CEC_SECRETS = {"hmac": {**self.BOTH, "key_id": "another"}}
        tenant.control.accept_secrets("new-secret")
        assert tenant.again(SetUp(auth="hmac")).health().ok
        assert tenant.again(SetUp(auth="hmac")).health().ok
        assert [call.status for call in tenant.control.calls()] == [401, 200, 200]

    def test_two_secrets_that_are_refused_are_our_configuration(
        self, tenant: SandboxTenant, settings: Settings
    ) -> None:
        settings.CEC_SECRETS = {"hmac": {**self.BOTH, "key_id": "third"}}
        tenant.control.accept_secrets("something-else")
        registry = tenant.again(SetUp(auth="hmac"))
        assert registry.post(posting(tenant)).result is Result.CONFIGURATION
        tenant.control.accept_secrets("old-secret")
        assert registry.post(posting(tenant)).result is Result.DELIVERED
        assert [call.status for call in tenant.control.calls()] == [401, 401, 201]


class TestMidWay:
    def test_a_token_that_expires_in_mid_batch_loses_and_doubles_nothing(
        self, tenant: SandboxTenant
    ) -> None:
        tenant.control.set_faults(token_expires=3)
        registry = tenant.again(SetUp(auth="oauth2"))
        credits_ = [posting(tenant) for _ in range(8)]
        assert {registry.post(one).result for one in credits_} == {Result.DELIVERED}
        sent = registry.post_many(batch := [posting(tenant) for _ in range(3)])
        assert isinstance(sent, list)
        assert {one.result for one in sent} == {Result.DELIVERED}
        assert all(len(tenant.rows(one.reference)) == 1 for one in (*credits_, *batch))
        assert 401 in [call.status for call in tenant.control.calls()]

    def test_what_was_approved_later_is_read_back(self, tenant: SandboxTenant) -> None:
        tenant.control.set_faults(approves_later=True)
        registry = tenant.again(SetUp(options={"approval_field": "approval"}))
        assert registry.capabilities.approves
        decided = {True: posting(tenant), False: posting(tenant), None: posting(tenant)}
        for approved, credit in decided.items():
            assert registry.post(credit).result is Result.DELIVERED
            if approved is not None:
                tenant.control.approve(credit.reference, approved=approved)
        page = registry.changes("")
        assert isinstance(page, Page)
        told = {one.reference: one.approved for one in page.records}
        for approved, credit in decided.items():
            found = registry.find(credit.reference)
            assert isinstance(found, Held)
            assert (found.approved, told[credit.reference]) == (approved, approved)

    def test_two_rows_under_one_reference_are_a_conflict(self, tenant: SandboxTenant) -> None:
        tenant.control.set_faults(references_not_unique=True)
        credit = posting(tenant)
        careful = tenant.again(SetUp(options={"read_back": True}))
        assert careful.post(credit).result is Result.DELIVERED
        assert careful.post(credit).result is Result.CONFLICT
        for options in ({}, BY_QUERY):
            found = tenant.again(SetUp(options=options)).find(credit.reference)
            assert isinstance(found, Outcome)
            assert found.result is Result.CONFLICT

    def test_a_filter_that_is_ignored_proves_no_absence(self, tenant: SandboxTenant) -> None:
        tenant.registry.post(posting(tenant))
        tenant.control.set_faults(filters_ignored=True)
        registry = tenant.again(SetUp(options=BY_QUERY))
        found = registry.find("no-such-reference")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFIGURATION
        assert registry.member(tenant.unknown) is None

    def test_what_was_only_promised_is_found_once_it_arrives(self, tenant: SandboxTenant) -> None:
        tenant.control.set_faults(receipts_later=True)
        single, *batch = credits_ = [posting(tenant) for _ in range(3)]
        assert tenant.registry.post(single).result is Result.TAKEN
        sent = tenant.registry.post_many(batch)
        assert isinstance(sent, list)
        assert {one.result for one in sent} == {Result.TAKEN}
        assert not any(tenant.rows(one.reference) for one in credits_)
        tenant.control.let_receipts_arrive()
        assert all(isinstance(tenant.registry.find(one.reference), Held) for one in credits_)
