"""The state of one switch, and how a change to it is read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from cec_plugin.sandbox.wire import Json, Kind

LARGEST_VALUE = 1_000_000


class On(StrEnum):
    """Which calls a switch may hit. Asking for a token counts only as ``any``."""

    WRITE = "write"
    READ = "read"
    ANY = "any"

    def covers(self, kind: Kind) -> bool:
        """Say whether a call of that kind may be hit."""
        return kind is not Kind.ASIDE and (self is On.ANY or self.value == kind.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A switch and its limits.

    ``times`` is how many more calls it lies around, ``None`` until turned off. ``probability`` is
    from 0 to 1. ``value`` is the switch's own figure in the unit that the catalogue names.
    """

    active: bool = False
    times: int | None = None
    probability: float = 1.0
    on: On = On.WRITE
    value: float | None = None

    def to_json(self) -> Json:
        """Return the switch as the control surface shows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Json]) -> "Switch":
        """Read what ``to_json`` wrote."""
        return cls(**{**row, "on": On(row["on"])})


@dataclass(frozen=True, slots=True)
class Faults:
    """All switches by name."""

    switches: Mapping[str, Switch]

    def __getitem__(self, name: str) -> Switch:
        """Return one switch."""
        return self.switches[name]

    @property
    def active(self) -> tuple[str, ...]:
        """Return the names of the switches that are on."""
        return tuple(name for name, switch in self.switches.items() if switch.active)

    def to_json(self) -> Json:
        """Return the switches as the control surface shows them."""
        return {name: switch.to_json() for name, switch in self.switches.items()}

    @classmethod
    def from_json(cls, rows: Mapping[str, Json]) -> "Faults":
        """Read what ``to_json`` wrote."""
        return cls({name: Switch.from_json(row) for name, row in rows.items()})


@dataclass(frozen=True, slots=True)
class BadChange:
    """A change was refused, and why."""

    why: str


def changed(
    switch: Switch, change: Json, *, resting: Switch, takes_value: bool
) -> Switch | BadChange:
    """Return the switch after a change.

    ``true`` turns it on as it is by default (``resting``), ``false`` turns it off, a number turns
    it on with that value, and an object changes what it names and turns it on unless it says
    ``"active": false``. A switch that is off is at its defaults.
    """
    match change:
        case bool():
            return replace(resting, active=change)
        case int() | float():
            return _with(resting, {"value": change}, resting.value, takes_value=takes_value)
        case {"active": False}:
            return resting
        case dict():
            return _with(switch, change, resting.value, takes_value=takes_value)
    return BadChange("must be true, false, a number or an object")


def _with(
    switch: Switch, change: Mapping[str, Json], usual: float | None, *, takes_value: bool
) -> Switch | BadChange:
    after = replace(switch, active=True)
    for name, setting in change.items():
        match name, setting:
            case "active", True:
                pass
            case "times", None:
                after = replace(after, times=None)
            case "times", int() if setting >= 1 and setting is not True:
                after = replace(after, times=setting)
            case "probability", int() | float() if 0 <= setting <= 1:
                after = replace(after, probability=float(setting))
            case "on", "write" | "read" | "any":
                after = replace(after, on=On(setting))
            case "value", None:
                after = replace(after, value=usual)
            case "value", int() | float() if takes_value and _is_sensible(setting):
                after = replace(after, value=setting)
            case _:
                return BadChange(f"{ascii(name)[:40]} cannot be {ascii(setting)[:40]}")
    return after


def _is_sensible(figure: float) -> bool:
    return not isinstance(figure, bool) and 0 <= figure <= LARGEST_VALUE
