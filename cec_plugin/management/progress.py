"""Show how far long work has come: a bar where a person watches, now and then a line where not."""

from django.core.management.base import OutputWrapper

WIDTH = 30
LINE_EVERY = 10_000


class Progress:
    """How many of about so many are done, shown on ``out``; nobody knows the number for sure."""

    def __init__(self, out: OutputWrapper, *, label: str, expected: int) -> None:
        """Begin at nothing."""
        self._out = out
        self._label = label
        self._expected = expected
        self._watched = out.isatty()
        self._told = 0
        self._length = 0

    def __call__(self, done: int) -> None:
        """Show that so many are done."""
        if self._watched:
            self._draw(done)
        elif done - self._told >= LINE_EVERY:
            self._told = done
            self._out.write(f"{self._label}: {done} read, of about {self._expected}")

    def clear(self) -> None:
        """Take the bar away."""
        if self._length:
            self._out.write("\r" + " " * self._length + "\r", ending="")
            self._out.flush()
            self._length = 0

    def _draw(self, done: int) -> None:
        part = min(done / self._expected, 1.0) if self._expected else 1.0
        filled = round(part * WIDTH)
        bar = "#" * filled + "-" * (WIDTH - filled)
        text = f"{self._label} [{bar}] {done}"
        self._out.write("\r" + text.ljust(self._length), ending="")
        self._out.flush()
        self._length = len(text)
