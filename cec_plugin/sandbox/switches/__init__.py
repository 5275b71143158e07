"""Every switch, in the order in which they lie around a call, the outermost first.

To add one, write its effect and its entry in the module it belongs to: ``instead`` answers in the
registry's place, ``delivered`` spoils the way of an answer, ``within`` has the registry itself do
something wrongly (a ``Quirk`` that it knows, and says in its answer when it struck). Page, control
surface and client know it by its entry.
"""

from cec_plugin.sandbox.switches.delivered import DELAY, DELIVERED
from cec_plugin.sandbox.switches.fault import Fault, Scene
from cec_plugin.sandbox.switches.instead import INSTEAD
from cec_plugin.sandbox.switches.within import WITHIN

__all__ = ["CATALOGUE", "DELAY", "Fault", "Scene"]

CATALOGUE: tuple[Fault, ...] = (DELAY, *INSTEAD, *DELIVERED, *WITHIN)
