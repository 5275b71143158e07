"""Receipts settle each line once, in the body's own words, and never against what was settled."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.domain.roster_receipts import MOST_ROWS
from cec_plugin.selectors.roster_receipts import Why
from cec_plugin.services.requeue import requeue
from cec_plugin.services.settle_by_hand import settle_by_hand
from tests import factories
from tests.events import ETHICS
from tests.integration.rosters import (
    REVERSALS,
    award_of,
    board,
    closed,
    earned,
    lines_of,
    receipts,
    receive,
    states,
    subject,
    told,
    withdraw,
)
from tests.threads import together

pytestmark = pytest.mark.django_db

WAITS = ("held", "receipt", "unknown")
THERE = ("delivered", "", "present")
PARKED = ("parked", "", "absent")
VOID = ("void", "", "absent")


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def registry() -> models.Registry:
    registry = board()
    closed(registry)
    return registry


def _snapshot() -> list[object]:
    models_ = (models.Delivery, models.RosterLine, models.Attempt)
    return [list(model.objects.order_by("pk").values_list()) for model in models_]


def test_accepted_is_delivered_and_rejected_parks_with_the_bodys_reason(
    registry: models.Registry,
) -> None:
    done = receive(
        registry,
        f"{award_of(0).reference},accepted,,CB-7",
        f"{award_of(1).reference},rejected,licence L-1 of jo@example.org is not active,",
    )
    assert told(done) == [(2, "accepted", ""), (3, "rejected", "")]
    assert (done.bad, done.applied) == (0, True)
    assert states() == [THERE, PARKED]
    assert (award_of(0).remote_id, award_of(0).reason) == ("CB-7", "accepted in roster file 1")
    assert award_of(1).reason == "rejected in roster file 1: licence # of @ is not active"
    assert award_of(1).settled_at is not None
    line = models.RosterLine.objects.get(position=2)
    assert (line.answer, line.answered_by) == ("rejected", "clerk")
    assert "L-1" not in line.reason
    results = models.Attempt.objects.order_by("id").values_list("result", flat=True)
    assert list(results) == ["taken", "taken", "delivered", "refused"]
    registry.refresh_from_db()
    assert registry.reached_at is not None


def test_the_same_receipts_again_change_nothing(registry: models.Registry) -> None:
    rows = (f"{award_of(0).reference},accepted,,7", f"{award_of(1).reference},rejected,no,")
    receive(registry, *rows)
    before = _snapshot()
    done = receive(registry, *rows)
    assert told(done) == [(2, "unchanged", ""), (3, "unchanged", "")]
    assert _snapshot() == before


def test_a_preview_says_the_same_and_changes_nothing(registry: models.Registry) -> None:
    rows = (f"{award_of(0).reference},accepted,,7", "cec-nobodys,accepted,,8")
    before = _snapshot()
    done = rosters.preview(registry, receipts(*rows))
    assert told(done) == [(2, "accepted", ""), (3, "unknown reference", Why.NEVER_FILED)]
    assert (done.bad, done.applied) == (1, False)
    assert _snapshot() == before


def test_what_the_body_has_not_decided_goes_on_waiting(registry: models.Registry) -> None:
    assert told(receive(registry, f"{award_of(0).reference},pending,,")) == [(2, "still waits", "")]
    assert states() == [WAITS, WAITS]
    receive(registry, f"{award_of(0).reference},accepted,,")
    assert told(receive(registry, f"{award_of(0).reference},pending,,")) == [(2, "unchanged", "")]


def test_two_rows_that_say_otherwise_settle_nothing(registry: models.Registry) -> None:
    one, two = award_of(0).reference, award_of(1).reference
    done = receive(
        registry,
        f"{one},accepted,,7",
        f"{one},rejected,no,",
        f"{two},accepted,,8",
        f"{two},accepted,,8",
    )
    assert told(done) == [
        (2, "conflict", Why.TWICE),
        (3, "conflict", Why.TWICE),
        (4, "accepted", ""),
        (5, "unchanged", ""),
    ]
    assert states() == [WAITS, THERE]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("accepted,,7", "rejected,no,", Why.SAID_ACCEPTED),
        ("accepted,,7", "accepted,,8", Why.OTHER_ID),
        ("rejected,no,", "accepted,,7", Why.SAID_REJECTED),
    ],
)
def test_a_later_word_against_an_earlier_one_is_listed_and_left(
    registry: models.Registry, first: str, second: str, why: Why
) -> None:
    receive(registry, f"{award_of(0).reference},{first}")
    before = _snapshot()
    done = receive(registry, f"{award_of(0).reference},{second}")
    assert told(done) == [(2, "conflict", why)]
    assert _snapshot() == before


def test_what_somebody_settled_by_hand_is_not_turned_round(registry: models.Registry) -> None:
    models.Delivery.objects.update(state="parked", hold_code="")
    settle_by_hand(award_of(0).pk, done=True, by="root", now=_now())
    settle_by_hand(award_of(1).pk, done=False, by="root", now=_now())
    before = states()
    done = receive(
        registry, f"{award_of(0).reference},rejected,,", f"{award_of(1).reference},accepted,,"
    )
    assert told(done) == [(2, "conflict", Why.SETTLED_THERE), (3, "conflict", Why.DROPPED)]
    assert states() == before
    done = receive(
        registry, f"{award_of(0).reference},accepted,,7", f"{award_of(1).reference},rejected,,"
    )
    assert told(done) == [(2, "accepted", ""), (3, "rejected", "")]
    assert states() == before
    assert (award_of(0).remote_id, award_of(0).reason) == ("7", "settled by hand by root")


def test_a_hand_settled_one_under_another_id_is_a_conflict(registry: models.Registry) -> None:
    models.Delivery.objects.update(state="delivered", remote_id="6", hold_code="")
    done = receive(registry, f"{award_of(0).reference},accepted,,7")
    assert told(done) == [(2, "conflict", Why.OTHER_ID)]


def test_a_receipt_settles_what_was_parked_or_sent_again_meanwhile(
    registry: models.Registry,
) -> None:
    requeue([award_of(0).pk], now=_now())
    models.Delivery.objects.filter(pk=award_of(1).pk).update(state="parked", hold_code="")
    receive(
        registry, f"{award_of(0).reference},accepted,,1", f"{award_of(1).reference},accepted,,2"
    )
    assert states() == [THERE, THERE]
    deliver_registry(registry.pk)
    assert states() == [THERE, THERE]


def test_bad_rows_are_told_and_the_good_ones_settled(registry: models.Registry) -> None:
    done = receive(
        registry, ",accepted,,", f"{award_of(0).reference},perhaps,,", "cec-x,accepted,,",
        f"{award_of(1).reference},accepted,,",
    )  # fmt: skip
    assert [(one.row, one.outcome, one.field) for one in done.report] == [
        (2, "fault", "reference"),
        (3, "fault", "status"),
        (4, "unknown reference", ""),
        (5, "accepted", ""),
    ]
    assert done.bad == 3
    assert states() == [WAITS, THERE]


class TestAgain:
    """What was rejected and put right goes into another file, and each file has its receipts."""

    def test_it_goes_into_the_next_file_and_its_own_receipt_counts(
        self, registry: models.Registry
    ) -> None:
        first = models.RosterFile.objects.get()
        no = f"{award_of(0).reference},rejected,no such licence,"
        receive(registry, no)
        requeue([award_of(0).pk], now=_now())
        second = closed(registry)
        assert [one["reference"] for one in lines_of(second)] == [award_of(0).reference]
        assert told(receive(registry, no, file=first)) == [(2, "unchanged", "")]
        assert told(receive(registry, no)) == [(2, "conflict", Why.SEVERAL_FILES)]
        assert award_of(0).state == "held"
        yes = f"{award_of(0).reference},accepted,,7"
        assert told(receive(registry, yes, file=first)) == [(2, "conflict", Why.SAID_REJECTED)]
        assert told(receive(registry, yes, file=second)) == [(2, "accepted", "")]
        assert states() == [THERE, WAITS]

    def test_a_reference_of_another_file_is_not_known_to_this_one(
        self, registry: models.Registry
    ) -> None:
        factories.finish("77", ETHICS, earned())
        factories.settle("77", now=_now())
        factories.link("77", registry.organization, "L-77", now=_now())
        second = closed(registry)
        done = receive(registry, f"{award_of(0).reference},accepted,,", file=second)
        assert told(done) == [(2, "unknown reference", Why.NOT_IN_THIS)]


class TestReversals:
    def test_a_reversal_goes_into_the_next_file_once_the_award_is_confirmed(self) -> None:
        registry = board(people=1, **REVERSALS)
        closed(registry)
        withdraw(0)
        assert rosters.close(registry, by="clerk").file is None
        assert states() == [WAITS, ("held", "predecessor", "absent")]
        receive(registry, f"{award_of(0).reference},accepted,,CB-7")
        (line,) = lines_of(closed(registry))
        assert (line["kind"], line["takes back"], line["their id"]) == (
            "delete",
            award_of(0).reference,
            "CB-7",
        )
        assert (line["licence"], line["hours"]) == ("L-0", "10.00")
        assert line["date"] == earned().date().isoformat()
        receive(registry, f"{line['ref']},accepted,,")
        assert states() == [THERE, THERE]

    def test_where_the_body_takes_nothing_back_an_administrator_decides(self) -> None:
        registry = board(people=1)
        closed(registry)
        withdraw(0)
        receive(registry, f"{award_of(0).reference},accepted,,")
        deliver_registry(registry.pk)
        reversal = models.Delivery.objects.get(errand="retract")
        assert reversal.state == "parked"
        assert "takes no credit back" in reversal.reason

    def test_a_rejected_award_that_was_taken_back_ends_both(self) -> None:
        registry = board(people=1, **REVERSALS)
        closed(registry)
        withdraw(0)
        receive(registry, f"{award_of(0).reference},rejected,no,")
        assert states() == [VOID, VOID]
        assert rosters.close(registry, by="clerk").file is None

    def test_a_wrong_number_that_nobody_has_now_is_taken_back_by_hand(self) -> None:
        registry = board(people=1, **REVERSALS)
        closed(registry)
        receive(registry, f"{award_of(0).reference},accepted,,1")
        factories.link(subject(0), registry.organization, "L-77", now=_now())
        assert rosters.close(registry, by="clerk").aside == 1
        back = models.Delivery.objects.get(errand="retract")
        assert (back.state, back.presence) == ("parked", "absent")
        assert "not known here any more" in back.reason
        settle_by_hand(back.pk, done=True, by="root", now=_now())
        (line,) = lines_of(closed(registry))
        assert (line["kind"], line["licence"]) == ("credit", "L-77")

    def test_a_wrong_number_that_is_anothers_is_taken_back_under_it(self) -> None:
        registry = board(people=1, **REVERSALS)
        closed(registry)
        receive(registry, f"{award_of(0).reference},accepted,,1")
        factories.link(subject(0), registry.organization, "L-77", now=_now())
        factories.finish("88", ETHICS, earned())
        factories.settle("88", now=_now())
        factories.link("88", registry.organization, "L-0", now=_now())
        lines = {(line["kind"], line["licence"]) for line in lines_of(closed(registry))}
        assert lines == {("delete", "L-0"), ("credit", "L-0")}  # the second is the other's own

    def test_a_body_that_goes_by_the_reference_needs_no_number(self) -> None:
        registry = board(people=1, reversal_by_reference=True, **REVERSALS)
        closed(registry)
        receive(registry, f"{award_of(0).reference},accepted,,1")
        factories.link(subject(0), registry.organization, "L-77", now=_now())
        (line,) = lines_of(closed(registry))
        assert (line["kind"], line["licence"], line["takes back"]) == (
            "delete",
            "",
            award_of(0).reference,
        )


def test_many_receipts_cost_few_queries_to_look_at(django_assert_max_num_queries: Any) -> None:
    registry = board()
    closed(registry)
    rows = [f"cec-{number},accepted,," for number in range(MOST_ROWS)]
    with django_assert_max_num_queries(25):
        assert rosters.preview(registry, receipts(*rows)).bad == MOST_ROWS


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_who_import_the_same_receipts_at_once_settle_once() -> None:
    registry = board()
    closed(registry)
    rows = (f"{award_of(0).reference},accepted,,7", f"{award_of(1).reference},rejected,no,")
    outcomes: list[list[str]] = []

    def work() -> None:
        outcomes.append([one.outcome.value for one in receive(registry, *rows).report])

    together([work, work, work])
    assert sorted(outcomes) == [["accepted", "rejected"], ["unchanged"] * 2, ["unchanged"] * 2]
    assert states() == [THERE, PARKED]
    assert models.Attempt.objects.filter(result__in=["delivered", "refused"]).count() == 2
