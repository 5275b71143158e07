"""Names, e-mails, member numbers and secrets stay where they belong, whatever a registry says.

Every answer of the sandbox repeats all of them, under every switch of its catalogue and with every
kind of authentication; then everything that we wrote anywhere is searched for them.
"""

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from celery import current_app
from celery.signals import before_task_publish
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.adapters.http import Answer as Answered
from cec_plugin.adapters.http import Caller, NoAnswer
from cec_plugin.adapters.registries.auth import auth_from
from cec_plugin.adapters.registries.build import _limit, build
from cec_plugin.domain.delivery import Outcome, Policy
from cec_plugin.domain.ports import Capabilities, Health, Posting, Retraction
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.sandbox.auth import Credentials, Guard
from cec_plugin.sandbox.front import Front
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from cec_plugin.sandbox.switches import CATALOGUE, Fault
from cec_plugin.sandbox.wire import Answer, Call
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.go_round import Courier
from cec_plugin.services.pause import resume
from cec_plugin.services.requeue import requeue
from tests import factories
from tests.contract.wires import speaking
from tests.events import ETHICS

pytestmark = pytest.mark.django_db

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NUMBER = "QUILL/O-77"
NAME = "Octavia Quill"
EMAIL = "octavia.quill@example.org"
REFERENCE = "zq-7f3a9c21d4e8"
CREDENTIALS = Credentials(
    api_key="hush-key",
    user="hush-user",
    password="hush-password",
    client_id="hush-client",
    client_secret="hush-secret",
    hmac_secrets=("hush-signing",),
)
SECRETS = {
    "header": {"key": CREDENTIALS.api_key},
    "basic": {"user": CREDENTIALS.user, "password": CREDENTIALS.password},
    "hmac": {"key_id": "lms", "current": CREDENTIALS.hmac_secrets[0]},
    "oauth2": {"client_id": CREDENTIALS.client_id, "client_secret": CREDENTIALS.client_secret},
}
PLANTED = f"Member {NAME} ({NUMBER}, {EMAIL}), {REFERENCE}, is lapsed"
BASIC = base64.b64encode(b"hush-user:hush-password").decode()
UNSAID = ("octavia", "quill", "example.org", "hush", "zq-7f3a", "7f3a9c21d4e8", BASIC.lower())
VALUES = {"ms": 20, "s of silence": 30, "ms a byte": 100, "MB": 2, "s to retry after": 3}
"""How strongly a switch is set, by its unit; any other takes its own figure."""


class Planting(Front):
    """A registry that repeats whom and what it knows in all that it says, our secret included."""

    words = PLANTED

    def answer(self, call: Call) -> Answer:
        answer = super().answer(call)
        if call.segments[:1] == ("_sandbox",):
            return answer
        headers = (*answer.headers, ("X-Member", self.words))
        return replace(answer, body=_planted(answer.body, self.words), headers=headers)


def _planted(body: bytes, words: str) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body.replace(b"</title>", f"</title><p>{words}".encode())
    if not isinstance(content, dict):
        return body
    content["note"] = content["error_description"] = words
    if isinstance(content.get("error"), dict):
        content["error"]["message"] = f"{content['error'].get('message', '')} {words}"
        content["error"]["fields"] = {"member": words}
    return json.dumps(content).encode()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with running_sandbox(credentials=CREDENTIALS) as sandbox:
        front = sandbox.server.front
        sandbox.server.front = Planting(front.store, Guard(CREDENTIALS), front.board)
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.control.reset()
    running.control.add_member(NUMBER, NAME)
    return running


