"""The basis of an entry: read on its own it reaches the hundredths, and what was changed shows."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.allocation import Line
from cec_plugin.domain.basis import (
    Step,
    bonus_step,
    finished_step,
    replay,
    reversal_step,
    rule_step,
)
from cec_plugin.domain.credits import times
from cec_plugin.domain.tables import CreditTable
from cec_plugin.domain.weigh import allocate
from cec_plugin.exceptions import CecError
from tests.unit.examples import CPC, START, finished, flat, per_hour, rule

BONUSES = {"presenter": flat(250), "volunteer": per_hour(40)}

amounts = st.integers(min_value=1, max_value=1_000_000)


def _line(role: str) -> Line:
    (given_line,) = allocate(
        [finished(role=role, service=750)], CPC, lambda _: CreditTable([rule()], BONUSES)
    )
    assert isinstance(given_line, Line)
    return given_line


def _read(steps: Sequence[Step]) -> int | None:
    try:
        return replay(steps)
    except CecError:
        return None


@pytest.mark.parametrize(
    ("role", "hundredths"), [("learner", 1000), ("presenter", 250), ("volunteer", 300)]
)
def test_the_steps_of_a_line_reach_its_hundredths(role: str, hundredths: int) -> None:
    given_line = _line(role)
    assert replay(given_line.basis) == given_line.hundredths == hundredths


def test_a_rules_tags_are_told_with_it_and_on_the_line() -> None:
    table = CreditTable([rule(tags=["practice", "ethics"])], {})
    (given_line,) = allocate([finished()], CPC, lambda _: table)
    assert isinstance(given_line, Line)
    assert given_line.tags == {"ethics", "practice"}
    assert given_line.basis[1]["tags"] == "ethics, practice"
    assert replay(given_line.basis) == 1000
    assert "tags" not in _line("learner").basis[1]


@pytest.mark.parametrize("role", ["learner", "presenter", "volunteer"])
def test_the_steps_reach_them_after_a_journey_through_json(role: str) -> None:
    given_line = _line(role)
    stored = json.loads(json.dumps(given_line.basis))
    assert stored == list(given_line.basis)
    assert replay(stored) == given_line.hundredths


@given(amounts, amounts, amounts)
def test_any_figure_is_reached(learner: int, rate: int, service: int) -> None:
    when = finished_step(at=START, source="grade_passed")
    own = rule_step(version=1, rule=rule(hundredths=learner), learner=True)
    others = rule_step(version=1, rule=rule(hundredths=learner), learner=False)
    once = bonus_step(role="presenter", bonus=flat(rate), service=service)
    hourly = bonus_step(role="volunteer", bonus=per_hour(rate), service=service)
    assert replay([when, own]) == learner
    assert replay([when, others, once]) == rate
    assert replay([when, others, hourly]) == times(rate, service)
    assert replay([when, own, once, hourly]) == learner + rate + times(rate, service)


@given(amounts)
def test_a_reversal_takes_back_exactly_its_award(hundredths: int) -> None:
    award = [
        finished_step(at=START, source="notice"),
        rule_step(version=1, rule=rule(hundredths=hundredths), learner=True),
    ]
    reversal = reversal_step(hundredths=hundredths, reason="withdrawn")
    assert reversal == {"step": "reverses", "hundredths": -hundredths, "reason": "withdrawn"}
    assert replay([reversal]) == -hundredths
    assert replay([*award, reversal]) == 0


def test_a_flat_bonus_says_nothing_of_hours_and_an_hourly_one_always_does() -> None:
    assert "service_hundredths" not in bonus_step(role="r", bonus=flat(1), service=500)
    assert bonus_step(role="r", bonus=per_hour(None), service=None) == {
        "step": "bonus",
        "role": "r",
        "kind": "per_hour",
        "hundredths": 0,
        "service_hundredths": 0,
    }


def test_a_rule_tells_its_figure_only_for_a_learner_and_only_where_there_is_one() -> None:
    assert rule_step(version=1, rule=rule(), learner=True)["hundredths"] == 1000
    assert rule_step(version=1, rule=rule(hundredths=0), learner=True)["hundredths"] == 0
    assert "hundredths" not in rule_step(version=1, rule=rule(), learner=False)
    assert "hundredths" not in rule_step(version=1, rule=rule(hundredths=None), learner=True)


@pytest.mark.parametrize("role", ["learner", "presenter", "volunteer"])
@pytest.mark.parametrize("step", ["finished", "rule", "figure"])
def test_a_step_that_was_removed_shows(role: str, step: str) -> None:
    given_line = _line(role)
    name = given_line.basis[-1]["step"] if step == "figure" else step
    left = [one for one in given_line.basis if one["step"] != name]
    assert len(left) == len(given_line.basis) - 1
    assert _read(left) != given_line.hundredths


@pytest.mark.parametrize("role", ["learner", "presenter", "volunteer"])
@pytest.mark.parametrize(
    "change",
    [
        lambda figure: figure + 100,
        lambda figure: figure - 100,
        lambda figure: -figure,
        lambda _: 0,
        lambda _: None,
        str,
        lambda figure: figure / 3,
    ],
    ids=["more", "less", "sign", "zero", "none", "text", "float"],
)
def test_a_figure_that_was_changed_shows(role: str, change: Callable[[int], Any]) -> None:
    given_line = _line(role)
    *others, last = given_line.basis
    figures = [key for key in last if key.endswith("hundredths")]
    assert figures
    for key in figures:
        figure = last[key]
        assert isinstance(figure, int)
        assert _read([*others, {**last, key: change(figure)}]) != given_line.hundredths


@pytest.mark.parametrize("role", ["learner", "presenter", "volunteer"])
def test_a_figure_that_was_removed_shows(role: str) -> None:
    given_line = _line(role)
    *others, last = given_line.basis
    for key in [key for key in last if key.endswith("hundredths")]:
        without: Step = {name: value for name, value in last.items() if name != key}
        assert _read([*others, without]) != given_line.hundredths


@pytest.mark.parametrize("role", ["presenter", "volunteer"])
def test_a_kind_of_bonus_that_was_changed_shows(role: str) -> None:
    given_line = _line(role)
    *others, last = given_line.basis
    kinds = {"flat", "per_hour", "weekly"} - {str(last["kind"])}
    for kind in sorted(kinds):
        assert _read([*others, {**last, "kind": kind}]) != given_line.hundredths


@pytest.mark.parametrize("role", ["learner", "presenter", "volunteer"])
def test_a_step_that_was_told_twice_shows(role: str) -> None:
    given_line = _line(role)
    assert _read([*given_line.basis, given_line.basis[-1]]) != given_line.hundredths


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"step": "cap", "hundredths": 100},
        {"step": "bonus", "kind": "per_hour", "hundredths": 100},
        {"step": "bonus", "kind": "weekly", "hundredths": 100},
        {"step": "bonus", "kind": "flat"},
        {"step": "reverses"},
    ],
)
def test_a_step_that_nobody_knows_is_never_passed_over(step: Step) -> None:
    when = finished_step(at=START, source="notice")
    award = rule_step(version=1, rule=rule(), learner=True)
    with pytest.raises(CecError, match="a step of the basis cannot be read"):
        replay([when, award, step])


def test_steps_without_any_figure_come_to_nothing_that_can_be_trusted() -> None:
    when = finished_step(at=START, source="notice")
    nameless = rule_step(version=1, rule=rule(), learner=False)
    for steps in ([], [when], [when, nameless]):
        with pytest.raises(CecError, match="no step of the basis gives a figure"):
            replay(steps)
