"""A site of real processes: the platform that sends events, a Celery worker, the registry."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cec_plugin import models
from tests.processes import process_environment

PATIENCE_S = 60.0

PLATFORM = """
import sys
from datetime import UTC, datetime
import django
django.setup()
from django.contrib.auth.models import User
from django.db import transaction
from tests import events
user_id, at, kind = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3]
with transaction.atomic():
    User.objects.filter(pk=user_id).update(last_name=kind)
    getattr(events, kind)(user_id, at)
"""


def until(what: str, happened: Callable[[], bool]) -> None:
    """Wait until something has happened; say what did not."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {PATIENCE_S:.0f} s still not: {what}")
        time.sleep(0.05)


@dataclass(slots=True)
class Worker:
    """A Celery worker process."""

    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """Kill it as the kernel does when memory runs out."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(slots=True, kw_only=True)
class Site:
    """The processes of one site on the test's own database."""

    broker_url: str
    folder: Path

    def platform(self, user_id: int, at: datetime, kind: str = "created") -> str:
        """Let the platform change its row and send the event; return what it printed."""
        return self._run("-c", PLATFORM, str(user_id), at.isoformat(), kind)

    def sweep(self) -> str:
        """Run the sweep from the command line, as cron does."""
        return self._run("-m", "django", "cec_run_due", "--now", "sweep")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command],
            env=process_environment(broker_url=self.broker_url),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def worker(self, *, barrier: str = "") -> Iterator[Worker]:
        """Run a worker, held at a step of delivering where ``barrier`` names one."""
        log = self.folder / f"worker-{time.monotonic_ns()}.log"
        environment = process_environment(broker_url=self.broker_url)
        environment |= {
            "CEC_TEST_BARRIER": barrier,
            "CEC_TEST_BARRIER_FILE": str(self.folder / "held"),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    "setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "celery", "-A", "tests.project.celery", "worker",
                    "--pool", "solo", "--loglevel", "INFO", "-I", "tests.project.barriers",
                    "--without-mingle", "--without-gossip",
                ],
                env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        worker = Worker(process)
        try:
            until("the worker is ready", lambda: b"ready" in log.read_bytes())
            yield worker
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text()[-4000:]}") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()

    @property
    def held(self) -> bool:
        """Say whether a worker stands at its barrier."""
        return (self.folder / "held").exists()

    def let_time_pass(self) -> None:
        """Let every lease run out."""
        (self.folder / "held").unlink(missing_ok=True)
        models.Delivery.objects.filter(state="pending").update(
            due_at=datetime.fromtimestamp(0, tz=UTC)
        )


def delivered(count: int) -> Callable[[], bool]:
    """Return a question: are that many deliveries in the registry's records?"""
    return lambda: models.Delivery.objects.filter(state="delivered").count() >= count
