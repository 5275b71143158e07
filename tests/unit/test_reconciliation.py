"""What a registry holds against what we say: every stance, every difference, and what is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.delivery import Presence, State
from cec_plugin.domain.keys import digest
from cec_plugin.domain.ports import Held
from cec_plugin.domain.reconciliation import Kind, Ours, Stance, Stored, difference, stance
from cec_plugin.domain.sightings import Sightings

SINCE = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BEFORE = SINCE - timedelta(microseconds=1)
REFERENCE = "cec-0123"


def stored(
    state: State, presence: Presence = Presence.PRESENT, settled_at: datetime | None = BEFORE
) -> Stored:
    return Stored(state=state, presence=presence, settled_at=settled_at)


def said(tell: Stored, *retracts: Stored, ended: bool = False) -> Stance:
    return stance(tell, retracts, ended=ended, since=SINCE)


def ours(stance: Stance = Stance.STANDS, **fields: Any) -> Ours:
    return Ours(
        **{
            "delivery_id": 1,
            "reference": REFERENCE,
            "hundredths": 750,
            "number_key": digest("number", "M-77"),
            "stance": stance,
            **fields,
        }
    )


def held(remote_id: str = "r-1", **fields: Any) -> Held:
    return Held(
        **{
            "remote_id": remote_id,
            "hundredths": 750,
            "reversed": False,
            "member_number": "M-77",
            "reference": REFERENCE,
            **fields,
        }
    )


STANDS, REVERSED = held(), held("r-2", reversed=True)
TOLD = stored(State.DELIVERED)


class TestStance:
    def test_what_was_told_stands(self) -> None:
        assert said(TOLD) is Stance.STANDS

    def test_what_was_told_and_taken_back_does_not(self) -> None:
        assert said(TOLD, stored(State.DELIVERED)) is Stance.TAKEN_BACK

    @pytest.mark.parametrize("state", [State.PENDING, State.HELD])
    def test_what_is_to_be_taken_back_is_on_its_way(self, state: State) -> None:
        assert said(TOLD, stored(state, settled_at=None)) is Stance.IN_FLIGHT

    @pytest.mark.parametrize("state", [State.PARKED, State.VOID])
    def test_a_taking_back_that_stopped_leaves_it_to_people(self, state: State) -> None:
        assert said(TOLD, stored(state)) is Stance.UNSURE

    def test_one_taking_back_that_arrived_outweighs_one_that_was_dropped(self) -> None:
        assert said(TOLD, stored(State.VOID), stored(State.DELIVERED)) is Stance.TAKEN_BACK

    def test_what_ended_otherwise_is_not_to_stand_any_more(self) -> None:
        assert said(TOLD, ended=True) is Stance.TAKEN_BACK

    @pytest.mark.parametrize("presence", Presence)
    def test_what_is_being_sent_is_in_flight_whatever_was_proven(self, presence: Presence) -> None:
        assert said(stored(State.PENDING, presence, None)) is Stance.IN_FLIGHT

    @pytest.mark.parametrize("state", [State.HELD, State.PARKED])
    def test_what_waits_is_unsent_only_when_that_is_proven(self, state: State) -> None:
        assert said(stored(state, Presence.ABSENT)) is Stance.UNSENT
        assert said(stored(state, Presence.UNKNOWN)) is Stance.UNSURE

    def test_what_was_voided_is_unsent(self) -> None:
        assert said(stored(State.VOID, Presence.ABSENT)) is Stance.UNSENT

    @pytest.mark.parametrize("state", State)
    def test_what_was_settled_while_the_registry_was_read_proves_nothing(
        self, state: State
    ) -> None:
        assert said(stored(state, settled_at=SINCE)) is Stance.IN_FLIGHT
        assert said(TOLD, stored(state, settled_at=SINCE)) is Stance.IN_FLIGHT


def kind(of: Ours | None, *records: Held, **how: Any) -> Kind | None:
    found = difference(of, records, reference=REFERENCE, **how)
    return found.kind if found else None


class TestDifference:
    def test_an_equal_record_is_none(self) -> None:
        assert kind(ours(), STANDS) is None

    @pytest.mark.parametrize(
        ("records", "expected"),
        [
            ((), Kind.MISSING),
            ((REVERSED,), Kind.REVERSED_THERE),
            ((STANDS, held("r-3")), Kind.DUPLICATE),
            ((STANDS, REVERSED), None),
            ((held(hundredths=700),), Kind.DIFFERENT),
            ((held(hundredths=0),), Kind.DIFFERENT),
            ((held(member_number="M-78"),), Kind.DIFFERENT),
            ((held(hundredths=None, member_number=""),), None),
        ],
    )
    def test_of_what_stands(self, records: tuple[Held, ...], expected: Kind | None) -> None:
        assert kind(ours(), *records) is expected

    @pytest.mark.parametrize(
        ("stance", "expected"),
        [
            (Stance.TAKEN_BACK, Kind.STANDING_THERE),
            (Stance.UNSENT, Kind.EXTRA),
            (Stance.UNSURE, None),
            (Stance.IN_FLIGHT, None),
        ],
    )
    def test_of_what_is_not_said_to_stand(self, stance: Stance, expected: Kind | None) -> None:
        assert kind(ours(stance), STANDS) is expected
        assert kind(ours(stance)) is None
        assert kind(ours(stance), REVERSED) is None

    def test_two_records_of_one_reference_are_a_duplicate_even_when_nobody_is_sure(self) -> None:
        assert kind(ours(Stance.UNSURE), STANDS, held("r-3")) is Kind.DUPLICATE
        assert kind(ours(Stance.IN_FLIGHT), STANDS, held("r-3")) is None

    def test_a_reference_that_nobody_knows_is_extra_while_it_stands(self) -> None:
        assert kind(None, STANDS) is Kind.EXTRA
        assert kind(None, REVERSED) is None
        assert kind(None) is None

    def test_a_duplicate_names_every_record_that_stands(self) -> None:
        found = difference(ours(), [STANDS, REVERSED, held("r-3", member_number="M-1")])
        assert found is not None
        assert [one.remote_id for one in found.records] == ["r-1", "r-3"]
        assert found.another_member

    @pytest.mark.parametrize(
        ("decimals", "theirs", "expected"),
        [
            (2, 751, Kind.DIFFERENT),
            (1, 760, Kind.DIFFERENT),
            (1, 759, None),
            (0, 800, None),
            (0, 850, Kind.DIFFERENT),
            (4, 750, None),
        ],
    )
    def test_what_a_registry_rounds_is_no_difference(
        self, decimals: int, theirs: int, expected: Kind | None
    ) -> None:
        assert kind(ours(), held(hundredths=theirs), decimals=decimals) is expected

    def test_whose_it_is_is_not_asked_where_nobody_kept_the_number(self) -> None:
        assert kind(ours(number_key=""), held(member_number="M-78")) is None


@given(
    first=st.integers(-5, 5),
    count=st.integers(0, 40),
    numbers=st.lists(st.integers(-20, 60)),
)
def test_sightings_say_what_a_set_would(first: int, count: int, numbers: list[int]) -> None:
    sightings = Sightings(first=first, last=first + count - 1)
    seen: set[int] = set()
    for number in numbers:
        inside = first <= number < first + count
        assert sightings.again(number) == (number in seen)
        if inside:
            seen.add(number)
    assert {number for number in range(-20, 61) if number in sightings} == seen
