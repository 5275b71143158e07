"""The Ralph of the tests answers as the recorded one did: what we learnt from it still holds."""

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import LOOPBACK
from tests.servers.ralph import LMS, RalphServer, running_ralph

SAMPLES = sorted((Path(__file__).parent / "samples" / "xapi").glob("*.http"))
WITH_A_WRONG_PASSWORD = "16-bad-auth"
PARTING = re.compile(r"^--- response \(\d+ ms\) ---\n", re.MULTILINE)
LINKED_VERSION = re.compile(r"pydantic\.dev/[\d.]+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request with the answer that came."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes
    status: int
    said: Any

    @classmethod
    def read(cls, file: Path) -> "Exchange":
        """Read a recorded exchange; its first line is a remark."""
        asked, answered = PARTING.split(file.read_text().split("\n", 1)[1])
        first, headers, content = _parts(asked)
        method, path, _ = first.split(" ")
        status, _, said = _parts(answered)
        kept = {
            name: value
            for name, value in headers.items()
            if name not in ("Host", "Content-Length", "Authorization")
        }
        if "Authorization" in headers:
            kept |= LMS.header
        if file.stem == WITH_A_WRONG_PASSWORD:
            kept |= replace(LMS, password="not the password").header
        return cls(
            name=file.stem,
            method=method,
            path=path,
            headers=kept,
            content=content.encode(),
            status=int(status.split(" ")[1]),
            said=json.loads(said) if said else None,
        )


def _parts(text: str) -> tuple[str, dict[str, str], str]:
    head, _, content = text.partition("\n\n")
    first, *lines = head.split("\n")
    return first, dict(line.split(": ", 1) for line in lines if line), content.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back now."""

    status: int
    said: Any


@pytest.fixture(scope="module")
def replies() -> dict[str, Reply]:
    """Send all of them to a fresh Ralph, in their order: each stands on what was stored before."""
    with running_ralph() as ralph:
        return {file.stem: _send(ralph, Exchange.read(file)) for file in SAMPLES}


def _send(ralph: RalphServer, recorded: Exchange) -> Reply:
    connection = http.client.HTTPConnection(LOOPBACK, ralph.port, timeout=20)
    try:
        connection.request(recorded.method, recorded.path, recorded.content, recorded.headers)
        answer = connection.getresponse()
        read = answer.read()
    finally:
        connection.close()
    return Reply(status=answer.status, said=json.loads(read) if read else None)


def _timeless(said: Any) -> Any:
    """Leave out when something was stored, and of which version a link to documentation is."""
    if isinstance(said, list):
        return [_timeless(one) for one in said]
    if isinstance(said, str):
        return LINKED_VERSION.sub("pydantic.dev/", said)
    if not isinstance(said, dict):
        return said
    stored = said.get("stored")
    return {
        name: "when stored" if stored and value == stored else _timeless(value)
        for name, value in said.items()
    }


def test_there_are_exchanges_to_send_again() -> None:
    assert len(SAMPLES) == 23


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_it_answers_as_it_was_recorded(replies: dict[str, Reply], file: Path) -> None:
    recorded, now = Exchange.read(file), replies[file.stem]
    assert now.status == recorded.status, now.said
    assert _timeless(now.said) == _timeless(recorded.said)
