"""Switches that let the registry do its work and spoil when or how its answer arrives."""

from dataclasses import replace

from cec_plugin.sandbox.delivery import Drip, Flood, Half, Hold, Reset
from cec_plugin.sandbox.faults import On
from cec_plugin.sandbox.switches.fault import Fault, Scene
from cec_plugin.sandbox.wire import Answer


def _delay(scene: Scene) -> Answer:
    if scene.closing.wait(scene.value / 1000):
        return Answer(status=503, manner=Reset())
    return scene.go_on(scene.call)


def _commit_then_timeout(scene: Scene) -> Answer:
    return replace(scene.go_on(scene.call), manner=Hold(scene.value))


def _commit_then_reset(scene: Scene) -> Answer:
    return replace(scene.go_on(scene.call), manner=Reset())


def _huge(scene: Scene) -> Answer:
    return replace(scene.go_on(scene.call), manner=Flood(scene.value))


def _truncated(scene: Scene) -> Answer:
    return replace(scene.go_on(scene.call), manner=Half())


def _slow_drip(scene: Scene) -> Answer:
    return replace(scene.go_on(scene.call), manner=Drip(scene.value / 1000))


DELAY = Fault(
    name="delay_ms",
    effect=_delay,
    does="waits before it does anything",
    seen_in="CiviCRM: ten single posts took half a second.",
    value=1000,
    unit="ms",
)

DELIVERED = (
    Fault(
        name="commit_then_timeout",
        effect=_commit_then_timeout,
        does="writes, then holds the line in silence",
        seen_in="CiviCRM: the client timed out, the row was there.",
        on=On.WRITE,
        value=60,
        unit="s of silence",
    ),
    Fault(
        name="commit_then_reset",
        effect=_commit_then_reset,
        does="writes, then resets the connection without a byte",
        seen_in="Any of them, when a proxy restarts in between.",
        on=On.WRITE,
    ),
    Fault(
        name="truncated",
        effect=_truncated,
        does="promises the whole answer, sends half",
        seen_in="Any of them: a batch cut off by a proxy's time limit.",
    ),
    Fault(
        name="slow_drip",
        effect=_slow_drip,
        does="sends its answer byte by byte",
        seen_in="An overloaded one: no single read is late, the whole never ends.",
        value=200,
        unit="ms a byte",
    ),
    Fault(
        name="huge",
        effect=_huge,
        does="sends records without end or length",
        seen_in="Tendenci: an unknown filter was ignored and everybody came.",
        value=100,
        unit="MB",
    ),
)
