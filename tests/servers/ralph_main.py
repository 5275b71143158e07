"""Serve Ralph from a folder; run by the Python of Ralph's own environment, which has none of ours.

Two things no setting does. Its file backend refuses every write after the first, unless the default
of its class is changed before the application is made. And it keeps a history of the files that it
read, written anew at each call, so that after 1,500 calls each takes some 60 ms more: it keeps none.
"""

import json
import os
from pathlib import Path

import bcrypt
import uvicorn

ROUNDS = 4
"""The least that bcrypt takes: the passwords are the tests', and are checked often."""


def write_users(path: Path, users: list[dict[str, object]]) -> None:
    """Write the file of those who may call; each comes with a password, and stays with a hash."""
    hashed = [
        {
            **{name: value for name, value in user.items() if name != "password"},
            "hash": bcrypt.hashpw(
                str(user["password"]).encode(), bcrypt.gensalt(rounds=ROUNDS)
            ).decode(),
        }
        for user in users
    ]
    path.write_text(json.dumps(hashed))


def main() -> None:
    """Serve until a signal comes."""
    write_users(Path(os.environ["RALPH_AUTH_FILE"]), json.loads(os.environ["CEC_RALPH_USERS"]))
    from ralph.backends.data.base import BaseOperationType  # noqa: PLC0415 - reads the environment
    from ralph.backends.lrs.fs import FSLRSBackend  # noqa: PLC0415

    FSLRSBackend.default_operation_type = BaseOperationType.APPEND
    FSLRSBackend.append_to_history = lambda _self, _event: None
    from ralph.api import app  # noqa: PLC0415 - makes the backend

    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["CEC_RALPH_PORT"]), log_level="info")


if __name__ == "__main__":
    main()
