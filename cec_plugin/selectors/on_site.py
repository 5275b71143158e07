"""What a pack lists once for a site, beside its table, and what the site has of it already."""

from collections.abc import Iterator
from dataclasses import dataclass

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.designations import Designation
from cec_plugin.domain.differences import Difference, Line, differing, line
from cec_plugin.domain.keys import activity_key
from cec_plugin.domain.packs import Pack
from cec_plugin.domain.programs import Program
from cec_plugin.selectors.designations import designation
from cec_plugin.selectors.programs import programs

PARTS = frozenset({"minima", "maxima", "spreads"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """``missing`` names what a load would list; ``kept`` is what it leaves though it differs.

    Of what is kept, a new line is only in the pack, and one that is gone only on the site.
    """

    missing: tuple[str, ...]
    kept: tuple[Difference, ...]


def on_site(pack: Pack) -> OnSite:
    """Compare the site with a pack: organization, roles, tags, programs and designations."""
    missing: list[str] = []
    kept: list[Difference] = []
    for what, asked, here in _pairs(pack):
        if here is None:
            missing.append(what)
        else:
            kept += differing(here, asked)
    return OnSite(missing=tuple(missing), kept=tuple(kept))


_Lines = dict[str, Line]


def _pairs(pack: Pack) -> Iterator[tuple[str, _Lines, _Lines | None]]:
    """Yield everything with its lines in the pack and on the site, None where it is missing."""
    of = models.Organization.objects.filter(code=pack.organization["code"]).first()
    asked = {name.replace("_", " "): value for name, value in pack.organization.items()}
    yield "organization", {"organization": asked}, _organization(of, pack)
    roles = dict(models.Role.objects.values_list("code", "label"))
    for code, label in pack.roles.items():
        yield f"role {code}", *_labels(f"role {code}", label, roles.get(code))
    tags = dict(models.Tag.objects.filter(organization=of).values_list("code", "label"))
    for code, label in pack.tags.items():
        yield f"tag {code}", *_labels(f"tag {code}", label, tags.get(code))
    for one in pack.programs:
        program = _program(one.program.code)
        yield (
            f"program {one.program.code}",
            _of_program(one.program),
            None if program is None else _of_program(program),
        )
    rows = models.Designation.objects.filter(organization=of).select_related("organization")
    held = {row.code: row for row in rows.prefetch_related("requirements", "organization__tags")}
    for ask in pack.designations:
        row = held.get(ask.designation.code)
        yield (
            f"designation {ask.designation.code}",
            _of_designation(ask.designation, ask.name),
            None if row is None else _of_designation(designation(row), row.name),
        )


def _organization(of: models.Organization | None, pack: Pack) -> _Lines | None:
    if of is None:
        return None
    return {
        "organization": {
            name.replace("_", " "): str(getattr(of, name)) for name in pack.organization
        }
    }


def _labels(what: str, asked: str, here: str | None) -> tuple[_Lines, _Lines | None]:
    return {what: {"label": asked}}, None if here is None else {what: {"label": here}}


def _program(key: str) -> Program | None:
    digest = activity_key(site=get_settings().site, key=key)
    row = models.Program.objects.filter(activity__key_digest=digest).first()
    return None if row is None else programs([row.activity_id])[row.activity_id]


def _of_program(one: Program) -> _Lines:
    found: _Lines = {f"program {one.code}": line(one, without=frozenset({"code", "parts"}))}
    for part in one.parts:
        courses = sorted(
            f"{course.selector} {course.pattern}" + (f" on {course.site}" if course.site else "")
            for course in part.courses
        )
        found[f"program {one.code}, part {part.code}"] = {"courses": ", ".join(courses) or "none"}
    return found


def _of_designation(one: Designation, name: str) -> _Lines:
    what = f"designation {one.code}"
    found: _Lines = {
        what: {"name": name, **line(one, without=PARTS | {"code", "tags"})},
    }
    for part in one.parts:
        found[f"{what}, requirement {part.code}"] = {
            "asks for": type(part).__name__.lower(),
            **line(part, without=frozenset({"code"})),
        }
    return found
