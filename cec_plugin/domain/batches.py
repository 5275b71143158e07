"""In which company credits are sent: the more one has failed, the fewer go with it."""

from collections.abc import Sequence


def companies(failures: Sequence[int], bulk: int) -> list[list[int]]:
    """Return the positions that go together, given how often each has failed.

    What never failed goes ``bulk`` at a time, what failed once a quarter of it, and so on: where
    a call fails as a whole and says of nobody why, the bad one is alone before it gives up.
    """
    by_failures: dict[int, list[int]] = {}
    for position, failed in enumerate(failures):
        by_failures.setdefault(failed, []).append(position)
    together: list[list[int]] = []
    for failed, positions in sorted(by_failures.items()):
        size = max(1, bulk >> (2 * failed))
        together += [positions[at : at + size] for at in range(0, len(positions), size)]
    return together
