"""What a switch consists of: its entry in the catalogue, and the scene in which it acts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from cec_plugin.sandbox.faults import On, Switch
from cec_plugin.sandbox.wire import Answer, Call, Quirk


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that a switch hits. ``go_on`` has it answered as if the switch were not there.

    ``quirk`` is what the registry itself is to do wrongly, where the switch asks for that.
    """

    call: Call
    switch: Switch
    go_on: Callable[[Call], Answer]
    closing: threading.Event  # set when the server ends
    quirk: Quirk | None = None

    @property
    def value(self) -> float:
        """Return the switch's figure; 0 where it has none."""
        return self.switch.value or 0


Effect: TypeAlias = Callable[[Scene], Answer]


def ask_for_quirk(scene: Scene) -> Answer:
    """Have the registry itself do something wrongly."""
    call, quirk = scene.call, scene.quirk
    assert quirk is not None  # noqa: S101 - a switch without an effect of its own has a quirk
    return scene.go_on(replace(call, quirks={**call.quirks, quirk: scene.value}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A switch's entry: ``does`` and ``seen_in`` are one line each, ``unit`` its figure's unit.

    It has an ``effect``, or a ``quirk`` that the registry knows; one of these has hit a call only
    if the answer says that it ``struck``.
    """

    name: str
    effect: Effect = ask_for_quirk
    quirk: Quirk | None = None
    does: str
    seen_in: str
    on: On = On.ANY
    value: float | None = None
    unit: str = ""
    applies: Callable[[Call, Switch], bool] = lambda _call, _switch: True

    def has_hit(self, answer: Answer) -> bool:
        """Say whether the answer is another for this switch."""
        return self.quirk is None or self.quirk in answer.struck

    @property
    def resting(self) -> Switch:
        """Return the switch at its defaults, off."""
        return Switch(on=self.on, value=self.value)