@pytest.fixture(autouse=True)
def _loud() -> Iterator[None]:
    """Have every logger that there is say everything."""
    loggers = [one for one in logging.root.manager.loggerDict.values() if _is_logger(one)]
    before = [(one, one.level, one.disabled) for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.disabled = False
    yield
    for one, level, disabled in before:
        one.setLevel(level)
        one.disabled = disabled


def _is_logger(one: object) -> bool:
    return isinstance(one, logging.Logger)


@pytest.fixture
def tasks() -> Iterator[list[str]]:
    """Collect what is sent to Celery."""
    sent: list[str] = []

    def note(body: Any = None, headers: Any = None, **_: Any) -> None:
        sent.append(f"{body} {headers}")

    # Celery 5.5 goes on looking at the list of receivers that it saw first, which may be gone.
    current_app.amqp.__dict__.pop("send_task_message", None)
    before_task_publish.connect(note)
    yield sent
    before_task_publish.disconnect(note)


@pytest.fixture
def row(sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> models.Registry:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    settings.CEC_SECRETS = SECRETS
    settings.CEC_POLICY = {"base_s": 0.0, "cap_s": 0.0, "grace_s": 0.0, "member_wait_s": 0.0}
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "10")])
    row = factories.registry(guild)
    row.base_url, row.timeout_s, row.calls_per_minute = sandbox.url, 1, 60_000_000
    row.save()
    return row


def _says(sandbox: Sandbox, auth: str) -> None:
    """Have the registry repeat the secret that it knows, too."""
    sandbox.server.front.words = f"{PLANTED}: {' '.join(SECRETS[auth].values())}"  # type: ignore[attr-defined]


def _written(caplog: pytest.LogCaptureFixture, *more: object) -> list[str]:
    """Return all that was written anywhere, tracebacks included."""
    line = logging.Formatter("%(name)s %(message)s %(args)s")
    return [
        *map(line.format, caplog.records),
        *models.Attempt.objects.values_list("reason", flat=True),
        *models.Delivery.objects.values_list("reason", flat=True),
        *(f"{one.paused_reason} {one.quiet_reason}" for one in models.Registry.objects.all()),
        *map(str, more),
    ]


def _is_silent(said: list[str]) -> None:
    for word in UNSAID:
        assert not [line for line in said if word in line.lower()]


def test_every_kind_of_authentication_is_in_this_test() -> None:
    known = set()
    for kind in models.Registry.Auth.values:
        try:
            auth_from(kind, {}, header="X-Api-Key", token_url="", timeout_s=1)
        except ConfigurationError as error:
            if "there is no" in str(error):
                continue
        known.add(kind)
    assert known == set(SECRETS)


def _visits() -> Iterator[Any]:
    """Yield every switch with a key and with tokens, and every other authentication with some."""
    for fault in CATALOGUE:
        for auth in SECRETS:
            if auth in ("header", "oauth2") or fault.name in ("unauthorized", "server_error"):
                yield pytest.param(fault, auth, id=f"{fault.name}-{auth}")


