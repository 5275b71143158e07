"""A key names exactly its parts: no two things share one, and nothing that moves is in it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.keys import (
    REFERENCE_LENGTH,
    activity_key,
    digest,
    identity_key,
    natural_key,
    participation_key,
    reference,
    reference_anew,
)

# Digits and colons are what the length prefixes are made of; case and accents are what databases
# fold together.
some_parts = st.lists(st.text(alphabet="aAàÀ01:", max_size=4), max_size=4)

PARTICIPATION = {
    "site": "campus",
    "subject": "17",
    "activity": "course-v1:CPC+Ethics+2026",
    "role": "learner",
    "occurrence": "",
}
ENTRY = {
    "kind": "award",
    "organization": "cpc",
    "participation": participation_key(**PARTICIPATION),
    "credit_type": "cec",
    "line": "ethics",
}


@given(some_parts, some_parts)
def test_two_digests_are_equal_only_if_their_parts_are(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(some_parts, st.integers(min_value=0, max_value=8))
def test_moving_the_border_between_two_parts_gives_another_digest(
    parts: list[str], at: int
) -> None:
    joined = "".join(parts)
    cut = [joined[:at], joined[at:]]
    assert (digest(*cut) == digest(*parts)) == (cut == parts)


def test_a_part_that_looks_like_a_length_prefix_is_no_border() -> None:
    assert digest("a1:b") != digest("a", "b")
    assert digest("1:a") != digest("a")
    assert digest() != digest("")


@given(st.lists(st.text(max_size=20), max_size=4))
def test_a_digest_has_64_small_hexadecimal_signs_and_stays_the_same(parts: list[str]) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest(*parts))
    assert digest(*parts) == digest(*parts)


def test_a_digest_never_changes_from_one_release_to_the_next() -> None:
    assert digest("a", "bc") == "5310a58788781ab25d5ad7c3f85035824b4eb7bdfa394e0ac2186271472b5492"


def test_letter_case_and_accents_make_another_key() -> None:
    keys = {identity_key(site="campus", subject=name) for name in ("ada", "Ada", "àda", "ada ")}
    assert len(keys) == 4


def test_an_account_and_an_activity_of_the_same_name_have_different_keys() -> None:
    assert identity_key(site="campus", subject="x") != activity_key(site="campus", key="x")


def test_the_same_account_name_on_another_site_is_somebody_else() -> None:
    assert identity_key(site="campus", subject="17") != identity_key(site="moodle", subject="17")
    assert activity_key(site="campus", key="17") != activity_key(site="moodle", key="17")


@pytest.mark.parametrize("part", sorted(PARTICIPATION))
def test_every_part_of_a_participation_is_in_its_key(part: str) -> None:
    other = {**PARTICIPATION, part: PARTICIPATION[part] + "x"}
    assert participation_key(**other) != participation_key(**PARTICIPATION)


@pytest.mark.parametrize("part", sorted(ENTRY))
def test_every_part_of_an_entry_is_in_its_natural_key(part: str) -> None:
    other = {**ENTRY, part: ENTRY[part] + "x"}
    assert natural_key(**other, generation=0) != natural_key(**ENTRY, generation=0)


def test_every_generation_has_a_natural_key_and_a_reference_of_its_own() -> None:
    names = [natural_key(**ENTRY, generation=number) for number in range(20)]
    assert len(set(names)) == len({reference(name) for name in names}) == 20


def test_a_reference_fits_the_shortest_field_and_needs_no_escaping() -> None:
    told = reference(natural_key(**ENTRY, generation=0))
    assert len(told) == REFERENCE_LENGTH
    assert re.fullmatch("cec-[0-9a-f]{32}", told)


def test_each_telling_anew_has_a_reference_of_its_own_and_of_the_same_length() -> None:
    natural = natural_key(**ENTRY, generation=0)
    told = [
        reference(natural),
        *(
            reference_anew(natural, errand=errand, round_number=number)
            for errand in ("tell", "retract")
            for number in (1, 2)
        ),
    ]
    assert len(set(told)) == 5
    assert {len(one) for one in told} == {REFERENCE_LENGTH}
