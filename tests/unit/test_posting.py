"""Posting: the difference between what a person should have and what the ledger holds.

The ledger here is a list in memory that refuses what the real one refuses: a natural key that
was used before, and a second reversal of one award.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cec_plugin.domain.allocation import Finished, Line
from cec_plugin.domain.notices import Heard, Stint, fold
from cec_plugin.domain.posting import (
    Award,
    Posted,
    Reversal,
    ReversalReason,
    difference,
    here,
    remainder,
)
from cec_plugin.domain.selectors import ActivityRef
from cec_plugin.domain.tables import CreditTable
from cec_plugin.domain.weigh import allocate
from tests.unit.examples import (
    CPC,
    day,
    earned,
    finished,
    flat,
    line,
    per_hour,
    rule,
    stints,
    withdrawn,
)

Standing: TypeAlias = set[tuple[str, str, int, datetime, int]]


@dataclass(slots=True)
class Ledger:
    """Awards and reversals of one person at one organization, written once."""

    awards: list[Posted] = field(default_factory=list)
    reversals: dict[int, int] = field(default_factory=dict)
    reasons: list[ReversalReason] = field(default_factory=list)

    def post(self, changes: Iterable[Award | Reversal]) -> None:
        """Write the changes in their order."""
        for change in changes:
            if isinstance(change, Award):
                self._award(change)
            else:
                self._reverse(change)

    def _award(self, award: Award) -> None:
        names = [(a.participation, a.credit_type, a.line, a.generation) for a in self.awards]
        said = award.line
        name = (said.participation, said.credit_type, said.rule, award.generation)
        assert name not in names, "the natural key was used before"
        assert said.hundredths > 0
        self.awards.append(
            Posted(
                id=len(self.awards) + 1,
                participation=said.participation,
                credit_type=said.credit_type,
                line=said.rule,
                hundredths=said.hundredths,
                earned_at=said.earned_at,
                stint=award.stint,
                generation=award.generation,
                reversed=False,
            )
        )

    def _reverse(self, reversal: Reversal) -> None:
        if isinstance(reversal.of, Award):
            posted = self.awards[-1]
            assert (posted.participation, posted.stint) == (
                reversal.of.line.participation,
                reversal.of.stint,
            )
        else:
            posted = reversal.of
        assert posted.id not in self.reversals, "the award was reversed before"
        self.reversals[posted.id] = -posted.hundredths
        self.reasons.append(reversal.reason)
        self.awards[posted.id - 1] = replace(self.awards[posted.id - 1], reversed=True)

    @property
    def unreversed(self) -> list[Posted]:
        """Return the awards that stand."""
        return [award for award in self.awards if not award.reversed]

    @property
    def standing(self) -> Standing:
        """Return what the awards that stand say."""
        return {
            (one.participation, one.credit_type, one.hundredths, one.earned_at, one.stint)
            for one in self.unreversed
        }

    def net(self, participation: str) -> int:
        """Return the sum of all entries of a participation, in hundredths."""
        mine = [award for award in self.awards if award.participation == participation]
        return sum(award.hundredths + self.reversals.get(award.id, 0) for award in mine)


def _posted(number: int = 1, **other: object) -> Posted:
    posted = Posted(
        id=number,
        participation="p1",
        credit_type="cec",
        line="ethics",
        hundredths=1000,
        earned_at=day(0),
        stint=1,
        generation=0,
        reversed=False,
    )
    return replace(posted, **other)  # type: ignore[arg-type]


def _one(over: tuple[Stint, ...], said: Line | None, *posted: Posted) -> list[Award | Reversal]:
    return difference([finished(over=over)], {"p1": said} if said else {}, posted)


OPEN = stints(0, None)
CLOSED = stints(0, 3)
TWICE = stints(0, 3, 5, None)


def test_what_stands_on_somebody_elses_account_is_taken_back_there_and_awarded_here() -> None:
    theirs = _posted(elsewhere=77)
    taken_back, award = _one(OPEN, line(), theirs)
    assert taken_back == Reversal(of=theirs, reason=ReversalReason.MERGED)
    assert award == Award(line=line(), stint=1, generation=1)
    assert here([taken_back, award]) == [award]


def test_what_stood_elsewhere_is_counted_and_not_posted_again() -> None:
    before = _posted(elsewhere=77, reversed=True)
    mine = _posted(2, generation=1)
    assert _one(OPEN, line(), before, mine) == []
    assert _one(CLOSED, line(), before) == []
    assert _one(TWICE, line(), before) == [Award(line=line(), stint=2, generation=1)]


def test_what_stands_elsewhere_and_was_withdrawn_is_taken_back_as_that() -> None:
    theirs = _posted(elsewhere=77)
    taken_back = Reversal(of=theirs, reason=ReversalReason.WITHDRAWN)
    assert _one(CLOSED, line(), theirs) == [taken_back]
    assert here([taken_back]) == []


def test_the_table_gives_nothing_for_what_stands_elsewhere_either() -> None:
    theirs = _posted(elsewhere=77)
    assert _one(OPEN, None, theirs) == [Reversal(of=theirs, reason=ReversalReason.MERGED)]


def test_an_award_taken_back_at_once_is_here() -> None:
    award = Award(line=line(), stint=1, generation=0)
    changes = [award, Reversal(of=award, reason=ReversalReason.WITHDRAWN)]
    assert here(changes) == changes


def test_a_first_completion_is_awarded() -> None:
    assert _one(OPEN, line()) == [Award(line=line(), stint=1, generation=0)]


def test_a_second_equal_completion_awards_nothing() -> None:
    assert _one(OPEN, line(), _posted()) == []


def test_what_earns_nothing_posts_nothing() -> None:
    assert _one(OPEN, None) == []
    assert _one(CLOSED, None) == []
    assert _one((), None) == []


def test_a_withdrawn_completion_is_reversed_and_stays_so() -> None:
    award = _posted()
    assert _one(CLOSED, line(), award) == [Reversal(of=award, reason=ReversalReason.WITHDRAWN)]
    assert _one(CLOSED, line(), _posted(reversed=True)) == []


def test_a_withdrawal_says_so_even_where_the_table_gives_nothing_any_more() -> None:
    award = _posted()
    assert _one(CLOSED, None, award) == [Reversal(of=award, reason=ReversalReason.WITHDRAWN)]


def test_a_completion_that_no_evidence_carries_any_more_is_reversed() -> None:
    award = _posted()
    assert _one((), None, award) == [Reversal(of=award, reason=ReversalReason.WITHDRAWN)]


def test_pass_fail_pass_seen_only_at_the_end_still_shows_as_two_awards_and_a_reversal() -> None:
    first = Award(line=line(), stint=1, generation=0)
    assert _one(TWICE, line()) == [
        first,
        Reversal(of=first, reason=ReversalReason.WITHDRAWN),
        Award(line=line(), stint=2, generation=1),
    ]


def test_pass_fail_pass_seen_in_between_ends_the_same() -> None:
    award = _posted()
    assert _one(TWICE, line(), award) == [
        Reversal(of=award, reason=ReversalReason.WITHDRAWN),
        Award(line=line(), stint=2, generation=1),
    ]
    reversed_before = _posted(reversed=True)
    assert _one(TWICE, line(), reversed_before) == [Award(line=line(), stint=2, generation=1)]


def test_a_pass_and_a_fail_heard_together_show_as_an_award_and_its_reversal() -> None:
    award = Award(line=line(), stint=1, generation=0)
    assert _one(CLOSED, line()) == [award, Reversal(of=award, reason=ReversalReason.WITHDRAWN)]


@pytest.mark.parametrize(
    "said",
    [line(hundredths=1200), line(on=-2), line(credit_type="ethics")],
    ids=["figure", "date", "credit type"],
)
def test_what_changed_is_reversed_and_awarded_anew(said: Line) -> None:
    award = _posted()
    reversal, new = _one(OPEN, said, award)
    assert reversal == Reversal(of=award, reason=ReversalReason.CHANGED)
    assert isinstance(new, Award)
    assert (new.line, new.stint) == (said, 1)
    assert new.generation == (1 if said.credit_type == "cec" else 0)


def test_the_same_credit_by_another_rule_is_left_as_it_is() -> None:
    assert _one(OPEN, line(code="renamed"), _posted()) == []


def test_what_posting_comes_to_leaves_out_what_is_posted_and_taken_back_at_once() -> None:
    said = line(hundredths=1200)
    assert remainder(_one(OPEN, said, _posted(7))) == (frozenset({7}), (said,))
    assert remainder(_one(CLOSED, line())) == (frozenset(), ())
    assert remainder(_one(TWICE, line())) == (frozenset(), (line(),))


def test_the_generation_counts_the_awards_of_the_same_rule_and_type_alone() -> None:
    before = [
        _posted(1, reversed=True),
        _posted(2, reversed=True, line="older"),
        _posted(3, reversed=True, generation=1),
        _posted(4, reversed=True, credit_type="other"),
    ]
    assert _one(OPEN, line(), *before) == [Award(line=line(), stint=1, generation=2)]


def test_credit_that_the_table_takes_away_is_reversed_as_not_credited() -> None:
    award = _posted()
    assert _one(OPEN, None, award) == [Reversal(of=award, reason=ReversalReason.NOT_CREDITED)]


def test_an_award_for_a_stint_that_ended_is_withdrawn_though_another_stands() -> None:
    award = _posted()
    assert _one(TWICE, None, award) == [Reversal(of=award, reason=ReversalReason.WITHDRAWN)]


def test_of_two_awards_that_say_the_same_one_is_kept() -> None:
    first, second = _posted(1), _posted(2, generation=1)
    assert _one(OPEN, line(), first, second) == [Reversal(of=second, reason=ReversalReason.CHANGED)]


def test_what_ended_before_it_began_to_count_never_shows() -> None:
    early = finished(over=stints(0, 3), counts_from=day(3.5))
    assert difference([early], {"p1": line()}, []) == []


@pytest.mark.parametrize("from_day", [3, 2])
def test_what_ended_when_it_counted_already_shows_as_an_award_and_its_reversal(
    from_day: int,
) -> None:
    late = finished(over=stints(0, 3), counts_from=day(from_day))
    assert [type(one) for one in difference([late], {"p1": line()}, [])] == [Award, Reversal]


def test_what_stands_when_it_begins_to_count_is_awarded_once() -> None:
    one = finished(over=TWICE, counts_from=day(10))
    assert difference([one], {"p1": line()}, []) == [Award(line=line(), stint=2, generation=0)]


def test_each_participation_is_compared_with_its_own_awards() -> None:
    mine, theirs = _posted(1), _posted(2, participation="p2")
    both = [finished("p1"), finished("p2", over=CLOSED), finished("p3")]
    lines = {key: line(key) for key in ("p1", "p2", "p3")}
    assert difference(both, lines, [mine, theirs]) == [
        Reversal(of=theirs, reason=ReversalReason.WITHDRAWN),
        Award(line=line("p3"), stint=1, generation=0),
    ]


def test_awards_of_what_never_stood_by_the_evidence_that_counts_now_are_reversed() -> None:
    kept, left = _posted(1), _posted(2, participation="p2")
    gone = _posted(3, participation="p2", reversed=True)
    assert difference([finished()], {"p1": line()}, [kept, left, gone]) == [
        Reversal(of=left, reason=ReversalReason.WITHDRAWN)
    ]


# From here on the whole way: notices are folded, allocated, compared and posted, in any order and
# with any number of looks in between.

WEBINAR = ActivityRef(key="webinar:1")
ROLES = {"p1": "learner", "p2": "presenter", "p3": "volunteer"}
TABLES = [
    CreditTable([rule(hundredths=1000)], {"presenter": flat(250), "volunteer": per_hour(33)}),
    CreditTable([rule(hundredths=1100)], {"presenter": flat(250)}),
    CreditTable([rule(hundredths=1000, code="renamed")], {"volunteer": per_hour(34)}),
    CreditTable([rule(WEBINAR.key)], {}),
]
RUN_END = 4


@dataclass(frozen=True, slots=True)
class Hear:
    """A notice arrives."""

    participation: str
    notice: Heard


@dataclass(frozen=True, slots=True)
class Settle:
    """Somebody looks: with the table of that number, and before the end of the run or after."""

    table: int = 0
    ended: bool = True


def _settled(
    heard: Sequence[Hear], look: Settle, *, counts_from: datetime | None
) -> tuple[list[Finished], dict[str, Line]]:
    found: list[Finished] = []
    for key, role in ROLES.items():
        folded = fold(one.notice for one in heard if one.participation == key)
        if folded.first_earned_at is not None:
            at = folded.finished_at or folded.first_earned_at
            one = finished(
                key,
                role=role,
                over=folded.stints,
                service=folded.service_hundredths,
                counts_from=counts_from,
                counting=counts_from is None or look.ended,
            )
            found.append(replace(one, earned_at=at))
    answers = allocate(found, CPC, lambda _: TABLES[look.table])
    return found, {one.participation: one for one in answers if isinstance(one, Line)}


def _look(
    ledger: Ledger, heard: Sequence[Hear], look: Settle, *, counts_from: datetime | None = None
) -> None:
    """Settle, and check everything that must hold whenever anybody has looked."""
    found, lines = _settled(heard, look, counts_from=counts_from)
    changes = difference(found, lines, ledger.awards)
    gone, come = remainder(changes)
    kept = [award.participation for award in ledger.unreversed if award.id not in gone]
    ledger.post(changes)
    assert sorted([*kept, *(one.participation for one in come)]) == sorted(
        award.participation for award in ledger.unreversed
    )
    assert difference(found, lines, ledger.awards) == []
    assert len(ledger.unreversed) == len({one.participation for one in ledger.unreversed})
    for one in found:
        stands = one.stints[-1].ended_at is None and one.key in lines
        assert ledger.net(one.key) == (lines[one.key].hundredths if stands else 0)


def _after(
    steps: Sequence[Hear | Settle], last: Settle, *, counts_from: datetime | None = None
) -> Ledger:
    ledger, heard = Ledger(), list[Hear]()
    for step in steps:
        if isinstance(step, Hear):
            heard.append(step)
        else:
            _look(ledger, heard, step, counts_from=counts_from)
    _look(ledger, heard, last, counts_from=counts_from)
    return ledger


def _heard_at(at: int, participation: str, *, is_earned: bool) -> Hear:
    if not is_earned:
        return Hear(participation, withdrawn(at))
    return Hear(participation, earned(at, service=100 * at + 50))


hears = st.builds(
    lambda at, key, is_earned: _heard_at(at, key, is_earned=is_earned),
    st.integers(min_value=0, max_value=7),
    st.sampled_from(sorted(ROLES)),
    st.booleans(),
)
looks = st.builds(Settle, st.integers(min_value=0, max_value=len(TABLES) - 1), st.booleans())


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[list[Hear | Settle], list[Hear | Settle]]:
    """Draw notices in two orders, with repetitions and with looks in between of any kind."""
    told = draw(st.lists(hears, min_size=1, max_size=8))
    ways: list[list[Hear | Settle]] = []
    for _ in range(2):
        repeats = draw(st.lists(st.sampled_from(told), max_size=3))
        between = draw(st.lists(looks, max_size=4))
        ways.append(draw(st.permutations([*told, *repeats, *between])))
    return ways[0], ways[1]


@given(two_ways(), looks, st.sampled_from([None, day(RUN_END)]))
@settings(max_examples=150)
def test_whatever_came_when_and_whoever_looked_the_same_credit_stands_in_the_end(
    ways: tuple[list[Hear | Settle], list[Hear | Settle]],
    last: Settle,
    counts_from: datetime | None,
) -> None:
    one, other = (_after(steps, last, counts_from=counts_from) for steps in ways)
    assert one.standing == other.standing
    assert sum(award.hundredths for award in one.unreversed) == sum(one.net(key) for key in ROLES)


@given(st.lists(hears, max_size=10), st.data())
def test_every_stint_shows_as_an_award_however_late_anybody_looked(
    told: list[Hear], data: st.DataObject
) -> None:
    steps: list[Hear | Settle] = data.draw(st.permutations([*told, Settle(), Settle()]))
    ledger = _after(steps, Settle())
    found, _ = _settled(told, Settle(), counts_from=None)
    for one in found:
        awarded = {award.stint for award in ledger.awards if award.participation == one.key}
        assert awarded == {stint.number for stint in one.stints}


@given(st.lists(hears, max_size=10))
def test_in_source_order_nothing_is_posted_but_what_the_sources_said(told: list[Hear]) -> None:
    in_order = sorted(told, key=lambda one: one.notice.occurred_at)
    of_learners = [one for one in in_order if one.participation == "p1"]
    at_once = _after(of_learners, Settle())
    assert set(at_once.reasons) <= {ReversalReason.WITHDRAWN}
    assert [(one.stint, one.generation) for one in at_once.awards] == [
        (number, number - 1) for number in range(1, len(at_once.awards) + 1)
    ]
    assert len(at_once.awards) - len(at_once.reversals) == len(at_once.unreversed) <= 1


def test_a_late_pair_of_notices_before_the_award_leaves_one_credit_with_the_first_date() -> None:
    told: list[Hear | Settle] = [
        Hear("p1", earned(3)),
        Settle(),
        Hear("p1", earned(1)),
        Hear("p1", withdrawn(2)),
    ]
    ledger = _after(told, Settle())
    assert ledger.standing == {("p1", "cec", 1000, day(1), 2)}
    assert ledger.reasons == [ReversalReason.WITHDRAWN]
