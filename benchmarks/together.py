"""What batches and a second worker are worth with a registry that takes 50 ms a call.

Beside them, in the same run: the peers' way.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from benchmarks.letters import Letters
from benchmarks.measure import Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from benchmarks.servers import ROOT, RegistryServer
from benchmarks.world import World
from cec_plugin import models
from cec_plugin.services.deliver import BATCH
from tests import databases

DELAY_MS = 50
ROUNDS = 7
BATCHES_AT_LEAST = 5.0
SECOND_WORKER_AT_LEAST = 1.6
PATIENCE_S = 60.0
ONE_BY_ONE = {"batch_path": ""}


def measure(world: World, registry: RegistryServer, broker_url: str) -> list[Figure]:
    """Measure one by one, in batches, with two workers, and the peers' way."""
    letters = Letters(world)
    registry.control.add_member(letters.member_number, "Ada Byron")
    registry.control.set_faults(delay_ms=DELAY_MS)
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(world.registry.pk)) for _ in range(2)]
        peers = _Peers(registry, letters, broker_url)
        stack.enter_context(peers.worker())
        seconds = in_turn(
            [
                _ours("one by one", letters, workers[:1], ONE_BY_ONE),
                _ours("two workers", letters, workers, ONE_BY_ONE),
                _ours("in batches", letters, workers[:1], {"batch_size": BATCH}),
                Rival(name="peers", prepare=peers.prepare, run=peers.run),
            ],
            rounds=ROUNDS,
        )
    registry.control.clear_faults()
    letters.check()
    return [
        Figure(
            name=f"deliver in batches of {BATCH} / one by one, {DELAY_MS} ms a call",
            ratio=ratio(seconds["one by one"], seconds["in batches"]),
            unit=Unit.THROUGHPUT,
            limit=BATCHES_AT_LEAST,
        ),
        Figure(
            name=f"deliver with two workers / with one, {DELAY_MS} ms a call",
            ratio=ratio(seconds["one by one"], seconds["two workers"]),
            unit=Unit.THROUGHPUT,
            limit=SECOND_WORKER_AT_LEAST,
        ),
        Figure(
            name=f"deliver one by one / the peers' way, {DELAY_MS} ms a call",
            ratio=ratio(seconds["peers"], seconds["one by one"]),
            unit=Unit.THROUGHPUT,
        ),
        Figure(
            name=f"deliver in batches of {BATCH} / the peers' way, {DELAY_MS} ms a call",
            ratio=ratio(seconds["peers"], seconds["in batches"]),
            unit=Unit.THROUGHPUT,
        ),
    ]


class _Worker:
    """A worker that waits to be told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in: IO[str] = process.stdin
        self._out: IO[str] = process.stdout

    def begin(self) -> None:
        """Let it deliver until nothing is due."""
        self._in.write("go\n")
        self._in.flush()

    def sent(self) -> int:
        """Wait until it has, and return how many it sent."""
        return int(self.line())

    def line(self) -> str:
        """Return its next line.

        Raises:
            RuntimeError: it is gone.
        """
        if line := self._out.readline():
            return line.strip()
        raise RuntimeError("the worker ended")


@contextmanager
def _worker(registry_id: int) -> Iterator[_Worker]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.one_worker", str(registry_id)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        worker = _Worker(process)
        if worker.line() != "ready":
            raise RuntimeError("the worker did not begin")
        yield worker
        process.kill()


def _ours(name: str, letters: Letters, workers: list[_Worker], options: dict[str, object]) -> Rival:
    def prepare(_round: int) -> None:
        models.Registry.objects.filter(pk=letters.registry_id).update(options=options)
        for _ in range(2):  # enough for a claim of each of two workers
            letters.enqueue()

    def run(_round: int) -> None:
        for worker in workers:
            worker.begin()
        sent = sum(worker.sent() for worker in workers)
        if sent != 2 * BATCH:
            raise RuntimeError(f"{sent} of {2 * BATCH} were sent")

    return Rival(name=name, prepare=prepare, run=run)


class _Peers:
    """A Celery worker with a task for each credit."""

    def __init__(self, registry: RegistryServer, letters: Letters, broker_url: str) -> None:
        self._registry, self._letters, self._broker_url = registry, letters, broker_url
        self._bodies: dict[str, dict[str, object]] = {}

    @contextmanager
    def worker(self) -> Iterator[None]:
        import os  # noqa: PLC0415

        environment = {**os.environ, databases.BROKER_URL: self._broker_url}
        with subprocess.Popen(
            [
                sys.executable, "-m", "celery", "-A", "benchmarks.peers", "worker",
                "--pool", "solo", "--without-mingle", "--without-gossip", "--loglevel", "ERROR",
            ],
            cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            yield
            process.kill()

    def prepare(self, _round: int) -> None:
        self._bodies = {**self._letters.bodies(), **self._letters.bodies()}

    def run(self, _round: int) -> None:
        from benchmarks.peers import app, send  # noqa: PLC0415

        app.conf.broker_url = self._broker_url
        wanted = len(self._registry.control.data().credits) + len(self._bodies)
        for reference, body in self._bodies.items():
            send.delay(f"{self._registry.url}/credits/{reference}", self._registry.api_key, body)
        until = time.monotonic() + PATIENCE_S
        while (there := len(self._registry.control.data().credits)) < wanted:
            if time.monotonic() > until:
                raise RuntimeError(f"the peers' way lacks {wanted - there} credits")
            time.sleep(0.02)
