"""What holds for whole histories, whatever came when, however often, and whoever looked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.domain.basis import replay
from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import CarryOver, Designation, Maximum
from cec_plugin.domain.notices import Kind
from cec_plugin.domain.progress import Credit, Progress, progress
from cec_plugin.domain.retelling import replay_progress, steps
from cec_plugin.domain.tables import LEARNER, faults
from tests.unit.bookkeeper import Bookkeeper, changed
from tests.unit.examples import withdrawn
from tests.unit.histories import (
    DAYS,
    EVERY,
    EVERYBODY,
    SERVING,
    Activate,
    Event,
    Hear,
    History,
    Table,
    drafts,
    in_some_order,
    tables,
)
from tests.unit.ledger import AWARD, REVERSAL
from tests.unit.limits_held import check_caps, check_repeats, standing
from tests.unit.over_histories import over_histories

AFTER_ALL = DAYS * EVERY.days
"""A day after everything that is told in a history."""


LIMITS = {RefusalCode.CAPPED, RefusalCode.REPEATED, RefusalCode.NOT_STACKING}
"""Why something is refused that another credit stands in the way of."""


def _settled_once(first: Iterable[Activate], facts: Iterable[Event]) -> Bookkeeper:
    """Return who heard everything before anybody was settled, so that the ledger has no past."""
    book = Bookkeeper(first)
    book.run(*facts, EVERYBODY)
    return book


@over_histories()
def test_neither_the_order_nor_the_repetition_of_events_matters_to_what_stands(
    book: Bookkeeper, history: History, data: st.DataObject
) -> None:
    book.run(*history.events, EVERYBODY)
    other = Bookkeeper(history.first)
    other.run(*data.draw(in_some_order(history.facts)), EVERYBODY)
    assert other.persons == book.persons
    assert other.standing == book.standing
    assert other.refusals == book.refusals
    at_once = _settled_once(history.first, history.facts)
    assert at_once.standing == book.standing
    assert at_once.refusals == book.refusals


@over_histories()
def test_replaying_a_history_posts_nothing(
    book: Bookkeeper, history: History, data: st.DataObject
) -> None:
    book.run(*history.events, EVERYBODY)
    entries, refusals = list(book.ledger.entries), book.refusals
    book.run(EVERYBODY, *history.events, EVERYBODY)
    assert book.ledger.entries == entries
    book.run(*data.draw(in_some_order(history.facts)), EVERYBODY)
    assert book.ledger.entries == entries
    assert book.refusals == refusals


@over_histories()
def test_sums_are_exact_and_every_basis_comes_to_its_entry(
    book: Bookkeeper, history: History, data: st.DataObject
) -> None:
    for person in book.follow([*history.events, EVERYBODY]):
        for organization in book.organizations:
            entries = book.entries(person, organization)
            unreversed = book.unreversed(person, organization)
            balance = book.balance(person, organization)
            assert balance == sum(one.hundredths for one in unreversed)
            assert balance == sum(replay(one.basis) for one in entries)
            for one in entries:
                assert replay(one.basis) == one.hundredths


@over_histories()
def test_limits_hold_after_every_settling_and_what_is_freed_is_given_again(
    book: Bookkeeper, history: History, data: st.DataObject
) -> None:
    for person in book.follow([*history.events, EVERYBODY]):
        for organization in book.organizations:
            all_of_one = standing(book, person, organization)
            check_caps(all_of_one)
            check_repeats(all_of_one)


@over_histories(also=["credit is taken back", "it makes room for others"])
def test_what_is_taken_back_leaves_everything_else_as_if_it_had_never_been(
    book: Bookkeeper, history: History, data: st.DataObject
) -> Iterable[str]:
    book.run(*history.events, EVERYBODY)
    before = book.standing
    if not before:
        return []
    credited = sorted({said[1] for said in before})
    held_back = {who for (who, *_), refusal in book.refusals.items() if refusal.code in LIMITS}
    limits = [key for key in credited if book.persons[book.about[key].subject] in held_back]
    keys = data.draw(st.sets(st.sampled_from(limits or credited), min_size=1))
    gone = [book.about[key] for key in keys]
    for of in gone:
        via = book.told_again(of.key, AFTER_ALL).via
        book.run(Hear(of, withdrawn(AFTER_ALL, via=via)))
    book.run(EVERYBODY)
    without = _settled_once(
        history.first,
        [one for one in history.facts if not (isinstance(one, Hear) and one.participation in gone)],
    )
    assert book.standing == without.standing
    assert book.refusals == without.refusals
    return ["credit is taken back", *["it makes room for others"][: len(book.standing - before)]]


@over_histories(also=["credit is taken back"])
def test_taking_back_and_giving_again_returns_to_the_same_balances(
    book: Bookkeeper, history: History, data: st.DataObject
) -> Iterable[str]:
    book.run(*history.events, EVERYBODY)
    before, balances = book.standing, book.balances
    if not before:
        return []
    key = data.draw(st.sampled_from(sorted({said[1] for said in before})))
    of = book.about[key]
    for at in (AFTER_ALL, AFTER_ALL + 2):
        again = book.told_again(key, at + 1)
        book.run(Hear(of, withdrawn(at, via=again.via)), EVERYBODY)
        assert not any(said[1] == key for said in book.standing)
        assert sum(one.hundredths for one in book.ledger.entries if one.participation == key) == 0
        book.run(Hear(of, again), EVERYBODY)
        assert book.balances == balances
        assert {said[:-1] for said in book.standing} == {said[:-1] for said in before}
    return ["credit is taken back"]


@over_histories(also=["applied with changes", "skipped"])
def test_a_preview_that_is_applied_is_what_is_reckoned_from_scratch(
    book: Bookkeeper, history: History, data: st.DataObject
) -> Iterable[str]:
    draft = data.draw(drafts)
    at = data.draw(st.integers(0, len(history.events)))
    until = data.draw(st.integers(at, len(history.events)))
    organization, found = draft.organization, set[str]()
    here = book.organizations[organization].code
    book.run(*history.events[:at], EVERYBODY)
    before = list(book.ledger.entries), book.revisions.copy(), book.organizations.copy()
    previews = {person: book.preview(person, draft) for person in book.people}
    assert (book.ledger.entries, book.revisions, book.organizations) == before

    def apply(person: str) -> bool:
        """Settle somebody as previewed, if nothing changed since."""
        preview = previews[person]
        if book.revisions[person, organization] != preview.revision:
            return False
        heard = book.waits(person)
        posted = [changed(one) for one in book.settle(person) if one.organization == here]
        if not heard:
            assert posted == preview.changes
            assert book.balance(person, organization) == preview.after
        if preview.changes:
            found.add("applied with changes")
        return True

    book.run(*history.events[at:until])
    book.put_in_force(draft)
    for person in book.people:
        entries = list(book.ledger.entries)
        if not apply(person):
            found.add("skipped")
            assert book.ledger.entries == entries
            previews[person] = book.preview(person, draft)
            assert apply(person)
    scratch = _settled_once(history.first, [*history.events[:until], draft])
    assert book.standing == scratch.standing
    assert book.refusals == scratch.refusals
    return found


@over_histories()
def test_awards_are_reversed_at_most_once_and_what_stands_is_of_an_open_stint(
    book: Bookkeeper, history: History, data: st.DataObject
) -> None:
    for person in book.follow([*history.events, EVERYBODY]):
        for organization in book.organizations:
            entries = {one.id: one for one in book.entries(person, organization)}
            reversed_ids = [one.reverses for one in entries.values() if one.kind == REVERSAL]
            assert len(reversed_ids) == len(set(reversed_ids))
            for entry in entries.values():
                if entry.kind == AWARD:
                    assert entry.hundredths > 0
                    assert entry.reverses is None
                else:
                    assert entry.reverses is not None
                    award = entries[entry.reverses]
                    assert (award.kind, award.hundredths) == (AWARD, -entry.hundredths)
                    assert award.participation == entry.participation
                    assert award.id < entry.id
            unreversed = book.unreversed(person, organization)
            assert len({one.participation for one in unreversed}) == len(unreversed)
            for entry in unreversed:
                heard = book.counting(entry.participation)
                last = max(one.occurred_at for one in heard)
                assert {one.kind for one in heard if one.occurred_at == last} == {Kind.EARNED}
                one = book.finished(entry.participation)
                assert one is not None
                assert (one.stints[-1].number, one.stints[-1].ended_at) == (entry.stint, None)


RENEWED = Designation(
    code="renewed",
    cycles=Cycles(kind=CycleKind.CALENDAR),
    target=600,
    maxima=(
        Maximum(code="activity", hundredths=500, per_activity=True),
        Maximum(code="all", hundredths=900),
    ),
    carry_over=CarryOver.CAPPED,
    carry_cap=200,
)


def _progress(book: Bookkeeper, person: str, organization: int) -> list[Progress]:
    held = [
        Credit(
            entry=one.id,
            activity=book.about[one.participation].activity.key,
            hundredths=one.hundredths,
            earned_on=one.earned_at.date(),
            tags=frozenset({one.credit_type}),
        )
        for one in book.unreversed(person, organization)
    ]
    cycles = progress(RENEWED, held, conferred_on=date(2025, 6, 1), on=date(2028, 12, 31))
    assert sorted(one.entry for cycle in cycles for one in cycle.credits) == [
        one.entry for one in held
    ]
    return cycles


@over_histories(also=["a maximum trims"])
def test_progress_counts_every_line_that_stands_once_and_tells_what_it_trims(
    book: Bookkeeper, history: History, data: st.DataObject
) -> Iterable[str]:
    book.run(*history.events, EVERYBODY)
    at_once = _settled_once(history.first, history.facts)
    found = set()
    for person, organization in book.balances:
        cycles = _progress(book, person, organization)
        carried = 0
        for one in cycles:
            counting = {credit.entry: credit for credit in one.credits}
            for cut in one.trimmed:
                credit = counting[cut.entry]
                counting[cut.entry] = replace(credit, hundredths=credit.hundredths - cut.hundredths)
                found.add("a maximum trims")
            by_activity: Counter[str] = Counter()
            for credit in counting.values():
                assert credit.hundredths >= 0
                by_activity[credit.activity] += credit.hundredths
            assert all(hundredths <= 500 for hundredths in by_activity.values())
            assert one.counted == by_activity.total() <= 900
            assert one.carried_in == carried
            assert replay_progress(steps(one)) == one.counted + one.carried_in
            carried = min(max(one.counted + carried - 600, 0), 200)
        again = _progress(at_once, person, organization)
        assert [one.counted for one in again] == [one.counted for one in cycles]
    return found


@given(st.tuples(*tables.values()))
def test_the_tables_of_histories_are_without_fault(drawn: tuple[Table, ...]) -> None:
    for table in drawn:
        assert faults(table.rules, table.terms, roles=[LEARNER, *SERVING]) == []


def test_a_run_whose_histories_lack_what_matters_fails() -> None:
    @over_histories(rounds=1, also=["what never happens"])
    def lacking(book: Bookkeeper, history: History, data: st.DataObject) -> None:
        book.run(*history.events)

    with pytest.raises(AssertionError, match=r"of 10 histories too few.*what never happens"):
        lacking()
