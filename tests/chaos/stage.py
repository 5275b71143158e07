"""The processes of the site in the storm: database, broker, registry and workers."""

import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cec_plugin.sandbox.control import Control
from tests import databases
from tests.servers.mariadb import MariaDbServer, running_mariadb
from tests.servers.process import LOOPBACK, ServerProcess, free_port, private_server
from tests.servers.redis_server import RedisServer, running_redis

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "chaos"
WORKERS = 3
TOKEN_LIFETIME_S = 3
"""So short that tokens end in the middle of everything."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs."""

    mariadb: MariaDbServer
    redis: RedisServer
    registry_url: str
    control: Control
    crew: "Crew"


@dataclass(slots=True, kw_only=True)
class Crew:
    """Celery workers, each in a process of its own; whoever is killed is replaced."""

    folder: Path
    broker_url: str
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        """Start one more worker."""
        with (self.folder / f"worker-{time.monotonic_ns()}.log").open("wb") as log:
            self.workers.append(
                subprocess.Popen(
                    [
                        "setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "celery",
                        "-A", "tests.project.celery", "worker", "--pool", "solo",
                        "--loglevel", "INFO", "--without-mingle", "--without-gossip",
                        "--without-heartbeat",
                    ],
                    env={**os.environ, databases.BROKER_URL: self.broker_url},
                    cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                )
            )  # fmt: skip

    def kill_one(self, dice: random.Random) -> None:
        """Kill a worker as the kernel does when memory runs out, and start another."""
        worker = self.workers.pop(dice.randrange(len(self.workers)))
        _kill(worker)
        self.killed += 1
        self.start()

    def replace_the_dead(self) -> None:
        """Start a worker for each that ended by itself, as a supervisor does."""
        for worker in [one for one in self.workers if one.poll() is not None]:
            self.workers.remove(worker)
            self.start()

    def stop(self) -> None:
        """Kill them all."""
        for worker in self.workers:
            _kill(worker)
        self.workers.clear()

    def logs(self) -> str:
        """Return everything that the workers wrote."""
        return "\n".join(
            path.read_text(errors="replace") for path in sorted(self.folder.glob("worker-*.log"))
        )


def _kill(worker: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@contextmanager
def running_stage(*, seed: int) -> Iterator[Stage]:
    """Run it all; tells Django's settings where the database is, so set Django up inside."""
    with ExitStack() as stack:
        mariadb = stack.enter_context(running_mariadb(durable=True))
        redis = stack.enter_context(running_redis())
        registry = stack.enter_context(private_server("registry", stop_signal=signal.SIGTERM))
        url = _start_registry(registry, seed)
        connection = mariadb.connect()
        connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
        connection.close()
        os.environ.update(
            {
                "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
                "OAUTHLIB_INSECURE_TRANSPORT": "1",  # the registry is on the loopback
                "PYTHONPATH": str(ROOT),
                databases.CHOICE: databases.Database.MARIADB,
                databases.NAME: DATABASE,
                databases.HOST: mariadb.host,
                databases.PORT: str(mariadb.port),
                databases.USER: mariadb.user,
                databases.PASSWORD: mariadb.password,
                databases.BROKER_URL: redis.url,
            }
        )
        crew = Crew(folder=registry.folder, broker_url=redis.url)
        stack.callback(crew.stop)
        yield Stage(mariadb=mariadb, redis=redis, registry_url=url, control=Control(url), crew=crew)


def _start_registry(process: ServerProcess, seed: int) -> str:
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    process.start(
        [
            sys.executable, "-m", "cec_plugin.sandbox", "--host", LOOPBACK, "--port", str(port),
            "--seed", str(seed), "--token-lifetime-s", str(TOKEN_LIFETIME_S), "--db", str(process.folder / "registry.sqlite3"),
        ],
        connect=Control(url).clear_faults,
        refusals=(urllib.error.URLError, ConnectionError),
        env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return url
