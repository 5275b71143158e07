"""Which activities a rule speaks of, and which of two rules is the more specific."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Selector(StrEnum):
    """How a rule names its activities."""

    RUN = "run"  # one exact course run, or any other exact activity key
    COURSE = "course"  # a course without the run
    ORGANIZATION = "organization"  # every activity of an organization on the site
    GLOB = "glob"  # a pattern over the whole key: * any text, ? one character


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRef:
    """An activity as rules see it.

    ``course`` is its key without the run, ``organization`` who offers it; both are empty where
    the key has no such part (a webinar with a key of its own).
    """

    key: str
    course: str = ""
    organization: str = ""

    @property
    def same(self) -> str:
        """Name the activity apart from its run: two runs of a course are the same activity."""
        return self.course or self.key


def matches(selector: Selector, pattern: str, activity: ActivityRef) -> bool:
    """Say whether a rule with this selector and pattern speaks of the activity, case and all."""
    match selector:
        case Selector.RUN:
            return activity.key == pattern
        case Selector.COURSE:
            return bool(pattern) and activity.course == pattern
        case Selector.ORGANIZATION:
            return bool(pattern) and activity.organization == pattern
        case _:  # Selector.GLOB
            return compiled(pattern).fullmatch(activity.key) is not None


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the glob as a regular expression; only ``*`` and ``?`` are special."""
    return re.compile(
        "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL
    )


def specificity(selector: Selector, pattern: str) -> tuple[int, int]:
    """Rank a rule: an exact run, then a course, then whatever spells out more of the key.

    An organization is as specific as the glob that says the same.
    """
    match selector:
        case Selector.RUN:
            return (3, 0)
        case Selector.COURSE:
            return (2, 0)
        case Selector.ORGANIZATION:
            return (1, _spelled_out(as_glob(pattern)))
        case _:  # Selector.GLOB
            return (1, _spelled_out(pattern))


def as_glob(organization: str) -> str:
    """Return the glob that names an organization's course runs, by which it is ranked."""
    return f"course-v1:{organization}+*+*"


def _spelled_out(pattern: str) -> int:
    return sum(1 for sign in pattern if sign not in "*?")


def tie(one: tuple[Selector, str], other: tuple[Selector, str]) -> bool:
    """Say whether two rules could both be the most specific for one activity."""
    if specificity(*one) != specificity(*other):
        return False
    kinds = {one[0], other[0]}
    if kinds <= {Selector.GLOB, Selector.ORGANIZATION} and Selector.GLOB in kinds:
        return any(
            globs_overlap(mine, theirs) for mine in _globs(*one) for theirs in _globs(*other)
        )
    return one == other


def _globs(selector: Selector, pattern: str) -> tuple[str, ...]:
    """Return the globs that a rule is: an organization's runs have keys of two kinds."""
    if selector is Selector.ORGANIZATION:
        return as_glob(pattern), f"{pattern}/*/*"
    return (pattern,)


def beginnings(selector: Selector, pattern: str) -> list[str]:
    """Return with what the keys begin that a glob or an organization names.

    Two of them can name the same key only where one beginning begins with the other.
    """
    return [re.split(r"[*?]", glob, maxsplit=1)[0] for glob in _globs(selector, pattern)]


def globs_overlap(one: str, other: str) -> bool:
    """Say whether some text matches both globs."""
    # reachable[j]: the first i signs of `one` and the first j of `other` can match one text.
    reachable = [True, *([False] * len(other))]
    for j, sign in enumerate(other, start=1):
        reachable[j] = reachable[j - 1] and sign == "*"
    for mine in one:
        row = [reachable[0] and mine == "*"]
        for j, theirs in enumerate(other, start=1):
            if mine == "*" or theirs == "*":
                row.append(reachable[j] or row[j - 1])
            else:
                row.append(reachable[j - 1] and (mine == theirs or "?" in (mine, theirs)))
        reachable = row
    return reachable[-1]
