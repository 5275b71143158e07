"""Who falls under what a certification asks for, when what they have changes."""

from datetime import date

from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import CarryOver, Designation, Minimum
from cec_plugin.domain.falling import Fall, falls
from cec_plugin.domain.progress import Credit, Progress, progress
from tests.unit import bodies

CONFERRED = date(2023, 3, 15)
YEAR = Designation(
    code="y",
    cycles=Cycles(kind=CycleKind.ANNIVERSARY),
    target=1000,
    minima=(Minimum(code="ethics", hundredths=200, tags=frozenset({"ethics"})),),
    carry_over=CarryOver.ALL,
)
FIRST, SECOND = date(2023, 3, 15), date(2024, 3, 15)


def _with(
    *figures: int, of: Designation = YEAR, on: date = SECOND, tag: str = "ethics"
) -> list[Progress]:
    held = [
        Credit(
            entry=number,
            activity="a",
            hundredths=hundredths,
            earned_on=date(2023, 6, 1),
            tags=frozenset({tag}),
        )
        for number, hundredths in enumerate(figures)
    ]
    return progress(of, held, conferred_on=CONFERRED, on=on)


def test_what_was_met_and_no_longer_is_falls_with_before_after_and_needed() -> None:
    assert falls(_with(1000), _with(900), decided=()) == [
        Fall(cycle=FIRST, code="target", before=1000, after=900, needed=1000)
    ]
    assert [one.code for one in falls(_with(1000), _with(), decided=())] == ["target", "ethics"]


def test_what_stays_met_or_was_never_met_does_not_fall() -> None:
    assert falls(_with(1500), _with(1000), decided=()) == []
    assert falls(_with(900), _with(300), decided=()) == []
    assert falls(_with(900), _with(1000), decided=()) == []


def test_a_surplus_that_is_gone_lets_the_next_cycle_fall() -> None:
    assert falls(_with(2000), _with(1500), decided=()) == [
        Fall(cycle=SECOND, code="target", before=1000, after=500, needed=1000)
    ]


def test_a_cycle_that_was_decided_on_has_its_figures() -> None:
    assert falls(_with(1000), _with(900), decided={FIRST}) == []


def test_where_no_figure_is_set_nobody_falls() -> None:
    before, after = (_with(figure, of=bodies.M_LEVEL, on=CONFERRED) for figure in (1000, 0))
    assert falls(before, after, decided=()) == []
