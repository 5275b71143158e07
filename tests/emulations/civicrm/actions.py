"""The actions of APIv4: get, create, save, update and getFields, each with its permission."""

import threading
from dataclasses import dataclass
from typing import Any

from tests.emulations.civicrm.data import Data
from tests.emulations.civicrm.errors import ApiError
from tests.emulations.civicrm.query import select
from tests.emulations.civicrm.schema import ENTITIES, MANDATORY, Row

USUAL = frozenset(
    {
        "Contact.get",
        "Membership.get",
        "Entity.get",
        *(f"Activity.{action}" for action in ("get", "getFields", "create", "save", "update")),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Who calls; ``told`` is the permission to see what went wrong."""

    contact_id: int | None
    may: frozenset[str] = USUAL
    told: bool = True


NOBODY = Role(contact_id=None, may=frozenset({"Contact.get", "Activity.get"}), told=False)


@dataclass(slots=True)
class Actions:
    """Runs calls on the data.

    ``gap`` is where parallel calls of ``save`` meet: when all have looked for a match and have
    written nothing yet, and when all have written. On the real one it is a matter of milliseconds.
    """

    data: Data
    gap: threading.Barrier | None = None

    def run(self, role: Role, entity: str, action: str, params: Row) -> Row:
        """Return the answer's body.

        Raises:
            ApiError: the call failed; nothing of it was written.
        """
        if entity not in ENTITIES:
            raise ApiError(
                f"API ({entity}, {action}) does not exist"
                " (or the extension it belongs to is not enabled)."
            )
        if entity == "System":
            raise ApiError(f"Api {entity} {action} version 4 does not exist.")
        if f"{entity}.{action}" not in role.may:
            raise ApiError(f"Authorization failed: CiviCRM APIv4 ({entity}::{action})", 403)
        matched: int | None = None
        total: int | None = None
        match action:
            case "get" if entity == "Entity":
                values, total = [{"name": ENTITIES[0]}], len(ENTITIES)
            case "get":
                shown = select(self.data, entity, params, me=role.contact_id)
                values = [] if role is NOBODY else shown
            case "getFields":
                values = self._fields(entity, params)
            case "create":
                record = self._resolved(params.get("values", {}), role)
                _demand(action, record)
                values = self._write([(record, None)])
            case "save":
                records = [self._resolved(each, role) for each in params["records"]]
                ids = [self._match(each, params.get("match", []), role) for each in records]
                if self.gap is not None:
                    self.gap.wait()
                for record, found in zip(records, ids, strict=True):
                    if found is None:
                        _demand(action, record)
                values = self._write(list(zip(records, ids, strict=True)))
                if self.gap is not None:
                    self.gap.wait()
                matched = len([one for one in ids if one is not None])
            case _:  # update
                found_rows = select(
                    self.data,
                    entity,
                    {"select": ["id"], "where": params["where"]},
                    me=role.contact_id,
                )
                change = self._resolved(params["values"], role)
                values = self._write([(change, row["id"]) for row in found_rows])
        body = {"values": values, "entity": entity, "action": action, "debug": None, "version": 4}
        body |= {"count": total or len(values), "countFetched": len(values)}
        return body if matched is None else {**body, "countMatched": matched}

    def _fields(self, entity: str, params: Row) -> list[Row]:
        asked = next((one[2] for one in params.get("where", []) if one[0] == "name"), None)
        found: list[Row] = []
        for name, kind in self.data.fields[entity].items():
            if asked is not None and name not in asked:
                continue
            listed = self.data.options.get((entity, name))
            options: Any = bool(listed)
            if listed and params.get("loadOptions"):
                options = [{"id": key, "name": value} for key, value in listed.items()]
            row = {"name": name, "data_type": kind, "options": options}
            found.append({key: row[key] for key in params.get("select", row) if key in row})
        return found

    def _resolved(self, values: Row, role: Role) -> Row:
        resolved: Row = {}
        for name, value in values.items():
            column, _, suffix = name.rpartition(":")
            if suffix == "name" and ("Activity", column) in self.data.options:
                options = self.data.options["Activity", column]
                ids = {title: key for key, title in options.items()}
                resolved[column] = ids.get(value)
            elif name == "source_contact_id" and value == "user_contact_id":
                resolved[name] = role.contact_id
            elif name in self.data.fields["Activity"]:  # what nobody knows is left out, unsaid
                resolved[name] = value
        return resolved

    def _match(self, record: Row, fields: list[str], role: Role) -> int | None:
        """Return the one row that is there already; of several none is taken.

        So it stands in CiviCRM's source; no exchange was recorded of it.
        """
        if not fields or any(name not in record for name in fields):
            return None
        where = [[name, "=", record[name]] for name in fields]
        found = select(self.data, "Activity", {"where": where, "limit": 2}, me=role.contact_id)
        return found[0]["id"] if len(found) == 1 else None

    def _write(self, records: list[tuple[Row, int | None]]) -> list[Row]:
        """Write all of these or, where one fails, none."""
        undo: list[tuple[int, Row | None]] = []
        values: list[Row] = []
        try:
            for record, found in records:
                before = None if found is None else dict(self.data.activities[found])
                written = self.data.write(record, found)
                undo.append((written, before))
                values.append(_receipt(record, written, created=found is None))
        except ApiError:
            with self.data.lock:
                for written, before in reversed(undo):
                    if before is None:
                        del self.data.activities[written]
                    else:
                        self.data.activities[written] = before
            raise
        return values


def _demand(action: str, record: Row) -> None:
    missing = [name for name in MANDATORY if not record.get(name)]
    if missing:
        raise ApiError(
            f"Mandatory values missing from Api4 Activity::{action}: {', '.join(missing)}"
        )


def _receipt(record: Row, written: int, *, created: bool) -> Row:
    """Say what was written: the columns of the activity's own table, and null for all others."""
    receipt: Row = {"id": written}
    for name in ("activity_type_id", "subject", "activity_date_time", "status_id"):
        if name in record:
            receipt[name] = record[name]
    if "activity_date_time" in receipt:
        receipt["activity_date_time"] = "".join(
            filter(str.isdigit, str(receipt["activity_date_time"]))
        )
    if created:
        receipt |= {"priority_id": 2, "created_date": None, "modified_date": None}
    return {
        **receipt,
        **{name: None for name in record if name not in receipt},
        "custom": None,
        "check_permissions": None,
    }
