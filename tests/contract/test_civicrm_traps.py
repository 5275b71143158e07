"""Each trap that a CiviCRM was measured to lay: no credit is lost in it, and none doubled."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses
from pytest_django import Settings

from cec_plugin.adapters.registries.civicrm_changes import PAGE
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Known, Page, Posting, Registry
from tests.contract.civicrm_tenant import CANCELLED, SECRETS, CivicrmTenant, connect
from tests.contract.conformance import new_reference, posting, retraction
from tests.emulations.civicrm.actions import USUAL, Role
from tests.emulations.civicrm.data import REFERENCE
from tests.emulations.civicrm.schema import CREDIT, contact
from tests.emulations.civicrm.server import KEY, Emulation, Fault, running_civicrm
from tests.threads import together

ADA, GRACE = 4, 5
OPAQUE_ROLE = Role(contact_id=3, told=False)


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS
    settings.CEC_ALLOW_HTTP = True


@pytest.fixture
def civicrm() -> Iterator[Emulation]:
    with running_civicrm() as emulation:
        yield emulation


@pytest.fixture
def registry(civicrm: Emulation) -> Registry:
    return connect(civicrm.url)


@pytest.fixture
def tenant(civicrm: Emulation, registry: Registry) -> CivicrmTenant:
    return CivicrmTenant(civicrm, registry)


@pytest.fixture
def credit(tenant: CivicrmTenant) -> Posting:
    return posting(tenant)


def _stored(civicrm: Emulation, reference: str) -> dict[str, Any]:
    (row,) = [row for row in civicrm.data.rows("Activity") if row[REFERENCE] == reference]
    return row


def _all_calls(registry: Registry, credit: Posting) -> dict[str, Any]:
    return {
        "member": registry.member(credit.member_number),
        "find": registry.find(credit.reference),
        "post": registry.post(credit),
        "post_many": registry.post_many([credit]),
        "reverse": registry.reverse(retraction(credit)),
        "changes": registry.changes(""),
    }


class TestWhatIsWrittenWithoutAnAnswer:
    def test_a_write_that_timed_out_is_ambiguous_and_found(
        self, civicrm: Emulation, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.SILENCE)
        registry = connect(civicrm.url, timeout_s=1)
        outcome = registry.post(credit)
        assert (outcome.result, outcome.reason) == (Result.AMBIGUOUS, "no answer in time")
        assert isinstance(registry.find(credit.reference), Held)
        again = registry.post(credit)
        assert (again.result, again.reason) == (Result.DELIVERED, "found in place")
        assert len(tenant.rows(credit.reference)) == 1

    @pytest.mark.parametrize("fault", [Fault.CUT_OFF, Fault.DONE_BUT_OPAQUE])
    def test_whatever_hides_the_answer_the_credit_is_found(
        self,
        civicrm: Emulation,
        registry: Registry,
        tenant: CivicrmTenant,
        credit: Posting,
        fault: Fault,
    ) -> None:
        civicrm.befall("save", fault)
        assert registry.post(credit).result is Result.AMBIGUOUS
        assert isinstance(registry.find(credit.reference), Held)
        assert registry.post(credit).result is Result.DELIVERED
        assert len(tenant.rows(credit.reference)) == 1

    def test_a_reversal_that_timed_out_is_found_reversed(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        registry.post(credit)
        civicrm.befall("update", Fault.CUT_OFF)
        assert registry.reverse(retraction(credit)).result is Result.AMBIGUOUS
        again = registry.reverse(retraction(credit))
        assert (again.result, again.reason) == (Result.DELIVERED, "found reversed")
        assert civicrm.calls.count("Activity.update") == 1

    @pytest.mark.parametrize("fault", [Fault.OPAQUE, Fault.BUSY, Fault.CUT_OFF, Fault.DATABASE])
    def test_what_cannot_be_read_back_is_ambiguous_with_the_id_it_was_given(
        self,
        civicrm: Emulation,
        registry: Registry,
        tenant: CivicrmTenant,
        credit: Posting,
        fault: Fault,
    ) -> None:
        civicrm.befall("get", Fault.NONE, Fault.NONE, fault)
        outcome = registry.post(credit)
        (row,) = tenant.rows(credit.reference)
        assert (outcome.result, outcome.remote_id) == (Result.AMBIGUOUS, row.remote_id)


class TestSeveralRecords:
    def test_equal_calls_at_once_make_several_rows_and_none_is_delivered(
        self, civicrm: Emulation, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        civicrm.actions.gap = threading.Barrier(4, timeout=20)
        registries = [connect(civicrm.url) for _ in range(4)]
        outcomes = together([lambda one=one: one.post(credit) for one in registries])
        civicrm.actions.gap = None
        assert len(tenant.rows(credit.reference)) == 4
        assert [one.result for one in outcomes] == [Result.CONFLICT] * 4
        for answer in (registries[0].find(credit.reference), registries[0].post(credit)):
            assert isinstance(answer, Outcome)
            assert answer.result is Result.CONFLICT
        assert len(tenant.rows(credit.reference)) == 4

    def test_what_came_under_our_reference_since_we_looked_is_no_second_row(
        self, civicrm: Emulation, registry: Registry, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.TWICE)
        assert registry.post(credit).result is Result.DELIVERED
        assert len(tenant.rows(credit.reference)) == 1

    def test_a_unique_index_leaves_rows_without_our_reference_and_each_is_told(
        self, civicrm: Emulation, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        civicrm.data.unique = True
        civicrm.actions.gap = threading.Barrier(4, timeout=20)
        registries = [connect(civicrm.url) for _ in range(4)]
        outcomes = together([lambda one=one: one.post(credit) for one in registries])
        civicrm.actions.gap = None
        (row,) = tenant.rows(credit.reference)
        delivered = [one.remote_id for one in outcomes if one.result is Result.DELIVERED]
        conflicts = {one.remote_id for one in outcomes if one.result is Result.CONFLICT}
        strays = {str(one["id"]) for one in civicrm.data.rows("Activity") if one[REFERENCE] is None}
        assert delivered == [row.remote_id]
        assert conflicts == strays
        assert len(strays) == 3
        page = registries[0].changes("")
        assert isinstance(page, Page)
        assert {one.remote_id for one in page.records if not one.reference} == strays

    def test_several_are_not_taken_back_at_once(
        self, civicrm: Emulation, registry: Registry, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        registry.post(credit)
        civicrm.data.write({**_stored(civicrm, credit.reference), "id": 900})
        assert registry.reverse(retraction(credit)).result is Result.CONFLICT
        assert not any(one.reversed for one in tenant.rows(credit.reference))

    def test_an_acknowledged_record_without_our_reference_is_a_conflict(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.LOST_REFERENCE)
        outcome = registry.post(credit)
        (row,) = civicrm.data.rows("Activity")
        assert (outcome.result, outcome.remote_id) == (Result.CONFLICT, str(row["id"]))
        assert registry.find(credit.reference) is None


class TestNeverOverwritten:
    def test_an_old_reference_after_a_reversal_stays_taken_back(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        """The registry itself would let it stand again."""
        registry.post(credit)
        registry.reverse(retraction(credit))
        outcome = registry.post(credit)
        assert outcome.result is Result.CONFLICT
        assert outcome.reason == "the registry has it as reversed"
        assert _stored(civicrm, credit.reference)["status_id"] == CANCELLED
        record = {
            "activity_type_id:name": CREDIT,
            "source_contact_id": 3,
            "status_id:name": "Completed",
            REFERENCE: credit.reference,
        }
        civicrm.actions.run(
            OPAQUE_ROLE, "Activity", "save", {"records": [record], "match": [REFERENCE]}
        )
        assert _stored(civicrm, credit.reference)["status_id"] != CANCELLED

    @pytest.mark.parametrize("other", [{"hundredths": 1050}, {"member_number": "M-1002"}])
    def test_another_amount_or_member_under_our_reference_is_left_as_it_is(
        self, civicrm: Emulation, registry: Registry, credit: Posting, other: dict[str, Any]
    ) -> None:
        registry.post(credit)
        before = _stored(civicrm, credit.reference)
        outcome = registry.post(replace(credit, **other))
        assert (outcome.result, outcome.remote_id) == (Result.CONFLICT, str(before["id"]))
        assert _stored(civicrm, credit.reference) == before

    def test_a_record_under_a_reference_that_is_only_alike_is_a_conflict(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        """Its database takes letters of either case for the same, and may show either."""
        registry.post(replace(credit, reference=credit.reference.upper()))
        for answer in (registry.find(credit.reference), registry.post(credit)):
            assert isinstance(answer, Outcome)
            assert answer.result is Result.CONFLICT
        assert len(civicrm.data.rows("Activity")) == 1

    def test_one_in_the_trash_is_seen_and_not_written_again(
        self, civicrm: Emulation, registry: Registry, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        """A search that does not name the trash leaves it out."""
        registry.post(credit)
        civicrm.data.activities[_stored(civicrm, credit.reference)["id"]]["is_deleted"] = True
        held = registry.find(credit.reference)
        assert isinstance(held, Held)
        assert held.reversed
        assert registry.post(credit).result is Result.CONFLICT
        assert registry.reverse(retraction(credit)).result is Result.DELIVERED
        assert len(tenant.rows(credit.reference)) == 1


class TestWhoWeAre:
    def test_without_credentials_nothing_is_taken_for_nobody(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        """It answers 200 and shows nothing, as if there were nothing."""
        registry.post(credit)
        civicrm.dropped = True
        for call, answer in _all_calls(registry, credit).items():
            assert isinstance(answer, Outcome), call
            assert answer.result is Result.CONFIGURATION, call
        health = registry.health()
        assert (health.ok, health.caller) == (False, "")
        assert "does not know who we are" in health.detail

    def test_a_wrong_key_is_our_configuration(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.roles = {}
        for call, answer in _all_calls(registry, credit).items():
            assert isinstance(answer, Outcome), call
            assert (answer.result, answer.status) == (Result.CONFIGURATION, 401), call
        assert not registry.health().ok

    def test_credentials_lost_after_the_write_leave_it_open(
        self, civicrm: Emulation, registry: Registry, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.FORGOTTEN)
        outcome = registry.post(credit)
        (row,) = tenant.rows(credit.reference)
        assert (outcome.result, outcome.remote_id) == (Result.CONFIGURATION, row.remote_id)
        assert outcome.maybe_written

    def test_credentials_lost_in_a_reversal_leave_it_open(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        registry.post(credit)
        civicrm.befall("update", Fault.FORGOTTEN)
        outcome = registry.reverse(retraction(credit))
        assert (outcome.result, outcome.maybe_written) == (Result.CONFIGURATION, True)

    def test_the_key_can_go_in_the_usual_header(self, civicrm: Emulation, credit: Posting) -> None:
        assert connect(civicrm.url, header="Authorization").post(credit).result is Result.DELIVERED


class TestBadData:
    def _two(self, credit: Posting) -> list[Posting]:
        return [credit, replace(credit, reference=new_reference(), member_number="M-1002")]

    def test_one_bad_record_takes_the_batch_with_it_and_is_refused_alone(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.data.gone = {GRACE}
        good, bad = self._two(credit)
        outcome = registry.post_many([good, bad])
        assert isinstance(outcome, Outcome)
        assert (outcome.result, outcome.found_nothing) == (Result.REFUSED, True)
        assert outcome.reason.startswith("HTTP 500: DB Error: constraint violation [")
        assert civicrm.data.rows("Activity") == []
        assert registry.post(good).result is Result.DELIVERED
        assert registry.post(bad).result is Result.REFUSED

    def test_untold_a_bad_record_is_ambiguous_and_shown_to_be_absent(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.roles[KEY] = OPAQUE_ROLE
        civicrm.data.gone = {GRACE}
        good, bad = self._two(credit)
        outcome = registry.post_many([good, bad])
        assert isinstance(outcome, Outcome)
        assert outcome.result is Result.AMBIGUOUS
        assert [registry.find(one.reference) for one in (good, bad)] == [None, None]

    def test_an_error_of_the_database_says_no_more_than_a_500(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.DATABASE)
        assert registry.post(credit).result is Result.AMBIGUOUS

    @pytest.mark.parametrize("fault", [Fault.OPAQUE, Fault.DATABASE, Fault.CUT_OFF])
    def test_a_failed_read_writes_nothing_and_is_tried_again(
        self, civicrm: Emulation, registry: Registry, credit: Posting, fault: Fault
    ) -> None:
        for before in range(2):
            civicrm.befall("get", *[Fault.NONE] * before, fault)
            assert registry.post(credit).result is Result.RETRYABLE
        assert civicrm.data.rows("Activity") == []

    def test_it_says_when_to_come_back(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.BUSY)
        outcome = registry.post(credit)
        assert (outcome.result, outcome.retry_after_s) == (Result.RETRYABLE, 7)
        assert outcome.found_nothing

    def test_what_is_named_wrongly_is_our_configuration(
        self, civicrm: Emulation, credit: Posting
    ) -> None:
        for options, words in [
            ({"reference_field": "CE_Credit.nope"}, "Invalid field 'CE_Credit.nope'"),
            ({"number_field": "nope"}, "Invalid field 'nope'"),
            ({"activity_type": "Nope"}, "Mandatory values missing"),
        ]:
            outcome = connect(civicrm.url, **options).post(credit)
            assert outcome.result is Result.CONFIGURATION, options
            assert words in outcome.reason
        assert civicrm.data.rows("Activity") == []

    def test_the_number_of_an_untold_error_is_passed_on(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.befall("save", Fault.OPAQUE)
        reason = registry.post(credit).reason
        assert reason.startswith("HTTP 500: Sorry an error occurred")
        assert len(reason.rpartition(" [")[2]) == len("pHb2-30VL-LK8D]")

    @responses.activate
    @pytest.mark.parametrize(
        ("status", "body", "result"),
        [
            (200, {"values": None}, Result.UNREADABLE),
            (200, {"values": ["M-1001"]}, Result.UNREADABLE),
            (200, [], Result.UNREADABLE),
            (400, {"error_message": "SECURITY ALERT: only by clients"}, Result.CONFIGURATION),
            (500, {"error_message": {"a": 1}}, Result.RETRYABLE),
            (500, [], Result.RETRYABLE),
        ],
    )
    def test_an_answer_of_another_shape_is_an_outcome(
        self, status: int, body: Any, result: Result
    ) -> None:
        responses.post(
            "https://civicrm.example/civicrm/ajax/api4/Contact/get", json=body, status=status
        )
        answer = connect("https://civicrm.example").member("M-1001")
        assert isinstance(answer, Outcome)
        assert answer.result is result

    @responses.activate
    def test_a_members_number_is_not_repeated(self) -> None:
        responses.post(
            "https://civicrm.example/civicrm/ajax/api4/Contact/get",
            json={
                "error_message": f"One of the parameters (value: Ada/7, {KEY}) is not of the type Integer"
            },
            status=500,
        )
        answer = connect("https://civicrm.example").member("Ada/7")
        assert isinstance(answer, Outcome)
        assert answer.result is Result.REFUSED
        assert answer.reason == (
            "HTTP 500: One of the parameters (value: #, #) is not of the type Integer"
        )


class TestMembers:
    @pytest.mark.parametrize("number", ["m-1001", "M-1001 ", "M-100"])
    def test_a_number_that_is_only_alike_is_nobodys(
        self, registry: Registry, credit: Posting, number: str
    ) -> None:
        assert registry.member(number) is None
        assert registry.post(replace(credit, member_number=number)).result is Result.MEMBER

    def test_a_contact_in_the_trash_is_nobody(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        civicrm.data.contacts[ADA]["is_deleted"] = True
        assert registry.member("M-1001") is None
        assert registry.post(credit).result is Result.MEMBER

    @responses.activate
    def test_a_contact_that_is_shown_as_deleted_is_nobody(self) -> None:
        """Nobody in the trash is shown unless asked for: should that ever change, we look."""
        address = "https://civicrm.example/civicrm/ajax/api4/Contact/get"
        ada = {"id": 4, "external_identifier": "M-1001", "is_deleted": True}
        responses.post(address, json={"values": [ada]})
        assert connect("https://civicrm.example").member("M-1001") is None

    def test_several_with_one_number_are_never_the_first_of_them(
        self, civicrm: Emulation, credit: Posting
    ) -> None:
        for one in (ADA, GRACE):
            civicrm.data.contacts[one]["Member.Number"] = "77"
        registry = connect(civicrm.url, number_field="Member.Number")
        found = registry.member("77")
        assert isinstance(found, Outcome)
        assert found.result is Result.CONFLICT
        outcome = registry.post(replace(credit, member_number="77"))
        assert (outcome.result, outcome.reason) == (
            Result.MEMBER,
            "several contacts have this number",
        )
        assert civicrm.data.rows("Activity") == []

    def test_good_standing_is_told_where_it_is_asked_for(self, civicrm: Emulation) -> None:
        registry = connect(civicrm.url, memberships=True)
        assert registry.member("M-1001") == Known(number="M-1001", active=True)
        assert registry.member("M-1002") == Known(number="M-1002", active=False)
        assert connect(civicrm.url).member("M-1001") == Known(number="M-1001")

    def test_who_may_not_see_memberships_is_told_so(self, civicrm: Emulation) -> None:
        civicrm.roles[KEY] = Role(contact_id=3, may=USUAL - {"Membership.get"}, told=False)
        registry = connect(civicrm.url, memberships=True)
        member = registry.member("M-1001")
        assert isinstance(member, Outcome)
        assert (member.result, member.status) == (Result.CONFIGURATION, 403)
        assert registry.health().entities["Membership"] is False

    def test_a_credit_of_several_members_is_no_number_of_any(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        registry.post(credit)
        row = civicrm.data.activities[_stored(civicrm, credit.reference)["id"]]
        row["target_contact_id"] = [ADA, 2]
        held = registry.find(credit.reference)
        assert isinstance(held, Held)
        assert held.member_number == "M-1001, ?"
        assert registry.post(credit).result is Result.CONFLICT


class TestBatches:
    def test_fifty_take_four_calls(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        several = [replace(credit, reference=new_reference()) for _ in range(50)]
        outcomes = registry.post_many(several)
        assert isinstance(outcomes, list)
        assert {one.result for one in outcomes} == {Result.DELIVERED}
        assert civicrm.calls == ["Contact.get", "Activity.get", "Activity.save", "Activity.get"]
        assert [one.remote_id for one in outcomes] == [
            str(_stored(civicrm, one.reference)["id"]) for one in several
        ]

    def test_what_stands_there_and_who_is_unknown_are_told_and_not_sent(
        self, civicrm: Emulation, registry: Registry, tenant: CivicrmTenant, credit: Posting
    ) -> None:
        registry.post(credit)
        unknown = replace(credit, reference=new_reference(), member_number="M-9999")
        fresh = replace(credit, reference=new_reference())
        other = replace(credit, reference=credit.reference, hundredths=5)
        outcomes = registry.post_many([credit, unknown, fresh])
        assert isinstance(outcomes, list)
        assert [one.result for one in outcomes] == [
            Result.DELIVERED,
            Result.MEMBER,
            Result.DELIVERED,
        ]
        assert len(tenant.rows(credit.reference)) == len(tenant.rows(fresh.reference)) == 1
        conflict = registry.post_many([other])
        assert isinstance(conflict, list)
        assert conflict[0].result is Result.CONFLICT

    def test_none_is_no_call(self, civicrm: Emulation, registry: Registry) -> None:
        assert registry.post_many([]) == []
        assert civicrm.calls == []


class TestWhatIsSent:
    def test_a_credit_is_an_activity_of_the_member(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        registry.post(replace(credit, hundredths=125, title="x" * 300))
        row = _stored(civicrm, credit.reference)
        shown = {name: row[name] for name in row if not name.endswith(("_date", "d"))}
        assert shown == {
            "subject": "x" * 255,
            "activity_date_time": "2026-03-02 00:00:00",
            REFERENCE: credit.reference,
            "CE_Credit.Credits": 1.25,
            "CE_Credit.Credit_Type": "cec",
            "CE_Credit.Course_Key": credit.activity,
            "CE_Credit.Revoked_Reason": None,
        }
        assert (row["activity_type_id"], row["status_id"]) == (56, 2)
        assert (row["source_contact_id"], row["target_contact_id"]) == (3, [ADA])

    def test_names_and_types_are_those_of_the_site(
        self, civicrm: Emulation, credit: Posting
    ) -> None:
        civicrm.data.fields["Activity"]["CE_Credit.Role"] = "String"
        registry = connect(
            civicrm.url,
            credit_types={"cec": "PDH"},
            credit_type_field="CE_Credit.Role",
            activity_field="",
            source_contact_id=2,
            date_format="%Y%m%d",
        )
        assert registry.post(credit).result is Result.DELIVERED
        row = _stored(civicrm, credit.reference)
        assert (row["CE_Credit.Role"], row["CE_Credit.Course_Key"]) == ("PDH", None)
        assert (row["source_contact_id"], row["activity_date_time"]) == (2, "20260302")

    def test_a_reversal_says_why_where_there_is_room(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        registry.post(credit)
        registry.reverse(retraction(credit))
        assert _stored(civicrm, credit.reference)["CE_Credit.Revoked_Reason"] == "withdrawn"
        silent = replace(credit, reference=new_reference())
        registry = connect(civicrm.url, reason_field="")
        registry.post(silent)
        assert registry.reverse(retraction(silent)).result is Result.DELIVERED
        assert _stored(civicrm, silent.reference)["CE_Credit.Revoked_Reason"] is None

    def test_what_was_never_there_needs_no_reversal(
        self, civicrm: Emulation, registry: Registry, credit: Posting
    ) -> None:
        outcome = registry.reverse(retraction(credit))
        assert (outcome.result, outcome.reason) == (
            Result.DELIVERED,
            "the registry has no such credit",
        )
        assert "Activity.update" not in civicrm.calls

    def test_a_reversal_that_is_answered_and_not_done_is_ambiguous(
        self, civicrm: Emulation, credit: Posting
    ) -> None:
        registry = connect(civicrm.url, reversed_status="Cancled")
        registry.post(credit)
        assert registry.reverse(retraction(credit)).result is Result.AMBIGUOUS


class TestChanges:
    NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def _write(self, civicrm: Emulation, number: int, **other: Any) -> None:
        civicrm.data.write(
            {
                "activity_type_id": 56,
                "target_contact_id": [ADA],
                REFERENCE: f"cec-{number}",
                "CE_Credit.Credits": 1,
                **other,
            }
        )

    def _from(self, registry: Registry, cursor: str) -> tuple[list[Held], str, int]:
        records: list[Held] = []
        pages, more = 0, True
        while more:
            page = registry.changes(cursor)
            assert isinstance(page, Page), page
            records += page.records
            cursor, more, pages = page.cursor, page.more, pages + 1
        return records, cursor, pages

    def test_pages_hold_each_record_once_even_within_one_second(
        self, civicrm: Emulation, registry: Registry
    ) -> None:
        for number in range(2 * PAGE + 50):
            civicrm.data.clock = lambda at=number // 150: self.NOON + timedelta(seconds=at)
            self._write(civicrm, number)
        for row in list(civicrm.data.activities.values())[-PAGE - 10 :]:
            row["modified_date"] = None  # from before the column was there
        self._write(civicrm, 9000, activity_type_id=1)  # no credit
        records, _, pages = self._from(registry, "")
        assert pages == 3
        assert sorted(one.reference for one in records) == sorted(
            f"cec-{number}" for number in range(2 * PAGE + 50)
        )
        assert {one.member_number for one in records} == {"M-1001"}

    def test_what_changes_after_the_end_is_listed_next_and_little_else(
        self, civicrm: Emulation, registry: Registry
    ) -> None:
        for number, hours in enumerate((0, 5, 10)):
            civicrm.data.clock = lambda hours=hours: self.NOON + timedelta(hours=hours)
            self._write(civicrm, number)
        _, cursor, _ = self._from(registry, "")
        civicrm.data.clock = lambda: self.NOON + timedelta(hours=11)
        civicrm.data.write({"status_id": CANCELLED}, min(civicrm.data.activities))
        records, _, _ = self._from(registry, cursor)
        assert [(one.reference, one.reversed) for one in records] == [
            ("cec-2", False),
            ("cec-0", True),
        ]

    def test_what_is_written_late_with_an_earlier_time_is_not_missed(
        self, civicrm: Emulation, registry: Registry
    ) -> None:
        civicrm.data.clock = lambda: self.NOON
        self._write(civicrm, 0)
        _, cursor, _ = self._from(registry, "")
        civicrm.data.clock = lambda: self.NOON - timedelta(minutes=59)
        self._write(civicrm, 1)
        records, _, _ = self._from(registry, cursor)
        assert {one.reference for one in records} == {"cec-0", "cec-1"}

    def test_one_in_the_trash_is_listed_as_reversed(
        self, civicrm: Emulation, registry: Registry
    ) -> None:
        self._write(civicrm, 0, is_deleted=True)
        records, _, _ = self._from(registry, "")
        assert [(one.reference, one.reversed) for one in records] == [("cec-0", True)]

    def test_an_empty_registry_has_nothing_and_keeps_the_cursor(self, registry: Registry) -> None:
        assert registry.changes("") == Page(records=(), cursor="", more=False)
        assert registry.changes("2026-11-20 12:00:00|7") == Page(
            records=(), cursor="2026-11-20 12:00:00|7", more=False
        )

    @pytest.mark.parametrize("cursor", ["7", "2026-11-20", "2026-11-20|x"])
    def test_a_cursor_that_is_not_ours_is_refused(self, registry: Registry, cursor: str) -> None:
        page = registry.changes(cursor)
        assert isinstance(page, Outcome)
        assert page.result is Result.REFUSED


class TestHealth:
    def test_it_says_who_we_are_and_names_what_it_looked_for(self, registry: Registry) -> None:
        health = registry.health()
        assert (health.ok, health.caller, health.detail) == (True, "contact 3", "")
        assert set(health.entities) == {
            "Contact",
            "Activity",
            "CE_Credit.External_Ref",
            "CE_Credit.Credits",
            "CE_Credit.Credit_Type",
            "CE_Credit.Course_Key",
            "CE_Credit.Revoked_Reason",
            f"activity_type_id: {CREDIT}",
            "status_id: Completed",
            "status_id: Cancelled",
        }

    @pytest.mark.parametrize(
        "field",
        ["CE_Credit.External_Ref", "CE_Credit.Credits", "CE_Credit.Course_Key"],
    )
    def test_a_field_that_is_not_there_is_named(
        self, civicrm: Emulation, registry: Registry, field: str
    ) -> None:
        del civicrm.data.fields["Activity"][field]
        health = registry.health()
        assert not health.ok
        assert [name for name, known in health.entities.items() if not known] == [field]
        assert field in health.detail

    @pytest.mark.parametrize(
        ("column", "number", "name"),
        [
            ("activity_type_id", 56, f"activity_type_id: {CREDIT}"),
            ("status_id", 2, "status_id: Completed"),
            ("status_id", 3, "status_id: Cancelled"),
        ],
    )
    def test_a_type_or_status_that_is_not_there_is_named(
        self, civicrm: Emulation, registry: Registry, column: str, number: int, name: str
    ) -> None:
        del civicrm.data.options["Activity", column][number]
        health = registry.health()
        assert [one for one, known in health.entities.items() if not known] == [name]
        assert not health.ok

    @pytest.mark.parametrize("untold", [False, True])
    @pytest.mark.parametrize(
        ("forbidden", "named"), [("Activity.get", "Activity"), ("Activity.getFields", REFERENCE)]
    )
    def test_what_we_may_not_do_is_named(
        self, civicrm: Emulation, registry: Registry, forbidden: str, named: str, untold: bool
    ) -> None:
        civicrm.roles[KEY] = Role(contact_id=3, may=USUAL - {forbidden}, told=not untold)
        health = registry.health()
        assert not health.ok
        assert health.entities[named] is False
        assert health.detail.startswith("HTTP 403")

    def test_who_sees_no_member_sees_too_little(
        self, civicrm: Emulation, registry: Registry
    ) -> None:
        for one in (ADA, GRACE):
            del civicrm.data.contacts[one]
        health = registry.health()
        assert (health.ok, health.entities["Contact"]) == (False, False)

    def test_a_source_that_is_nobody_is_named(self, civicrm: Emulation) -> None:
        assert connect(civicrm.url, source_contact_id=2).health().ok
        health = connect(civicrm.url, source_contact_id=99).health()
        assert (health.ok, health.detail) == (False, "it has no contact 99")

    def test_a_contact_of_no_number_is_asked_for_by_all_the_same(self, civicrm: Emulation) -> None:
        civicrm.data.contacts[6] = contact(6, "No", "Number")
        civicrm.roles[KEY] = Role(contact_id=6)
        assert connect(civicrm.url).health().caller == "contact 6"
