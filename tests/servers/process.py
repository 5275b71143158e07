"""Run a server in a private folder so that neither outlives the process that asked for them."""

import json
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

GUARD = Path(__file__).with_name("guard.py")
LOOPBACK = "127.0.0.1"
POLL_S = 0.02
# Below the kernel's ephemeral ports: a stopped server's port is not taken by somebody's connection.
PORTS = range(15_000, 32_000)


class ServerError(RuntimeError):
    """A server could not be had: its program is missing, or it did not come up."""


def find_program(name: str, *, package: str, places: Sequence[str] = ()) -> str:
    """Return the path of a program from PATH or from where Debian and Ubuntu put it.

    Args:
        name: the program.
        package: the Debian package that brings it, for the error.
        places: globs of folders to look in after PATH; the last in order of version goes first.

    Raises:
        ServerError: it is nowhere.
    """
    found = shutil.which(name)
    if found:
        return found
    for place in places:
        root = Path(place[: place.index("*")] if "*" in place else place)
        folders = root.glob(place[len(str(root)) + 1 :]) if "*" in place else [root]
        for folder in sorted(folders, key=_by_version, reverse=True):
            found = shutil.which(name, path=str(folder))
            if found:
                return found
    raise ServerError(f"{name} was not found: install the Debian or Ubuntu package {package}")


def _by_version(folder: Path) -> list[int]:
    return [int(part) for part in folder.parts if part.isdecimal()]


def free_port() -> int:
    """Return a loopback port on which nobody listens."""
    candidates = random.SystemRandom()
    for _ in range(200):
        port = candidates.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise ServerError(f"no free port among {PORTS.start} to {PORTS.stop - 1}")


def is_root() -> bool:
    """Tell whether this process may become another user."""
    return os.geteuid() == 0


def unprivileged_user(preferred: str) -> str:
    """Return the user for servers that refuse root; empty where we are not root."""
    if not is_root():
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return preferred if preferred in known else "nobody"


class ServerProcess:
    """A folder and at most one process working in it, both in the hands of a guard."""

    def __init__(self, folder: Path, *, user: str = "", stop_signal: int) -> None:
        self.folder = folder
        self.stop_signal = stop_signal
        self.log = folder / "server.log"
        self._lock = threading.Lock()
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(folder), user, str(int(stop_signal))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # what is typed at the terminal is for the tests
            text=True,
        )

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        said = self._ask(do="poll")
        return said["pid"] if said["returncode"] is None else None

    def run(self, argv: Sequence[str], *, timeout_s: float = 120) -> None:
        """Run a program to its end.

        Raises:
            ServerError: it failed or took too long.
        """
        self._launch(argv, env={})
        deadline = time.monotonic() + timeout_s
        while (returncode := self._ask(do="poll")["returncode"]) is None:
            if time.monotonic() > deadline:
                self.stop()
                raise self._failure(f"{argv[0]} took longer than {timeout_s} s")
            time.sleep(POLL_S)
        if returncode != 0:
            raise self._failure(f"{argv[0]} ended with {returncode}")

    def start(
        self,
        argv: Sequence[str],
        *,
        connect: Callable[[], None],
        refusals: tuple[type[Exception], ...],
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60,
    ) -> None:
        """Start the server and wait until a connection to it succeeds.

        Args:
            argv: the server's command.
            connect: connects once and hangs up.
            refusals: what it raises while the server is not ready.
            env: variables added to the environment.
            timeout_s: how long to wait.

        Raises:
            ServerError: the server runs already, ended, or was not ready in time.
        """
        if self.pid is not None:
            raise ServerError(f"{argv[0]} runs already")
        self._launch(argv, env=env or {})
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                connect()
            except refusals as error:
                returncode = self._ask(do="poll")["returncode"]
                if returncode is not None:
                    raise self._failure(f"{argv[0]} ended with {returncode}") from error
                if time.monotonic() > deadline:
                    self.stop()
                    message = f"{argv[0]} was not ready within {timeout_s} s: {error}"
                    raise self._failure(message) from error
                time.sleep(POLL_S)
            else:
                return

    def stop(self, number: int | None = None) -> None:
        """Stop what runs and wait for its end; the folder stays. ``number`` is the signal."""
        self._ask(do="stop", signal=int(number or self.stop_signal))

    def close(self) -> None:
        """Stop what runs, remove the folder, dismiss the guard."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        with suppress(BrokenPipeError):
            self._guard.stdin.close()
        self._guard.wait()
        self._guard.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # the guard did, unless it was killed

    def _launch(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        said = self._ask(do="start", argv=list(argv), log=str(self.log), env=dict(env))
        if "error" in said:
            raise ServerError(f"{argv[0]} cannot be started: {said['error']}")

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        line = ""
        with self._lock, suppress(BrokenPipeError):
            self._guard.stdin.write(json.dumps(request) + "\n")
            self._guard.stdin.flush()
            line = self._guard.stdout.readline()
        if not line:
            raise ServerError("the server's guard is gone, and the server with it")
        said: dict[str, Any] = json.loads(line)
        return said

    def _failure(self, message: str) -> ServerError:
        log = self.log.read_text(errors="replace")[-4000:] if self.log.exists() else "(no log)"
        return ServerError(f"{message}\n--- {self.log.name} ---\n{log}")


@contextmanager
def private_server(name: str, *, user: str = "", stop_signal: int) -> Iterator[ServerProcess]:
    """Open a folder of our own with a guard over it.

    Args:
        name: the beginning of the folder's name.
        user: the user to run as; empty for our own. The folder is theirs.
        stop_signal: what asks the server for an orderly end.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"cec-{name}-"))
    if user:
        shutil.chown(folder, user=user)
    process = ServerProcess(folder, user=user, stop_signal=stop_signal)
    try:
        yield process
    finally:
        process.close()
