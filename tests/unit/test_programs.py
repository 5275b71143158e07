"""Programs: finished with the last course that they take, and no longer than that stands."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.programs import Course, Part, Program, Taken, complete, courses_of, faults
from cec_plugin.domain.selectors import ActivityRef, Selector
from tests.unit.examples import day, stints


def _part(code: str, *names: str, site: str = "") -> Part:
    return Part(
        code=code,
        courses=tuple(
            Course(site=site, selector=Selector.RUN, pattern=name) for name in names or (code,)
        ),
    )


def _taken(name: str, on: float, *over: float | None, site: str = "lms") -> Taken:
    return Taken(
        key=f"key-{name}",
        site=site,
        activity=ActivityRef(key=name),
        stints=stints(*(over or (on, None))),
        earned_at=day(on),
    )


ALL = Program(code="cdp", parts=(_part("a"), _part("b"), _part("c")))
ANY_TWO = replace(ALL, needed=2)


def test_a_program_is_finished_with_its_last_course() -> None:
    done = complete(ALL, [_taken("b", 7), _taken("a", 3), _taken("c", 5)])
    assert done is not None
    assert done.earned_at == day(7)
    assert done.stints == stints(7, None)


def test_a_program_with_a_course_missing_is_not_finished() -> None:
    assert complete(ALL, [_taken("b", 7), _taken("a", 3)]) is None
    assert complete(ALL, []) is None


def test_any_two_of_three_are_finished_with_the_second() -> None:
    done = complete(ANY_TWO, [_taken("c", 9), _taken("b", 7), _taken("a", 3)])
    assert done is not None
    assert done.earned_at == day(7)


def test_an_exemption_stands_for_its_part_and_never_finishes_a_program_alone() -> None:
    done = complete(ALL, [_taken("b", 7), _taken("a", 3)], {"c"})
    assert done is not None
    assert done.earned_at == day(7)
    assert complete(ALL, [], {"a", "b", "c"}) is None


def test_an_equivalent_fulfils_a_part_and_two_of_them_do_not_fulfil_two() -> None:
    program = Program(code="p", parts=(_part("a", "a", "moodle-a"), _part("b")))
    assert complete(program, [_taken("moodle-a", 1), _taken("b", 2)]) is not None
    assert complete(program, [_taken("moodle-a", 1), _taken("a", 2)]) is None


def test_courses_of_two_sites_make_one_program() -> None:
    program = Program(code="p", parts=(_part("a", "1", site="moodle"), _part("b", "2", site="lms")))
    ours = [_taken("1", 1, site="moodle"), _taken("2", 2)]
    assert complete(program, ours) is not None
    assert complete(program, [replace(one, site="elsewhere") for one in ours]) is None


def test_a_revoked_course_ends_the_program_and_a_new_certificate_brings_it_back() -> None:
    done = complete(ALL, [_taken("a", 1), _taken("b", 2), _taken("c", 3, 3, 10, 12, None)])
    assert done is not None
    assert done.stints == stints(3, 10, 12, None)
    assert done.earned_at == day(3)
    ended = complete(ALL, [_taken("a", 1), _taken("b", 2), _taken("c", 3, 3, 10)])
    assert ended is not None
    assert ended.stints == stints(3, 10)


def test_an_equivalent_that_stands_keeps_the_program_while_the_other_is_revoked() -> None:
    program = Program(code="p", parts=(_part("a", "a", "b"),))
    done = complete(program, [_taken("a", 1, 1, 10), _taken("b", 5)])
    assert done is not None
    assert done.stints == stints(1, None)
    assert done.earned_at == day(5)


@given(
    st.lists(st.tuples(st.sampled_from("abcx"), st.integers(0, 9)), max_size=8),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_the_order_of_hearing_does_not_matter(
    courses: list[tuple[str, int]], needed: int, shuffle: object
) -> None:
    program = replace(ALL, needed=needed)
    taken = [_taken(name, on) for name, on in courses]
    done = complete(program, taken)
    shuffled = list(taken)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    assert complete(program, shuffled) == done
    firsts = sorted(
        min(on for name, on in courses if name == part)
        for part in {n for n, _ in courses if n in "abc"}
    )
    assert (done is not None) == (len(firsts) >= needed)
    if done is not None:
        assert done.earned_at == day(firsts[needed - 1])


def test_what_was_taken_of_a_program_are_its_courses_alone() -> None:
    taken = [_taken("a", 1), _taken("x", 2)]
    assert courses_of(ALL, taken) == taken[:1]


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (ALL, []),
        (Program(code="p", parts=()), ["program 'p': it has no parts"]),
        (replace(ALL, needed=4), ["program 'cdp': it takes 4 of 3 parts"]),
        (replace(ALL, needed=0), ["program 'cdp': it takes 0 of 3 parts"]),
        (
            Program(code="p", parts=(_part("a", "x"), _part("b", "x"), Part(code="c", courses=()))),
            [
                "program 'p': 'x' fulfils both 'a' and 'b'",
                "program 'p', part 'c': no course fulfils it",
            ],
        ),
        (
            Program(code="p", parts=(_part("a", "p"),)),
            ["program 'p', part 'a': it is the program"],
        ),
    ],
)
def test_every_fault_of_a_program_is_told(program: Program, found: list[str]) -> None:
    assert faults(program) == found
