"""Reading: which rows a ``where`` holds for, and what of them is shown."""

from typing import Any

from tests.emulations.civicrm.data import Data
from tests.emulations.civicrm.errors import ApiError
from tests.emulations.civicrm.schema import UNASKED, Row

ASIDE = {"email_primary.email"}
INDEXED = {"external_identifier"}
"""A search for several of these comes in the order of the index."""


def select(data: Data, entity: str, params: Row, *, me: int | None) -> list[Row]:
    """Return the rows that were asked for, as they were asked for.

    The id is always shown, an unknown name in ``select`` shows nothing, and one in ``where`` fails.
    """
    where = [*params.get("where", []), *_unasked(entity, params.get("where", []))]
    for name in _named(where):
        if not _known(data, entity, name):
            raise ApiError(f"Invalid field '{name}'")
    rows = [row for row in data.rows(entity) if _all(data, entity, row, where, me)]
    for name in (one[0] for one in where if one[0] in INDEXED and one[1] == "IN"):
        rows.sort(key=lambda row: _folded(row[name]))
    for name, direction in reversed(list(params.get("orderBy", {}).items())):
        rows.sort(key=lambda row: _first_none(row.get(name)), reverse=direction == "DESC")
    offset, limit = params.get("offset", 0), params.get("limit") or len(rows)
    rows = rows[offset : offset + limit]
    return [_shown(data, entity, row, params.get("select")) for row in rows]


def _unasked(entity: str, where: list[Any]) -> list[Any]:
    if any(one[0] == "id" and one[1] in ("=", "IN") for one in where):
        return []
    named = set(_named(where))
    return [[column, "=", False] for column in UNASKED.get(entity, ()) if column not in named]


def _named(where: list[Any]) -> list[str]:
    names: list[str] = []
    for one in where:
        names += _named(one[1]) if one[0] in ("OR", "AND") else [one[0]]
    return names


def _known(data: Data, entity: str, name: str) -> bool:
    column, _, suffix = name.rpartition(":")
    if suffix == "name" and (entity, column) in data.options:
        return True
    column, _, rest = name.partition(".")
    if (entity, column) == ("Membership", "contact_id") and rest:
        return rest in data.fields["Contact"]
    return name in data.fields[entity]


def _all(data: Data, entity: str, row: Row, where: list[Any], me: int | None) -> bool:
    return all(_holds(data, entity, row, one, me) for one in where)


def _holds(data: Data, entity: str, row: Row, one: list[Any], me: int | None) -> bool:
    if one[0] == "OR":
        return any(_holds(data, entity, row, other, me) for other in one[1])
    if one[0] == "AND":
        return _all(data, entity, row, one[1], me)
    try:
        value = data.joined(entity, row, one[0])
    except KeyError:
        value = None  # a column that this row leaves empty
    operator, wanted = one[1], one[2] if len(one) > 2 else None
    if one[0] == "id" and wanted == "user_contact_id":
        wanted = me
    match operator:
        case "=":
            return wanted is not None and _folded(value) == _folded(wanted)
        case "!=":
            return _folded(value) != _folded(wanted)
        case "IN":
            return _folded(value) in [_folded(each) for each in wanted or []]
        case ">":
            return value is not None and bool(value > wanted)
        case "IS NULL":
            return value is None
        case "IS NOT NULL":
            return value is not None
        case _:
            raise ApiError("Illegal operator")


def _folded(value: Any) -> Any:
    """Compare as the database does: letter case and trailing spaces make no difference."""
    if isinstance(value, bool):
        return int(value)
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def _first_none(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _shown(data: Data, entity: str, row: Row, names: list[str] | None) -> Row:
    if not names:
        return {name: value for name, value in row.items() if "." not in name}
    shown: Row = {"id": row["id"]}
    for name in names:
        if name in ASIDE or _known(data, entity, name) or name in row:
            try:
                shown[name] = data.joined(entity, row, name)
            except KeyError:
                shown[name] = None
    return shown
