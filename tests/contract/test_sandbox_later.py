"""What the sandbox knows at once and shows, confirms or decides on only later."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cec_plugin.sandbox.control import Control, ControlError
from cec_plugin.sandbox.records import Approval, State
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.contract.calling import ADA, REVERSAL, Client, batch, until


@pytest.fixture
def registry() -> Iterator[Sandbox]:
    with running_sandbox(members=[ADA]) as sandbox:
        yield sandbox


@pytest.fixture
def control(registry: Sandbox) -> Control:
    return registry.control


@pytest.fixture
def client(registry: Sandbox) -> Iterator[Client]:
    client = Client(registry.url)
    yield client
    client.connection.close()


class TestReceipts:
    def test_what_was_taken_appears_once_its_time_has_come(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(receipts_later={"value": 0.4, "times": 1})
        reply = client.put("ref-1")
        assert reply.status == 202
        assert reply.json.keys() == {"receipt", "reference"}
        assert reply.json["reference"] == "ref-1"
        assert client.ask("GET", "/credits/ref-1").status == 404
        assert client.ask("GET", "/credits").json["items"] == []
        assert control.data().credits == ()
        until(lambda: client.ask("GET", "/credits/ref-1").status == 200)
        assert [each.reference for each in control.data().credits] == ["ref-1"]

    def test_it_may_be_let_in_at_once(self, client: Client, control: Control) -> None:
        control.set_faults(receipts_later=True)
        client.put("ref-1")
        reply = batch(client, "ref-2", "ref-3", "ref-4", amount="much")
        assert reply.status == 202
        assert [each["status"] for each in reply.json["items"]] == [202, 202, 422]
        assert reply.json["items"][0]["receipt"] != reply.json["items"][1]["receipt"]
        assert control.let_receipts_arrive() == 3
        assert control.let_receipts_arrive() == 0
        kept = [each.reference for each in control.data().credits]
        assert kept == ["ref-1", "ref-2", "ref-3"]

    def test_whoever_has_listed_already_hears_of_it_when_it_appears(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(receipts_later={"times": 1})
        client.put("ref-1")
        cursor = client.put("ref-2").json["cursor"]
        control.let_receipts_arrive()
        listed = client.ask("GET", f"/credits?since={cursor}").json["items"]
        assert [each["reference"] for each in listed] == ["ref-1"]

    def test_sent_again_it_is_the_same_receipt_and_one_row(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(receipts_later=True)
        first, second = client.put("ref-1"), client.put("ref-1")
        assert first.json == second.json
        other = client.put("ref-1", title="Another")
        assert (other.status, other.code) == (409, "conflict")
        control.let_receipts_arrive()
        assert client.put("ref-1").status == 202
        control.let_receipts_arrive()
        assert len(control.data().credits) == 1

    def test_one_that_was_sent_properly_meanwhile_is_not_doubled(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(receipts_later={"times": 1})
        assert [client.put("ref-1").status for _ in range(2)] == [202, 201]
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        control.let_receipts_arrive()
        (credit,) = control.data().credits
        assert credit.state is State.REVERSED

    def test_faulty_data_gets_no_receipt(self, client: Client, control: Control) -> None:
        control.set_faults(receipts_later=True)
        assert client.put("ref-1", member_number="9").status == 404
        assert client.put("ref-1", amount="much").status == 422
        assert control.let_receipts_arrive() == 0
        assert control.hits()["receipts_later"] == 0

    def test_it_arrives_as_badly_as_it_was_taken(self, client: Client, control: Control) -> None:
        control.set_faults(receipts_later=True, lost_reference=True, approves_later=True)
        client.put("ref-1")
        control.let_receipts_arrive()
        (credit,) = control.data().credits
        assert (credit.reference, credit.approval) == (None, Approval.WAITING)

    def test_it_outlives_the_server(self, tmp_path: Path) -> None:
        db = str(tmp_path / "registry.db")
        with running_sandbox(db=db, members=[ADA]) as first:
            first.control.set_faults(receipts_later=True)
            client = Client(first.url)
            assert client.put("ref-1").status == 202
            client.connection.close()
        with running_sandbox(db=db) as second:
            assert second.control.let_receipts_arrive() == 1
            assert len(second.control.data().credits) == 1

    def test_a_reset_forgets_it(self, client: Client, control: Control) -> None:
        control.set_faults(receipts_later=True)
        client.put("ref-1")
        control.reset()
        assert control.let_receipts_arrive() == 0


class TestLag:
    def test_a_new_row_is_there_and_not_seen_yet(self, client: Client, control: Control) -> None:
        control.set_faults(reads_lag=0.5)
        created = client.put("ref-1")
        assert created.status == 201
        assert len(control.data().credits) == 1
        assert client.ask("GET", "/credits/ref-1").status == 404
        assert client.ask("GET", f"/credits/by-id/{created.json['id']}").status == 404
        assert client.ask("GET", "/credits").json["items"] == []
        assert client.ask("GET", "/credits?reference=ref-1").json["items"] == []
        assert client.put("ref-1").status == 200
        assert control.hits()["reads_lag"] == 4
        until(lambda: client.ask("GET", "/credits/ref-1").status == 200)
        assert client.ask("GET", "/credits/ref-1").json == created.json

    def test_a_reversal_is_done_and_not_shown_yet(self, client: Client, control: Control) -> None:
        created = client.put("ref-1").json
        time.sleep(0.3)
        reversed_ = client.ask("POST", "/credits/ref-1/reverse", REVERSAL).json
        control.set_faults(reads_lag=0.25)
        assert client.ask("GET", "/credits/ref-1").json == created
        assert client.ask("GET", "/credits").json["items"] == [created]
        assert control.data().credits[0].state is State.REVERSED
        until(lambda: client.ask("GET", "/credits/ref-1").json["state"] == "reversed")
        assert client.ask("GET", "/credits").json["items"] == [reversed_]

    def test_members_do_not_lag(self, client: Client, control: Control) -> None:
        control.set_faults(reads_lag=3600)
        control.add_member("1002", "Bert")
        assert client.ask("GET", "/members/1002").status == 200

    def test_old_rows_are_seen_and_that_is_no_hit(self, client: Client, control: Control) -> None:
        client.put("ref-1")
        time.sleep(0.02)
        control.set_faults(reads_lag=0.01)
        assert client.ask("GET", "/credits/ref-1").status == 200
        assert control.hits()["reads_lag"] == 0


class TestApproval:
    def test_a_credit_is_decided_on_later(self, client: Client, control: Control) -> None:
        control.set_faults(approves_later={"times": 2})
        first, second = client.put("ref-1").json, client.put("ref-2").json
        assert (first["approval"], second["approval"]) == ("waiting", "waiting")
        assert client.put("ref-3").json["approval"] == ""
        (approved,) = control.approve("ref-1")
        (declined,) = control.approve("ref-2", approved=False)
        assert (approved.approval, declined.approval) == (Approval.APPROVED, Approval.DECLINED)
        assert client.ask("GET", "/credits/ref-1").json == approved.to_json()
        listed = client.ask("GET", f"/credits?since={second['cursor']}").json["items"]
        seen = [(each["reference"], each["approval"]) for each in listed]
        assert seen == [("ref-3", ""), ("ref-1", "approved"), ("ref-2", "declined")]

    def test_a_decision_outlasts_a_reversal(self, client: Client, control: Control) -> None:
        control.set_faults(approves_later=True)
        client.put("ref-1")
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        (credit,) = control.approve("ref-1")
        assert (credit.state, credit.approval) == (State.REVERSED, Approval.APPROVED)

    def test_the_page_shows_it(self, client: Client, control: Control) -> None:
        control.set_faults(approves_later=True)
        client.put("ref-1")
        assert "waiting</span>" in client.ask("GET", "/").body.decode()

    def test_what_is_not_there_is_not_decided_on(self, control: Control) -> None:
        with pytest.raises(ControlError, match="credit_not_found"):
            control.approve("ref-1")

    @pytest.mark.parametrize("content", [[], {}, {"reference": "r", "approved": "yes"}])
    def test_a_decision_is_yes_or_no(self, client: Client, content: Any) -> None:
        assert client.ask("POST", "/_sandbox/approve", content).status == 422
