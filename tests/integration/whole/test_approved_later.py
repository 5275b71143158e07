"""A registry that takes a credit and decides on it itself, later: what it decides is read back."""

from collections.abc import Callable, Iterator

import pytest

from cec_plugin.sandbox.records import Member, State
from cec_plugin.sandbox.server import Sandbox, running_sandbox
from tests.integration.whole.guild import EARNED_ON, Guild
from tests.integration.whole.place import ADA, GRACE, MARY, MEMBERS, Place, Record

pytestmark = pytest.mark.django_db


class Sandboxed(Place):
    """The sandbox, which approves nothing at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.control.set_faults(approves_later=True)
        self.row = {
            "base_url": sandbox.url,
            "secret": "sandbox",
            "options": {"approval_field": "approval"},
        }

    def records(self) -> list[Record]:
        return [
            Record(
                member=one.member_number,
                hundredths=one.hundredths,
                on=EARNED_ON,
                reference=one.reference or "",
                stands=one.state is State.ACTIVE,
            )
            for one in self.sandbox.control.data().credits
        ]

    def lose_the_next_answer(self) -> None:
        self.sandbox.control.set_faults(commit_then_reset={"times": 1})


@pytest.fixture
def place() -> Iterator[Sandboxed]:
    with running_sandbox(members=[Member(number=one, name=one) for one in MEMBERS]) as sandbox:
        yield Sandboxed(sandbox)


def test_what_it_decides_is_read_back_and_is_no_difference(
    place: Sandboxed, guild_of: Callable[[Place], Guild]
) -> None:
    guild = guild_of(place)
    for subject, number in (("7", ADA), ("8", GRACE), ("9", MARY)):
        guild.earn(subject, number)
    guild.deliver()
    assert guild.reconcile() == {}

    def decided() -> list[bool | None]:
        return [guild.telling(subject).approved for subject in ("7", "8", "9")]

    assert decided() == [None, None, None]
    place.sandbox.control.approve(guild.telling("7").reference)
    place.sandbox.control.approve(guild.telling("8").reference, approved=False)
    assert guild.reconcile() == {}
    assert decided() == [True, False, None]
    assert guild.states() == {"delivered": 3}
    # What is told again under a new reference waits for a decision of its own.
    guild.link("7", "M-1001-not")
    guild.link("7", ADA)
    guild.make_worth("12")
    guild.deliver()
    assert guild.reconcile() == {}
    assert decided() == [None, None, None]
