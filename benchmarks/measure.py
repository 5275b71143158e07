"""Time rivals in turn, so that whatever else the machine does hits all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


def _nothing(_round: int) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """One way of doing the work. Both are told the number of the round; only ``run`` is timed."""

    name: str
    run: Callable[[int], None]
    prepare: Callable[[int], None] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The median of the rounds' ratios, and between which two the middle half of them lies."""

    value: float
    low: float
    high: float
    rounds: int


def in_turn(
    rivals: Sequence[Rival], *, rounds: int, warm_up: int = 1
) -> Mapping[str, Sequence[float]]:
    """Let the rivals run one after the other in each round; return their seconds by name.

    The rounds of the warm-up are run first and forgotten; round numbers go on through both.
    """
    seconds: dict[str, list[float]] = {rival.name: [] for rival in rivals}
    for number in range(warm_up + rounds):
        for rival in rivals:
            rival.prepare(number)
            began = time.perf_counter()
            rival.run(number)
            took_s = time.perf_counter() - began
            if number >= warm_up:
                seconds[rival.name].append(took_s)
    return seconds


def ratio(over: Sequence[float], under: Sequence[float]) -> Ratio:
    """Divide round by round, each with the one that ran beside it."""
    ratios = [one / other for one, other in zip(over, under, strict=True)]
    low, value, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(value=value, low=low, high=high, rounds=len(ratios))


def either_way_round(measured: Ratio) -> Ratio:
    """Turn a ratio below 1 upside down: it says how unequal two things are that should be equal."""
    if measured.value >= 1:
        return measured
    return Ratio(
        value=1 / measured.value,
        low=1 / measured.high,
        high=1 / measured.low,
        rounds=measured.rounds,
    )
