"""Show how far a long command is: a bar where a person watches, plain lines where none does."""

import time
from typing import Protocol

WIDTH = 30
EVERY_S = 10.0
"""How often a plain line is written."""


class Out(Protocol):
    """Where it is written: a stream, or a command's own."""

    def write(self, text: str, /) -> object:
        """Write."""

    def flush(self) -> object:
        """Let it be seen."""

    def isatty(self) -> bool:
        """Say whether a person watches."""


class Progress:
    """The progress of one command; ``total`` is None where nobody knows how much there is."""

    def __init__(self, out: Out, *, what: str, total: int | None) -> None:
        """Write to ``out``: a bar if that is a terminal."""
        self._out, self._what, self._total = out, what, total
        self._watched = out.isatty()
        self._last = time.monotonic()
        self.done = 0

    def add(self, count: int) -> None:
        """Say that so much more is done."""
        self.done += count
        if self._watched:
            self._out.write("\r" + self._bar())
            self._out.flush()
        elif time.monotonic() - self._last >= EVERY_S:
            self._last = time.monotonic()
            self._out.write(self._line() + "\n")

    def end(self) -> None:
        """Close the bar."""
        if self._watched:
            self._out.write("\r" + self._bar() + "\n")
            self._out.flush()

    def _line(self) -> str:
        of = f" of {self._total}" if self._total is not None else ""
        return f"{self._what}: {self.done}{of}"

    def _bar(self) -> str:
        if not self._total:
            return self._line()
        full = min(WIDTH, WIDTH * self.done // self._total)
        return f"[{'#' * full}{'.' * (WIDTH - full)}] {self._line()}"
