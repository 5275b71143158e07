"""Own one server process and its folder, and end both when the parent is gone.

Run as a script by ``process.py``, alone and with one thread: a pipe from the parent that closes is
seen however the parent died, and the kernel's parent-death signal ends the server should even this
process be killed. One JSON object a line comes in, one goes out.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_S = 30


class Guard:
    """One server at a time, in one folder."""

    def __init__(self, folder: str, user: str, stop_signal: int) -> None:
        self.folder = folder
        self.user = user
        self.stop_signal = stop_signal
        self.server: subprocess.Popen[bytes] | None = None
        self.libc = ctypes.CDLL(None)

    def start(self, argv: list[str], log: str, env: dict[str, str]) -> None:
        """Start a process; its output is added to the log."""
        guard = os.getpid()

        def die_with_the_guard() -> None:
            self.libc.prctl(PR_SET_PDEATHSIG, self.stop_signal)
            if os.getppid() != guard:  # it ended before the line above
                os._exit(1)

        as_user: dict[str, Any] = {}
        if self.user:
            as_user = {"user": self.user, "group": _group(self.user), "extra_groups": []}
        with open(log, "ab") as output:  # noqa: PTH123 - starts before site-packages, keep it bare
            self.server = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env={**os.environ, **env},
                # After the change of user, which would clear the signal.
                preexec_fn=die_with_the_guard,  # noqa: PLW1509 - there is one thread
                **as_user,
            )

    def stop(self, number: int, timeout_s: float) -> None:
        """Signal the server and wait for its end; kill it when it takes too long."""
        if self.server is None or self.server.poll() is not None:
            return
        self.server.send_signal(number)
        try:
            self.server.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked and tell how the server is."""
        if request["do"] == "start":
            self.start(request["argv"], request["log"], request["env"])
        elif request["do"] == "stop":
            self.stop(request["signal"], STOP_TIMEOUT_S)
        if self.server is None:
            return {"pid": None, "returncode": None}
        return {"pid": self.server.pid, "returncode": self.server.poll()}

    def close(self) -> None:
        """End the server and remove the folder."""
        self.stop(self.stop_signal, STOP_TIMEOUT_S)
        deadline = time.monotonic() + 5
        while os.path.exists(self.folder) and time.monotonic() < deadline:  # noqa: PTH110
            # The server's children may still be writing their last lines.
            shutil.rmtree(self.folder, ignore_errors=True)
            time.sleep(0.01)


def _group(user: str) -> int:
    import pwd  # noqa: PLC0415 - only root needs it

    return pwd.getpwnam(user).pw_gid


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    """Serve the parent until it hangs up."""
    folder, user, stop_signal = sys.argv[1:]
    guard = Guard(folder, user, int(stop_signal))
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for line in sys.stdin:
            try:
                said = guard.answer(json.loads(line))
            except OSError as error:
                said = {"error": str(error)}
            sys.stdout.write(json.dumps(said) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        guard.close()


if __name__ == "__main__":
    main()
