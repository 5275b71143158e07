"""Decide which switches hit a call, and wrap them around it."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from cec_plugin.sandbox.faults import BadChange, Faults, Switch, changed
from cec_plugin.sandbox.switches import CATALOGUE, DELAY, Fault, Scene
from cec_plugin.sandbox.wire import Answer, Call, Json

RESTING = {fault.name: fault.resting for fault in CATALOGUE}
SETTINGS = {"seed", "clear", "one_at_a_time"}
"""What is set for all switches together."""

WITH_VALUE = {fault.name for fault in CATALOGUE if fault.unit}


class Switchboard:
    """All switches. ``seed`` makes their probabilities repeatable."""

    def __init__(self, seed: int = 0) -> None:
        """Begin with every switch off."""
        self._seed = seed
        self._lock = threading.Lock()
        self._switches: dict[str, Switch] = {}
        self.closing = threading.Event()
        self.clear()

    def clear(self) -> None:
        """Turn every switch off and begin the random numbers anew."""
        with self._lock:
            self._switches = dict(RESTING)
            self._random = random.Random(self._seed)  # noqa: S311 - has to be repeatable
            self._alone = False

    def faults(self) -> Faults:
        """Return all switches as they are."""
        with self._lock:
            return Faults(dict(self._switches))

    def change(self, changes: Mapping[str, Json]) -> Mapping[str, str]:
        """Change the switches named, all or none; return what is wrong, nothing if it was done.

        ``clear`` turns every other switch off; ``seed`` begins the random numbers anew;
        ``one_at_a_time`` lets at most one switch hit a call, beside the delay.
        """
        wrong: dict[str, str] = {}
        seed, clear = changes.get("seed"), changes.get("clear", False)
        if seed is not None and not isinstance(seed, int):
            wrong["seed"] = "must be a whole number"
        if not isinstance(clear, bool):
            wrong["clear"] = "must be true or false"
        alone = changes.get("one_at_a_time")
        if alone is not None and not isinstance(alone, bool):
            wrong["one_at_a_time"] = "must be true or false"
        with self._lock:
            after = dict(RESTING if clear else self._switches)
            for name in changes.keys() - SETTINGS:
                if name not in RESTING:
                    wrong[ascii(name)[1:65]] = "is not a switch"
                    continue
                switch = changed(
                    after[name],
                    changes[name],
                    resting=RESTING[name],
                    takes_value=name in WITH_VALUE,
                )
                if isinstance(switch, BadChange):
                    wrong[name] = switch.why
                else:
                    after[name] = switch
            if not wrong:
                self._switches = after
                self._alone = bool(self._alone and not clear if alone is None else alone)
                if clear or seed is not None:
                    self._random.seed(self._seed if seed is None else seed)
        return wrong

    def answer(
        self, call: Call, handle: Callable[[Call], Answer]
    ) -> tuple[Answer, tuple[str, ...]]:
        """Have the call answered through every switch that hits it; name those, outermost first.

        A switch inside another that answers by itself is not asked, so its count stays. One that
        was asked in vain (a good credit where it spoils bad ones) counts down, but did not hit.
        """
        hits: list[str] = []

        def inward(call: Call, place: int) -> Answer:
            for index, fault in enumerate(CATALOGUE[place:], start=place + 1):
                switch = self._hit(fault, call)
                if switch:
                    within = len(CATALOGUE) if self._alone and fault is not DELAY else index

                    def go_on(call: Call, index: int = within) -> Answer:
                        return inward(call, index)

                    answer = fault.effect(Scene(call, switch, go_on, self.closing, fault.quirk))
                    if fault.has_hit(answer):
                        hits.insert(0, fault.name)  # those further in are there already
                    return answer
            return handle(call)

        return inward(call, 0), tuple(hits)

    def _hit(self, fault: Fault, call: Call) -> Switch | None:
        name = fault.name
        with self._lock:
            switch = self._switches[name]
            if not switch.active or not switch.on.covers(call.kind):
                return None
            if not fault.applies(call, switch):
                return None
            if switch.probability < 1 and self._random.random() >= switch.probability:
                return None
            if switch.times is not None:
                spent = switch.times <= 1
                self._switches[name] = (
                    RESTING[name] if spent else replace(switch, times=switch.times - 1)
                )
            return switch
