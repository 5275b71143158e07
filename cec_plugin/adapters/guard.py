"""Connections to registries alone: the address is checked where the connection is made.

A check ahead of the call would ask the name server twice, and could be told two things. Here a
name is resolved once, what it resolved to is checked, and exactly that is connected to; the name
stays what TLS verifies and what the ``Host`` header says.
"""

import socket
import ssl
import sys
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.util.connection import allowed_gai_family

from cec_plugin.adapters.bounds import BoundedResponse
from cec_plugin.adapters.unheard import unheard
from cec_plugin.conf import get_settings

REFUSED = (
    "the registry's address is not a public one; if that is right, "
    "the setting CEC_ALLOW_ADDRESSES must name it"
)

LEAST_S = 0.01
"""What a step of connecting is given at the least; 0 would be no waiting at all."""


class RefusedAddressError(NewConnectionError):
    """The host resolves to nothing that we may call; nothing was sent."""


class _GuardedConnection(HTTPConnection):
    """Connects to what was checked, in the time that urllib3 gives to connecting as a whole."""

    response_class = BoundedResponse

    def _new_conn(self) -> socket.socket:
        """Resolve the host once, and connect to the first of its addresses that may be called.

        Raises:
            RefusedAddressError: none of them may be.
            NameResolutionError: there is no such host.
            ConnectTimeoutError: none of them answers in time.
            NewConnectionError: none of them lets us in.
        """
        ends = None if self.timeout is None else time.monotonic() + self.timeout
        places = self._checked(self._resolved())
        trouble: OSError | None = None
        for tried, (family, kind, protocol, _, address) in enumerate(places):
            try:
                made = socket.socket(family, kind, protocol)
                try:
                    for option in self.socket_options or ():
                        made.setsockopt(*option)
                    # One that stays silent must not use up the time of those after it.
                    made.settimeout(_share(ends, len(places) - tried))
                    made.connect(address)
                    made.settimeout(_share(ends, 1))  # what is left is for TLS
                except BaseException:
                    made.close()
                    raise
            except OSError as error:
                trouble = error
            else:
                sys.audit("http.client.connect", self, self.host, self.port)
                return made
        if isinstance(trouble, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time") from trouble
        raise NewConnectionError(self, "no connection") from trouble

    def _resolved(self) -> list[Any]:
        host = self._dns_host.strip("[]")  # with its final dot
        try:
            return socket.getaddrinfo(host, self.port, allowed_gai_family(), socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except UnicodeError as error:
            raise NewConnectionError(self, "no host can have this name") from error

    def _checked(self, found: list[Any]) -> list[Any]:
        allowed = get_settings().allow_addresses
        places = [one for one in found if allowed.admits(self.host, one[4][0])]
        if found and not places:
            raise RefusedAddressError(self, REFUSED)
        return places


def _share(ends: float | None, among: int) -> float | None:
    return None if ends is None else max((ends - time.monotonic()) / among, LEAST_S)


class _GuardedTls(_GuardedConnection, HTTPSConnection):
    """Verifies the host's name, as ever. Until TLS stands nothing was sent, whatever happens."""

    def connect(self) -> None:
        """Connect, and agree on TLS.

        Raises:
            ConnectTimeoutError: not in time.
            NewConnectionError: they hung up.
        """
        try:
            super().connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no TLS in time") from error
        except (ConnectionError, ssl.SSLEOFError) as error:
            raise NewConnectionError(self, "no TLS") from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTls


class GuardedAdapter(HTTPAdapter):
    """Sends what a session asks for through guarded connections, and lets no log hear of it."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools of connections, which stay open from call to call."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, *args: Any, **options: Any) -> requests.Response:
        """Send one request."""
        with unheard():
            return super().send(*args, **options)


def guarded(session: requests.Session) -> None:
    """Let a session connect to nothing but what may be called, and by nobody's proxy."""
    session.trust_env = False  # no proxy, no .netrc: what we send is what we were given
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter())


def reason_of(error: Exception) -> BaseException | None:
    """Return what kept urllib3 from connecting, None where it had connected."""
    cause = error.args[0] if error.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else None


def is_refused(error: Exception) -> bool:
    """Say whether it was we who refused the address."""
    return isinstance(reason_of(error), RefusedAddressError)
