"""The demo's other processes: the registry, the worker with its clock, the web server."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

START_S = 60.0
STOP_S = 15.0


class StartError(Exception):
    """A process did not come up; the message says which, and where its log is."""


def free_port(wanted: int = 0) -> int:
    """Return the wanted port where it is free, else some free one."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            return int(one.getsockname()[1])
    raise StartError("no port of this machine is free")


@contextlib.contextmanager
def running(name: str, command: Sequence[str], *, home: Path) -> Iterator[None]:
    """Run ``python -m COMMAND`` until the block ends, its output in a file of the home folder."""
    log = home / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [*_ending_with_us(), sys.executable, "-m", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        try:
            yield
            if process.poll() is not None:
                raise StartError(f"the {name} stopped by itself: see {log}")
        finally:
            _stop(process)


def _ending_with_us() -> list[str]:
    """Return what goes before a command so that it ends with us, even if we are killed."""
    setpriv = shutil.which("setpriv")  # Linux has it
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(url: str, *, name: str, home: Path) -> None:
    """Wait until an address answers.

    Raises:
        StartError: it did not within a minute.
    """
    deadline = time.monotonic() + START_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), opener.open(url, timeout=5):
            return
        time.sleep(0.1)
    raise StartError(f"the {name} does not answer at {url}: see {home / (name + '.log')}")
