"""Recorded exchanges as values: read, sent again, and in what an answer deviates from its own."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SAMPLES = Path(__file__).parent / "samples"
OWN_HEADERS = {"host", "content-length"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One exchange. ``status`` is None where no answer came; ``body`` a text where it is no JSON.

    ``cut`` says that the answer was not written down to its end.
    """

    name: str
    method: str
    path: str
    headers: dict[str, str]
    payload: str
    status: int | None
    body: Any
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """What came back when it was sent again."""

    status: int | None
    body: Any


def recorded(folder: str) -> list[Recorded]:
    """Read a folder's exchanges, in the order in which they were recorded."""
    return [read(path) for path in sorted((SAMPLES / folder).glob("*.http"))]


def read(path: Path) -> Recorded:
    """Read one exchange."""
    asked, _, answered = path.read_text().partition("\n--- response")
    lines = asked.strip("\n").split("\n")
    while lines[0].startswith("#"):
        del lines[0]
    method, target, _ = lines[0].split(" ")
    end = lines.index("") if "" in lines else len(lines)
    headers = dict(line.split(": ", 1) for line in lines[1:end])
    head, _, text = answered.partition("\n\n")
    status = re.search(r"^HTTP/1\.1 (\d+)", head, re.MULTILINE)
    body, cut = _body(text.strip())
    return Recorded(
        name=path.name,
        method=method,
        path=target,
        headers=headers,
        payload="\n".join(lines[end + 1 :]).strip(),
        status=int(status[1]) if status else None,
        body=body,
        cut=cut,
    )


def _body(text: str) -> tuple[Any, bool]:
    if not text.startswith(("{", "[")):
        return text, False
    try:
        return json.loads(text), False
    except json.JSONDecodeError:  # cut off: as many records as are whole
        whole = text[: text.rindex("\n  },") + len("\n  }")]
        return json.loads(f"{whole}]}}"), True


def send(url: str, exchange: Recorded, timeout_s: float = 20) -> Replied:
    """Send the recorded request as it was."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=timeout_s)
    payload = exchange.payload.encode()
    headers = {
        name: value
        for name, value in exchange.headers.items()
        if name.casefold() not in OWN_HEADERS
    }
    try:
        connection.request(exchange.method, exchange.path, payload or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError:
        return Replied(status=None, body=None)
    finally:
        connection.close()
    is_json = answer.headers["Content-Type"] == "application/json"
    return Replied(status=answer.status, body=json.loads(text) if text and is_json else text)


def deviations(
    exchange: Recorded,
    replied: Replied,
    *,
    free: Collection[str] = (),
    sense: Callable[[str], str] = str.strip,
) -> list[str]:
    """Say in what an answer deviates from the recorded one; nothing where it does not.

    ``free`` are the fields that may differ in value, though not in type; of two texts only the
    ``sense`` is compared.
    """
    if exchange.status is None:
        return [] if replied.status is None else ["an answer came"]
    found = [] if replied.status == exchange.status else [f"status {replied.status}"]
    return found + _differences(exchange.body, replied.body, "", free, sense)


def _differences(
    was: Any, now: Any, path: str, free: Collection[str], sense: Callable[[str], str]
) -> list[str]:
    if type(was) is not type(now):
        return [f"{path}: {type(now).__name__} instead of {type(was).__name__}"]
    if isinstance(was, dict):
        found = [f"{path}.{name}: not there" for name in was.keys() - now.keys()]
        found += [f"{path}.{name}: not recorded" for name in now.keys() - was.keys()]
        for name in sorted(was.keys() & now.keys()):
            if not (name in free and type(was[name]) is type(now[name])):
                found += _differences(was[name], now[name], f"{path}.{name}", free, sense)
        return found
    if isinstance(was, list):
        found = [] if len(was) == len(now) else [f"{path}: {len(now)} instead of {len(was)}"]
        for number, (one, other) in enumerate(zip(was, now, strict=False)):
            found += _differences(one, other, f"{path}[{number}]", free, sense)
        return found
    if isinstance(was, str):
        was, now = sense(was), sense(now)
    return [] if was == now else [f"{path}: {now!r} instead of {was!r}"]
