"""One SQLite connection behind a lock: threads take turns, and so do processes on one file."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cec_plugin.sandbox.schema import make_tables


class Database:
    """The connection; ``path`` is a file or ``:memory:``."""

    def __init__(self, path: str) -> None:
        """Open the database and make its tables where they are missing."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row
        # A registry to try things out with may lose its last second when the machine dies.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
        make_tables(self._connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for one read."""
        with self._lock:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection for one transaction, committed at the end."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection once nobody holds it."""
        with self._lock:
            self._connection.close()
