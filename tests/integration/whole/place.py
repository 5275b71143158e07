"""What the tests ask of a registry, whichever it is: its own data, and what befalls it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cec_plugin import models
from tests.integration.whole.between import Between, Mishap

ADA, GRACE, MARY = MEMBERS = ("M-1001", "M-1002", "M-1003")
NOBODY = "M-9999"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Record:
    """One credit in a registry's own data."""

    member: str
    hundredths: int
    on: date
    reference: str
    stands: bool = True


class Place(ABC):
    """A registry that knows the ``MEMBERS``, seen from behind."""

    row: Mapping[str, Any]
    """The fields of our row of it."""

    @abstractmethod
    def records(self) -> list[Record]:
        """Return every credit that it holds, in the order of their writing: not by our adapter."""

    @abstractmethod
    def lose_the_next_answer(self) -> None:
        """Let it take what comes next, and nobody hear of it."""

    def carry(self, row: models.Registry) -> bool:
        """Do what people do between two deliveries; say whether that was anything."""
        return False


class Called(Place):
    """A registry that is called over HTTP, with somebody in between who loses answers."""

    between: Between

    def lose_the_next_answer(self) -> None:
        """Let the next write be done, and the connection break."""
        self.between.mishaps.append(Mishap.CUT_OFF)

    @abstractmethod
    def shut_us_out(self) -> None:
        """Let it know us no longer."""

    @abstractmethod
    def let_us_in(self) -> None:
        """Let it know us again."""

    @abstractmethod
    def remove(self, reference: str) -> None:
        """Let somebody remove a credit."""

    @abstractmethod
    def double(self, reference: str) -> None:
        """Let somebody enter a credit a second time, under the same reference."""

    @abstractmethod
    def change(self, reference: str, *, hundredths: int) -> None:
        """Let somebody change the amount of a credit."""

    @abstractmethod
    def take_back(self, reference: str) -> None:
        """Let somebody there take a credit back."""

    @abstractmethod
    def reopen(self, reference: str) -> None:
        """Let somebody there undo the taking back of a credit."""

    @abstractmethod
    def enter(self, reference: str, member: str) -> None:
        """Let somebody else enter a credit under a reference that we never gave."""


def standing(records: Iterable[Record]) -> list[tuple[str, int]]:
    """Return whose and how much stands."""
    return sorted((one.member, one.hundredths) for one in records if one.stands)
