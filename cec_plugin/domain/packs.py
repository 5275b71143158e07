"""Read a starter table: a rule book as TOML becomes rules, or a list of everything wrong in it."""

import tomllib
from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cec_plugin.domain import (
    conditions,
    pack_bonuses,
    pack_designations,
    pack_programs,
    pack_terms,
    suggestions,
    terms,
)
from cec_plugin.domain.pack_bonuses import PackBonus, read_bonus
from cec_plugin.domain.pack_designations import PackDesignation
from cec_plugin.domain.pack_programs import PackProgram
from cec_plugin.domain.selectors import Selector, specificity, tie
from cec_plugin.domain.suggestions import Suggestion, read_suggestion
from cec_plugin.domain.tables import OfProgram, Rule
from cec_plugin.domain.terms import Terms
from cec_plugin.domain.toml_fields import TomlFields
from cec_plugin.exceptions import FaultsError

SELECTORS = {
    "run": Selector.RUN,
    "course": Selector.COURSE,
    "organization": Selector.ORGANIZATION,
    "pattern": Selector.GLOB,
}
KEYS = {selector: key for key, selector in SELECTORS.items()}
SECTIONS = {
    "organization": {"code", "name", "unit", "time_zone"},
    "table": {"title", "effective_from", "source", *pack_terms.TABLE},
    "roles": {"code", "label"},
    "rules": {
        "code",
        "title",
        "hours",
        "credit_type",
        "source",
        "approved_as",
        "of_program",
        "tags",
        *SELECTORS,
        *pack_terms.RULES,
        *suggestions.FIELDS,
    },
    "bonuses": pack_bonuses.BONUSES,
    "caps": pack_terms.CAPS,
    "programs": pack_programs.PROGRAMS,
    "parts": pack_programs.PARTS,
    "tags": pack_designations.TAGS,
    "designations": pack_designations.DESIGNATIONS,
    "requirements": pack_designations.REQUIREMENTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A rule book as it was read.

    ``sources`` maps rule codes to where their figures stand, ``cap_sources`` those of caps, and
    ``suggestions`` the codes of rules without a figure to what this project suggests.
    """

    organization: Mapping[str, str]
    title: str
    source: str
    effective_from: date
    roles: Mapping[str, str]
    rules: tuple[Rule, ...]
    sources: Mapping[str, str]
    bonuses: tuple[PackBonus, ...]
    suggestions: Mapping[str, Suggestion] = field(default_factory=dict)
    terms: Terms = terms.PLAIN
    cap_sources: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[PackProgram, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    designations: tuple[PackDesignation, ...] = ()


def read_pack(text: str, *, name: str) -> Pack:
    """Read a pack.

    Raises:
        FaultsError: each fault with its line, its field and the reason; nothing is half-read.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number too long, of nesting too deep
        raise FaultsError(f"pack {name!r}", [f"it is not TOML: {error}"]) from error
    reader = _Reader(text, content, SECTIONS)
    pack = reader.pack()
    if reader.faults:
        raise FaultsError(f"pack {name!r}", reader.faults)
    return pack


class _Reader(TomlFields):
    """Reads one pack and collects its faults."""

    def pack(self) -> Pack:
        organization = self.section("organization")
        table = self.section("table")
        roles = [
            (
                self.code("roles", position, row, "code"),
                self.text("roles", position, row, "label"),
            )
            for position, row in enumerate(self.rows("roles"))
        ]
        under, cap_sources = pack_terms.read_terms(self, table, dict(roles).keys())
        lines = self.rows("rules")
        rules = [self._rule(position, row) for position, row in enumerate(lines)]
        bonuses = [
            read_bonus(self, position, row, roles=dict(roles), rules={one.code for one, _ in rules})
            for position, row in enumerate(self.rows("bonuses"))
        ]
        if not rules:
            self.fault("rules", 0, "", "the table has no rules")
        self._once("roles", "code", [code for code, _ in roles])
        self._once("rules", "code", [rule.code for rule, _ in rules])
        self._once("bonuses", "role", [one.role and (one.role, one.rule) for one in bonuses])
        self._ties([rule for rule, _ in rules])
        self._contradictions([rule for rule, _ in rules], under)
        tags = pack_designations.read_tags(self)
        self._tags([rule for rule, _ in rules], tags)
        types = {rule.credit_type for rule, _ in rules}
        return Pack(
            tags=tags,
            designations=pack_designations.read_designations(self, frozenset({*tags, *types})),
            organization={
                "code": self.code("organization", 0, organization, "code"),
                "name": self.text("organization", 0, organization, "name"),
                "unit": self.optional("organization", 0, organization, "unit", "hours"),
                "time_zone": self.optional("organization", 0, organization, "time_zone", "UTC"),
            },
            title=self.optional("table", 0, table, "title"),
            source=self.optional("table", 0, table, "source"),
            effective_from=self.date("table", table, "effective_from"),
            roles=dict(roles),
            rules=tuple(rule for rule, _ in rules),
            sources={rule.code: source for rule, source in rules},
            bonuses=tuple(bonuses),
            suggestions=self._suggestions(lines),
            terms=under,
            cap_sources=cap_sources,
            programs=pack_programs.read_programs(self),
        )

    def _suggestions(self, lines: Iterable[dict[str, Any]]) -> dict[str, Suggestion]:
        read = {
            str(row.get("code", "")).strip(): read_suggestion(self, "rules", position, row, "hours")
            for position, row in enumerate(lines)
        }
        return {code: one for code, one in read.items() if one is not None}

    def _rule(self, position: int, row: dict[str, Any]) -> tuple[Rule, str]:
        named = [key for key in SELECTORS if key in row]
        if len(named) != 1:
            self.fault(
                "rules", position, named[1] if named else "code",
                "a rule names its activities by exactly one of " + ", ".join(SELECTORS),
            )  # fmt: skip
        key = named[0] if named else "run"
        rule = Rule(
            code=self.code("rules", position, row, "code"),
            selector=SELECTORS[key],
            pattern=self.text("rules", position, row, key) if named else "",
            credit_type=self.text("rules", position, {"credit_type": "cec", **row}, "credit_type"),
            hundredths=self.figure("rules", position, row),
            title=self.optional("rules", position, row, "title"),
            conditions=pack_terms.read_conditions(self, position, row),
            of_program=self.choice("rules", position, row, "of_program", OfProgram.INCLUSIVE),
            approved_as=self.optional("rules", position, row, "approved_as"),
            tags=frozenset(self.texts("rules", position, row, "tags")),
        )
        return rule, self.optional("rules", position, row, "source")

    def _once(self, section: str, key: str, named: Iterable[Hashable]) -> None:
        seen: set[Hashable] = set()
        for position, name in enumerate(named):
            if name and name in seen:
                self.fault(section, position, key, "it is given twice")
            seen.add(name)

    def _tags(self, rules: Iterable[Rule], tags: Container[str]) -> None:
        for position, rule in enumerate(rules):
            for tag in sorted(rule.tags):
                if tag not in tags:
                    self.fault("rules", position, "tags", f"there is no tag {tag!r} in [[tags]]")

    def _contradictions(self, rules: Iterable[Rule], under: Terms) -> None:
        for fault in terms.faults_of(under, roles=None):
            self.fault("table", 0, "", fault)
        for position, rule in enumerate(rules):
            has_period = under.period is not None
            for fault in conditions.faults_of(rule.conditions, has_period=has_period):
                self.fault("rules", position, "code", fault)

    def _ties(self, rules: Iterable[Rule]) -> None:
        # Only rules of one rank can tie, and exact names only with themselves: so a table of
        # 10,000 is not compared pair by pair.
        ranked: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
        for position, rule in enumerate(rules):
            rank = specificity(rule.selector, rule.pattern)
            equals = ranked[rank, rule.pattern if rank[0] > 1 else ""]
            for other in equals if rule.pattern else ():
                if tie((rule.selector, rule.pattern), (other.selector, other.pattern)):
                    self.fault(
                        "rules", position, KEYS[rule.selector],
                        f"it ties with the rule {other.code!r}: both are equally specific and can "
                        "name the same activity; make one of them more specific",
                    )  # fmt: skip
            equals.append(rule)
