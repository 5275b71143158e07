"""A private Redis that can be taken away and given back, for a broker that is down."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from tests.servers.process import (
    LOOPBACK,
    ServerProcess,
    find_program,
    free_port,
    private_server,
)

PACKAGE = "redis-server"
PLACES = ("/usr/sbin", "/usr/local/sbin")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """A running Redis that keeps nothing: after ``stop`` and ``start`` it is empty."""

    host: str
    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        """The address of database 0, for Celery and for redis-py."""
        return f"redis://{self.host}:{self.port}/0"

    @property
    def version(self) -> str:
        """The server's version, as ``7.0.15``."""
        with self.connect() as client:
            return str(client.info("server")["redis_version"])

    @property
    def running(self) -> bool:
        """Whether the server's process is there."""
        return self.process.pid is not None

    def connect(self) -> redis.Redis:
        """Make a client; it connects at its first command."""
        return redis.Redis(host=self.host, port=self.port, socket_timeout=5)

    def start(self) -> None:
        """Start the stopped server on the same port and wait until it answers."""
        self.process.start(
            [
                find_program("redis-server", package=PACKAGE, places=PLACES),
                *("--bind", self.host),
                *("--port", str(self.port)),
                *("--dir", str(self.process.folder)),
                *("--save", ""),
                *("--appendonly", "no"),
                *("--daemonize", "no"),
            ],
            connect=self._ping,
            refusals=(redis.ConnectionError, redis.TimeoutError),
        )

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop the server; every connection to it breaks."""
        self.process.stop(number)

    def _ping(self) -> None:
        with self.connect() as client:
            client.ping()


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Run a Redis of our own, without persistence, on a free port of the loopback.

    Raises:
        ServerError: Redis is not installed or does not start.
    """
    find_program("redis-server", package=PACKAGE, places=PLACES)
    with private_server("redis", stop_signal=signal.SIGTERM) as process:
        server = RedisServer(host=LOOPBACK, port=free_port(), process=process)
        server.start()
        yield server
