"""The sandbox registry keeps its protocol, and every switch fails exactly as it says."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from cec_plugin.sandbox.auth import Credentials
from cec_plugin.sandbox.control import Control, ControlError
from cec_plugin.sandbox.faults import On
from cec_plugin.sandbox.records import Credit, State
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.sandbox.switches import CATALOGUE
from tests.contract.calling import ADA, CREDIT, KEY, REVERSAL, Client, basic, send_at_once, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def registry() -> Iterator[Sandbox]:
    with running_sandbox(members=[ADA]) as sandbox:
        yield sandbox


@pytest.fixture
def control(registry: Sandbox) -> Control:
    return registry.control


@pytest.fixture
def connect(registry: Sandbox) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(headers: Mapping[str, str] = KEY, timeout: float = 20) -> Client:
        clients.append(Client(registry.url, headers, timeout))
        return clients[-1]

    yield connect
    for client in clients:
        client.connection.close()


@pytest.fixture
def client(connect: Callable[..., Client]) -> Client:
    return connect()


def talk(url: str, data: bytes) -> bytes:
    """Send bytes as they are, and read until the registry closes."""
    split = urlsplit(url)
    with socket.create_connection((split.hostname or "", split.port or 0), timeout=20) as line:
        line.sendall(data)
        answer = b""
        while part := line.recv(65536):
            answer += part
        return answer


class TestWhoIsCalling:
    def test_a_key_a_user_and_a_token_are_each_accepted_and_named(self, registry: Sandbox) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        }
        given = requests.post(f"{registry.url}/oauth/token", data=form, timeout=20).json()
        assert given["token_type"] == "Bearer"
        assert given["expires_in"] == 3600
        bearer = {"Authorization": f"Bearer {given['access_token']}"}
        callers = [
            requests.get(f"{registry.url}/health", headers=headers, timeout=20).json()["caller"]
            for headers in (KEY, basic("sandbox", "sandbox-password"), bearer)
        ]
        assert callers == ["api-key", "sandbox", "sandbox-client"]

    def test_a_client_may_show_its_secret_in_the_header(self, registry: Sandbox) -> None:
        answer = requests.post(
            f"{registry.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-client", "sandbox-secret"),
            timeout=20,
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        ("form", "status", "code"),
        [
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": "client_credentials"}, 401, "invalid_client"),
            (
                {
                    "grant_type": "client_credentials",
                    "client_id": "sandbox-client",
                    "client_secret": "guess",
                },
                401,
                "invalid_client",
            ),
        ],
    )
    def test_a_token_takes_the_right_grant_and_secret(
        self, registry: Sandbox, form: dict[str, str], status: int, code: str
    ) -> None:
        answer = requests.post(f"{registry.url}/oauth/token", data=form, timeout=20)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-Api-Key": "wrong"},
            {"X-Api-Key": "schlüssel".encode("latin-1").decode("latin-1")},
            basic("sandbox", "wrong"),
            basic("sandbox-client", "sandbox-secret"),
            {"Authorization": "Basic not-base64!"},
            {"Authorization": "Bearer made-up"},
            {"Authorization": "Bearer"},
        ],
    )
    @pytest.mark.parametrize("path", ["/health", "/members/1001", "/credits", "/nowhere"])
    def test_without_good_credentials_nothing_is_told(
        self, connect: Callable[..., Client], headers: dict[str, str], path: str
    ) -> None:
        reply = connect(headers).ask("GET", path)
        assert (reply.status, reply.code) == (401, "unauthorized")
        assert "WWW-Authenticate" in reply.headers

    def test_a_token_ends(self) -> None:
        credentials = Credentials(token_lifetime_s=0)
        with running_sandbox(credentials=credentials) as sandbox:
            given = requests.post(
                f"{sandbox.url}/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=("sandbox-client", "sandbox-secret"),
                timeout=20,
            ).json()
            bearer = {"Authorization": f"Bearer {given['access_token']}"}
            answer = requests.get(f"{sandbox.url}/health", headers=bearer, timeout=20)
            assert answer.status_code == 401

    def test_a_token_never_reaches_the_log(self, registry: Sandbox, control: Control) -> None:
        given = requests.post(
            f"{registry.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("sandbox-client", "sandbox-secret"),
            timeout=20,
        ).json()
        assert given["access_token"] not in repr(control.calls())


class TestMembers:
    def test_a_member_is_found_by_the_exact_number(self, client: Client) -> None:
        expected = {"number": "1001", "name": "Ada Byron", "standing": "active"}
        assert client.ask("GET", "/members/1001").json == expected
        assert client.ask("GET", "/members?number=1001").json == {"items": [expected]}

    @pytest.mark.parametrize("number", ["100", "10011", "1001%20", "%2e%2e", "1001'--", "%00"])
    def test_another_number_finds_nobody(self, client: Client, number: str) -> None:
        reply = client.ask("GET", f"/members/{number}")
        assert (reply.status, reply.code) == (404, "member_not_found")
        assert client.ask("GET", f"/members?number={number}").json == {"items": []}

    @pytest.mark.parametrize(
        "query", ["", "?name=Ada", "?number=1001&name=A", "?number=1&number=2"]
    )
    def test_a_filter_that_is_unknown_is_refused_not_ignored(
        self, client: Client, query: str
    ) -> None:
        reply = client.ask("GET", f"/members{query}")
        assert (reply.status, reply.code) == (422, "invalid")

    def test_health_says_what_may_be_seen(self, client: Client) -> None:
        assert client.ask("GET", "/health").json == {
            "caller": "api-key",
            "registry": "sandbox",
            "entities": {"members": True, "credits": True},
        }


class TestCredits:
    def test_a_credit_is_created_once_and_then_the_same(
        self, client: Client, control: Control
    ) -> None:
        first, second = client.put("ref-1"), client.put("ref-1")
        assert (first.status, second.status) == (201, 200)
        assert first.json == second.json == client.ask("GET", "/credits/ref-1").json
        assert first.json.items() >= {**CREDIT, "reference": "ref-1", "state": "active"}.items()
        assert client.ask("GET", f"/credits/by-id/{first.json['id']}").json == first.json
        assert [credit.reference for credit in control.data().credits] == ["ref-1"]

    def test_an_amount_is_compared_as_a_figure(self, client: Client) -> None:
        assert client.put("ref-1", amount="7.50").status == 201
        assert client.put("ref-1", amount="7.5").status == 200

    def test_the_reference_may_stand_in_the_body_too(self, client: Client) -> None:
        assert client.put("ref-1", reference="ref-1").status == 201
        reply = client.put("ref-2", reference="ref-1")
        assert reply.json["error"]["fields"] == {"reference": "differs from the one in the path"}

    @pytest.mark.parametrize(
        "other",
        [{"amount": "10.01"}, {"title": "Another"}, {"earned_on": "2026-11-15"}, {"unit": "CEU"}],
    )
    def test_a_reference_stands_for_one_content(
        self, client: Client, other: dict[str, str]
    ) -> None:
        stored = client.put("ref-1").json
        reply = client.put("ref-1", **other)
        assert (reply.status, reply.code) == (409, "conflict")
        assert reply.json["stored"] == stored
        assert client.ask("GET", "/credits/ref-1").json == stored

    def test_an_unknown_member_earns_nothing(self, client: Client, control: Control) -> None:
        reply = client.put("ref-1", member_number="9")
        assert (reply.status, reply.code) == (404, "member_not_found")
        assert control.data().credits == ()

    @pytest.mark.parametrize("path", ["/credits/no", "/credits/by-id/7", "/credits/by-id/x"])
    def test_an_unknown_credit_is_not_found(self, client: Client, path: str) -> None:
        reply = client.ask("GET", path)
        assert (reply.status, reply.code) == (404, "credit_not_found")

    @pytest.mark.parametrize("number", ["9" * 40, "-1", "%C2%B2", "1e1"])
    def test_an_id_that_is_none_is_not_found(self, client: Client, number: str) -> None:
        assert client.ask("GET", f"/credits/by-id/{number}").status == 404

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("amount", "0.00"),
            ("amount", "-1.00"),
            ("amount", "1.005"),
            ("amount", "1e3"),
            ("amount", "\u0661\u0660"),
            ("amount", "NaN"),
            ("amount", ""),
            ("amount", 10),
            ("amount", "1\n"),
            ("earned_on", "14.11.2026"),
            ("earned_on", "20261114"),
            ("earned_on", "2026-02-30"),
            ("earned_on", None),
            ("title", ""),
            ("title", "  "),
            ("title", "x" * 501),
            ("title", "a\u0000b"),
            ("title", "\ud800"),
            ("title", ["Ethics"]),
            ("member_number", 1001),
            ("kind", "gift"),
            ("colour", "red"),
            ("\ud800", "red"),
        ],
    )
    def test_a_faulty_field_is_named_and_nothing_is_written(
        self, client: Client, control: Control, field: str, value: Any
    ) -> None:
        reply = client.put("ref-1", **{field: value})
        assert (reply.status, reply.code) == (422, "invalid")
        assert list(reply.json["error"]["fields"]) == ["?" if field == "\ud800" else field]
        assert control.data().credits == ()

    def test_every_missing_field_is_named(self, client: Client) -> None:
        reply = client.ask("PUT", "/credits/ref-1", {})
        missing = CREDIT.keys() - {"kind"}
        assert reply.json["error"]["fields"] == dict.fromkeys(missing, "is required")

    def test_a_reference_has_at_most_36_characters(self, client: Client) -> None:
        assert client.put("r" * 36).status == 201
        reply = client.put("r" * 37)
        assert (reply.status, list(reply.json["error"]["fields"])) == (422, ["reference"])

    @pytest.mark.parametrize("reference", ["", "%20", "%00", "a%0Ab"])
    def test_a_reference_is_a_visible_text(self, client: Client, reference: str) -> None:
        assert client.put(reference).status == 422

    def test_titles_of_any_script_come_back_as_they_were(self, client: Client) -> None:
        title = "Éthique 職業倫理 🎓 \u00a0<b>"
        assert client.put("ref-1", title=title).json["title"] == title

    def test_parallel_equal_calls_make_one_row(self, registry: Sandbox, control: Control) -> None:
        statuses = send_at_once([registry.url] * 16, lambda client, _: client.put("ref-1").status)
        assert sorted(statuses) == [200] * 15 + [201]
        assert len(control.data().credits) == 1

    def test_of_parallel_calls_with_other_content_one_wins(
        self, registry: Sandbox, control: Control
    ) -> None:
        statuses = send_at_once(
            [registry.url] * 8, lambda client, place: client.put("ref-1", title=f"T{place}").status
        )
        assert sorted(statuses) == [201] + [409] * 7
        assert len(control.data().credits) == 1

    def test_two_registries_on_one_file_keep_one_row(self, tmp_path: Path) -> None:
        db = str(tmp_path / "registry.db")
        with (
            running_sandbox(db=db, members=[ADA]) as one,
            running_sandbox(db=db, members=[ADA]) as other,
        ):
            urls = [one.url, other.url] * 6
            statuses = send_at_once(urls, lambda client, _: client.put("ref-1").status)
            assert sorted(statuses) == [200] * 11 + [201]
            assert len(one.control.data().credits) == 1

    def test_a_file_outlives_the_server(self, tmp_path: Path) -> None:
        db = str(tmp_path / "registry.db")
        with running_sandbox(db=db, members=[ADA]) as first:
            send_at_once([first.url], lambda client, _: client.put("ref-1").status)
        with running_sandbox(db=db) as second:
            assert [each.reference for each in second.control.data().credits] == ["ref-1"]


class TestReversals:
    def test_a_credit_is_reversed_once_and_then_the_same(
        self, client: Client, control: Control
    ) -> None:
        client.put("ref-1")
        first = client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        second = client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        assert (first.status, second.status) == (200, 200)
        assert first.json == second.json == client.ask("GET", "/credits/ref-1").json
        assert first.json["state"] == "reversed"
        assert first.json["reversal_reference"] == "rev-1"
        assert first.json["reversed_on"] == "2026-12-01"
        (reversal,) = control.data().reversals
        assert (reversal.credit_reference, reversal.reference) == ("ref-1", "rev-1")
        assert (reversal.reversed_on, reversal.reason) == (date(2026, 12, 1), "revoked")

    def test_another_reversal_comes_too_late(self, client: Client) -> None:
        client.put("ref-1")
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        reply = client.ask("POST", "/credits/ref-1/reverse", {**REVERSAL, "reference": "rev-2"})
        assert (reply.status, reply.code) == (409, "already_reversed")

    def test_a_reversal_reference_stands_for_one_credit(self, client: Client) -> None:
        client.put("ref-1")
        client.put("ref-2")
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        reply = client.ask("POST", "/credits/ref-2/reverse", REVERSAL)
        assert (reply.status, reply.code) == (409, "conflict")

    def test_a_reversed_reference_does_not_come_back(self, client: Client) -> None:
        client.put("ref-1")
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        reply = client.put("ref-1")
        assert (reply.status, reply.code) == (409, "reversed")
        assert reply.json["stored"]["state"] == "reversed"

    def test_an_unknown_credit_is_not_reversed(self, client: Client) -> None:
        reply = client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        assert (reply.status, reply.code) == (404, "credit_not_found")

    def test_a_faulty_reversal_is_refused(self, client: Client) -> None:
        client.put("ref-1")
        reply = client.ask("POST", "/credits/ref-1/reverse", {"reversed_on": "soon"})
        assert reply.status == 422
        assert set(reply.json["error"]["fields"]) == {"reference", "reversed_on"}

    def test_parallel_reversals_leave_one_row(self, registry: Sandbox, control: Control) -> None:
        send_at_once([registry.url], lambda client, _: client.put("ref-1").status)
        statuses = send_at_once(
            [registry.url] * 8,
            lambda client, _: client.ask("POST", "/credits/ref-1/reverse", REVERSAL).status,
        )
        assert statuses == [200] * 8
        assert len(control.data().reversals) == 1


class TestBatches:
    def test_a_bad_record_harms_no_other(self, client: Client, control: Control) -> None:
        client.put("ref-0")
        items = [
            {**CREDIT, "reference": "ref-1"},
            {**CREDIT, "reference": "ref-2", "amount": "much"},
            {**CREDIT, "reference": "ref-3", "member_number": "9"},
            {**CREDIT, "reference": "ref-0"},
            {**CREDIT, "reference": "ref-0", "title": "Another"},
            CREDIT,
            "nonsense",
            {**CREDIT, "reference": "ref-4"},
        ]
        reply = client.ask("POST", "/credits/batch", {"items": items})
        assert reply.status == 207
        settled = reply.json["items"]
        statuses = [each["status"] for each in settled]
        assert statuses == [201, 422, 404, 200, 409, 422, 422, 201]
        assert settled[0]["reference"] == "ref-1"
        assert settled[1]["error"]["fields"].keys() == {"amount"}
        assert settled[5]["error"]["fields"] == {"reference": "is required"}
        kept = {each.reference: each.id for each in control.data().credits}
        assert kept.keys() == {"ref-0", "ref-1", "ref-4"}
        assert settled[7]["id"] == kept["ref-4"]

    @pytest.mark.parametrize("content", [{}, {"items": {}}, [], {"items": [CREDIT] * 201}])
    def test_a_batch_is_a_list_of_at_most_200(self, client: Client, content: Any) -> None:
        assert client.ask("POST", "/credits/batch", content).status == 422

    def test_200_records_go_at_once(self, client: Client, control: Control) -> None:
        items = [{**CREDIT, "reference": f"ref-{number}"} for number in range(200)]
        reply = client.ask("POST", "/credits/batch", {"items": items})
        assert {each["status"] for each in reply.json["items"]} == {201}
        assert len(control.data().credits) == 200


class TestChanges:
    def test_they_come_in_order_page_by_page(self, client: Client) -> None:
        for number in range(5):
            client.put(f"ref-{number}")
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        seen, path = [], "/credits?limit=2"
        while path:
            page = client.ask("GET", path).json
            seen += [(row["reference"], row["state"]) for row in page["items"]]
            path = page["next"] and f"/credits?since={page['next']}&limit=2"
        order = ["ref-0", "ref-2", "ref-3", "ref-4"]
        assert seen == [(name, "active") for name in order] + [("ref-1", "reversed")]

    def test_a_rows_cursor_goes_on_where_the_list_ended(self, client: Client) -> None:
        cursor = client.put("ref-1").json["cursor"]
        nothing = client.ask("GET", f"/credits?since={cursor}").json
        assert nothing == {"items": [], "next": None}
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        (row,) = client.ask("GET", f"/credits?since={cursor}").json["items"]
        assert row["state"] == "reversed"

    @pytest.mark.parametrize(
        "query", ["since=x", "since=-1", "since=" + "9" * 30, "limit=0", "limit=501", "sort=id"]
    )
    def test_a_faulty_question_is_refused(self, client: Client, query: str) -> None:
        assert client.ask("GET", f"/credits?{query}").status == 422


class TestSwitches:
    """One test or more for each switch; the last two hold for all."""

    def test_delay_ms_waits_and_then_works(self, client: Client, control: Control) -> None:
        control.set_faults(delay_ms=5)
        assert client.put("ref-1").status == 201
        assert control.calls()[-1].faults == ("delay_ms",)

    def test_delay_ms_outlasts_an_impatient_client_and_writes_all_the_same(
        self, connect: Callable[..., Client], client: Client, control: Control
    ) -> None:
        control.set_faults(delay_ms={"value": 600, "on": "write"})
        with pytest.raises(TimeoutError):
            connect(timeout=0.1).put("ref-1")
        until(lambda: client.ask("GET", "/credits/ref-1").status == 200)
        assert [each.reference for each in control.data().credits] == ["ref-1"]

    def test_commit_then_timeout_writes_and_says_nothing(
        self, connect: Callable[..., Client], client: Client, control: Control
    ) -> None:
        control.set_faults(commit_then_timeout=3600)
        with pytest.raises(TimeoutError):
            connect(timeout=0.3).put("ref-1")
        assert client.ask("GET", "/credits/ref-1").status == 200
        held = control.calls()[0]
        assert (held.status, held.reference, held.answer) == (None, "ref-1", "held in silence")

    def test_commit_then_timeout_closes_without_a_byte_in_the_end(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(commit_then_timeout=0.05)
        with pytest.raises(http.client.RemoteDisconnected):
            client.put("ref-1")
        assert len(control.data().credits) == 1

    def test_commit_then_timeout_does_not_hold_up_the_end_of_the_server(self) -> None:
        with running_sandbox(members=[ADA]) as sandbox:
            sandbox.control.set_faults(commit_then_timeout=3600)
            waiting = threading.Barrier(2)
            ends: list[type[BaseException]] = []

            def wait() -> None:
                client = Client(sandbox.url)
                client.connection.connect()
                waiting.wait(timeout=20)
                try:
                    client.put("ref-1")
                except (OSError, http.client.HTTPException) as end:
                    ends.append(type(end))
                client.connection.close()

            thread = threading.Thread(target=wait)
            thread.start()
            waiting.wait(timeout=20)
            until(lambda: bool(sandbox.control.calls()))
        thread.join(timeout=20)
        assert ends == [http.client.RemoteDisconnected]

    def test_commit_then_reset_writes_and_resets(self, client: Client, control: Control) -> None:
        control.set_faults(commit_then_reset={"times": 1})
        with pytest.raises(ConnectionResetError):
            client.put("ref-1")
        assert len(control.data().credits) == 1
        client.connection.close()
        assert client.put("ref-1").status == 200

    @pytest.mark.parametrize(
        ("name", "status", "code"),
        [
            ("server_error", 500, "server_error"),
            ("too_many", 429, "too_many_requests"),
            ("unavailable", 503, "unavailable"),
            ("unauthorized", 401, "unauthorized"),
        ],
    )
    def test_a_refusal_writes_nothing(
        self, client: Client, control: Control, name: str, status: int, code: str
    ) -> None:
        control.set_faults(**{name: True})
        reply = client.put("ref-1")
        assert (reply.status, reply.code) == (status, code)
        assert "Retry-After" not in reply.headers
        assert control.data().credits == ()

    @pytest.mark.parametrize("name", ["too_many", "unavailable"])
    def test_a_refusal_may_say_when_to_come_back(
        self, client: Client, control: Control, name: str
    ) -> None:
        control.set_faults(**{name: 7})
        assert client.put("ref-1").headers["Retry-After"] == "7"

    @pytest.mark.parametrize(("name", "status"), [("opaque_500", 500), ("html", 200)])
    def test_a_web_page_comes_where_json_was_due(
        self, client: Client, control: Control, name: str, status: int
    ) -> None:
        control.set_faults(**{name: True})
        reply = client.put("ref-1")
        assert reply.status == status
        assert reply.headers["Content-Type"].startswith("text/html")
        assert reply.body.startswith(b"<!doctype html>")
        assert control.data().credits == ()

    def test_login_redirect_leads_to_a_page(self, registry: Sandbox, control: Control) -> None:
        control.set_faults(login_redirect=True)
        answer = requests.get(f"{registry.url}/health", headers=KEY, timeout=20)
        assert [each.status_code for each in answer.history] == [302]
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize(
        ("method", "path", "content"),
        [
            ("GET", "/members/1001", {}),
            ("GET", "/members?number=1001", {"items": []}),
            ("GET", "/credits", {"items": []}),
            ("GET", "/health", {}),
            ("PUT", "/credits/ref-1", {}),
            ("POST", "/credits/batch", {"items": []}),
        ],
    )
    def test_empty_without_credentials_is_friendly_and_empty(
        self, connect: Callable[..., Client], control: Control, method: str, path: str, content: Any
    ) -> None:
        control.set_faults(empty_without_credentials=True)
        reply = connect({}).ask(method, path, CREDIT)
        assert (reply.status, reply.json) == (200, content)
        assert control.data().credits == ()

    def test_empty_without_credentials_spares_who_has_them(
        self, connect: Callable[..., Client], client: Client, control: Control
    ) -> None:
        control.set_faults(empty_without_credentials={"times": 1})
        assert client.ask("GET", "/members/1001").json["number"] == "1001"
        assert connect({}).ask("GET", "/members/1001").json == {}

    def test_lost_reference_keeps_rows_that_nobody_finds_again(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(lost_reference=True)
        replies = [client.put("ref-1"), client.put("ref-1")]
        assert [(each.status, each.json["reference"]) for each in replies] == [(200, None)] * 2
        assert client.ask("GET", "/credits/ref-1").status == 404
        rows = control.data().credits
        assert [each.reference for each in rows] == [None, None]
        assert [each.id for each in rows] == [each.json["id"] for each in replies]
        by_id = client.ask("GET", f"/credits/by-id/{rows[0].id}")
        assert (by_id.status, by_id.json["reference"]) == (200, None)

    def test_lost_reference_takes_those_of_a_batch_and_spares_reversals(
        self, client: Client, control: Control
    ) -> None:
        client.put("ref-0")
        control.set_faults(lost_reference={"times": 1})
        assert client.ask("POST", "/credits/ref-0/reverse", REVERSAL).status == 200
        items = [{**CREDIT, "reference": f"ref-{number}"} for number in (1, 2)]
        settled = client.ask("POST", "/credits/batch", {"items": items}).json["items"]
        assert [(each["status"], each["reference"]) for each in settled] == [(200, None)] * 2

    def test_huge_sends_more_than_anybody_asked_for(self, client: Client, control: Control) -> None:
        control.set_faults(huge=1)
        reply = client.ask("GET", "/members?number=1001")
        assert len(reply.body) > 1024 * 1024
        assert "Content-Length" not in reply.headers
        assert len(reply.json["items"]) > 1000

    def test_huge_does_no_harm_when_the_client_leaves(
        self, registry: Sandbox, client: Client, control: Control
    ) -> None:
        control.set_faults(huge={"times": 1})
        answer = requests.get(f"{registry.url}/credits", headers=KEY, stream=True, timeout=20)
        assert len(answer.raw.read(1000)) == 1000
        answer.close()
        assert client.put("ref-1").status == 201

    def test_truncated_writes_and_breaks_off(self, client: Client, control: Control) -> None:
        control.set_faults(truncated=True)
        with pytest.raises(http.client.IncompleteRead) as cut:
            client.put("ref-1")
        assert cut.value.partial
        assert len(control.data().credits) == 1

    def test_slow_drip_sends_byte_by_byte_until_all_is_there(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(slow_drip={"value": 0.1, "times": 1})
        dripped = client.put("ref-1")
        assert control.calls()[-1].answer == "sent byte by byte"
        assert dripped.json == client.ask("GET", "/credits/ref-1").json

    def test_slow_drip_ends_when_the_server_does(self) -> None:
        with running_sandbox(members=[ADA]) as sandbox:
            sandbox.control.set_faults(slow_drip=900_000)
            answer = requests.get(f"{sandbox.url}/health", headers=KEY, stream=True, timeout=20)
        with pytest.raises(requests.RequestException):
            assert answer.content
        answer.close()

    @pytest.mark.parametrize("name", [fault.name for fault in CATALOGUE])
    def test_each_says_what_it_does_and_who_does_that(self, control: Control, name: str) -> None:
        (fault,) = [each for each in CATALOGUE if each.name == name]
        assert fault.does
        assert fault.seen_in.endswith(".")
        assert control.set_faults(**{name: True}).active == (name,)
        assert control.set_faults(**{name: False}).active == ()

    @pytest.mark.parametrize("name", [fault.name for fault in CATALOGUE])
    def test_none_touches_the_page_or_the_controls(
        self, registry: Sandbox, control: Control, name: str
    ) -> None:
        change: dict[str, Any] = {name: {"on": "any"}}
        control.set_faults(**change)
        assert requests.get(registry.url, timeout=20).status_code == 200
        assert control.faults().active == (name,)
        assert control.calls() == ()


class TestLimits:
    def test_times_counts_down_and_turns_off(self, client: Client, control: Control) -> None:
        control.set_faults(server_error={"times": 2})
        assert client.put("ref-1").status == 500
        assert control.faults()["server_error"].times == 1
        assert [client.put("ref-1").status for _ in range(3)] == [500, 201, 200]
        assert control.faults()["server_error"] == control.set_faults()["server_error"]
        assert control.faults().active == ()

    def test_parallel_calls_do_not_share_one_time(
        self, registry: Sandbox, control: Control
    ) -> None:
        control.set_faults(server_error={"times": 5})
        statuses = send_at_once(
            [registry.url] * 16, lambda client, place: client.put(f"ref-{place}").status
        )
        assert sorted(statuses) == [201] * 11 + [500] * 5

    @pytest.mark.parametrize(("on", "read", "write"), [("read", 500, 201), ("write", 200, 500)])
    def test_on_says_which_calls(
        self, client: Client, control: Control, on: str, read: int, write: int
    ) -> None:
        control.set_faults(server_error={"on": on})
        assert client.ask("GET", "/health").status == read
        assert client.put("ref-1").status == write

    def test_a_token_is_refused_under_any_only(self, registry: Sandbox, control: Control) -> None:
        def ask() -> int:
            form = {"grant_type": "client_credentials"}
            auth = ("sandbox-client", "sandbox-secret")
            url = f"{registry.url}/oauth/token"
            return requests.post(url, data=form, auth=auth, timeout=20).status_code

        control.set_faults(unavailable={"on": "write"})
        assert ask() == 200
        control.set_faults(unavailable={"on": "any"})
        assert ask() == 503

    def test_probability_repeats_with_its_seed(self, client: Client, control: Control) -> None:
        def pattern() -> list[int]:
            control.set_faults(seed=7, server_error={"probability": 0.5, "on": "read"})
            return [client.ask("GET", "/health").status for _ in range(20)]

        first = pattern()
        assert set(first) == {200, 500}
        assert pattern() == first

    def test_a_probability_of_0_hits_nothing(self, client: Client, control: Control) -> None:
        control.set_faults(server_error={"probability": 0})
        assert client.put("ref-1").status == 201

    def test_an_outer_switch_leaves_the_inner_ones_count(
        self, client: Client, control: Control
    ) -> None:
        control.set_faults(too_many={"times": 1}, truncated={"times": 1})
        assert client.put("ref-1").status == 429
        with pytest.raises(http.client.IncompleteRead):
            client.put("ref-1")

    def test_switches_work_together(self, client: Client, control: Control) -> None:
        control.set_faults(delay_ms=1, truncated=True, lost_reference=True)
        with pytest.raises(http.client.IncompleteRead):
            client.put("ref-1")
        assert [each.reference for each in control.data().credits] == [None]
        assert control.calls()[-1].faults == ("delay_ms", "truncated", "lost_reference")

    def test_a_change_names_what_it_changes_and_leaves_the_rest(self, control: Control) -> None:
        control.set_faults(too_many={"value": 7, "times": 3})
        after = control.set_faults(too_many={"on": "read"}, html=True)
        assert (after["too_many"].value, after["too_many"].times) == (7, 3)
        assert after["too_many"].on is On.READ
        assert set(after.active) == {"too_many", "html"}
        control.clear_faults()
        assert control.faults().active == ()

    @pytest.mark.parametrize(
        "change",
        [
            {"no_such_switch": True},
            {"html": 7},
            {"html": "yes"},
            {"html": {"times": 0}},
            {"html": {"times": True}},
            {"html": {"probability": 1.5}},
            {"html": {"on": "sundays"}},
            {"html": {"value": 1}},
            {"html": {"colour": 1}},
            {"html": {"active": "no"}},
            {"delay_ms": -1},
            {"delay_ms": 10**400},
            {"seed": "x"},
            {"html": 7, "clear": True},
            {"clear": 1},
        ],
    )
    def test_a_change_that_makes_no_sense_changes_nothing(
        self, control: Control, change: Any
    ) -> None:
        before = control.set_faults(unavailable=True)
        with pytest.raises(ControlError, match=next(iter(change))):
            control.set_faults(**{"too_many": True, **change})
        assert control.faults() == before


class TestControls:
    def test_the_data_is_read_as_records(self, client: Client, control: Control) -> None:
        row = client.put("ref-1", amount="7.05").json
        data = control.data()
        assert data.members == (ADA,)
        (credit,) = data.credits
        assert credit == Credit.from_json(row)
        assert (credit.hundredths, credit.amount, credit.state) == (705, "7.05", State.ACTIVE)
        assert credit.earned_on == date(2026, 11, 14)

    def test_a_member_is_added_or_replaced(self, client: Client, control: Control) -> None:
        control.add_member("1002", "Bert")
        assert control.add_member("1002", "Bertha", "lapsed").standing == "lapsed"
        assert client.ask("GET", "/members/1002").json["name"] == "Bertha"

    def test_a_faulty_member_is_refused(self, control: Control) -> None:
        with pytest.raises(ControlError, match="number"):
            control.add_member("", "Nobody")

    def test_a_reset_leaves_the_first_members(self, client: Client, control: Control) -> None:
        first = client.put("ref-1").json
        client.ask("POST", "/credits/ref-1/reverse", REVERSAL)
        control.add_member("1002", "Bert")
        control.set_faults(html={"on": "read"})
        control.reset()
        data = control.data()
        assert (data.members, data.credits, data.reversals) == ((ADA,), (), ())
        assert control.calls() == ()
        assert control.faults().active == ()
        assert client.put("ref-1").json == first

    def test_calls_are_seen_with_their_answers(
        self, connect: Callable[..., Client], client: Client, control: Control
    ) -> None:
        client.put("ref-1")
        connect({}).ask("GET", "/members?number=1001")
        put, get = control.calls()
        assert (put.method, put.path, put.status) == ("PUT", "/credits/ref-1", 201)
        assert (put.reference, put.caller, put.faults) == ("ref-1", "api-key", ())
        assert put.answer.startswith('{"id":1,')
        assert (get.path, get.status) == ("/members?number=1001", 401)
        assert (get.reference, get.caller) == (None, None)

    def test_the_hits_of_each_switch_are_counted_until_a_reset(
        self, client: Client, control: Control
    ) -> None:
        assert control.hits() == dict.fromkeys((fault.name for fault in CATALOGUE), 0)
        control.set_faults(too_many={"times": 2}, delay_ms={"value": 0, "times": 3})
        for _ in range(210):
            client.ask("GET", "/members/1001")
        hits = control.hits()
        assert (hits["too_many"], hits["delay_ms"], hits["html"]) == (2, 3, 0)
        control.clear_faults()
        assert control.hits() == hits
        control.reset()
        assert not any(control.hits().values())

    def test_the_last_200_calls_are_kept(self, client: Client, control: Control) -> None:
        for number in range(203):
            client.ask("GET", f"/members/{number}")
        calls = control.calls()
        assert [calls[0].path, calls[-1].path, len(calls)] == ["/members/3", "/members/202", 200]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "registry.example"},
            {"Host": "[::1"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
        ],
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/"), ("GET", "/_sandbox/data"), ("POST", "/_sandbox/reset")],
    )
    def test_a_strangers_page_controls_nothing(
        self, registry: Sandbox, headers: dict[str, str], method: str, path: str
    ) -> None:
        answer = requests.request(method, registry.url + path, headers=headers, timeout=20)
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/_sandbox", 404),
            ("GET", "/_sandbox/reset", 404),
            ("GET", "/_sandbox/../data", 404),
            ("POST", "/", 405),
        ],
    )
    def test_what_is_no_control_is_not_found(
        self, client: Client, method: str, path: str, status: int
    ) -> None:
        assert client.ask(method, path).status == status

    @pytest.mark.parametrize("path", ["faults", "members", "approve", "secrets"])
    def test_a_control_takes_json(self, client: Client, path: str) -> None:
        assert client.ask("POST", f"/_sandbox/{path}", raw=b"{").status == 400
        assert client.ask("POST", f"/_sandbox/{path}", []).status == 422


class TestHttp:
    def test_a_connection_is_kept(self, client: Client, control: Control) -> None:
        client.put("ref-0")
        line = client.connection.sock
        assert line is not None
        for number in range(30):
            assert client.put(f"ref-{number}").status in {200, 201}
            assert client.ask("GET", "/credits/nobody").status == 404
            assert client.ask("PUT", "/credits/bad", {}).status == 422
        assert client.connection.sock is line
        assert len(control.data().credits) == 30

    def test_two_requests_at_once_are_answered_in_turn(self, registry: Sandbox) -> None:
        one = b"GET /members/1001 HTTP/1.1\r\nHost: x\r\nX-Api-Key: sandbox-key\r\n"
        answer = talk(registry.url, one + b"\r\n" + one + b"Connection: close\r\n\r\n")
        assert answer.count(b'"Ada Byron"') == 2

    def test_head_has_no_body(self, client: Client) -> None:
        reply = client.ask("HEAD", "/members/1001")
        assert (reply.status, reply.body) == (200, b"")
        assert client.ask("GET", "/members/1001").status == 200

    def test_a_client_may_wait_for_leave_to_send(self, registry: Sandbox) -> None:
        body = json.dumps(CREDIT).encode()
        head = (
            "PUT /credits/ref-1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: sandbox-key\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        answer = talk(registry.url, head.encode() + body)
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n")

    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            ("DELETE", "/credits/ref-1", "GET, PUT"),
            ("POST", "/members", "GET"),
            ("PATCH", "/health", "GET"),
            ("GET", "/credits/ref-1/reverse", "POST"),
            ("GET", "/oauth/token", "POST"),
        ],
    )
    def test_another_method_is_refused(
        self, client: Client, method: str, path: str, allow: str
    ) -> None:
        reply = client.ask(method, path)
        assert (reply.status, reply.headers["Allow"]) == (405, allow)

    @pytest.mark.parametrize(
        "path",
        [
            "/../../etc/passwd",
            "/members/../../../etc/passwd",
            "/members/..%2f..%2fetc%2fpasswd",
            "/credits/%2e%2e/%2e%2e/x",
            "/static/x",
            "/members/1001/",
        ],
    )
    def test_a_path_that_climbs_leads_nowhere(self, client: Client, path: str) -> None:
        reply = client.ask("GET", path)
        assert reply.status == 404
        assert reply.code in {"path_not_found", "member_not_found", "credit_not_found"}

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"\xff\xfe{}", b'{"title": "\xe9"}', b"[" * 100_000, b"NaN", b"\xef\xbb\xbf{}"],
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/credits/ref-1"),
            ("POST", "/credits/batch"),
            ("POST", "/credits/ref-1/reverse"),
        ],
    )
    def test_what_is_not_json_is_refused(
        self, client: Client, method: str, path: str, body: bytes
    ) -> None:
        reply = client.ask(method, path, raw=body)
        assert (reply.status, reply.code) == (400, "not_json")

    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (b"PUT /credits/r HTTP/1.1\r\nContent-Length: 99999999999", 413),
            (b"PUT /credits/r HTTP/1.1\r\nContent-Length: " + b"9" * 5000, 413),
            (b"PUT /credits/r HTTP/1.1\r\nContent-Length: -1", 400),
            (b"PUT /credits/r HTTP/1.1\r\nContent-Length: 1_0", 400),
            (b"PUT /credits/r HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
            (b"PUT /credits/r HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
            (b"GET /members/%ff HTTP/1.1\r\nConnection: close", 400),
            (b"GET /members/\xff HTTP/1.1\r\nConnection: close", 400),
            (b"GET /members?number=%ff HTTP/1.1\r\nConnection: close", 400),
            (b"GET http://[ HTTP/1.1\r\nConnection: close", 400),
            (b"OPTIONS * HTTP/1.1\r\nConnection: close", 400),
            (b"BREW /coffee HTTP/1.1", 501),
            (b"GET /" + b"x" * 70_000 + b" HTTP/1.1", 414),
            (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200, 431),
            (b"\x16\x03\x01 what", 400),
        ],
    )
    def test_what_is_hardly_http_gets_a_plain_no(
        self, registry: Sandbox, client: Client, lines: bytes, status: int
    ) -> None:
        answer = talk(registry.url, lines + b"\r\nX-Api-Key: sandbox-key\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b'{"error":{' in answer
        assert client.put("ref-1").status == 201

    def test_a_client_that_leaves_in_the_middle_is_forgotten(
        self, registry: Sandbox, client: Client, control: Control
    ) -> None:
        split = urlsplit(registry.url)
        line = socket.create_connection((split.hostname or "", split.port or 0), timeout=20)
        line.sendall(b"PUT /credits/ref-9 HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        line.close()
        assert client.put("ref-1").status == 201
        assert [each.reference for each in control.data().credits] == ["ref-1"]

    def test_sql_in_a_reference_is_a_reference(self, client: Client, control: Control) -> None:
        reference = "x'%3B%20DROP%20TABLE%20credits%3B--"
        assert client.put(reference).status == 201
        (credit,) = control.data().credits
        assert credit.reference == "x'; DROP TABLE credits;--"


class TestPage:
    def page(self, registry: Sandbox) -> str:
        answer = requests.get(registry.url, timeout=20)
        assert answer.status_code == 200
        return answer.text

    def test_it_is_complete_without_its_script(self, registry: Sandbox, client: Client) -> None:
        client.put("ref-1", amount="7.50")
        client.put("ref-2", amount="2.00", title="Theory")
        client.put("ref-3", amount="1.00")
        client.ask("POST", "/credits/ref-3/reverse", REVERSAL)
        page = re.sub(r"(?s)<script>.*?</script>", "", self.page(registry))
        assert "Ada Byron" in page
        assert "9.5 hours CEC" in page
        assert "14 Nov 2026" in page
        assert page.index("ref-3") < page.index("ref-2")
        assert "✔ active" in page
        assert "↩ reversed" in page
        assert "POST /credits/ref-3/reverse" in page
        for fault in CATALOGUE:
            assert fault.name in page
            assert fault.seen_in.replace("'", "&#x27;") in page

    def test_an_empty_one_says_how_to_begin(self) -> None:
        with running_sandbox() as sandbox:
            page = self.page(sandbox)
        assert "No members yet" in page
        assert "No credits yet" in page
        assert "No calls yet" in page

    def test_whatever_came_is_shown_as_text(
        self, registry: Sandbox, client: Client, control: Control
    ) -> None:
        evil = "<script>alert('1')</script>\"><img src=x>"
        control.add_member("<b>7</b>", evil, "<i>active</i>")
        client.put(
            "%3Cu%3E", member_number="<b>7</b>", title=evil, credit_type="<s>", unit="<small>"
        )
        client.ask("GET", "/members/1'%22<em>")
        page = self.page(registry)
        for tag in ("<script>alert", "<img", "<b>", "<i>", "<u>", "<s>", "<small>", "<em>"):
            assert tag not in page
        assert "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;" in page

    def test_nothing_but_its_own_style_and_script_may_run(self, registry: Sandbox) -> None:
        policy = requests.get(registry.url, timeout=20).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy

    def test_a_switch_is_turned_by_its_form(self, registry: Sandbox, control: Control) -> None:
        def send(**form: str) -> None:
            answer = requests.post(
                f"{registry.url}/_sandbox/faults",
                data=urlencode(form).encode(),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": registry.url,
                },
                allow_redirects=False,
                timeout=20,
            )
            assert (answer.status_code, answer.headers["Location"]) == (303, "/")

        send(switch="too_many", turn="on", times="3", probability="0.5", on="read", value="7")
        switch = control.faults()["too_many"]
        assert (switch.times, switch.probability, switch.on, switch.value) == (3, 0.5, On.READ, 7)
        assert "● on, 3 more" in self.page(registry)
        send(switch="html", turn="on", times="", probability="1", on="any")
        send(switch="too_many", turn="off")
        assert control.faults().active == ("html",)
        send(turn="clear")
        assert control.faults().active == ()

    def test_json_is_json_even_where_curl_calls_it_a_form(
        self, registry: Sandbox, control: Control
    ) -> None:
        answer = requests.post(
            f"{registry.url}/_sandbox/faults",
            data='{"clear": true, "too_many": 3}',
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=20,
        )
        assert answer.json()["faults"]["too_many"]["value"] == 3
        assert control.faults().active == ("too_many",)

    def test_a_faulty_form_is_refused(self, registry: Sandbox) -> None:
        for form in ({"switch": "html", "turn": "on", "times": "x"}, {"switch": "no"}):
            answer = requests.post(f"{registry.url}/_sandbox/faults", data=form, timeout=20)
            assert answer.status_code in {400, 422}

    def test_the_button_begins_anew(self, registry: Sandbox, client: Client) -> None:
        client.put("ref-1")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = requests.post(f"{registry.url}/_sandbox/reset", headers=headers, timeout=20)
        assert [each.status_code for each in answer.history] == [303]
        assert "ref-1" not in answer.text


class TestCommand:
    def test_it_runs_says_where_and_ends_when_told(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "cec_plugin.sandbox", "--port", "0"]
        options = ["--db", str(tmp_path / "r.db"), "--member", "1001:Ada: B", "--api-key", "k"]
        options += ["--hmac-secret", "old", "--hmac-secret", "new"]
        with subprocess.Popen(
            command + options, cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().split()[-1]
                answer = requests.get(f"{url}/members/1001", headers={"X-Api-Key": "k"}, timeout=20)
                assert answer.json()["name"] == "Ada: B"
                told = [process.stdout.readline() for _ in range(6)]
                assert told[-1].split() == ["Signature", "old", "or", "new"]
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0

    def test_a_taken_port_is_said_plainly(self, registry: Sandbox) -> None:
        port = str(urlsplit(registry.url).port)
        command = [sys.executable, "-m", "cec_plugin.sandbox", "--port", port]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 1
        assert "cannot listen" in done.stdout
        assert done.stderr == ""

    def test_it_needs_nothing_but_the_standard_library(self) -> None:
        script = (
            "import sys, cec_plugin.sandbox.__main__;"
            "known = {*sys.stdlib_module_names, '__main__'};"
            "print(*sorted({n.split('.')[0] for n in sys.modules} - known));"
            "print(*sorted(n for n in sys.modules if n.startswith('cec_plugin.')"
            " and not n.startswith('cec_plugin.sandbox')))"
        )
        done = subprocess.run(
            [sys.executable, "-S", "-c", script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.splitlines() == ["cec_plugin", ""]
