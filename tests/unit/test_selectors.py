"""Rule matching: which activities a rule names, which of two rules wins, and when neither does."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cec_plugin.domain.selectors import (
    ActivityRef,
    Selector,
    as_glob,
    compiled,
    globs_overlap,
    matches,
    specificity,
    tie,
)
from tests.unit.examples import ETHICS

WEBINAR = ActivityRef(key="webinar:2026-03")
LONGEST = 4
TEXTS = ["".join(signs) for size in range(LONGEST + 1) for signs in product("ab", repeat=size)]
"""Long enough for any two globs of up to three signs: neither needs more than its own letters."""

small_globs = st.text(alphabet="ab*?", max_size=3)


def _matches_by_hand(pattern: str, text: str) -> bool:
    """Match as one reads it aloud, without a regular expression and without a table."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_matches_by_hand(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _matches_by_hand(pattern[1:], text[1:])


@pytest.mark.parametrize(
    ("selector", "pattern", "named"),
    [
        (Selector.RUN, ETHICS.key, True),
        (Selector.RUN, ETHICS.key.lower(), False),
        (Selector.RUN, ETHICS.course, False),
        (Selector.RUN, "course-v1:CPC+Ethics+*", False),
        (Selector.COURSE, ETHICS.course, True),
        (Selector.COURSE, "course-v1:CPC+ethics", False),
        (Selector.COURSE, ETHICS.key, False),
        (Selector.ORGANIZATION, "CPC", True),
        (Selector.ORGANIZATION, "cpc", False),
        (Selector.ORGANIZATION, "C*", False),
        (Selector.GLOB, "course-v1:CPC+*+2026", True),
        (Selector.GLOB, "course-v1:CPC+Ethic?+202?", True),
        (Selector.GLOB, "*", True),
        (Selector.GLOB, "course-v1:cpc+*", False),
        (Selector.GLOB, "CPC", False),
        (Selector.GLOB, "Ethics", False),
        (Selector.GLOB, "course-v1:CPC+Ethics+2026?", False),
        (Selector.GLOB, ETHICS.key, True),
    ],
)
def test_a_rule_names_what_its_selector_says_case_and_all(
    selector: Selector, pattern: str, *, named: bool
) -> None:
    assert matches(selector, pattern, ETHICS) is named


@pytest.mark.parametrize("selector", [Selector.COURSE, Selector.ORGANIZATION])
def test_an_empty_pattern_does_not_name_an_activity_without_that_part(selector: Selector) -> None:
    assert not matches(selector, "", WEBINAR)


def test_an_activity_with_a_key_of_its_own_is_named_by_the_key_or_a_glob() -> None:
    assert matches(Selector.RUN, "webinar:2026-03", WEBINAR)
    assert matches(Selector.GLOB, "webinar:2026-*", WEBINAR)
    assert not matches(Selector.COURSE, "webinar:2026-03", WEBINAR)


@pytest.mark.parametrize("sign", list(".+()[]{}^$|\\-!#"))
def test_only_the_star_and_the_question_mark_are_special(sign: str) -> None:
    assert compiled(f"a{sign}b").fullmatch(f"a{sign}b")
    assert not compiled(f"a{sign}b").fullmatch("ab")
    assert not compiled(f"a{sign}b").fullmatch("aab")
    assert not compiled(f"a{sign}b").fullmatch("axb")


def test_a_star_crosses_lines_and_a_glob_covers_the_whole_key() -> None:
    assert compiled("a*b").fullmatch("a\n\nb")
    assert compiled("a?b").fullmatch("a\nb")
    assert not compiled("ab").fullmatch("ab\n")


@given(small_globs, st.sampled_from(TEXTS))
def test_a_glob_matches_what_a_reader_by_hand_matches(pattern: str, text: str) -> None:
    by_hand = _matches_by_hand(pattern, text)
    assert matches(Selector.GLOB, pattern, ActivityRef(key=text)) is by_hand


def test_an_exact_run_beats_a_course_and_a_course_beats_any_pattern() -> None:
    ranks = [
        specificity(Selector.RUN, "x"),
        specificity(Selector.COURSE, "x"),
        specificity(Selector.GLOB, "course-v1:CPC+Ethics+2026"),
        specificity(Selector.GLOB, "course-v1:CPC+Ethics+*"),
        specificity(Selector.ORGANIZATION, "CPC"),
        specificity(Selector.GLOB, "course-v1:*"),
        specificity(Selector.GLOB, "*"),
    ]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == len(ranks)


