"""What a switch consists of: its entry in the catalogue, and the scene in which it acts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cec_plugin.sandbox.faults import On, Switch
from cec_plugin.sandbox.wire import Answer, Call


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that a switch hits. ``go_on`` has it answered as if the switch were not there."""

    call: Call
    switch: Switch
    go_on: Callable[[Call], Answer]
    closing: threading.Event  # set when the server ends

    @property
    def value(self) -> float:
        """Return the switch's figure; 0 where it has none."""
        return self.switch.value or 0


Effect: TypeAlias = Callable[[Scene], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A switch's entry: ``does`` and ``seen_in`` are one line each, ``unit`` its figure's unit."""

    name: str
    effect: Effect
    does: str
    seen_in: str
    on: On = On.ANY
    value: float | None = None
    unit: str = ""
    applies: Callable[[Call], bool] = lambda _call: True

    @property
    def resting(self) -> Switch:
        """Return the switch at its defaults, off."""
        return Switch(on=self.on, value=self.value)
