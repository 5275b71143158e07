"""Read a starter table: a rule book as TOML becomes rules, or a list of everything wrong in it."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.selectors import Selector, specificity, tie
from cec_plugin.domain.tables import Bonus, BonusKind, Rule
from cec_plugin.exceptions import FaultsError, InvalidFigureError

SELECTORS = {
    "run": Selector.RUN,
    "course": Selector.COURSE,
    "organization": Selector.ORGANIZATION,
    "pattern": Selector.GLOB,
}
KEYS = {selector: key for key, selector in SELECTORS.items()}
SECTIONS = {
    "organization": {"code", "name", "unit", "time_zone"},
    "table": {"title", "effective_from", "source"},
    "roles": {"code", "label"},
    "rules": {"code", "title", "hours", "credit_type", "source", *SELECTORS},
    "bonuses": {"role", "rule", "hours", "kind", "source"},
}
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackBonus:
    """A role's bonus in a pack; ``rule`` is empty where it holds under every rule."""

    role: str
    rule: str
    bonus: Bonus
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A rule book as it was read; ``sources`` maps rule codes to where their figures stand."""

    organization: Mapping[str, str]
    title: str
    source: str
    effective_from: date
    roles: Mapping[str, str]
    rules: tuple[Rule, ...]
    sources: Mapping[str, str]
    bonuses: tuple[PackBonus, ...]


def read_pack(text: str, *, name: str) -> Pack:
    """Read a pack.

    Raises:
        FaultsError: each fault with its line, its field and the reason; nothing is half-read.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also of a number too long, of nesting too deep
        raise FaultsError(f"pack {name!r}", [f"it is not TOML: {error}"]) from error
    reader = _Reader(text, content)
    pack = reader.pack()
    if reader.faults:
        raise FaultsError(f"pack {name!r}", reader.faults)
    return pack


