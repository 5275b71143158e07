"""A private Ralph, a real learning record store (xAPI) that keeps its statements in a file."""

import base64
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import LOOPBACK, ServerError, ServerProcess, free_port, private_server

ROOT = Path(__file__).resolve().parents[2]
MAIN = Path(__file__).with_name("ralph_main.py")
STATEMENTS = "fs_lrs.jsonl"
HOME_PAGE = "https://lms.example.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who may call, as which agent, and for what."""

    user: str
    password: str
    account: str
    scopes: tuple[str, ...] = ("all",)

    @property
    def header(self) -> dict[str, str]:
        """Return what says who calls."""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


LMS = Caller(user="lms", password="lms-password", account="registry-lab")
OTHER = Caller(user="other", password="other-password", account="somebody-else")
READER = Caller(
    user="reader", password="reader-password", account="reader", scopes=("statements/read",)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RalphServer:
    """A running Ralph. Its callers are ``LMS``, ``OTHER`` and ``READER``."""

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        """The address; the statements are under ``/xAPI/statements``."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def file(self) -> Path:
        """Where it keeps its statements, one a line; not there before the first."""
        return self.process.folder / STATEMENTS

    def statements(self) -> list[dict[str, Any]]:
        """Return what it holds, in the order of its storing."""
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def empty(self) -> None:
        """Let it hold nothing."""
        self.file.unlink(missing_ok=True)

    def start(self, settings: Mapping[str, str]) -> None:
        """Start it and wait until it answers; ``settings`` are Ralph's own variables."""
        folder = self.process.folder
        self.process.start(
            [_python(), "-P", str(MAIN)],  # beside it stands a module with Ralph's own name
            connect=self._ask,
            refusals=(OSError, http.client.HTTPException),
            env={
                "CEC_RALPH_PORT": str(self.port),
                "CEC_RALPH_USERS": json.dumps([_entry(one) for one in (LMS, OTHER, READER)]),
                "RALPH_APP_DIR": str(folder),
                "RALPH_AUTH_FILE": str(folder / "auth.json"),
                "RALPH_HISTORY_FILE": str(folder / "history.json"),
                "RALPH_RUNSERVER_BACKEND": "fs",
                "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(folder),
                "RALPH_BACKENDS__LRS__FS__DEFAULT_LRS_FILE": STATEMENTS,
                **settings,
            },
        )

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/__heartbeat__")
            connection.getresponse().read()
        finally:
            connection.close()


@contextmanager
def running_ralph(**settings: str) -> Iterator[RalphServer]:
    """Run a Ralph of our own, empty, on a free port of the loopback.

    Raises:
        ServerError: its environment cannot be made, or it does not start.
    """
    _python()
    with private_server("ralph", stop_signal=signal.SIGTERM) as process:
        server = RalphServer(port=free_port(), process=process)
        server.start(settings)
        yield server


def _entry(caller: Caller) -> dict[str, Any]:
    return {
        "username": caller.user,
        "password": caller.password,
        "agent": {
            "objectType": "Agent",
            "name": "LMS",
            "account": {"homePage": HOME_PAGE, "name": caller.account},
        },
        "scopes": list(caller.scopes),
    }


def _python() -> str:
    """Return the Python of Ralph's environment, made now where it is not there yet."""
    made = subprocess.run(
        [str(ROOT / "scripts" / "ralph-venv")], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise ServerError(f"Ralph's environment could not be made:\n{made.stderr[-4000:]}")
    return made.stdout.strip()
