"""The storm itself: faults by the dice, workers killed, the broker and the database restarted."""

import random
import threading
import time
from dataclasses import dataclass
from functools import cached_property

from tests.chaos.stage import Stage

SHARE = 0.2
"""Which part of the calls fails."""

SETTINGS = {
    # Whoever waits must not wait for minutes; what lags must lag less than the grace period.
    "commit_then_timeout": {"value": 20},
    "slow_drip": {"value": 500},
    "huge": {"value": 2},
    "unavailable": {},
    "too_many": {"value": 1},
    "reads_lag": {"value": 0.7},
    "receipts_later": {"value": 2},
    "token_expires": {"value": 3},
}
NOT_AT_RANDOM = ("delay_ms", "approves_later")
"""What is no failure: a slow registry, and one that decides later."""

ONLY_THE_CARELESS = ("references_not_unique",)
"""What strikes only whoever writes under a reference that is there already: we never do."""


@dataclass(kw_only=True)
class Storm:
    """What strikes, and how often it did."""

    stage: Stage
    dice: random.Random
    restarts: int = 0
    _helped: str = ""
    _turn: int = 0

    @cached_property
    def faults(self) -> list[str]:
        """Return the names of the faults, from the registry's own catalogue."""
        return [name for name in self.stage.control.faults().switches if name not in NOT_AT_RANDOM]

    @property
    def expected(self) -> list[str]:
        """Return the faults that some call must meet."""
        return [name for name in self.faults if name not in ONLY_THE_CARELESS]

    def rise(self) -> None:
        """Let every fault strike at random, one at a time, a fifth of the calls in all."""
        self.stage.control.set_faults(
            one_at_a_time=True, **{name: self._at_random(name) for name in self.faults}
        )

    def abate(self) -> None:
        """Let no more fault strike."""
        self.stage.control.clear_faults()

    def help_on(self) -> bool:
        """Let the next fault that no call met yet strike for a while; say whether there is one.

        They take turns: one may wait for what only another brings about.
        """
        hits = self.stage.control.hits()
        left = [name for name in self.expected if not hits.get(name)]
        if self._helped:
            self.stage.control.set_faults(**{self._helped: self._at_random(self._helped)})
        self._turn += 1
        self._helped = left[self._turn % len(left)] if left else ""
        if self._helped:
            surely = {**SETTINGS.get(self._helped, {}), "probability": 1}
            self.stage.control.set_faults(**{self._helped: surely})
        return bool(left)

    def _at_random(self, name: str) -> dict[str, float]:
        return {**SETTINGS.get(name, {}), "probability": SHARE / len(self.faults)}

    def restart(self, what: str) -> None:
        """Take the broker or the database away for a moment."""
        server = self.stage.redis if what == "redis" else self.stage.mariadb
        server.stop()
        time.sleep(1.0)
        server.start()
        self.restarts += 1


class Killer(threading.Thread):
    """Kills a worker every few seconds until told to stop."""

    def __init__(self, stage: Stage, dice: random.Random, *, every_s: float) -> None:
        super().__init__(name="killer", daemon=True)
        self._stage, self._dice, self._every_s = stage, dice, every_s
        self._enough = threading.Event()

    def run(self) -> None:
        """Kill."""
        while not self._enough.wait(self._every_s * (0.5 + self._dice.random())):
            self._stage.crew.kill_one(self._dice)

    def stop(self) -> None:
        """Kill no more."""
        self._enough.set()
        self.join()