class _Reader:
    """Reads one pack and collects its faults, each with the line it stands on."""

    def __init__(self, text: str, content: dict[str, Any]) -> None:
        self._lines = text.splitlines()
        self._content = content
        self.faults: list[str] = []

    def pack(self) -> Pack:
        for section in self._content:
            if section not in SECTIONS:
                self._fault(section, 0, "", "there is no such section")
        organization = self._section("organization")
        table = self._section("table")
        roles = [
            (
                self._code("roles", position, row, "code"),
                self._text("roles", position, row, "label"),
            )
            for position, row in enumerate(self._rows("roles"))
        ]
        rules = [self._rule(position, row) for position, row in enumerate(self._rows("rules"))]
        bonuses = [
            self._bonus(position, row, dict(roles).keys(), {rule.code for rule, _ in rules})
            for position, row in enumerate(self._rows("bonuses"))
        ]
        if not rules:
            self._fault("rules", 0, "", "the table has no rules")
        self._once("roles", "code", [code for code, _ in roles])
        self._once("rules", "code", [rule.code for rule, _ in rules])
        self._once("bonuses", "role", [one.role and (one.role, one.rule) for one in bonuses])
        self._ties([rule for rule, _ in rules])
        return Pack(
            organization={
                "code": self._code("organization", 0, organization, "code"),
                "name": self._text("organization", 0, organization, "name"),
                "unit": self._optional("organization", 0, organization, "unit", "hours"),
                "time_zone": self._optional("organization", 0, organization, "time_zone", "UTC"),
            },
            title=self._optional("table", 0, table, "title"),
            source=self._optional("table", 0, table, "source"),
            effective_from=self._date("table", table, "effective_from"),
            roles=dict(roles),
            rules=tuple(rule for rule, _ in rules),
            sources={rule.code: source for rule, source in rules},
            bonuses=tuple(bonuses),
        )

    def _rule(self, position: int, row: dict[str, Any]) -> tuple[Rule, str]:
        named = [key for key in SELECTORS if key in row]
        if len(named) != 1:
            self._fault(
                "rules", position, named[1] if named else "code",
                "a rule names its activities by exactly one of " + ", ".join(SELECTORS),
            )  # fmt: skip
        key = named[0] if named else "run"
        rule = Rule(
            code=self._code("rules", position, row, "code"),
            selector=SELECTORS[key],
            pattern=self._text("rules", position, row, key) if named else "",
            credit_type=self._text("rules", position, {"credit_type": "cec", **row}, "credit_type"),
            hundredths=self._figure("rules", position, row),
            title=self._optional("rules", position, row, "title"),
        )
        return rule, self._optional("rules", position, row, "source")

    def _bonus(
        self, position: int, row: dict[str, Any], roles: Container[str], rules: Container[str]
    ) -> PackBonus:
        role = self._text("bonuses", position, row, "role")
        if role and role not in roles:
            self._fault("bonuses", position, "role", f"there is no role {role!r} in [[roles]]")
        rule = self._optional("bonuses", position, row, "rule")
        if rule and rule not in rules:
            self._fault("bonuses", position, "rule", f"there is no rule {rule!r} in [[rules]]")
        kind = self._optional("bonuses", position, row, "kind", BonusKind.FLAT.value)
        if kind not in list(BonusKind):
            self._fault("bonuses", position, "kind", "it is one of " + ", ".join(BonusKind))
            kind = BonusKind.FLAT.value
        bonus = Bonus(kind=BonusKind(kind), hundredths=self._figure("bonuses", position, row))
        source = self._optional("bonuses", position, row, "source")
        return PackBonus(role=role, rule=rule, bonus=bonus, source=source)

    def _once(self, section: str, key: str, named: Iterable[Hashable]) -> None:
        seen: set[Hashable] = set()
        for position, name in enumerate(named):
            if name and name in seen:
                self._fault(section, position, key, "it is given twice")
            seen.add(name)

    def _ties(self, rules: Iterable[Rule]) -> None:
        # Only rules of one rank can tie, and exact names only with themselves: so a table of
        # 10,000 is not compared pair by pair.
        ranked: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
        for position, rule in enumerate(rules):
            rank = specificity(rule.selector, rule.pattern)
            equals = ranked[rank, rule.pattern if rank[0] > 1 else ""]
            for other in equals if rule.pattern else ():
                if tie((rule.selector, rule.pattern), (other.selector, other.pattern)):
                    self._fault(
                        "rules", position, KEYS[rule.selector],
                        f"it ties with the rule {other.code!r}: both are equally specific and can "
                        "name the same activity; make one of them more specific",
                    )  # fmt: skip
            equals.append(rule)

    def _figure(self, section: str, position: int, row: dict[str, Any]) -> int | None:
        if "hours" not in row:
            return None
        try:
            return parse_hundredths(row["hours"])
        except InvalidFigureError as error:
            self._fault(section, position, "hours", str(error))
            return None

    def _section(self, section: str) -> dict[str, Any]:
        rows = self._content.get(section)
        if not isinstance(rows, dict):
            self._fault(section, 0, "", f"the section [{section}] is missing")
            return {}
        self._known(section, 0, rows)
        return rows

    def _rows(self, section: str) -> list[dict[str, Any]]:
        rows = self._content.get(section, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._fault(section, 0, "", f"it must be written as [[{section}]]")
            return []
        for position, row in enumerate(rows):
            self._known(section, position, row)
        return rows

    def _known(self, section: str, position: int, row: dict[str, Any]) -> None:
        for key in sorted(set(row) - SECTIONS[section]):
            self._fault(section, position, key, "there is no such field")

    def _text(self, section: str, position: int, row: dict[str, Any], key: str) -> str:
        value = row.get(key, "")
        if not isinstance(value, str) or not value.strip():
            self._fault(section, position, key, "a text is missing here")
            return ""
        return value.strip()

    def _optional(
        self, section: str, position: int, row: dict[str, Any], key: str, default: str = ""
    ) -> str:
        value = row.get(key, default)
        if not isinstance(value, str):
            self._fault(section, position, key, "it must be a text, between quotation marks")
            return default
        return value.strip()

    def _code(self, section: str, position: int, row: dict[str, Any], key: str) -> str:
        code = self._text(section, position, row, key)
        if code and not CODE.fullmatch(code):
            self._fault(
                section, position, key,
                f"{code!r} is no code: small letters, digits, - and _, at most 50",
            )  # fmt: skip
        return code

    def _date(self, section: str, row: dict[str, Any], key: str) -> date:
        value = row.get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            self._fault(section, 0, key, "a date is missing here, such as 2026-01-31")
            return date.min
        return value

    def _fault(self, section: str, position: int, key: str, reason: str) -> None:
        self.faults.append(f"{self._where(section, position, key)}: {reason}")

    def _where(self, section: str, position: int, key: str) -> str:
        """Return the line and the field. TOML's reader keeps no lines, so they are looked up."""
        header = re.compile(rf"\s*\[\[?\s*{re.escape(section)}\s*\]\]?")
        starts = [at for at, line in enumerate(self._lines, 1) if header.match(line)]
        if not starts:  # written inline, before the first section
            named = re.compile(rf"\s*{re.escape(section)}\s*=")
            starts = [at for at, line in enumerate(self._lines, 1) if named.match(line)][:1]
        if position >= len(starts):
            return f"[{section}] {key}".rstrip()
        line = starts[position]
        field = re.compile(rf"\s*{re.escape(key)}\s*=") if key else None
        for at in range(line + 1, len(self._lines) + 1):
            if self._lines[at - 1].lstrip().startswith("["):
                break
            if field is not None and field.match(self._lines[at - 1]):
                line = at
                break
        return f"line {line}, {section} {key}".rstrip()
