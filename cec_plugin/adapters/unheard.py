"""Keep the libraries beneath us from logging our calls to registries.

At DEBUG urllib3 writes the path of each request, and of a malformed answer it writes path and
headers at WARNING; requests_oauthlib writes client secrets and tokens at DEBUG. A path may name a
member by number. What is worth a line we say ourselves.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TALKATIVE = (
    "oauthlib",
    "requests_oauthlib.oauth2_session",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)
"""Their loggers one by one: a filter holds for the logger that it is on, not for those below."""

_ours: ContextVar[bool] = ContextVar("ours", default=False)


class _NotOurs(logging.Filter):
    """Passes what is said of anybody else's calls: the site shares these libraries with us."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        """Say whether the record may be written."""
        return not _ours.get()


@contextmanager
def unheard() -> Iterator[None]:
    """Let nothing that happens in the block be logged by these libraries."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


for _name in TALKATIVE:
    logging.getLogger(_name).addFilter(_NotOurs())
