"""A credit table: an organization's rules, in force from a date, and what is wrong with them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import combinations

from cec_plugin.domain import conditions, terms
from cec_plugin.domain.conditions import Conditions
from cec_plugin.domain.selectors import (
    ActivityRef,
    Selector,
    beginnings,
    compiled,
    specificity,
    tie,
)
from cec_plugin.domain.terms import PLAIN, Terms

LEARNER = "learner"
"""The role whose credit is the rule's own figure; every other role needs a bonus."""


class BonusKind(StrEnum):
    """How a role's bonus is reckoned."""

    FLAT = "flat"
    PER_HOUR = "per_hour"  # times the hours of service
    MULTIPLE = "multiple"  # times the learner's credit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """What a role earns; ``hundredths`` is None while the organization has set no figure.

    ``first_time_only``: for the same activity, whichever its run, once. Without ``stacks`` it is
    not given to somebody who has the learner's credit for the same activity.
    """

    kind: BonusKind
    hundredths: int | None
    first_time_only: bool = False
    stacks: bool = True


class OfProgram(StrEnum):
    """What finishing a program gives to somebody who has credit for its courses."""

    INCLUSIVE = "inclusive"  # what its courses are short of the program's figure
    ADDITIONAL = "additional"  # the program's figure, beside theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of a credit table.

    ``hundredths`` is the learner's credit (hours, before the organization's measure), None while
    no figure is set. ``code`` names the line in every version of the table. ``approved_as`` is
    the code and number under which the organization approved the activity, shown with the credit.
    ``tags`` are the organization's competencies and categories that every credit given under the
    line shows, whichever run of a course it is for.
    """

    code: str
    selector: Selector
    pattern: str
    credit_type: str
    hundredths: int | None
    title: str = ""
    bonuses: Mapping[str, Bonus] = field(default_factory=dict)
    conditions: Conditions = conditions.NONE
    of_program: OfProgram = OfProgram.INCLUSIVE
    approved_as: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an organization's table; in force from ``effective_from`` on."""

    id: int
    number: int
    effective_from: date


def in_force(versions: Iterable[Version], on: date) -> Version | None:
    """Return the version with the greatest (from, number) that is not after the date."""
    return max(
        (version for version in versions if version.effective_from <= on),
        key=lambda version: (version.effective_from, version.number),
        default=None,
    )


class CreditTable:
    """The rules of one version, arranged so that looking one up costs the same for any number."""

    __slots__ = ("_by_course", "_by_run", "_patterns", "asks", "bonuses", "terms")

    def __init__(
        self, rules: Iterable[Rule], bonuses: Mapping[str, Bonus], terms: Terms = PLAIN
    ) -> None:
        """Arrange the rules; ``bonuses`` hold for every rule that has none of its own.

        The table must be free of faults (see ``faults``).
        """
        self.bonuses = bonuses
        self.terms = terms
        rules = tuple(rules)
        self.asks = Conditions(
            registered=any(rule.conditions.registered for rule in rules),
            related=any(rule.conditions.related for rule in rules),
        )
        self._by_run: dict[str, Rule] = {}
        self._by_course: dict[str, Rule] = {}
        patterns: list[Rule] = []
        for rule in rules:
            match rule.selector:
                case Selector.RUN:
                    self._by_run[rule.pattern] = rule
                case Selector.COURSE:
                    self._by_course[rule.pattern] = rule
                case _:  # an organization or a glob
                    patterns.append(rule)
        patterns.sort(key=lambda rule: specificity(rule.selector, rule.pattern), reverse=True)
        self._patterns = [
            (rule, None if rule.selector is Selector.ORGANIZATION else compiled(rule.pattern))
            for rule in patterns
        ]

    def rule_for(self, activity: ActivityRef) -> Rule | None:
        """Return the most specific rule that speaks of the activity."""
        rule = self._by_run.get(activity.key)
        if rule is None and activity.course:
            rule = self._by_course.get(activity.course)
        if rule is not None:
            return rule
        for candidate, glob in self._patterns:
            if glob is None:
                if activity.organization == candidate.pattern:
                    return candidate
            elif glob.fullmatch(activity.key):
                return candidate
        return None

    def bonus_for(self, rule: Rule, role: str) -> Bonus | None:
        """Return the bonus of a role under a rule: the rule's own, else the whole table's."""
        return rule.bonuses.get(role) or self.bonuses.get(role)


def faults(
    rules: Iterable[Rule],
    under: Terms = PLAIN,
    *,
    roles: Collection[str] | None = None,
    tags: Collection[str] | None = None,
) -> list[str]:
    """List everything that keeps these rules from being activated, not just the first.

    ``roles`` are the codes of the roles there are, ``tags`` of those that the organization
    defines; None where that is not known.
    """
    rules = list(rules)
    found = terms.faults_of(under, roles=roles)
    if not rules:
        found.append("the table has no rules")
    seen: set[str] = set()
    for rule in rules:
        if rule.code in seen:
            found.append(f"rule {rule.code!r}: the code is used twice")
        seen.add(rule.code)
        if not rule.pattern.strip() or rule.pattern != rule.pattern.strip():
            found.append(f"rule {rule.code!r}, pattern: it is empty or has spaces around it")
        if rule.hundredths is not None and rule.hundredths < 0:
            found.append(f"rule {rule.code!r}, hours: {rule.hundredths / 100:g} is negative")
        found.extend(
            f"rule {rule.code!r}, {fault}"
            for fault in conditions.faults_of(rule.conditions, has_period=under.period is not None)
        )
        found.extend(
            f"rule {rule.code!r}, tags: nobody defines the tag {tag!r}"
            for tag in sorted(rule.tags)
            if tags is not None and tag not in tags
        )
        found.extend(
            f"rule {rule.code!r}, bonus of {role!r}: {bonus.hundredths / 100:g} is negative"
            for role, bonus in rule.bonuses.items()
            if bonus.hundredths is not None and bonus.hundredths < 0
        )
    found.extend(
        f"rules {one.code!r} and {other.code!r} tie: {one.selector} {one.pattern!r} and "
        f"{other.selector} {other.pattern!r} are equally specific and can name the same activity; "
        "make one of them more specific"
        for one, other in _candidates(rules)
        if tie((one.selector, one.pattern), (other.selector, other.pattern))
    )
    return found


def _candidates(rules: list[Rule]) -> Iterable[tuple[Rule, Rule]]:
    # A table of 10,000 is not compared pair by pair: exact names tie only with themselves, and
    # patterns only with those that begin alike.
    groups: dict[tuple[tuple[int, int], str], list[Rule]] = {}
    for rule in rules:
        rank = specificity(rule.selector, rule.pattern)
        exact = rule.pattern if rank[0] > 1 else ""
        groups.setdefault((rank, exact), []).append(rule)
    for (_, exact), group in groups.items():
        yield from combinations(group, 2) if exact else _beginning_alike(group)


def _beginning_alike(rules: list[Rule]) -> Iterable[tuple[Rule, Rule]]:
    beginning = sorted(
        (text, at)
        for at, rule in enumerate(rules)
        for text in beginnings(rule.selector, rule.pattern)
    )
    pairs: set[tuple[int, int]] = set()
    shorter: list[tuple[str, int]] = []
    for text, at in beginning:
        while shorter and not text.startswith(shorter[-1][0]):
            shorter.pop()
        pairs.update((min(at, other), max(at, other)) for _, other in shorter if other != at)
        shorter.append((text, at))
    for one, other in sorted(pairs):
        yield rules[one], rules[other]
