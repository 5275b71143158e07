"""Whether settling with a large credit table costs more than with a small one; both are warm.

A table is compiled once for each process and kept; that is not measured here.
"""

from benchmarks.measure import Ratio, Rival, either_way_round, in_turn, ratio
from benchmarks.report import Figure, Unit
from benchmarks.settling import settle
from benchmarks.world import FOUND, NAMED, World
from cec_plugin import models

ROUNDS = 100
WARM_UP = 5
LIMIT = 1.2


def measure(world: World) -> list[Figure]:
    """Measure an activity that a rule names, and one that the last of 100 patterns names."""
    return [
        Figure(
            name=f"settle with 10,000 rules / with 10, {how}",
            ratio=either_way_round(_measure(world, activity)),
            unit=Unit.TIME,
            limit=LIMIT,
        )
        for how, activity in (("named exactly", NAMED), ("named by the last pattern", FOUND))
    ]


def _measure(world: World, activity: str) -> Ratio:
    seconds = in_turn(
        [
            _rival("few", world, world.few_rules, activity),
            _rival("many", world, world.many_rules, activity),
        ],
        rounds=ROUNDS,
        warm_up=WARM_UP,
    )
    world.activate(world.few_rules)
    return ratio(seconds["many"], seconds["few"])


def _rival(name: str, world: World, schedule: models.Schedule, activity: str) -> Rival:
    learners = world.learners(ROUNDS + WARM_UP, activity=activity)
    return Rival(
        name=name,
        prepare=lambda _: world.activate(schedule),
        run=lambda number: settle(world, learners[number]),
    )
