"""Read what a registry answered: as a whole, up to a largest size and a last moment."""

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from cec_plugin.adapters.bounds import TooMuchError

MAX_BYTES = 1_000_000
"""The largest answer that is read; a credit's is under two thousand."""

CHUNK = 65_536
LONGEST_WAIT_S = 86_400.0
"""What a registry may ask us to wait; more is a slip of its keyboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a registry answered. ``body`` is the JSON, None where it was none (see ``trouble``)."""

    status: int
    body: Any = None
    trouble: str = ""
    html: bool = False
    retry_after_s: float | None = None


def read_bounded(response: requests.Response, deadline: float) -> bytes:
    """Read the body of a streamed answer; ``deadline`` is a ``time.monotonic``.

    Raises:
        TooMuchError: it is larger than ``MAX_BYTES``.
        requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError: it is not whole at the deadline.
        requests.exceptions.ChunkedEncodingError: it is shorter than it said.
        urllib3.exceptions.HTTPError: it broke off.
    """
    # read1 returns what has come; read waits for a whole chunk, however slowly that drips.
    some = getattr(response.raw, "read1", response.raw.read)
    read = bytearray()
    while part := some(CHUNK, decode_content=True):
        read += part
        if len(read) > MAX_BYTES:
            raise TooMuchError(f"the answer is larger than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer took too long")
    declared = response.headers.get("Content-Length", "")
    packed = "Content-Encoding" in response.headers
    if (
        not packed
        and declared.isdecimal()
        and (len(declared) > len(str(MAX_BYTES)) or len(read) < int(declared))
    ):
        raise requests.exceptions.ChunkedEncodingError("shorter than declared")
    return bytes(read)


def read(response: requests.Response, deadline: float) -> Answer:
    """Read a streamed answer; ``deadline`` is as for ``read_bounded``, and so is what it raises."""
    said = read_bounded(response, deadline)
    html = "html" in response.headers.get("Content-Type", "") or said[:1] == b"<"
    retry_after_s = _retry_after(response.headers.get("Retry-After"))
    body, trouble = None, ""
    if said:
        try:
            body = json.loads(said)
        except (ValueError, RecursionError):
            trouble = "the answer is not JSON"
    elif response.status_code != requests.codes.no_content:
        trouble = "the answer is empty"
    return Answer(
        status=response.status_code,
        body=body,
        trouble=trouble,
        html=html,
        retry_after_s=retry_after_s,
    )


def _retry_after(header: str | None) -> float | None:
    if not header:
        return None
    try:
        if header.strip().isdecimal():
            wait_s = float(header)
        else:
            wait_s = parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, wait_s), LONGEST_WAIT_S)
