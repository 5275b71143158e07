"""Say who we are by signing each call with a secret that is never sent (HMAC-SHA256)."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import requests

from cec_plugin.adapters.registries.renewing import Renewing

HEADERS_OF_HTTP = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PLACE = re.compile(r"\{(timestamp|method|path|body)\}")

_next_holds: dict[tuple[str, str, str], bool] = {}
"""Whether the next secret is the one that this process signs with: adapters come and go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How a call is signed: the names of the headers, what is signed, how the signature is written.

    ``signed`` may hold ``{timestamp}`` (whole seconds since 1970), ``{method}``, ``{path}`` (with
    the query, as it goes over the wire) and ``{body}``; ``written`` holds ``{hex}``.
    """

    key_header: str = "X-Key-Id"
    time_header: str = "X-Timestamp"
    signature_header: str = "X-Signature"
    signed: str = "{timestamp}.{method}.{path}.{body}"
    written: str = "sha256={hex}"


def fault_of_header(name: str) -> str:
    """Say why a header cannot have this name, nothing if it can."""
    good = HEADER_NAME.fullmatch(name) and name.casefold() not in HEADERS_OF_HTTP
    return "" if good else "no header can have this name"


def fault_of_signing(given: Mapping[str, str]) -> str:
    """Say what is wrong with how calls are to be signed, nothing if it can be used."""
    unknown = sorted(given.keys() - {one.name for one in fields(Signing)})
    if unknown:
        return f"there is no {unknown[0]!r}"
    for name, value in given.items():
        if name.endswith("_header") and (wrong := fault_of_header(value)):
            return f"{name!r}: {wrong}"
    if "{body}" not in given.get("signed", "{body}"):
        return "'signed' must hold {body}, or anybody may change what we sent"
    if "{hex}" not in given.get("written", "{hex}"):
        return "'written' must hold {hex}"
    return ""


class Signature(Renewing):
    """Signs with the current secret, and with the next one once that is what the registry takes.

    So a secret is rotated without losing a call: give both here, change it there, then make the
    next one the current one. What the registry refused as unsigned (401) it did not write.
    """

    def __init__(
        self,
        how: Signing,
        *,
        key_id: str,
        current: str,
        next_secret: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign as ``key_id``. ``clock`` returns seconds since 1970."""
        self._how = how
        self._key_id = key_id
        self._secrets = (current.encode(), next_secret.encode())
        self._memory = (key_id, current, next_secret)
        self._use_next = _next_holds.get(self._memory, False)
        self._clock = clock
        self._pieces = _PLACE.split(how.signed)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the headers."""
        timestamp = str(int(self._clock()))
        body = request.body or b""
        places = {
            "timestamp": timestamp.encode(),
            "method": str(request.method).encode(),
            "path": request.path_url.encode(),
            "body": body if isinstance(body, bytes) else str(body).encode(),
        }
        # The pattern's group makes every second piece a place's name.
        message = b"".join(
            places[piece] if number % 2 else piece.encode()
            for number, piece in enumerate(self._pieces)
        )
        made = hmac.new(self._secrets[self._use_next], message, hashlib.sha256).hexdigest()
        request.headers[self._how.key_header] = self._key_id
        request.headers[self._how.time_header] = timestamp
        request.headers[self._how.signature_header] = self._how.written.replace("{hex}", made)
        return request

    def renew(self) -> bool:
        """Sign with the other secret from here on."""
        if not self._secrets[1]:
            return False
        self._use_next = not self._use_next
        return True

    def renewed(self, *, worked: bool) -> None:
        """Keep to the other secret where it worked, for every adapter of this process."""
        if worked:
            _next_holds[self._memory] = self._use_next
        else:
            self._use_next = not self._use_next
