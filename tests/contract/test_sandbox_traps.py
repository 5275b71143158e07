"""Each trap of the real registries, as the sandbox lays it."""

from collections.abc import Iterator
from typing import Any

import pytest

from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.contract.calling import ADA, REVERSAL, Client, basic, batch, send_at_once


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


class TestRefusals:
    def test_a_quota_comes_as_a_lack_of_rights(self, client: Client, control: Control) -> None:
        control.set_faults(quota_403={"times": 1})
        reply = client.put("ref-1")
        assert (reply.status, reply.code) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert control.data().credits == ()
        assert client.put("ref-1").status == 201

    def test_a_registry_may_take_nothing_back(self, client: Client, control: Control) -> None:
        control.set_faults(no_reverse=True)
        assert client.put("ref-1").status == 201
        reply = client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        assert (reply.status, reply.code) == (405, "method_not_allowed")
        assert client.ask("GET", "/credits/ref-1").json["state"] == "active"
        assert control.data().reversals == ()


class TestReferencesNotUnique:
    def test_an_equal_credit_makes_another_row(self, client: Client, control: Control) -> None:
        control.set_faults(references_not_unique=True)
        replies = [client.put("ref-1"), client.put("ref-1")]
        assert [each.status for each in replies] == [201, 201]
        assert [each.json["reference"] for each in replies] == ["ref-1"] * 2
        assert [each.reference for each in control.data().credits] == ["ref-1"] * 2

    def test_so_does_one_in_a_batch(self, client: Client, control: Control) -> None:
        control.set_faults(references_not_unique=True)
        settled = batch(client, "ref-1", "ref-1", "ref-2").json["items"]
        assert [each["status"] for each in settled] == [201] * 3
        assert len({each["id"] for each in settled}) == 3
        assert len(control.data().credits) == 3

    def test_who_looks_by_reference_gets_the_choice(self, client: Client, control: Control) -> None:
        control.set_faults(references_not_unique=True)
        ids = [client.put("ref-1").json["id"] for _ in range(3)]
        reply = client.ask("GET", "/credits/ref-1")
        assert reply.status == 300
        assert [each["id"] for each in reply.json["items"]] == ids
        listed = client.ask("GET", "/credits?reference=ref-1").json
        assert [each["id"] for each in listed["items"]] == ids

    def test_nothing_is_done_to_one_of_several_afterwards(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(references_not_unique={"times": 2})
        client.put("ref-1")
        client.put("ref-1")
        for reply in (client.put("ref-1"), client.ask("POST", "/credits/ref-1/reverse", REVERSAL)):
            assert (reply.status, reply.code) == (300, "several")
            assert len(reply.json["items"]) == 2
        data = control.data()
        assert (len(data.credits), data.reversals) == (2, ())

    def test_only_a_second_row_counts_as_a_hit(self, client: Client, control: Control) -> None:
        control.set_faults(references_not_unique=True)
        client.put("ref-1")
        assert control.hits()["references_not_unique"] == 0
        client.put("ref-1")
        assert control.hits()["references_not_unique"] == 1

    def test_parallel_equal_calls_are_one_row_as_soon_as_it_is_off(
        self, registry: Sandbox, control: Control
    ) -> None:
        control.set_faults(references_not_unique=True)
        control.clear_faults()
        statuses = send_at_once([registry.url] * 12, lambda client, _: client.put("ref-1").status)
        assert sorted(statuses) == [200] * 11 + [201]
        assert len(control.data().credits) == 1


class TestFilters:
    def test_credits_are_listed_by_reference(self, client: Client) -> None:
        for reference in ("ref-1", "ref-2"):
            client.put(reference)
        found = client.ask("GET", "/credits?reference=ref-2").json
        assert [each["reference"] for each in found["items"]] == ["ref-2"]
        assert found["next"] is None
        cursor = found["items"][0]["cursor"]
        assert client.ask("GET", f"/credits?reference=ref-2&since={cursor}").json["items"] == []
        assert client.ask("GET", "/credits?reference=nobody").json["items"] == []
        assert client.ask("GET", "/credits?reference=ref-1&reference=ref-2").status == 422

    @pytest.mark.parametrize("query", ["?number=1001", "?number=9", "?name=Ada", ""])
    def test_everybody_comes_whoever_was_asked_for(
        self, client: Client, control: Control, query: str
    ) -> None:
        control.add_member("1002", "Bert")
        control.set_faults(filters_ignored=True)
        reply = client.ask("GET", f"/members{query}")
        assert [each["number"] for each in reply.json["items"]] == ["1001", "1002"]
        assert control.hits()["filters_ignored"] == 1

    @pytest.mark.parametrize(
        "query", ["?reference=ref-1", "?since=2", "?limit=1", "?colour=red", "?since=x"]
    )
    def test_every_credit_comes_whichever_was_asked_for(
        self, client: Client, control: Control, query: str
    ) -> None:
        references = [f"ref-{number}" for number in range(120)]
        batch(client, *references)
        control.set_faults(filters_ignored=True)
        listed = client.ask("GET", f"/credits{query}").json
        assert [each["reference"] for each in listed["items"]] == references
        assert listed["next"] is None

    def test_what_has_no_filter_is_as_ever(self, client: Client, control: Control) -> None:
        control.set_faults(filters_ignored=True)
        assert client.ask("GET", "/members/9").status == 404
        assert client.put("ref-1").status == 201
        assert client.ask("GET", "/credits/ref-2").status == 404

    def test_where_all_were_asked_for_it_did_not_hit(
        self, client: Client, control: Control
    ) -> None:
        client.put("ref-1")
        control.set_faults(filters_ignored=True)
        client.ask("GET", "/credits")
        assert control.hits()["filters_ignored"] == 0


BAD: list[dict[str, Any]] = [{"member_number": "9"}, {"amount": "much"}, {"colour": "red"}]


class TestDataErrors:
    @pytest.mark.parametrize("other", BAD)
    def test_one_may_come_as_an_opaque_500(
        self, client: Client, control: Control, other: dict[str, Any]
    ) -> None:
        control.set_faults(opaque_data_errors=True)
        reply = client.put("ref-1", **other)
        assert reply.status == 500
        assert reply.body.startswith(b"<!doctype html>")
        assert control.data().credits == ()
        assert control.hits()["opaque_data_errors"] == 1

    @pytest.mark.parametrize("other", BAD)
    def test_an_opaque_one_takes_its_batch_with_it(
        self, client: Client, control: Control, other: dict[str, Any]
    ) -> None:
        control.set_faults(opaque_data_errors=True)
        reply = batch(client, "ref-1", "ref-2", "ref-3", **other)
        assert reply.status == 500
        assert reply.headers["Content-Type"].startswith("text/html")
        assert control.data().credits == ()

    def test_good_data_and_other_refusals_are_answered_plainly(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(opaque_data_errors=True)
        assert client.put("ref-1").status == 201
        assert client.put("ref-1", title="Another").status == 409
        settled = batch(client, "ref-2", "ref-1", title="Another").json["items"]
        assert [each["status"] for each in settled] == [201, 409]
        assert control.hits()["opaque_data_errors"] == 0

    def test_a_faulty_reversal_is_one_too(self, client: Client, control: Control) -> None:
        client.put("ref-1")
        control.set_faults(opaque_data_errors=True)
        reply = client.ask("POST", "/credits/ref-1/reverse", {**REVERSAL, "reversed_on": "soon"})
        assert reply.status == 500
        assert client.ask("POST", "/credits/ref-2/reverse", REVERSAL).status == 404

    @pytest.mark.parametrize(
        ("other", "code"),
        [
            ({"member_number": "9"}, "member_not_found"),
            ({"amount": "much"}, "invalid"),
            ({"reference": "ref-0", "title": "Another"}, "conflict"),
        ],
    )
    def test_one_may_fail_its_whole_batch_without_a_position(
        self, client: Client, control: Control, other: dict[str, Any], code: str
    ) -> None:
        client.put("ref-0")
        control.set_faults(all_or_nothing=True)
        reply = batch(client, "ref-1", "ref-2", "ref-3", **other)
        assert reply.status == 422
        assert reply.json["error"].keys() == {"code", "message"}
        assert reply.code == code
        assert [each.reference for each in control.data().credits] == ["ref-0"]
        assert control.hits()["all_or_nothing"] == 1

    def test_a_whole_batch_of_good_ones_is_written(self, client: Client, control: Control) -> None:
        control.set_faults(all_or_nothing=True)
        reply = batch(client, "ref-1", "ref-2", "ref-1")
        assert [each["status"] for each in reply.json["items"]] == [201, 201, 200]
        assert len(control.data().credits) == 2
        assert client.put("ref-3", member_number="9").status == 404
        assert control.hits()["all_or_nothing"] == 0

    @pytest.mark.parametrize("other", BAD)
    def test_one_may_be_told_within_a_200(
        self, client: Client, control: Control, other: dict[str, Any]
    ) -> None:
        plain = client.put("ref-1", **other)
        control.set_faults(errors_in_200=True)
        reply = client.put("ref-1", **other)
        assert reply.status == 200
        assert reply.json == {"success": False, **plain.json}
        assert control.data().credits == ()

    def test_a_batch_may_tell_each_error_within_a_200(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(errors_in_200=True)
        reply = batch(client, "ref-1", "ref-2", member_number="9")
        assert reply.status == 200
        good, bad = reply.json["items"]
        assert (good["status"], good["reference"]) == (201, "ref-1")
        assert (bad["status"], bad["error"]["code"]) == (404, "member_not_found")
        assert [each.reference for each in control.data().credits] == ["ref-1"]

    def test_a_good_credit_knows_nothing_of_it(self, client: Client, control: Control) -> None:
        control.set_faults(errors_in_200=True)
        assert client.put("ref-1").status == 201
        assert client.put("ref-1", title="Another").status == 409
        assert control.hits()["errors_in_200"] == 0


class TestTokens:
    def token(self, registry: Sandbox) -> str:
        client = Client(registry.url, basic("sandbox-client", "sandbox-secret"))
        reply = client.ask("POST", "/oauth/token", raw=b"grant_type=client_credentials")
        client.connection.close()
        return str(reply.json["access_token"])

    def test_one_is_good_for_some_calls_until_a_new_one_is_fetched(
        self, registry: Sandbox, client: Client, control: Control
    ) -> None:
        control.set_faults(token_expires=3)
        client.headers = {"Authorization": f"Bearer {self.token(registry)}"}
        assert [client.put(f"ref-{place}").status for place in range(5)] == [201] * 3 + [401] * 2
        assert client.put("ref-5").code == "unauthorized"
        client.headers = {"Authorization": f"Bearer {self.token(registry)}"}
        assert client.put("ref-5").status == 201
        assert control.hits()["token_expires"] == 1
        references = {each.reference for each in control.data().credits}
        assert references == {"ref-0", "ref-1", "ref-2", "ref-5"}

    def test_one_that_was_refused_does_not_come_back(
        self, registry: Sandbox, client: Client, control: Control
    ) -> None:
        control.set_faults(token_expires={"value": 0, "times": 1})
        client.headers = {"Authorization": f"Bearer {self.token(registry)}"}
        assert [client.ask("GET", "/health").status for _ in range(2)] == [401, 401]

    def test_a_key_does_not_wear_out(self, client: Client, control: Control) -> None:
        control.set_faults(token_expires=0)
        assert client.put("ref-1").status == 201