@given(st.text(alphabet="CPaz9", min_size=1, max_size=8))
def test_an_organization_is_as_specific_as_the_glob_that_says_the_same(name: str) -> None:
    glob = as_glob(name)
    assert specificity(Selector.ORGANIZATION, name) == specificity(Selector.GLOB, glob)
    run = ActivityRef(key=f"course-v1:{name}+X+Y", course=f"course-v1:{name}+X", organization=name)
    assert matches(Selector.ORGANIZATION, name, run)
    assert matches(Selector.GLOB, glob, run)


@given(small_globs, st.integers(min_value=0, max_value=3), st.sampled_from("*?"))
def test_a_wildcard_more_does_not_make_a_glob_more_specific(
    pattern: str, at: int, sign: str
) -> None:
    longer = pattern[:at] + sign + pattern[at:]
    assert specificity(Selector.GLOB, longer) == specificity(Selector.GLOB, pattern)


@pytest.mark.parametrize(
    ("one", "other", "tied"),
    [
        ((Selector.RUN, "a"), (Selector.RUN, "a"), True),
        ((Selector.RUN, "a"), (Selector.RUN, "b"), False),
        ((Selector.COURSE, "a"), (Selector.COURSE, "a"), True),
        ((Selector.COURSE, "a"), (Selector.COURSE, "b"), False),
        ((Selector.RUN, "a"), (Selector.COURSE, "a"), False),
        ((Selector.RUN, "a"), (Selector.GLOB, "a"), False),
        ((Selector.ORGANIZATION, "CPC"), (Selector.ORGANIZATION, "CPC"), True),
        ((Selector.ORGANIZATION, "CPC"), (Selector.ORGANIZATION, "ABC"), False),
        ((Selector.ORGANIZATION, "CPC"), (Selector.GLOB, "course-v1:CPC+*+*"), True),
        ((Selector.ORGANIZATION, "CPC"), (Selector.GLOB, "course-v1:CP?+*+A"), True),
        ((Selector.ORGANIZATION, "CPC"), (Selector.GLOB, "course-v1:ABC+*+*"), False),
        ((Selector.ORGANIZATION, "CPC"), (Selector.GLOB, "course-v1:CPC+A+*"), False),
        ((Selector.GLOB, "a*"), (Selector.GLOB, "*b"), True),
        ((Selector.GLOB, "a*"), (Selector.GLOB, "b*"), False),
        ((Selector.GLOB, "a*"), (Selector.GLOB, "*ab"), False),
        ((Selector.GLOB, "a?"), (Selector.GLOB, "?a?"), False),
    ],
)
def test_two_rules_tie_if_they_are_equally_specific_and_can_name_one_activity(
    one: tuple[Selector, str], other: tuple[Selector, str], *, tied: bool
) -> None:
    assert tie(one, other) is tied
    assert tie(other, one) is tied


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("", "", True),
        ("", "*", True),
        ("", "?", False),
        ("***", "?", True),
        ("a*b", "a*c", False),
        ("a*b*", "*c*", True),
        ("course-v1:CPC+WEB-*+*", "course-v1:CPC+*+2026", True),
        ("course-v1:CPC+WEB-*+*", "course-v1:CPC+5W-*+*", False),
        ("course-v1:CPC+*", "course-v1:CPC+A+2026", True),  # a star goes over a plus
        ("course-v1:A*", "course-v1:B*", False),
    ],
)
def test_globs_overlap_if_one_key_can_match_both(one: str, other: str, *, overlap: bool) -> None:
    assert globs_overlap(one, other) is overlap
    assert globs_overlap(other, one) is overlap


@given(small_globs, small_globs)
@settings(max_examples=200)
def test_overlap_is_found_exactly_where_trying_every_text_finds_it(one: str, other: str) -> None:
    by_hand = any(_matches_by_hand(one, text) and _matches_by_hand(other, text) for text in TEXTS)
    assert globs_overlap(one, other) is by_hand


@given(small_globs)
def test_every_glob_overlaps_itself_and_the_glob_for_everything(pattern: str) -> None:
    assert globs_overlap(pattern, pattern)
    assert globs_overlap(pattern, "*")


@given(st.lists(st.sampled_from([*"ab?", "*"]), max_size=12), st.text(alphabet="ab", max_size=12))
def test_a_text_without_wildcards_overlaps_a_glob_exactly_if_it_matches(
    signs: list[str], text: str
) -> None:
    pattern = "".join(signs)
    assert globs_overlap(pattern, text) is bool(compiled(pattern).fullmatch(text))
