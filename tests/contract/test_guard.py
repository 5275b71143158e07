"""What is connected to, and for how long: real sockets, and a name server that the test plays."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.bounds import MAX_HEAD_BYTES
from cec_plugin.adapters.guard import REFUSED, guarded, is_refused
from cec_plugin.adapters.http import Caller, NoAnswer, in_total, is_distrust
from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import failure
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.contract.wires import Certificate, certificate, speaking

HOST = "registry.test"
SHORT_S = 0.6
"""What a call that must not succeed is given."""

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Names = dict[str, list[list[str]]]


class NameServer:
    """Says of each host what it is told to, one answer after another, and counts the questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: Names = {}
        self.asked: list[str] = []
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def says(self, *answers: list[str], host: str = HOST) -> None:
        """Let a host be at these addresses; the last answer stays."""
        self.answers[host] = list(answers)

    def _resolve(self, host: str, port: Any, family: int = 0, kind: int = 0) -> Any:
        self.asked.append(host)
        answers = self.answers.get(host)
        if answers is None:
            return self._real(host, port, family, kind)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6, kind, 0, "", (one, port, 0, 0))
            if ":" in one
            else (socket.AF_INET, kind, 0, "", (one, port))
            for one in answer
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    return NameServer(monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


def _at(url: str, *, timeout_s: float = 5.0) -> Caller:
    headers = {"X-Api-Key": "sandbox-key"}
    return Caller(url, auth=None, timeout_s=timeout_s, before=lambda: 0.0, headers=headers)


def _named(sandbox: Sandbox) -> str:
    return f"http://{HOST}:{sandbox.server.server_port}"


def _is_refused(answer: Answer | NoAnswer) -> None:
    assert answer == NoAnswer(reason=REFUSED, sent=False, insecure=True)
    failed = failure(answer, write=True)
    assert failed == Outcome(result=Result.CONFIGURATION, reason=REFUSED)
    assert "CEC_ALLOW_ADDRESSES" in REFUSED


class TestAddresses:
    def test_nobody_connects_to_an_address_that_is_not_allowed(
        self, settings: Settings, sandbox: Sandbox
    ) -> None:
        settings.CEC_ALLOW_ADDRESSES = []
        _is_refused(_at(sandbox.url).call("PUT", "/credits/ref-1", {}))
        assert sandbox.control.calls() == ()

    @pytest.mark.parametrize(
        "address", ["10.0.0.1", "169.254.169.254", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
    )
    def test_nor_to_one_behind_a_name(self, names: NameServer, address: str) -> None:
        names.says([address])
        _is_refused(_at(f"http://{HOST}").call("GET", "/health"))

    @pytest.mark.parametrize(
        "host", ["10.0.0.1", "[fe80::1]", "[::ffff:192.168.0.1]", "0x0a000001"]
    )
    def test_nor_to_one_that_is_written_down(self, host: str) -> None:
        _is_refused(_at(f"http://{host}").call("GET", "/health"))

    @pytest.mark.parametrize("allowed", [["127.0.0.0/8"], [HOST], [f"{HOST}."], ["127.0.0.1"]])
    def test_one_that_the_site_allows_is_called_under_its_own_name(
        self, settings: Settings, names: NameServer, sandbox: Sandbox, allowed: list[str]
    ) -> None:
        settings.CEC_ALLOW_ADDRESSES = allowed
        names.says(["127.0.0.1"])
        answer = _at(_named(sandbox)).call("GET", "/health")
        assert isinstance(answer, Answer)
        assert answer.status == 200

    def test_what_was_checked_is_what_is_connected_to(
        self, settings: Settings, names: NameServer, sandbox: Sandbox
    ) -> None:
        """A name server that says something else the second time is not asked a second time."""
        settings.CEC_ALLOW_ADDRESSES = ["127.0.0.1"]
        names.says(["127.0.0.1"], ["127.0.0.2"])
        caller = _at(_named(sandbox))
        for _ in range(3):  # over one connection
            answer = caller.call("GET", "/health")
            assert isinstance(answer, Answer)
        assert names.asked == [HOST]

    def test_each_new_connection_is_checked_anew(
        self, settings: Settings, names: NameServer, sandbox: Sandbox
    ) -> None:
        settings.CEC_ALLOW_ADDRESSES = ["127.0.0.1"]
        names.says(["127.0.0.1"], ["127.0.0.2"])
        assert isinstance(_at(_named(sandbox)).call("GET", "/health"), Answer)
        _is_refused(_at(_named(sandbox)).call("GET", "/health"))

    def test_of_several_addresses_only_those_allowed_are_tried(
        self, settings: Settings, names: NameServer, sandbox: Sandbox
    ) -> None:
        settings.CEC_ALLOW_ADDRESSES = ["127.0.0.1"]
        names.says(["127.0.0.2", "10.0.0.1", "127.0.0.1"])
        assert isinstance(_at(_named(sandbox)).call("GET", "/health"), Answer)

    def test_one_that_lets_nobody_in_is_followed_by_the_next(
        self, names: NameServer, sandbox: Sandbox
    ) -> None:
        names.says(["127.0.0.2", "127.0.0.1"])  # the sandbox listens at the second alone
        assert isinstance(_at(_named(sandbox)).call("GET", "/health"), Answer)

    def test_a_name_that_is_not_known_is_tried_again_later(self, names: NameServer) -> None:
        names.says([])
        answer = _at(f"http://{HOST}").call("PUT", "/credits/ref-1", {})
        assert answer == NoAnswer(reason="no connection", sent=False)
        failed = failure(answer, write=True)
        assert failed is not None
        assert failed.result is Result.RETRYABLE

    def test_a_name_that_cannot_be_one_wrote_nothing(self) -> None:
        answer = _at(f"http://{'a' * 64}.test").call("PUT", "/credits/ref-1", {})
        assert answer == NoAnswer(reason="no connection", sent=False)

    def test_tokens_are_fetched_from_allowed_addresses_alone(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
    ) -> None:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        settings.CEC_SECRETS = {"guild": {"client_id": "us", "client_secret": "sandbox-secret"}}
        settings.CEC_ALLOW_ADDRESSES = []
        registry = build(models.Registry(pk=1, base_url=sandbox.url, auth="oauth2", secret="guild"))
        found = registry.find("ref-1")
        assert found == Outcome(result=Result.CONFIGURATION, reason=f"no token: {REFUSED}")
        assert sandbox.control.calls() == ()

    def test_a_proxy_in_the_environment_is_not_asked(
        self, monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert isinstance(_at(sandbox.url).call("GET", "/health"), Answer)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), host=HOST)


class TestTls:
    def _session(self, shown: Certificate) -> requests.Session:
        session = requests.Session()
        guarded(session)
        session.verify = str(shown.file)
        return session

    def _get(self, session: requests.Session, host: str, port: int) -> requests.Response:
        return session.get(f"https://{host}:{port}/health", timeout=in_total(SHORT_S))

    def test_the_name_is_verified_and_sent_although_an_address_is_called(
        self, names: NameServer, shown: Certificate
    ) -> None:
        names.says(["127.0.0.1"])
        with speaking(lambda line: line.sendall(WHOLE), tls=shown.context) as wire:
            session = self._session(shown)
            for _ in range(2):
                assert self._get(session, HOST, wire.port).json() == {}
            assert wire.connections == 1
            assert f"\r\nHost: {HOST}:{wire.port}\r\n".encode() in wire.heard[0]

    def test_a_certificate_for_another_name_is_distrusted(
        self, names: NameServer, shown: Certificate
    ) -> None:
        names.says(["127.0.0.1"], host="other.test")
        with (
            speaking(lambda line: line.sendall(WHOLE), tls=shown.context) as wire,
            pytest.raises(requests.exceptions.SSLError) as refused,
        ):
            self._get(self._session(shown), "other.test", wire.port)
        assert is_distrust(refused.value)
        assert wire.heard == []

    def test_an_address_that_is_not_allowed_hears_not_even_the_greeting(
        self, settings: Settings, names: NameServer, shown: Certificate
    ) -> None:
        settings.CEC_ALLOW_ADDRESSES = []
        names.says(["127.0.0.1"])
        with (
            speaking(lambda line: line.sendall(WHOLE), tls=shown.context) as wire,
            pytest.raises(requests.ConnectionError) as refused,
        ):
            self._get(self._session(shown), HOST, wire.port)
        assert is_refused(refused.value)
        assert wire.connections == 0

    def test_one_who_answers_no_greeting_was_sent_nothing(self) -> None:
        def stay_silent(line: socket.socket) -> None:
            time.sleep(2 * SHORT_S)

        with speaking(stay_silent, greet=False) as wire:
            began = time.monotonic()
            url = wire.url.replace("http", "https")
            answer = _at(url, timeout_s=SHORT_S).call("PUT", "/credits/ref-1", {})
        assert answer == NoAnswer(reason="no connection in time", sent=False)
        assert time.monotonic() - began < 2 * SHORT_S

    def test_one_who_hangs_up_at_the_greeting_was_sent_nothing(self) -> None:
        with speaking(lambda line: line.close(), greet=False) as wire:
            url = wire.url.replace("http", "https")
            answer = _at(url).call("PUT", "/credits/ref-1", {})
        assert answer == NoAnswer(reason="no connection", sent=False)


def _dripping(data: bytes, *, pause_s: float) -> Callable[[socket.socket], None]:
    def speak(line: socket.socket) -> None:
        for byte in data:
            line.sendall(bytes([byte]))
            time.sleep(pause_s)

    return speak


HEAD, BODY = WHOLE.split(b"\r\n\r\n")


class TestTime:
    @pytest.mark.parametrize(
        "said", [HEAD, b"HTTP/1.1 100 Continue\r\n\r\n" * 50], ids=["head", "provisional"]
    )
    def test_a_head_that_drips_ends_with_the_call(self, said: bytes) -> None:
        """No single read is late: a socket's own timeout would never come."""
        with speaking(_dripping(said, pause_s=0.05)) as wire:
            began = time.monotonic()
            answer = _at(wire.url, timeout_s=SHORT_S).call("PUT", "/credits/ref-1", {})
            took_s = time.monotonic() - began
        assert answer == NoAnswer(reason="no answer in time", sent=True)
        assert SHORT_S - 0.1 < took_s < SHORT_S + 0.5

    def test_over_tls_too(self, names: NameServer, shown: Certificate) -> None:
        names.says(["127.0.0.1"])
        session = requests.Session()
        guarded(session)
        session.verify = str(shown.file)
        with speaking(_dripping(HEAD, pause_s=0.05), tls=shown.context) as wire:
            began = time.monotonic()
            with pytest.raises(requests.ReadTimeout):
                session.get(f"https://{HOST}:{wire.port}", timeout=in_total(SHORT_S))
            assert time.monotonic() - began < SHORT_S + 0.5

    def test_a_body_that_drips_ends_with_the_call(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"

        def speak(line: socket.socket) -> None:
            line.sendall(head)
            _dripping(b" " * 900, pause_s=0.05)(line)

        with speaking(speak) as wire:
            began = time.monotonic()
            answer = _at(wire.url, timeout_s=SHORT_S).call("GET", "/health")
            took_s = time.monotonic() - began
        assert answer == NoAnswer(reason="no answer in time", sent=True)
        assert took_s < SHORT_S + 0.5

    def test_connecting_counts(self) -> None:
        """Head and connecting share one deadline, and silence of the first leaves the second."""
        with _deaf() as port:
            began = time.monotonic()
            answer = _at(f"http://127.0.0.1:{port}", timeout_s=SHORT_S).call("GET", "/health")
            took_s = time.monotonic() - began
        assert answer == NoAnswer(reason="no connection in time", sent=False)
        assert took_s < SHORT_S + 0.5

    def test_an_address_that_stays_silent_leaves_time_for_the_next(
        self, names: NameServer, sandbox: Sandbox
    ) -> None:
        with _deaf(port=sandbox.server.server_port, host="127.0.0.2"):
            names.says(["127.0.0.2", "127.0.0.1"])
            answer = _at(_named(sandbox), timeout_s=2).call("GET", "/health")
        assert isinstance(answer, Answer)

    def test_a_connection_is_kept_from_call_to_call(self) -> None:
        with speaking(lambda line: line.sendall(WHOLE)) as wire:
            caller = _at(wire.url)
            for _ in range(5):
                assert isinstance(caller.call("GET", "/health"), Answer)
            assert (wire.connections, len(wire.heard)) == (1, 5)

    def test_an_answer_that_ends_with_its_connection_is_read_whole(self) -> None:
        def speak(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b'{"caller": ')
            time.sleep(0.1)
            line.sendall(b'"us"}')
            line.close()

        with speaking(speak) as wire:
            answer = _at(wire.url).call("GET", "/health")
        assert isinstance(answer, Answer)
        assert answer.body == {"caller": "us"}


class TestSize:
    def test_a_head_without_end_is_not_read(self) -> None:
        def speak(line: socket.socket) -> None:
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                line.sendall(b"X: %s\r\n" % (b"x" * 9_000))

        with speaking(speak) as wire:
            answer = _at(wire.url).call("PUT", "/credits/ref-1", {})
        assert isinstance(answer, Answer)
        assert (answer.status, answer.trouble) == (
            0,
            f"the answer's head is larger than {MAX_HEAD_BYTES} bytes",
        )
        failed = failure(answer, write=True)
        assert failed is not None
        assert failed.result is Result.UNREADABLE

    def test_nor_one_of_small_headers_without_number(self) -> None:
        head = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"Content-Length: 2\r\n\r\n{}"
        with speaking(lambda line: line.sendall(head)) as wire:
            answer = _at(wire.url).call("PUT", "/credits/ref-1", {})
        assert isinstance(answer, NoAnswer)
        assert answer.sent

    def test_a_large_head_within_the_bound_and_a_large_body_are_read(self) -> None:
        body = b'"' + b"x" * 500_000 + b'"'
        head = b"HTTP/1.1 200 OK\r\nX: %s\r\nContent-Length: %d\r\n\r\n"
        with speaking(lambda line: line.sendall(head % (b"y" * 50_000, len(body)) + body)) as wire:
            answer = _at(wire.url).call("GET", "/health")
        assert isinstance(answer, Answer)
        assert len(answer.body) == 500_000


@contextlib.contextmanager
def _deaf(*, port: int = 0, host: str = "127.0.0.1") -> Iterator[int]:
    """Give a port where a connection is neither let in nor refused: the queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]
