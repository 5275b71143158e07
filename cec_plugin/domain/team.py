"""What being given and losing roles in a course's team comes to as service.

A person can have several roles of the platform that are one role here (staff and instructor):
the service stands while any of them is held. What happens after the run has ended changes
nothing: a team is often cleared away then, and who joins it afterwards did not serve in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from cec_plugin.domain.notices import Heard, Kind, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChange:
    """A role of the platform, named as it names it, given or taken at an aware time.

    ``listed``: it was found in a list, which says that it is so and not since when.
    """

    role: str
    given: bool
    at: datetime
    listed: bool = False


def service_of(changes: Iterable[TeamChange], ends_at: datetime | None) -> list[Heard]:
    """Return the changes as notices of service, in their order, without what changes nothing.

    ``ends_at`` is the end of the run, None while it has none. At one instant a role that is
    given is read before one that is taken. A list that was read after the end speaks as of the
    end, also where the end became known later than the list.
    """
    if ends_at is not None:
        changes = [
            replace(one, at=min(one.at, ends_at)) if one.listed and one.given else one
            for one in changes
        ]
    held: set[str] = set()
    heard: list[Heard] = []
    for change in sorted(changes, key=lambda one: (one.at, not one.given, one.role)):
        if ends_at is not None and change.at > ends_at:
            break
        before = bool(held)
        if change.given:
            held.add(change.role)
        else:
            held.discard(change.role)
        if before != bool(held):
            kind = Kind.EARNED if held else Kind.WITHDRAWN
            heard.append(Heard(kind=kind, via=Via.TEAM, occurred_at=change.at))
    return heard
