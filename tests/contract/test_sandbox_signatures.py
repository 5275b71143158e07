"""The sandbox registry takes signed calls, and two secrets while one takes over from another."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cec_plugin.sandbox.auth import Credentials
from cec_plugin.sandbox.control import ControlError
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.contract.calling import ADA, Client, Reply

OLD, NEW = "the-old-secret", "the-new-secret"


@pytest.fixture
def registry() -> Iterator[Sandbox]:
    with running_sandbox(members=[ADA], credentials=Credentials(hmac_secrets=(OLD,))) as sandbox:
        yield sandbox


@pytest.fixture
def ask(registry: Sandbox) -> Iterator[Callable[..., Reply]]:
    client = Client(registry.url, {})

    def ask(
        secret: str = OLD,
        *,
        method: str = "GET",
        path: str = "/members?number=1001",
        body: bytes = b"",
        age_s: float = 0,
        signed: bytes | None = None,
        **headers: str,
    ) -> Reply:
        stamp = str(int(time.time() - age_s))
        text = signed or f"{stamp}.{method}.{path}.".encode() + body
        mark = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        client.headers = {
            "X-Key-Id": "plugin",
            "X-Timestamp": stamp,
            "X-Signature": f"sha256={mark}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return client.ask(method, path, raw=body)

    yield ask
    client.connection.close()


def test_a_signed_call_is_taken_and_its_signer_named(ask: Callable[..., Reply]) -> None:
    assert ask(path="/health").json["caller"] == "plugin"
    assert len(ask().json["items"]) == 1


def test_the_body_is_signed_too(ask: Callable[..., Reply]) -> None:
    assert ask(method="POST", path="/credits/batch", body=b'{"items": []}').status == 207
    other = ask(
        method="POST",
        path="/credits/batch",
        body=b'{"items": []}',
        signed=f"{int(time.time())}.POST./credits/batch.".encode() + b'{"items": [1]}',
    )
    assert other.status == 401


@pytest.mark.parametrize(
    "faulty",
    [
        {"secret": "guessed"},
        {"signed": b"anything"},
        {"age_s": 320},
        {"age_s": -320},
        {"X_Timestamp": "soon"},
        {"X_Timestamp": "9" * 40},
        {"X_Key_Id": ""},
        {"X_Signature": "sha256="},
        {"X_Signature": "sch\u00fcssel"},
    ],
)
def test_a_faulty_signature_is_refused(ask: Callable[..., Reply], faulty: Any) -> None:
    reply = ask(**faulty)
    assert (reply.status, reply.code) == (401, "unauthorized")


def test_a_clock_may_be_some_minutes_off(ask: Callable[..., Reply]) -> None:
    assert ask(age_s=280).status == ask(age_s=-280).status == 200


def test_one_secret_takes_over_from_another_without_losing_a_call(
    registry: Sandbox, ask: Callable[..., Reply]
) -> None:
    assert (ask(OLD).status, ask(NEW).status) == (200, 401)
    registry.control.accept_secrets(OLD, NEW)
    assert (ask(OLD).status, ask(NEW).status) == (200, 200)
    registry.control.accept_secrets(NEW)
    assert (ask(OLD).status, ask(NEW).status) == (401, 200)
    registry.control.reset()
    assert (ask(OLD).status, ask(NEW).status) == (200, 401)


@pytest.mark.parametrize("secrets", [[], [""], ["s" * 256], [7]])
def test_a_secret_is_a_text(registry: Sandbox, secrets: list[Any]) -> None:
    with pytest.raises(ControlError, match="hmac_secrets"):
        registry.control.accept_secrets(*secrets)


def test_the_other_credentials_go_on_as_ever(registry: Sandbox) -> None:
    client = Client(registry.url)
    assert client.ask("GET", "/health").json["caller"] == "api-key"
    client.connection.close()
