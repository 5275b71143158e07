"""Progress: what counts, what was trimmed and why, what is missing, by each body's own rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.cycles import CycleKind, Cycles, Leave
from cec_plugin.domain.designations import (
    CarryOver,
    Designation,
    Maximum,
    Minimum,
    Spread,
    faults,
    faults_of_accepting,
)
from cec_plugin.domain.progress import (
    Check,
    Credit,
    Progress,
    Standing,
    Trimmed,
    progress,
)
from cec_plugin.domain.retelling import replay_progress, steps
from cec_plugin.exceptions import CecError
from tests.unit import bodies

CONFERRED = date(2023, 3, 15)
numbers = count(1)


def _credit(
    hours: float, on: date, *tags: str, activity: str = "", entry: int | None = None
) -> Credit:
    number = next(numbers) if entry is None else entry
    return Credit(
        entry=number,
        activity=activity or f"a{number}",
        hundredths=round(hours * 100),
        earned_on=on,
        tags=frozenset(tags),
    )


def _progress(
    of: Designation, credits_: Sequence[Credit], on: date, leaves: Sequence[Leave] = ()
) -> list[Progress]:
    return progress(of, credits_, conferred_on=CONFERRED, on=on, leaves=leaves)


def _missing(one: Progress) -> dict[str, int]:
    return {check.code: check.missing for check in one.checks if check.missing}


@pytest.mark.parametrize("body", bodies.BODIES, ids=lambda body: body.code)
def test_no_bodys_rules_contradict_themselves(body: Designation) -> None:
    assert faults(body) == []


def test_bccda_asks_for_all_four_core_competencies_in_each_year() -> None:
    three = [_credit(10, date(2023, 6, 1), core) for core in bodies.CORE[:3]]
    (year,) = _progress(bodies.BCCDA, three, date(2024, 3, 14))
    assert year.counted == 3000
    assert _missing(year) == {"core": 1}
    assert year.standing is Standing.OPEN
    all_four = [*three, _credit(1, date(2023, 6, 2), bodies.CORE[3])]
    assert _progress(bodies.BCCDA, all_four, date(2024, 3, 14))[0].standing is Standing.MET


@pytest.mark.parametrize(
    ("on", "standing"),
    [
        (date(2024, 3, 14), Standing.OPEN),
        (date(2024, 3, 15), Standing.GRACE),
        (date(2024, 4, 13), Standing.GRACE),
        (date(2024, 4, 14), Standing.LATE),
    ],
)
def test_after_bccdas_year_there_are_30_days_of_grace(on: date, standing: Standing) -> None:
    assert _progress(bodies.BCCDA, [], on)[0].standing is standing


def test_nscda_asks_for_ten_hours_in_each_of_four_of_six_competencies() -> None:
    some = [
        _credit(hours, date(2024, 1, 1), tag)
        for hours, tag in zip((30, 10, 10, 9.99), bodies.COMPETENCIES, strict=False)
    ]
    more = _credit(5, date(2024, 2, 1), *bodies.COMPETENCIES[4:])
    (cycle,) = _progress(bodies.NSCDA, [*some, more], date(2026, 3, 14))
    assert (cycle.counted, _missing(cycle)) == (6499, {"spread": 1})
    enough = [*some, more, _credit(0.01, date(2024, 3, 1), bodies.COMPETENCIES[3])]
    assert _progress(bodies.NSCDA, enough, date(2026, 3, 14))[0].standing is Standing.MET


def test_hrpa_lets_46_67_of_instruction_count_and_says_what_it_trimmed() -> None:
    taught = [
        _credit(40, date(2023, 4, 1), "instruction"),
        _credit(20, date(2024, 4, 1), "instruction"),
    ]
    (cycle,) = _progress(bodies.HRPA, taught, date(2025, 1, 1))
    assert cycle.counted == 4667
    assert cycle.trimmed == (
        Trimmed(entry=taught[1].entry, hundredths=1333, maximum="instruction"),
    )
    assert _missing(cycle) == {"target": 2000}
    led = _credit(20, date(2024, 5, 1), "leadership")
    assert _progress(bodies.HRPA, [*taught, led], date(2025, 1, 1))[0].standing is Standing.MET


def test_cpas_window_rolls_and_asks_for_20_in_each_of_its_years() -> None:
    on = date(2026, 5, 9)
    held = [
        _credit(80, date(2023, 5, 10), "verifiable"),
        _credit(36, date(2024, 5, 9), "ethics"),
        _credit(20, date(2025, 5, 9)),
    ]
    (window,) = progress(bodies.CPA, held, conferred_on=date(2010, 1, 1), on=on)
    assert window.counted == 13600
    assert _missing(window) == {"each-year/3": 2000}
    last = _credit(20, date(2026, 5, 9))
    (window,) = progress(bodies.CPA, [*held, last], conferred_on=date(2010, 1, 1), on=on)
    assert window.standing is Standing.MET
    (tomorrow,) = progress(
        bodies.CPA, [*held, last], conferred_on=date(2010, 1, 1), on=date(2026, 5, 10)
    )
    assert _missing(tomorrow)["verifiable"] == 6000  # the first day has rolled out


def test_pmi_carries_over_only_what_the_last_year_earned() -> None:
    early = [_credit(90, date(2023, 4, 1))]
    assert _progress(bodies.PMI, early, date(2026, 3, 15))[1].carried_in == 0
    late = [_credit(50, date(2023, 4, 1)), _credit(25, date(2025, 3, 15))]
    assert _progress(bodies.PMI, late, date(2026, 3, 15))[1].carried_in == 1500
    day_before = [_credit(50, date(2023, 4, 1)), _credit(25, date(2025, 3, 14))]
    assert _progress(bodies.PMI, day_before, date(2026, 3, 15))[1].carried_in == 0


def test_sagts_surplus_and_deficit_carry_over_for_one_year() -> None:
    held = [_credit(13, date(2023, 4, 1)), _credit(4, date(2024, 4, 1))]
    years = _progress(bodies.SAGT, held, date(2026, 1, 1))
    assert [one.carried_in for one in years] == [0, 300, -600, -1000]
    assert [_missing(one).get("target", 0) for one in years] == [0, 300, 1600, 2000]


def test_paramedics_have_30_at_most_for_an_activity_and_a_leave_shrinks_the_target() -> None:
    on = date(2025, 6, 1)
    same = [
        _credit(25, date(2024, 10, 1), activity="x"),
        _credit(25, date(2024, 11, 1), activity="x"),
        _credit(25, date(2024, 12, 1), activity="y"),
    ]
    cycle = _progress(bodies.PARAMEDICS, same, on)[-1]
    assert cycle.counted == 5500
    leave = Leave(starts_on=date(2025, 9, 1), ends_on=date(2026, 8, 31))
    half = _progress(bodies.PARAMEDICS, same, on, [leave])[-1]
    assert half.checks[0] == Check(code="target", needed=6000, have=5500)


def test_where_no_figure_is_published_nothing_is_met_and_nothing_is_missing() -> None:
    (cycle,) = _progress(bodies.M_LEVEL, [_credit(10, CONFERRED)], CONFERRED)
    assert cycle.standing is Standing.NO_FIGURE
    assert (cycle.counted, _missing(cycle)) == (1000, {})


def test_a_target_without_a_cycle_counts_everything_there_ever_was() -> None:
    held = [_credit(150, date(1999, 1, 1)), _credit(50, date(2025, 1, 1))]
    (one,) = _progress(bodies.PLAR, held, date(2026, 1, 1))
    assert one.standing is Standing.MET


def test_one_credit_counts_for_several_designations() -> None:
    one = _credit(25, date(2023, 6, 1), *bodies.CORE, *bodies.COMPETENCIES)
    for body in (bodies.BCCDA, bodies.NSCDA, bodies.CCPA):
        assert _progress(body, [one], date(2023, 7, 1))[0].counted == 2500


@pytest.mark.parametrize(
    ("carry", "cap", "carried"),
    [
        (CarryOver.NONE, None, [0, 0, 0]),
        (CarryOver.ALL, None, [0, 1500, 500]),
        (CarryOver.CAPPED, 400, [0, 400, 0]),
    ],
)
def test_a_surplus_carries_over_as_the_body_says(
    carry: CarryOver, cap: int | None, carried: list[int]
) -> None:
    of = Designation(
        code="x",
        cycles=Cycles(kind=CycleKind.ANNIVERSARY),
        target=1000,
        carry_over=carry,
        carry_cap=cap,
    )
    found = _progress(of, [_credit(25, CONFERRED)], date(2025, 3, 15))
    assert [one.carried_in for one in found] == carried


credits_ = st.lists(
    st.builds(
        lambda hours, on, tags, activity: (hours, on, tags, activity),
        st.integers(1, 4000),
        st.dates(min_value=date(2022, 1, 1), max_value=date(2027, 12, 31)),
        st.sets(
            st.sampled_from(["instruction", "leadership", *bodies.CORE, *bodies.COMPETENCIES]),
            max_size=3,
        ),
        st.sampled_from("xyz"),
    ),
    max_size=25,
)


@given(credits_, st.sampled_from(bodies.BODIES), st.randoms(use_true_random=False))
def test_sums_are_exact_order_does_not_matter_and_the_steps_reach_the_figure(
    drawn: list[tuple[int, date, set[str], str]], body: Designation, shuffle: object
) -> None:
    held = [
        Credit(entry=n, activity=activity, hundredths=hours, earned_on=on, tags=frozenset(tags))
        for n, (hours, on, tags, activity) in enumerate(drawn)
    ]
    found = _progress(body, held, date(2027, 6, 1))
    shuffled = list(held)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _progress(body, shuffled, date(2027, 6, 1)) == found
    for one in found:
        cut = sum(trimmed.hundredths for trimmed in one.trimmed)
        assert one.counted + cut == sum(credit.hundredths for credit in one.credits)
        assert replay_progress(steps(one)) == one.counted + one.carried_in
        for maximum in body.maxima:
            _holds(one, maximum)
    inside = [credit.entry for one in found for credit in one.credits]
    assert len(inside) == len(set(inside))


def _holds(one: Progress, maximum: Maximum) -> None:
    trimmed: dict[int, int] = {}
    for cut in one.trimmed:
        trimmed[cut.entry] = trimmed.get(cut.entry, 0) + cut.hundredths
    sums: dict[str, int] = {}
    for credit in one.credits:
        if not maximum.tags or maximum.tags & credit.tags:
            key = credit.activity if maximum.per_activity else ""
            sums[key] = sums.get(key, 0) + credit.hundredths - trimmed.get(credit.entry, 0)
    assert all(counted <= maximum.hundredths for counted in sums.values())


def test_any_step_of_a_progress_that_is_taken_out_or_changed_shows() -> None:
    taught = [
        _credit(40, date(2023, 4, 1), "instruction"),
        _credit(20, date(2024, 4, 1), "instruction"),
    ]
    (cycle,) = _progress(bodies.HRPA, taught, date(2025, 1, 1))
    told = list(steps(cycle))
    assert [step["step"] for step in told] == ["cycle", "credit", "credit", "trimmed"]
    for at in range(len(told)):
        with pytest.raises(CecError):
            replay_progress([*told[:at], *told[at + 1 :]])
    with pytest.raises(CecError, match="cannot be read"):
        replay_progress([*told[:3], {**told[3], "hundredths": -2001}])
    with pytest.raises(CecError, match="cannot be read"):
        replay_progress([*told[:3], {"step": "guessed", "hundredths": 1}])


def test_what_was_carried_in_is_a_step_of_its_own() -> None:
    late = [_credit(50, date(2023, 4, 1)), _credit(25, date(2025, 3, 15))]
    told = steps(_progress(bodies.PMI, late, date(2026, 3, 15))[1])
    assert [step["step"] for step in told] == ["cycle", "carried"]
    assert replay_progress(told) == 1500


def test_a_credit_of_another_organization_says_so_in_the_steps() -> None:
    held = [
        _credit(10, date(2023, 4, 1)),
        replace(_credit(5, date(2023, 5, 1)), accepted_from="cpc"),
    ]
    (cycle,) = _progress(bodies.CCPA, held, date(2024, 1, 1))
    told = steps(cycle)
    assert [step.get("accepted_from") for step in told] == [None, None, "cpc"]
    assert replay_progress(told) == 1500


def test_only_organizations_of_the_same_unit_are_accepted() -> None:
    assert faults_of_accepting("d", "hours", {"cpc": "hours"}) == []
    assert faults_of_accepting("d", "hours", {"x": None, "cpc": "points"}) == [
        "designation 'd', accepts: 'cpc' counts in points, not in hours",
        "designation 'd', accepts: there is no organization 'x' here yet: add it first",
    ]


def test_a_rule_book_that_contradicts_itself_is_refused_with_every_fault() -> None:
    wrong = Designation(
        code="x",
        cycles=Cycles(kind=CycleKind.FIXED, months=0, grace_days=-1),
        target=5000,
        tags=frozenset({"a"}),
        minima=(
            Minimum(code="m", hundredths=2000, tags=frozenset({"a"})),
            Minimum(code="m", hundredths=-1, tags=frozenset({"b"})),
            Minimum(code="w", hundredths=1, each_months=0),
        ),
        maxima=(
            Maximum(code="a", hundredths=1000, tags=frozenset({"a"})),
            Maximum(code="all", hundredths=4000),
        ),
        spreads=(Spread(code="s", hundredths=1, needed=3, tags=("a", "a")),),
        carry_over=CarryOver.CAPPED,
    )
    found = [fault.removeprefix("designation 'x', ") for fault in faults(wrong)]
    assert found == [
        "cycle: 0 months is not between 1 and 120",
        "cycle: a fixed one takes a day on which one begins",
        "grace: -1 days is negative",
        "minimum 'w': windows of 0 months do not make up a cycle of 0",
        "'m': the code is used twice",
        "'m': nobody defines the tag 'b'",
        "'m': -0.01 is negative",
        "'s': it takes 3 of 2 tags",
        "'s': a tag is named twice",
        "minimum 'm' asks for 20, and maximum 'a' lets only 10 count",
        "target: it asks for 50, and maximum 'all' lets only 40 count",
        "carry-over: a cap belongs to the capped one, and to no other",
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cycles": Cycles(kind=CycleKind.NONE)}, "there is no next cycle"),
        ({"cycles": Cycles(kind=CycleKind.ROLLING)}, "there is no next cycle"),
        ({"target": None}, "without a target there is no surplus"),
        ({"carry_over": CarryOver.CAPPED, "carry_cap": -1}, "a cap of -0.01 is negative"),
        ({"carry_cap": 1}, "belongs to the capped one"),
        ({"target": -1}, "target: -0.01 is negative"),
        (
            {
                "cycles": Cycles(kind=CycleKind.NONE),
                "carry_over": CarryOver.NONE,
                "minima": (Minimum(code="w", hundredths=1, each_months=12),),
            },
            "it is for windows of a cycle, and there is none",
        ),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], fault: str) -> None:
    (found,) = faults(replace(bodies.PMI, **change))  # type: ignore[arg-type]
    assert fault in found
