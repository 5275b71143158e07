"""Calls signed over time, method, path and body, so that no secret goes over the line."""

import hashlib
import hmac
import time
from collections.abc import Iterable

from cec_plugin.sandbox.wire import Call

SCHEME = "sha256="
LEEWAY_S = 300


def signer(call: Call, secrets: Iterable[str]) -> str | None:
    """Say whose signature the call carries, ``None`` without a good one of these minutes.

    Any of the secrets will do: while one takes over from another there are two. The signer is
    whoever the call says (``X-Key-Id``); the name picks no secret.
    """
    name = call.headers.get("x-key-id", "").strip()
    stamp = call.headers.get("x-timestamp", "").strip()
    given = call.headers.get("x-signature", "").strip()
    if not name or not _is_current(stamp):
        return None
    fitting = [_equal(given, SCHEME + signature(secret, stamp, call)) for secret in secrets]
    return name if any(fitting) else None


def signature(secret: str, stamp: str, call: Call) -> str:
    """Return the HMAC-SHA256, in hex, over ``stamp.method.target.body``."""
    head = f"{stamp}.{call.method}.{call.target}.".encode()
    return hmac.new(secret.encode("utf-8"), head + call.body, hashlib.sha256).hexdigest()


def _is_current(stamp: str) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    return abs(time.time() - int(stamp)) <= LEEWAY_S


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8"))
