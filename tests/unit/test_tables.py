"""Credit tables: which version is in force, what is wrong with one, and which rule speaks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cec_plugin.domain.selectors import ActivityRef, Selector, matches, specificity, tie
from cec_plugin.domain.tables import CreditTable, Rule, Version, faults, in_force
from tests.unit.examples import ETHICS, flat, rule

JANUARY = date(2026, 1, 1)

versions = st.builds(
    lambda number, days: Version(
        id=100 + number, number=number, effective_from=JANUARY + timedelta(days=days)
    ),
    st.integers(min_value=1, max_value=9),
    st.integers(min_value=0, max_value=5),
)


def _version(number: int, days: int) -> Version:
    return Version(id=100 + number, number=number, effective_from=JANUARY + timedelta(days=days))


def test_before_the_first_version_none_is_in_force() -> None:
    assert in_force([], JANUARY) is None
    assert in_force([_version(1, 1)], JANUARY) is None


def test_a_version_is_in_force_from_its_first_day_until_the_next_begins() -> None:
    first, second = _version(1, 0), _version(2, 10)
    on = [in_force([second, first], JANUARY + timedelta(days=day)) for day in (0, 9, 10, 500)]
    assert on == [first, first, second, second]


def test_of_two_versions_from_the_same_day_the_later_number_is_in_force() -> None:
    assert in_force([_version(2, 0), _version(1, 0)], JANUARY) == _version(2, 0)


def test_a_later_version_that_begins_earlier_does_not_take_the_place_of_a_newer_date() -> None:
    assert in_force([_version(1, 5), _version(2, 0)], JANUARY + timedelta(days=5)) == _version(1, 5)


@given(
    st.lists(versions, max_size=6, unique_by=lambda one: one.number),
    st.integers(min_value=-1, max_value=6),
)
def test_nothing_in_reach_is_later_than_the_version_in_force(
    given_versions: list[Version], days: int
) -> None:
    on = JANUARY + timedelta(days=days)
    chosen = in_force(given_versions, on)
    begun = [one for one in given_versions if one.effective_from <= on]
    if chosen is None:
        assert not begun
    else:
        assert chosen in begun
        assert all(
            (one.effective_from, one.number) <= (chosen.effective_from, chosen.number)
            for one in begun
        )


# A small world in which rules meet: two organizations with their runs, and keys of their own.
ACTIVITIES = [
    ActivityRef(
        key=f"course-v1:{org}+{course}+{run}",
        course=f"course-v1:{org}+{course}",
        organization=org,
    )
    for org, course, run in product(("A", "AB"), ("X", "XY"), ("1", "12"))
] + [ActivityRef(key="webinar:1"), ActivityRef(key="1")]
PATTERNS = {
    Selector.RUN: [one.key for one in ACTIVITIES],
    Selector.COURSE: sorted({one.course for one in ACTIVITIES if one.course}),
    Selector.ORGANIZATION: ["A", "AB", "B"],
    Selector.GLOB: [
        *("*", "course-v1:*", "course-v1:A+*", "course-v1:A?+*+*", "webinar:*", "?", "*1", "*:1"),
        *(
            f"course-v1:{org}+{course}+{run}"
            for org, course, run in product(("A", "A?", "*"), ("X", "X*", "?Y"), ("1", "?2", "*"))
        ),
    ],
}
EVERY_RULE = [
    rule(pattern, selector=selector, code=f"{selector} {pattern}")
    for selector, patterns in PATTERNS.items()
    for pattern in patterns
]
any_rules = st.lists(st.sampled_from(EVERY_RULE), min_size=1, max_size=7)


def _sound(given_rules: Sequence[Rule]) -> list[Rule]:
    """Leave out every rule that would make the table faulty."""
    kept: list[Rule] = []
    for one in given_rules:
        if not faults([*kept, one]):
            kept.append(one)
    return kept


sound_rules = any_rules.map(_sound)


def _most_specific(given_rules: Sequence[Rule], activity: ActivityRef) -> list[Rule]:
    speaking = [one for one in given_rules if matches(one.selector, one.pattern, activity)]
    best = max((specificity(one.selector, one.pattern) for one in speaking), default=None)
    return [one for one in speaking if specificity(one.selector, one.pattern) == best]


@given(sound_rules, st.sampled_from(ACTIVITIES))
@settings(max_examples=300)
def test_a_table_without_faults_finds_the_one_most_specific_rule(
    given_rules: list[Rule], activity: ActivityRef
) -> None:
    best = _most_specific(given_rules, activity)
    found = CreditTable(given_rules, {}).rule_for(activity)
    assert ([] if found is None else [found]) == best
    assert CreditTable(given_rules[::-1], {}).rule_for(activity) == found


@given(any_rules)
def test_the_faults_name_every_pair_that_ties_and_no_other(given_rules: list[Rule]) -> None:
    named = [replace(one, code=f"r{number}") for number, one in enumerate(given_rules)]
    ties = [
        f"rules {one.code!r} and {other.code!r} tie: "
        for one, other in combinations(named, 2)
        if tie((one.selector, one.pattern), (other.selector, other.pattern))
    ]
    told = faults(named)
    assert sorted(fault.split("tie: ")[0] + "tie: " for fault in told) == sorted(ties)


def test_a_table_without_faults_has_one_rule_for_a_run_with_an_old_key_too() -> None:
    old = ActivityRef(key="CPC/Intro/2019_Fall", course="CPC/Intro", organization="CPC")
    both = [
        rule("CPC", selector=Selector.ORGANIZATION),
        rule("CPC/I*/2019_Fall", selector=Selector.GLOB),
    ]
    assert _most_specific(both, old) == both
    assert len(faults(both)) == 1


def test_a_rule_for_a_run_goes_before_its_course_and_that_before_any_pattern() -> None:
    everything = [
        rule("*", selector=Selector.GLOB),
        rule("CPC", selector=Selector.ORGANIZATION),
        rule("course-v1:CPC+Eth*", selector=Selector.GLOB),
        rule(ETHICS.course, selector=Selector.COURSE),
        rule(ETHICS.key, selector=Selector.RUN),
    ]
    for left in range(len(everything), 0, -1):
        assert CreditTable(everything[:left], {}).rule_for(ETHICS) == everything[left - 1]


def test_an_activity_that_no_rule_names_has_none() -> None:
    table = CreditTable(
        [rule("other", selector=selector) for selector in Selector], {"learner": flat(5)}
    )
    assert table.rule_for(ETHICS) is None
    assert table.rule_for(ActivityRef(key="webinar:1")) is None


def test_the_rules_own_bonus_goes_before_that_of_the_whole_table() -> None:
    own = rule(bonuses={"presenter": flat(300), "developer": flat(None)})
    table = CreditTable([own], {"presenter": flat(100), "overseer": flat(50), "developer": flat(9)})
    assert table.bonus_for(own, "presenter") == flat(300)
    assert table.bonus_for(own, "overseer") == flat(50)
    assert table.bonus_for(own, "developer") == flat(None)  # it waits for its own figure
    assert table.bonus_for(own, "volunteer") is None


def test_a_table_without_rules_is_a_fault() -> None:
    assert faults([]) == ["the table has no rules"]


def test_a_sound_table_has_no_faults() -> None:
    bonuses = {"presenter": flat(0), "developer": flat(None)}
    assert faults([rule(bonuses=bonuses), rule("b", None), rule("c", 0)]) == []


def test_a_tag_that_the_organization_does_not_define_is_a_fault_each_time() -> None:
    rules = [rule("a", tags=["ethics", "law", "art"]), rule("b", tags=["art"])]
    assert faults(rules, tags={"ethics"}) == [
        "rule 'a', tags: nobody defines the tag 'art'",
        "rule 'a', tags: nobody defines the tag 'law'",
        "rule 'b', tags: nobody defines the tag 'art'",
    ]
    assert faults(rules) == []  # where nobody knows which there are


@pytest.mark.parametrize("pattern", ["", " ", " a", "a "])
def test_a_pattern_that_is_empty_or_has_spaces_around_it_is_a_fault(pattern: str) -> None:
    assert faults([rule(pattern, code="one")]) == [
        "rule 'one', pattern: it is empty or has spaces around it"
    ]


def test_every_fault_is_listed_not_just_the_first() -> None:
    told = faults(
        [
            rule("a", -100, code="one"),
            rule("b", code="one", bonuses={"presenter": flat(-25), "overseer": flat(-1)}),
            rule("", code="two"),
            rule("c*", selector=Selector.GLOB, code="three"),
            rule("*c", selector=Selector.GLOB, code="four"),
        ]
    )
    assert told == [
        "rule 'one', hours: -1 is negative",
        "rule 'one': the code is used twice",
        "rule 'one', bonus of 'presenter': -0.25 is negative",
        "rule 'one', bonus of 'overseer': -0.01 is negative",
        "rule 'two', pattern: it is empty or has spaces around it",
        (
            "rules 'three' and 'four' tie: glob 'c*' and glob '*c' are equally specific and can "
            "name the same activity; make one of them more specific"
        ),
    ]


def test_the_same_name_twice_is_a_tie_and_three_times_is_three() -> None:
    twice = [rule("a", code="one"), rule("a", code="two")]
    assert len(faults(twice)) == 1
    assert len(faults([*twice, rule("a", code="three")])) == 3


@pytest.mark.parametrize(
    ("selector", "pattern"),
    [
        (Selector.ORGANIZATION, "ORG{:05d}"),
        (Selector.GLOB, "course-v1:CPC+C{:05d}+*"),
        (Selector.RUN, "course-v1:CPC+C{:05d}+1"),
    ],
)
def test_ten_thousand_rules_of_one_kind_are_looked_through_in_no_time(
    selector: Selector, pattern: str
) -> None:
    rules = [
        replace(rule(pattern.format(number)), code=f"r{number}", selector=selector)
        for number in range(10_000)
    ]
    began = perf_counter()
    assert faults(rules) == []
    assert perf_counter() - began < 10
    (found,) = faults([*rules, replace(rules[7], code="again")])
    assert "rules 'r7' and 'again' tie" in found
