"""Which lines of the ledger a designation counts: once each, on its own days, by its own tags."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.held import TO_COME, Change, Counting, Held, after, credits_for

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN = Counting(organization="guild", time_zone="America/Toronto")
ACCEPTING = Counting(
    organization="guild", time_zone="America/Toronto", accepts=frozenset({"cpc", "acme"})
)


def _held(
    entry: int,
    organization: str = "guild",
    participation: int | None = None,
    *,
    hundredths: int = 1000,
    at: datetime = NOON,
    activity_id: int | None = None,
    tags: Sequence[str] = (),
) -> Held:
    return Held(
        entry=entry,
        organization=organization,
        participation=participation,
        activity_id=activity_id,
        activity=f"a{activity_id}",
        credit_type="cec",
        hundredths=hundredths,
        earned_at=at,
        tags=frozenset(tags),
    )


def _entries(how: Counting, *held: Held) -> list[int]:
    return [one.entry for one in credits_for(how, held)]


def test_without_accepting_only_the_own_organizations_lines_count() -> None:
    assert _entries(OWN, _held(1), _held(2, "cpc", 7)) == [1]


def test_another_organizations_lines_count_as_they_are_and_say_whose_they_are() -> None:
    (one,) = credits_for(ACCEPTING, [_held(1, "cpc", 7, hundredths=250), _held(2, "other", 8)])
    assert (one.entry, one.hundredths, one.accepted_from) == (1, 250, "cpc")


def test_what_was_finished_once_counts_once_by_the_own_organization_first() -> None:
    own, cpc, acme = (
        _held(1, "guild", 7, hundredths=100),
        _held(2, "cpc", 7),
        _held(3, "acme", 7),
    )
    assert _entries(ACCEPTING, acme, cpc, own) == [1]
    assert _entries(ACCEPTING, cpc, acme) == [3]  # the first by its code, not the larger
    assert _entries(ACCEPTING, cpc) == [2]
    assert _entries(ACCEPTING, cpc, _held(4, "acme", 8)) == [2, 4]


def test_what_is_for_nothing_finished_counts_always() -> None:
    assert _entries(ACCEPTING, _held(1), _held(2, "cpc"), _held(3, "acme")) == [1, 2, 3]


def test_a_credit_shows_its_type_its_rules_tags_and_those_hung_on_its_activity() -> None:
    how = Counting(
        organization="guild",
        time_zone="UTC",
        accepts=frozenset({"cpc"}),
        tags=frozenset({"ethics", "practice"}),
        hung={5: frozenset({"practice"})},
    )
    own, theirs, plain = credits_for(
        how,
        [
            _held(1, activity_id=5, tags=["ethics", "retired"]),
            _held(2, "cpc", 9, activity_id=5, tags=["ethics", "law"]),
            _held(3),
        ],
    )
    assert own.tags == {"cec", "practice", "ethics", "retired"}
    assert theirs.tags == {"cec", "practice", "ethics"}  # law means something at cpc alone
    assert plain.tags == {"cec"}


@pytest.mark.parametrize(
    ("zone", "at", "on"),
    [
        # New Year's night: the last hours of a year in Vancouver, the next in UTC.
        ("America/Vancouver", datetime(2026, 1, 1, 7, 59, tzinfo=UTC), date(2025, 12, 31)),
        ("America/Vancouver", datetime(2026, 1, 1, 8, 0, tzinfo=UTC), date(2026, 1, 1)),
        ("UTC", datetime(2026, 1, 1, 7, 59, tzinfo=UTC), date(2026, 1, 1)),
        # East of Greenwich the year begins while UTC has its last hours.
        ("Pacific/Auckland", datetime(2025, 12, 31, 10, 59, tzinfo=UTC), date(2025, 12, 31)),
        ("Pacific/Auckland", datetime(2025, 12, 31, 11, 0, tzinfo=UTC), date(2026, 1, 1)),
        # Clocks go forward in Toronto on 8 March 2026: that day has 23 hours ...
        ("America/Toronto", datetime(2026, 3, 8, 4, 59, tzinfo=UTC), date(2026, 3, 7)),
        ("America/Toronto", datetime(2026, 3, 8, 5, 0, tzinfo=UTC), date(2026, 3, 8)),
        ("America/Toronto", datetime(2026, 3, 9, 3, 59, tzinfo=UTC), date(2026, 3, 8)),
        ("America/Toronto", datetime(2026, 3, 9, 4, 0, tzinfo=UTC), date(2026, 3, 9)),
        # ... and back on 1 November: 25 hours, of which one stands twice on the clock.
        ("America/Toronto", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), date(2026, 11, 1)),
        ("America/Toronto", datetime(2026, 11, 2, 4, 59, tzinfo=UTC), date(2026, 11, 1)),
        ("America/Toronto", datetime(2026, 11, 2, 5, 0, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_a_credit_falls_on_the_day_where_the_designations_organization_is(
    zone: str, at: datetime, on: date
) -> None:
    how = Counting(organization="guild", time_zone=zone, accepts=frozenset({"cpc"}))
    for organization in ("guild", "cpc"):
        (one,) = credits_for(how, [_held(1, organization, 1, at=at)])
        assert one.earned_on == on


def test_after_a_change_what_goes_is_gone_and_what_comes_is_last() -> None:
    new = _held(TO_COME)
    change = Change(gone=frozenset({1}), come=(new,))
    assert after([_held(1), _held(2)], change) == [_held(2), new]


lines = st.lists(
    st.tuples(
        st.sampled_from(["guild", "cpc", "acme", "other"]),
        st.one_of(st.none(), st.integers(1, 4)),
        st.integers(1, 900),
    ),
    max_size=14,
)


@given(lines, st.randoms(use_true_random=False))
def test_no_participation_counts_by_two_organizations_and_order_does_not_matter(
    drawn: list[tuple[str, int | None, int]], shuffle: object
) -> None:
    held = [
        _held(number, organization, participation, hundredths=hundredths)
        for number, (organization, participation, hundredths) in enumerate(drawn)
    ]
    by_entry = {one.entry: one for one in held}
    counted = credits_for(ACCEPTING, held)
    givers: dict[int, set[str]] = {}
    for one in counted:
        of = by_entry[one.entry]
        if of.participation is not None:
            givers.setdefault(of.participation, set()).add(of.organization)
    assert all(len(one) == 1 for one in givers.values())
    offered = {one.participation for one in held if one.organization != "other"} - {None}
    assert set(givers) == offered  # and none of them is lost
    shuffled = list(held)
    shuffle.shuffle(shuffled)  # type: ignore[attr-defined]
    assert {one.entry for one in credits_for(ACCEPTING, shuffled)} == {one.entry for one in counted}
