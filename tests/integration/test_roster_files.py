"""Credits go into numbered files, each once; a closed file reads the same or is not written."""

from datetime import UTC, datetime, timedelta

import pytest

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.adapters.couriers import deliver_first, deliver_registry
from cec_plugin.domain.delivery import Presence
from cec_plugin.domain.roster import RosterFormat
from cec_plugin.exceptions import CecError
from cec_plugin.selectors.rosters import closing_soon
from cec_plugin.services.claim import claim
from cec_plugin.services.link import unlink
from cec_plugin.services.pause import pause
from cec_plugin.services.requeue import requeue
from cec_plugin.services.withdraw_roster import withdraw_roster
from tests import factories
from tests.integration.rosters import (
    REVERSALS,
    award_of,
    board,
    closed,
    earn,
    earned,
    lines_of,
    receive,
    states,
    subject,
    told,
    withdraw,
)
from tests.threads import together

pytestmark = pytest.mark.django_db

WAITS = ("held", "receipt", "unknown")


def _now() -> datetime:
    return datetime.now(UTC)


def test_a_credit_waits_for_the_file_and_then_for_its_receipt() -> None:
    registry = board()
    deliver_registry(registry.pk)
    assert states() == [WAITS, WAITS]
    assert award_of(0).due_at is None
    assert award_of(0).reason == "waits for the next roster file"
    file = closed(registry)
    assert [(one["reference"], one["member_number"], one["amount"]) for one in lines_of(file)] == [
        (award_of(0).reference, "L-0", "10.00"),
        (award_of(1).reference, "L-1", "10.00"),
    ]
    assert award_of(0).reason == "in roster file 1, its receipt is to come"
    assert states() == [WAITS, WAITS]


def test_closing_takes_what_is_due_along_and_nothing_twice() -> None:
    registry = board()
    assert len(lines_of(closed(registry))) == 2
    assert rosters.close(registry, by="clerk").file is None
    earn(registry, 5)
    file = closed(registry)
    assert file.number == 2
    assert [one["member_number"] for one in lines_of(file)] == ["L-5"]


def test_a_file_holds_as_many_lines_as_the_body_takes() -> None:
    registry = board(people=5, lines=2)
    done = rosters.close(registry, by="clerk")
    assert (done.lines, done.left) == (2, 3)
    assert [len(lines_of(closed(registry))) for _ in range(2)] == [2, 1]


def test_sending_again_what_is_in_a_file_puts_it_into_no_second_one() -> None:
    registry = board(people=1)
    closed(registry)
    assert requeue([award_of(0).pk], now=_now()) == 1
    assert rosters.close(registry, by="clerk").file is None
    assert states() == [WAITS]


def test_a_worker_that_died_before_its_answer_was_written_leaves_nothing_parked() -> None:
    registry = board(people=1)
    (claimed,) = claim(registry.pk, limit=9, lease_s=0, now=_now())
    assert claimed.presence is Presence.ABSENT
    assert len(lines_of(closed(registry))) == 1
    assert states() == [WAITS]


def test_what_was_taken_back_before_any_file_had_it_is_told_to_nobody() -> None:
    registry = board(**REVERSALS)
    deliver_registry(registry.pk)
    withdraw(0)
    done = rosters.close(registry, by="clerk")
    assert done.aside == 1
    assert done.file is not None
    assert [one["licence"] for one in lines_of(done.file)] == ["L-1"]
    assert states() == [("void", "", "absent"), WAITS, ("void", "", "absent")]


def test_a_number_that_was_corrected_before_the_file_stands_in_it_as_it_is_now() -> None:
    registry = board(people=1)
    deliver_registry(registry.pk)
    factories.link(subject(0), registry.organization, "L-77", now=_now())
    assert rosters.close(registry, by="clerk").file is None  # the first telling is void
    (line,) = lines_of(closed(registry))
    assert line["member_number"] == "L-77"
    assert line["reference"] != award_of(0).reference
    assert award_of(0).state == "void"


def test_a_number_that_was_taken_away_before_the_file_is_waited_for() -> None:
    registry = board(people=1)
    deliver_registry(registry.pk)
    unlink(
        person_id=factories.person_of(subject(0)),
        organization_id=registry.organization_id,
        now=_now(),
    )
    assert rosters.close(registry, by="clerk").file is None
    assert rosters.close(registry, by="clerk").file is None
    assert [one for one in states() if one[0] != "void"] == [("held", "no_member_number", "absent")]
    factories.link(subject(0), registry.organization, "L-0", now=_now())
    assert len(lines_of(closed(registry))) == 1


def test_a_line_without_anybodys_number_waits_for_one() -> None:
    registry = board(people=1)
    deliver_registry(registry.pk)
    models.Membership.objects.all().delete()
    assert rosters.close(registry, by="clerk").aside == 1
    assert states() == [("held", "no_member_number", "absent")]


def test_what_became_too_late_while_it_waited_is_parked_with_the_reason() -> None:
    registry = board(window_days=60)
    deliver_registry(registry.pk)
    registry.options = {"window_days": 10}
    registry.save()
    assert rosters.close(registry, by="clerk").aside == 2
    assert states() == [("parked", "", "absent")] * 2
    assert award_of(0).reason == "the window is closed: it takes a credit for 10 days"


def test_what_is_too_late_from_the_start_is_parked_before_any_file() -> None:
    registry = board(window_days=10)
    deliver_registry(registry.pk)
    assert states() == [("parked", "", "absent")] * 2