@pytest.mark.parametrize(("fault", "auth"), list(_visits()))
def test_nobody_is_named_under_any_switch(
    *,
    row: models.Registry,
    sandbox: Sandbox,
    tasks: list[str],
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    fault: Fault,
    auth: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    models.Registry.objects.update(auth=auth, secret=auth)
    row.refresh_from_db()
    _says(sandbox, auth)
    subject = str(factories.user("octavia.q", first_name="Octavia", last_name="Quill").pk)
    details = []

    def deliver() -> None:
        _limit.cache_clear()
        deliver_registry(row.pk)
        resume(row.pk)
        models.Registry.objects.update(quiet_until=None)
        requeue([one.pk for one in models.Delivery.objects.all()], now=datetime.now(UTC))
        models.Delivery.objects.filter(due_at__isnull=False).update(due_at=datetime.now(UTC))

    with django_capture_on_commit_callbacks(execute=True):
        factories.finish(subject, ETHICS, T0)
        factories.settle(subject, now=datetime.now(UTC))
        factories.link(subject, row.organization, NUMBER, now=datetime.now(UTC))
        for on in (fault.on, "any"):
            sandbox.control.set_faults(**{fault.name: {"on": on, **_figure(fault)}})
            deliver()
        _limit.cache_clear()
        details.append(build(row).health().detail)
        sandbox.control.clear_faults()
        deliver()
        factories.withdraw(subject, ETHICS, T0 + timedelta(hours=1))
        factories.settle(subject, now=datetime.now(UTC))
        sandbox.control.set_faults(**{fault.name: {"on": fault.on, **_figure(fault)}})
        deliver()
        sandbox.control.clear_faults()
        deliver()
    assert models.Attempt.objects.count() >= 2
    assert tasks
    _is_silent(_written(caplog, *tasks, *details))


def _figure(fault: Fault) -> dict[str, float]:
    return {"value": VALUES[fault.unit]} if fault.unit in VALUES else {}


@pytest.mark.parametrize("auth", SECRETS)
@pytest.mark.parametrize(
    "broken",
    [
        {"constants": {"colour": "red"}},
        {"credit_path": "/elsewhere/{reference}"},
        {"credit_path": f"/members/{NUMBER}/{{reference}}"},
        {"token_path": "/elsewhere"},
    ],
    ids=lambda broken: next(iter(broken.values())),
)
def test_nor_where_our_own_options_or_secrets_are_wrong(
    *,
    row: models.Registry,
    sandbox: Sandbox,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    auth: str,
    broken: dict[str, Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    _says(sandbox, auth)
    models.Registry.objects.update(auth=auth, secret=auth, options=broken)
    factories.finish("7", ETHICS, T0)
    factories.settle("7", now=datetime.now(UTC))
    factories.link("7", row.organization, NUMBER, now=datetime.now(UTC))
    deliver_registry(row.pk)
    resume(row.pk)
    settings.CEC_SECRETS = {auth: dict.fromkeys(SECRETS[auth], f"{NAME} wrong hush")}
    models.Registry.objects.update(options={})
    deliver_registry(row.pk)
    _is_silent(_written(caplog))


class Talkative:
    """An adapter that breaks down with everything on its lips."""

    capabilities = Capabilities()

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return nullcontext()

    def health(self) -> Health:
        return Health(ok=True, caller="us")

    def post(self, posting: Posting) -> Outcome:
        raise RuntimeError(f"{posting.member_number}: {PLANTED}")

    def find(self, reference: str) -> None:
        raise KeyError(f"{reference}: {PLANTED}")

    def reverse(self, retraction: Retraction) -> Outcome:
        raise LookupError(f"{retraction.reference}: {PLANTED}")


def test_nor_when_an_adapter_breaks_down(
    row: models.Registry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    factories.finish("7", ETHICS, T0)
    factories.settle("7", now=datetime.now(UTC))
    factories.link("7", row.organization, NUMBER, now=datetime.now(UTC))
    courier = Courier(
        registry_id=row.pk,
        registry=Talkative(),  # type: ignore[arg-type]
        clock=lambda: datetime.now(UTC),
        dice=lambda: 0.0,
        policy=Policy(base_s=0, grace_s=0),
        lease_s=60,
    )
    for _ in range(2):
        deliver_due(courier)
    said = _written(caplog)
    assert len([line for line in said if "The adapter failed: " in line]) == 2
    assert any("our adapter failed: RuntimeError" in line for line in said)
    _is_silent(said)


BROKEN_HEADERS = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{NAME}: x\r\n\r\n{{}}".encode()
"""No header's name has two words: urllib3 warns of it, and shows it."""


class TestLibraries:
    """What urllib3 would say of a call with a member's number in its path."""

    PATH = f"/members/{NUMBER}"

    def test_of_ours_it_says_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        with speaking(lambda line: line.sendall(BROKEN_HEADERS)) as wire:
            caller = Caller(wire.url, auth=None, timeout_s=5, before=lambda: 0.0)
            assert isinstance(caller.call("GET", self.PATH), Answered)
        nobody = Caller("http://127.0.0.1:1", auth=None, timeout_s=5, before=lambda: 0.0)
        assert isinstance(nobody.call("GET", self.PATH), NoAnswer)
        assert not caplog.records

    def test_of_anybody_elses_it_says_what_it_always_did(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with speaking(lambda line: line.sendall(BROKEN_HEADERS)) as wire:
            requests.get(wire.url + self.PATH, timeout=5)
        assert "GET /members/QUILL/O-77" in caplog.text
        assert "Failed to parse headers" in caplog.text
