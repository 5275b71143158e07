"""The last calls with what became of them, for the page and for tests."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cec_plugin.sandbox.wire import Json

KEPT = 200
EXCERPT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """One call.

    ``at`` is a UTC time in ISO 8601. ``path`` is as sent, with the query. ``status`` is ``None``
    where no status went over the line. ``ms`` is the time until the answer was ready to send.
    ``faults`` are the switches that hit, the outermost first. ``answer`` is its beginning, or
    what became of it.
    """

    at: str
    method: str
    path: str
    status: int | None
    ms: float
    reference: str | None
    caller: str | None
    faults: tuple[str, ...]
    answer: str

    def to_json(self) -> Json:
        """Return the call as the control surface shows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "SeenCall":
        """Read what ``to_json`` wrote."""
        return cls(**{**row, "faults": tuple(row["faults"])})


class Journal:
    """The last 200 calls, and how often each switch hit one of all of them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._calls: deque[SeenCall] = deque(maxlen=KEPT)
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, call: SeenCall) -> None:
        """Write a call down."""
        with self._lock:
            self._calls.append(call)
            self._hits.update(call.faults)

    def calls(self) -> tuple[SeenCall, ...]:
        """Return the calls, the newest last."""
        with self._lock:
            return tuple(self._calls)

    def hits(self) -> Mapping[str, int]:
        """Return how many calls each switch has hit; one that hit none is missing."""
        with self._lock:
            return dict(self._hits)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
            self._hits.clear()
