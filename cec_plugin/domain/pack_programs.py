"""Read programs and their parts out of a pack."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cec_plugin.domain.programs import Course, Part, Program, faults
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.toml_fields import TomlFields

PROGRAMS = {"key", "title", "needed", "source"}
PARTS = {"program", "code", "title", "site", "courses", "runs", "patterns"}
BY = {"courses": Selector.COURSE, "runs": Selector.RUN, "patterns": Selector.GLOB}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackProgram:
    """A program in a pack; ``titles`` are those of its parts, by code."""

    program: Program
    title: str
    titles: dict[str, str]
    source: str


def read_programs(fields: TomlFields) -> tuple[PackProgram, ...]:
    """Return ``[[programs]]`` with their ``[[parts]]``; what is wrong is added to the faults."""
    rows = fields.rows("programs")
    keys = [fields.text("programs", at, row, "key") for at, row in enumerate(rows)]
    parts: dict[str, list[Part]] = defaultdict(list)
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    for at, row in enumerate(fields.rows("parts")):
        key = fields.text("parts", at, row, "program")
        if key and key not in keys:
            fields.fault("parts", at, "program", f"there is no program {key!r} in [[programs]]")
        part = Part(
            code=fields.code("parts", at, row, "code"), courses=tuple(_courses(fields, at, row))
        )
        if part.code in titles[key]:
            fields.fault("parts", at, "code", "it is given twice")
        parts[key].append(part)
        titles[key][part.code] = fields.optional("parts", at, row, "title")
    found = []
    for at, (key, row) in enumerate(zip(keys, rows, strict=True)):
        if key in keys[:at]:
            fields.fault("programs", at, "key", "it is given twice")
        program = Program(
            code=key,
            parts=tuple(parts[key]),
            needed=fields.whole("programs", at, row, "needed", None),
        )
        for fault in faults(program) if key else ():
            fields.fault("programs", at, "key", fault)
        found.append(
            PackProgram(
                program=program,
                title=fields.optional("programs", at, row, "title"),
                titles=titles[key],
                source=fields.optional("programs", at, row, "source"),
            )
        )
    return tuple(found)


def _courses(fields: TomlFields, at: int, row: dict[str, Any]) -> Iterator[Course]:
    site = fields.optional("parts", at, row, "site")
    for name, selector in BY.items():
        for pattern in fields.texts("parts", at, row, name):
            yield Course(site=site, selector=selector, pattern=pattern)
