"""A body that takes a credit for so many days: warned before, told in time, and parked after."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.services.close_roster import KEPT
from tests.integration.whole.board import Board
from tests.integration.whole.guild import Guild, now
from tests.integration.whole.place import ADA, GRACE, MARY, Place, standing

pytestmark = pytest.mark.django_db

NEXT = Callable[[Place], Guild]
CLOSED = "the window is closed: it takes a credit for 60 days"


@pytest.fixture
def board() -> Board:
    return Board(window_days=60, warn_days=7)


def _days_ago(days: int) -> timedelta:
    return timedelta(days=days)


def _let_it_close(guild: Guild) -> None:
    """Let the window of everything be over, as if some weeks had passed."""
    guild.row.options = {**guild.row.options, "window_days": 10}
    guild.row.save()


def _said(command: str, *arguments: str) -> str:
    out = StringIO()
    with suppress(CommandError):  # it has something to say
        call_command(command, *arguments, stdout=out)
    return out.getvalue()


def test_somebody_is_warned_while_it_can_still_be_told(board: Board, guild_of: NEXT) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(30))
    guild.finish("8", at=now() - _days_ago(55))  # nobody knows the number yet
    guild.deliver()
    assert rosters.soon_too_late(guild.row) == 1
    assert "PROBLEM  Guild register: credits in no file that soon will be taken no more: 1" in (
        _said("cec_doctor")
    )
    assert _said("cec_roster", guild.row.name).splitlines() == [
        "There is nothing to put into a file.",
        "in no file, and soon taken no more: 1",
    ]
    guild.link("8", GRACE)
    guild.deliver()
    assert standing(board.records()) == [(ADA, 1000), (GRACE, 1000)]
    assert rosters.soon_too_late(guild.row) == 0
    assert "taken no more" not in _said("cec_doctor")


def test_what_comes_too_late_is_parked_alone_with_the_reason(board: Board, guild_of: NEXT) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(50))
    guild.earn("8", GRACE, at=now() - _days_ago(63))
    guild.deliver()
    assert standing(board.records()) == [(ADA, 1000)]
    late = guild.telling("8")
    assert (late.state, late.presence, late.reason) == ("parked", "absent", CLOSED)
    assert guild.states() == {"delivered": 1, "parked": 1}
    assert rosters.soon_too_late(guild.row) == 0  # it is not soon any more


def test_a_number_that_comes_too_late_parks_what_waited_for_it(
    board: Board, guild_of: NEXT
) -> None:
    guild = guild_of(board)
    guild.finish("7", at=now() - _days_ago(63))
    guild.deliver()
    assert guild.telling("7").hold_code == "no_member_number"
    guild.link("7", ADA)
    guild.deliver()
    assert board.files == []
    assert (guild.telling("7").state, guild.telling("7").reason) == ("parked", CLOSED)


def test_what_was_handed_over_in_time_is_told_whenever_the_receipt_comes(
    board: Board, guild_of: NEXT
) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(50))
    guild.attempt()
    assert len(board.files) == 1
    _let_it_close(guild)
    guild.deliver()
    assert guild.states() == {"delivered": 1}


def test_what_is_parked_too_late_and_then_withdrawn_is_told_to_nobody(
    board: Board, guild_of: NEXT
) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(63))
    guild.deliver()
    guild.withdraw("7", at=now() - _days_ago(1))
    guild.deliver()
    assert board.files == []
    assert guild.states() == {"void": 2}


def test_what_is_told_can_be_taken_back_after_the_window(board: Board, guild_of: NEXT) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(50))
    guild.deliver()
    _let_it_close(guild)
    guild.withdraw("7", at=now() - _days_ago(1))
    guild.deliver()
    assert standing(board.records()) == []


def test_an_amount_that_changes_too_late_leaves_the_old_one_standing(
    board: Board, guild_of: NEXT
) -> None:
    """Taken back it would be gone for good: the body takes the new one no more."""
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(50))
    guild.earn("8", GRACE, at=now() - _days_ago(50))
    guild.deliver()
    _let_it_close(guild)
    guild.correct("7", hundredths=1200)
    guild.withdraw("8", at=now() - _days_ago(1))
    guild.deliver()
    assert standing(board.records()) == [(ADA, 1000)]
    back = models.Delivery.objects.get(errand="retract", state="parked")
    assert (back.presence, back.reason) == ("absent", KEPT)
    assert (guild.telling("7").state, guild.telling("7").hold_code) == ("held", "predecessor")


def test_what_a_wrong_member_got_is_taken_back_though_it_is_too_late_for_the_right_one(
    board: Board, guild_of: NEXT
) -> None:
    guild = guild_of(board)
    guild.earn("7", ADA, at=now() - _days_ago(50))
    guild.deliver()
    _let_it_close(guild)
    guild.link("7", MARY)
    guild.deliver()
    assert standing(board.records()) == []
    assert guild.telling("7").state == "parked"
    assert guild.telling("7").reason == "the window is closed: it takes a credit for 10 days"
