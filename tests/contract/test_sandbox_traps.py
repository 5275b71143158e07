"""Each trap of the real registries, as the sandbox lays it."""

from collections.abc import Iterator

import pytest

from cec_plugin.sandbox.control import Control
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.contract.calling import ADA, REVERSAL, Client


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
