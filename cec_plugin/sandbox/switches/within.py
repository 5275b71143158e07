"""Switches that have the registry itself do something wrongly."""

from dataclasses import replace

from cec_plugin.sandbox.faults import On
from cec_plugin.sandbox.switches.fault import Fault, Scene
from cec_plugin.sandbox.wire import Answer, Call, Quirk


def _lost_reference(scene: Scene) -> Answer:
    call = scene.call
    return scene.go_on(replace(call, quirks=call.quirks | {Quirk.LOSE_REFERENCE}))


def _sends_credits(call: Call) -> bool:
    match call.method, call.segments:
        case ("PUT", ("credits", _)) | ("POST", ("credits", "batch")):
            return True
    return False


WITHIN = (
    Fault(
        name="lost_reference",
        effect=_lost_reference,
        does="keeps each row without our reference, and says 200",
        seen_in="CiviCRM: a unique index left extra rows, all of them answered 200.",
        on=On.WRITE,
        applies=_sends_credits,
    ),
)
