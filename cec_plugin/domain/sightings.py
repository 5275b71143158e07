"""Remember which of very many numbers were seen, in one bit each."""


class Sightings:
    """Which whole numbers between two of them, both included, were seen.

    A million takes 125,000 bytes, whatever was seen of them. A number outside is never seen.
    """

    def __init__(self, *, first: int, last: int) -> None:
        """Begin with nothing seen; with ``last`` below ``first`` there is nothing to see."""
        self._first = first
        self._count = max(last - first + 1, 0)
        self._bits = bytearray((self._count + 7) // 8)

    def again(self, number: int) -> bool:
        """See a number; say whether it was seen before."""
        place = number - self._first
        if not 0 <= place < self._count:
            return False
        before = number in self
        self._bits[place // 8] |= 1 << place % 8
        return before

    def __contains__(self, number: int) -> bool:
        """Say whether a number was seen."""
        place = number - self._first
        return 0 <= place < self._count and bool(self._bits[place // 8] >> place % 8 & 1)
