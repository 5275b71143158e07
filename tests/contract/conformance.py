"""What every registry adapter must hold, whatever it speaks to: one suite for all of them.

An adapter's tests make a ``Tenant``, and inherit ``Conformance``. The tests ask the adapter for
its capabilities and never for its kind. What it cannot do, it must say that it cannot.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol
from uuid import uuid4

import pytest

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Known, Page, Posting, Registry, Retraction

DAY = date(2026, 3, 2)


class Tenant(Protocol):
    """A registry to test against, with what is known of it."""

    registry: Registry
    known: str
    """A member number that it knows."""

    unknown: str
    """A member number that it does not know."""

    def rows(self, reference: str) -> Sequence[Held]:
        """Return every record under a reference, from the registry's own data where that is open.

        A tenant of which only the address is known reads it through the adapter.
        """
        ...


def new_reference() -> str:
    """Return a reference of ours that nobody used yet."""
    return f"cec-{uuid4().hex}"


def posting(tenant: Tenant) -> Posting:
    """Return a credit of a known member under a new reference."""
    return Posting(
        reference=new_reference(),
        member_number=tenant.known,
        activity="course-v1:Guild+ETH101+2026",
        title="Ethics for Career Practitioners",
        credit_type="cec",
        hundredths=1000,
        unit=tenant.registry.capabilities.unit or "hours",
        earned_on=DAY,
        role="learner",
    )


def retraction(credit: Posting) -> Retraction:
    """Return the taking back of a credit."""
    return Retraction(
        reference=credit.reference, own_reference=new_reference(), on=DAY, reason="withdrawn"
    )


def _standing(rows: Sequence[Held]) -> list[Held]:
    return [one for one in rows if not one.reversed]


class Conformance:
    """The suite. A subclass gives the fixture ``tenant``."""

    @pytest.fixture
    def tenant(self) -> Tenant:
        raise NotImplementedError("the adapter's tests make their tenant")

    def test_health_proves_who_we_are_and_what_we_reach(self, tenant: Tenant) -> None:
        health = tenant.registry.health()
        assert health.ok, health.detail
        assert health.caller
        assert health.entities
        assert all(health.entities.values())

    def test_a_member_is_found_by_the_exact_number(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.members:
            assert _unable(tenant.registry.member(tenant.known))
            return
        found = tenant.registry.member(tenant.known)
        assert isinstance(found, Known)
        assert found.number == tenant.known

    def test_nobody_is_found_under_an_unknown_number(self, tenant: Tenant) -> None:
        if tenant.registry.capabilities.members:
            assert tenant.registry.member(tenant.unknown) is None

    def test_a_posted_credit_stands_there_once(self, tenant: Tenant) -> None:
        credit = posting(tenant)
        outcome = tenant.registry.post(credit)
        assert outcome.result is _written(tenant), outcome
        (row,) = tenant.rows(credit.reference)
        assert (row.hundredths, row.reversed) == (1000, False)
        assert row.member_number in ("", tenant.known)

    def test_what_was_posted_is_found_by_its_reference(self, tenant: Tenant) -> None:
        credit = posting(tenant)
        tenant.registry.post(credit)
        found = tenant.registry.find(credit.reference)
        if not tenant.registry.capabilities.finds:
            assert _unable(found)
            return
        assert isinstance(found, Held)
        assert (found.hundredths, found.reversed) == (1000, False)

    def test_nothing_is_found_under_a_reference_nobody_used(self, tenant: Tenant) -> None:
        if tenant.registry.capabilities.finds:
            assert tenant.registry.find(new_reference()) is None

    def test_an_equal_credit_again_is_no_second_one(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.upsert:
            return  # whoever delivers reads before it writes again
        credit = posting(tenant)
        assert tenant.registry.post(credit).result is _written(tenant)
        assert tenant.registry.post(credit).result is _written(tenant)
        assert len(tenant.rows(credit.reference)) == 1

    def test_a_credit_for_nobody_waits_for_the_member(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.members:
            return  # it takes whatever number it is given, and says so in its receipt
        credit = replace(posting(tenant), member_number=tenant.unknown)
        assert tenant.registry.post(credit).result is Result.MEMBER
        assert not tenant.rows(credit.reference)

    def test_a_fraction_keeps_its_decimals(self, tenant: Tenant) -> None:
        if tenant.registry.capabilities.decimals < 2:
            return
        credit = replace(posting(tenant), hundredths=125)
        tenant.registry.post(credit)
        (row,) = tenant.rows(credit.reference)
        assert row.hundredths == 125

    def test_several_go_in_one_call_and_are_answered_by_position(self, tenant: Tenant) -> None:
        if tenant.registry.capabilities.bulk < 2:
            assert _unable(tenant.registry.post_many([posting(tenant)]))
            return
        credits_ = [posting(tenant), posting(tenant)]
        outcomes = tenant.registry.post_many(credits_)
        assert isinstance(outcomes, list), outcomes
        assert [one.result for one in outcomes] == [_written(tenant)] * 2
        assert all(len(tenant.rows(one.reference)) == 1 for one in credits_)

    def test_one_bad_credit_in_a_batch_is_told_apart_or_fails_the_whole(
        self, tenant: Tenant
    ) -> None:
        able = tenant.registry.capabilities
        if able.bulk < 2 or not able.members:
            return
        good, bad = posting(tenant), replace(posting(tenant), member_number=tenant.unknown)
        outcomes = tenant.registry.post_many([good, bad])
        if isinstance(outcomes, Outcome):
            assert not able.partial_bulk
            assert outcomes.result is not Result.DELIVERED
            assert not tenant.rows(good.reference)
            return
        assert [one.result for one in outcomes] == [Result.DELIVERED, Result.MEMBER]
        assert len(tenant.rows(good.reference)) == 1
        assert not tenant.rows(bad.reference)

    def test_a_reversed_credit_stands_no_more(self, tenant: Tenant) -> None:
        credit = posting(tenant)
        tenant.registry.post(credit)
        outcome = tenant.registry.reverse(retraction(credit))
        if not tenant.registry.capabilities.reverses:
            assert _unable(outcome)
            return
        assert outcome.result is _written(tenant), outcome
        assert not _standing(tenant.rows(credit.reference))

    def test_reversing_again_changes_nothing(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.reverses:
            return
        credit = posting(tenant)
        tenant.registry.post(credit)
        back = retraction(credit)
        first, second = tenant.registry.reverse(back), tenant.registry.reverse(back)
        assert (first.result, second.result) == (_written(tenant), _written(tenant))
        assert not _standing(tenant.rows(credit.reference))

    def test_a_new_award_takes_a_new_reference(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.reverses:
            return
        credit = posting(tenant)
        tenant.registry.post(credit)
        tenant.registry.reverse(retraction(credit))
        again = replace(credit, reference=new_reference())
        assert tenant.registry.post(again).result is _written(tenant)
        assert len(_standing(tenant.rows(again.reference))) == 1
        assert not _standing(tenant.rows(credit.reference))

    def test_what_it_holds_can_be_listed_from_the_start(self, tenant: Tenant) -> None:
        if not tenant.registry.capabilities.lists:
            assert _unable(tenant.registry.changes(""))
            return
        credit = posting(tenant)
        tenant.registry.post(credit)
        assert credit.reference in {one.reference for one in _everything(tenant.registry)}

    def test_without_time_nothing_is_sent(self, tenant: Tenant) -> None:
        credit = posting(tenant)
        with tenant.registry.within(0):
            outcome = tenant.registry.post(credit)
        assert outcome.result is Result.RETRYABLE
        assert not outcome.maybe_written
        assert not tenant.rows(credit.reference)


def _written(tenant: Tenant) -> Result:
    return Result.TAKEN if tenant.registry.capabilities.receipts else Result.DELIVERED


def _unable(answer: object) -> bool:
    return isinstance(answer, Outcome) and answer.result is Result.UNABLE


def _everything(registry: Registry) -> list[Held]:
    found: list[Held] = []
    cursor, more = "", True
    while more:
        page = registry.changes(cursor)
        assert isinstance(page, Page), page
        found += page.records
        cursor, more = page.cursor, page.more
    return found