def test_what_will_soon_be_too_late_is_counted_until_it_is_in_a_file() -> None:
    registry = board(window_days=25)
    assert rosters.soon_too_late(registry) == 2
    earn(registry, 7, at=earned() + timedelta(days=10))
    assert rosters.soon_too_late(registry) == 2
    closed(registry)
    assert rosters.soon_too_late(registry) == 0
    assert rosters.soon_too_late(board_without_window()) == 0


def board_without_window() -> models.Registry:
    registry = models.Registry.objects.get()
    registry.options = {}
    registry.save()
    return registry


class TestUnchanged:
    def test_a_closed_file_reads_the_same_whatever_changes_after_it(self) -> None:
        registry = board()
        file = closed(registry)
        before = rosters.write(file).content
        models.Activity.objects.update(title="Renamed")
        models.Organization.objects.update(unit="points", time_zone="Pacific/Kiritimati")
        registry.options = {"delimiter": ";", "header": False}
        registry.save()
        again = rosters.write(models.RosterFile.objects.get())
        assert again.content == before
        assert again.name == "state-board-1.csv"

    def test_a_number_that_changed_since_is_never_put_in_place_of_the_one_that_was_told(
        self,
    ) -> None:
        registry = board()
        file = closed(registry)
        factories.link(subject(0), registry.organization, "L-77", now=_now())
        with pytest.raises(CecError, match="1 member numbers in roster file 1") as raised:
            rosters.write(file)
        assert award_of(0).reference in str(raised.value)
        assert "L-0" not in str(raised.value)

    def test_a_file_that_would_read_otherwise_is_not_written(self) -> None:
        file = closed(board())
        models.RosterLine.objects.filter(position=1).update(title="Another")
        with pytest.raises(CecError, match="would not read as when it was closed"):
            rosters.write(file)

    def test_the_database_holds_no_number_beside_the_memberships(self) -> None:
        closed(board(people=1))
        for model in (models.RosterFile, models.RosterLine, models.Delivery, models.Attempt):
            for row in model.objects.values():
                assert "L-0" not in str(row)

    def test_it_is_noted_when_somebody_first_had_it(self) -> None:
        file = closed(board())
        assert file.fetched_at is None
        rosters.write(file)
        first = models.RosterFile.objects.get().fetched_at
        assert first is not None
        rosters.write(file)
        assert models.RosterFile.objects.get().fetched_at == first


class TestWithdrawn:
    def test_what_was_never_handed_over_goes_into_the_next_file(self) -> None:
        registry = board()
        file = closed(registry)
        assert withdraw_roster(file.pk, by="clerk", now=_now()) == 2
        assert award_of(0).reason == "waits for the next roster file"
        second = closed(registry)
        assert (second.number, len(lines_of(second))) == (2, 2)
        assert withdraw_roster(file.pk, by="clerk", now=_now()) == 0
        done = receive(registry, f"{award_of(0).reference},accepted,,1")
        assert told(done) == [(2, "accepted", "")]

    def test_a_file_of_which_the_body_answered_a_line_was_handed_over(self) -> None:
        registry = board()
        file = closed(registry)
        receive(registry, f"{award_of(0).reference},accepted,,1")
        assert withdraw_roster(file.pk, by="clerk", now=_now()) == 0
        assert models.RosterFile.objects.get().withdrawn_at is None
        assert models.RosterLine.objects.filter(answer="").count() == 1


class TestPaused:
    def test_nothing_is_closed_for_a_registry_that_somebody_paused(self) -> None:
        registry = board()
        deliver_registry(registry.pk)
        pause(registry.pk, reason="audit", now=_now(), by_person=True)
        registry.refresh_from_db()
        with pytest.raises(CecError, match="paused"):
            rosters.close(registry, by="clerk")
        assert not models.RosterFile.objects.exists()

    def test_the_first_send_to_a_new_one_is_a_file_with_that_one_line(self) -> None:
        registry = board()
        registry.paused = True
        registry.save()
        deliver_first(award_of(1).pk)
        assert [one["member_number"] for one in lines_of(closed(registry))] == ["L-1"]


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_who_close_at_once_put_nothing_into_two_files() -> None:
    registry = board(people=6, lines=3)
    deliver_registry(registry.pk)

    def close() -> None:
        rosters.close(models.Registry.objects.get(), by="clerk")

    together([close, close, close])
    lines = models.RosterLine.objects.values_list("delivery_id", flat=True)
    assert len(lines) == len(set(lines)) == 6
    assert sorted(models.RosterFile.objects.values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("earned_at", "soon"),
    [
        ("2026-03-05T04:59:59Z", 0),  # their window is closed
        ("2026-03-05T05:00:00Z", 1),
        ("2026-03-13T03:59:59Z", 1),
        ("2026-03-13T04:00:00Z", 0),  # there is time
    ],
)
def test_the_days_of_a_window_are_those_where_the_organization_is(
    earned_at: str, soon: int
) -> None:
    registry = board(people=0)
    models.Organization.objects.update(time_zone="America/Toronto")
    registry.refresh_from_db()
    earn(registry, 1, at=datetime.fromisoformat(earned_at))
    how = RosterFormat(window_days=25, warn_days=7)
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    # In between their clocks went forward.
    assert closing_soon(registry, how, now=now) == soon
