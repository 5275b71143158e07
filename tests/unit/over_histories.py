"""Hold a property over many drawn histories, of which enough must hold what matters.

The counting stands beside the drawing, in one test: it is the same however a run is divided.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias
from zlib import crc32

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.unit.bookkeeper import Bookkeeper, Happening
from tests.unit.histories import EVERYBODY, History, histories

Property: TypeAlias = Callable[[Bookkeeper, History, st.DataObject], Iterable[str] | None]
"""What holds: given a bookkeeper who goes through the history, the history, and more to draw.

It may return what else happened.
"""

drawing = histories()

A_ROUND = 10
"""How many are drawn together: from the eleventh on hypothesis makes five variants of each."""

ONE_IN = 10
"""Of so many histories, one must hold each thing that matters."""


def over_histories(
    *, rounds: int = 15, also: Collection[str] = ()
) -> Callable[[Property], Callable[[], None]]:
    """Make a test of a property.

    It fails, too, unless of all its histories a tenth each hold every ``Happening``, and a tenth
    each what the property asks for ``also``.
    """

    def decorate(holds: Property) -> Callable[[], None]:
        def test() -> None:
            happened: Counter[str] = Counter()

            def each(history: History, data: st.DataObject) -> None:
                others = holds(Bookkeeper(history.first), history, data) or ()
                told = Bookkeeper(history.first)  # of the history alone, without what is added
                told.run(*history.events, EVERYBODY)
                happened.update({"histories", *told.happened, *others})

            # Other histories for each property, and the same ones in every run.
            first = crc32(holds.__name__.encode())
            for number in range(rounds):
                drawn = seed(first + number)(given(drawing, st.data())(each))
                settings(max_examples=A_ROUND)(drawn)()
            rare = {
                str(what): happened[what]
                for what in (*Happening, *also)
                if happened[what] * ONE_IN < happened["histories"]
            }
            assert not rare, f"of {happened['histories']} histories too few: {rare}"

        test.__name__, test.__doc__ = holds.__name__, holds.__doc__
        test.__module__ = holds.__module__
        return test

    return decorate
