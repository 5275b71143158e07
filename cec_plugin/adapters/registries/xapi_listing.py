"""Everything of ours that a learning record store holds, page by page, with what was taken back."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.adapters.registries.xapi_resource import Listed, Statements
from cec_plugin.adapters.registries.xapi_statements import (
    Statement,
    award_id,
    held,
    id_of,
    our_account,
    reference_in,
    target_of,
)
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Held, Page

PAGE = 50
SINCE = "since:"
OVERLAP = timedelta(minutes=5)
"""How far back a later listing begins: a statement may come to light after a later one."""


class Listing:
    """Lists the statements of one store.

    Ralph still shows what was taken back, as if it stood. So it is asked first for all statements
    by which we took something back (by their actor: its filters for verbs and activities find
    nothing). What somebody else took back comes as a record of its own, after the credit.
    """

    def __init__(self, statements: Statements, options: XapiOptions) -> None:
        """List what ``statements`` gives."""
        self._statements, self._options = statements, options
        self._voided: set[str] | None = None

    def after(self, cursor: str) -> Page | Outcome:
        """Return a page of what changed after the cursor; an empty one begins at the start."""
        path = self._path(cursor)
        if not path:
            return Outcome(
                result=Result.CONFIGURATION, reason="the place to go on from is not the registry's"
            )
        if self._voided is None or not cursor:
            voided = self._taken_back()
            if isinstance(voided, Outcome):
                return voided
            self._voided = voided
        listed = self._statements.listed(path)
        if isinstance(listed, Outcome):
            return listed
        records: dict[str, Held] = {}
        for statement in listed.statements:
            record = self._record(statement, self._voided)
            if isinstance(record, Outcome):
                return record
            if record is not None:
                records[record.remote_id] = _latest(record, records.get(record.remote_id))
        return Page(
            records=tuple(records.values()),
            cursor=listed.more or self._end(listed, cursor),
            more=bool(listed.more),
        )

    def _path(self, cursor: str) -> str:
        if cursor and not cursor.startswith(SINCE):
            # A path of the page before. What begins with a slash cannot lead to another host.
            return cursor if cursor.startswith("/") else ""
        query = {"ascending": "true", "limit": str(PAGE), **self._options.filters}
        if cursor:
            query["since"] = cursor.removeprefix(SINCE)
        return self._statements.path(**query)

    def _taken_back(self) -> set[str] | Outcome:
        """Return the ids of all statements that we took back."""
        actor = json.dumps(our_account(self._options)["account"])
        path = self._statements.path(
            agent=f'{{"account": {actor}}}', ascending="true", limit=str(PAGE)
        )
        voided: set[str] = set()
        seen: set[str] = set()
        while path and path not in seen:
            seen.add(path)
            listed = self._statements.listed(path)
            if isinstance(listed, Outcome):
                return listed
            voided |= {target_of(one) for one in listed.statements}
            path = listed.more
        return voided

    def _record(self, statement: Statement, voided: set[str]) -> Held | Outcome | None:
        target = target_of(statement)
        if not target:
            if not reference_in(statement, self._options):
                return None
            return held(statement, self._options, reversed_=id_of(statement) in voided)
        voided.add(target)
        reference = reference_in(statement, self._options)
        if reference and award_id(reference) == target:
            return Held(remote_id=target, hundredths=None, reversed=True, reference=reference)
        return self._taken_back_by_another(target)

    def _taken_back_by_another(self, target: str) -> Held | Outcome | None:
        look = self._statements.look("statementId", target)
        if not isinstance(look, Outcome) and look.denied:
            look = self._statements.look("voidedStatementId", target)
        if isinstance(look, Outcome):
            return look
        if look.statement is None or not reference_in(look.statement, self._options):
            return None
        return held(look.statement, self._options, reversed_=True)

    def _end(self, listed: Listed, cursor: str) -> str:
        """Return where to go on once there is more: the start again, where nothing else is sure."""
        if not self._options.since_is_stored:
            return ""
        if not listed.statements:
            return cursor if cursor.startswith(SINCE) else ""
        try:
            last = max(datetime.fromisoformat(str(one.get("stored"))) for one in listed.statements)
        except (ValueError, TypeError):
            return ""
        return f"{SINCE}{(last - OVERLAP).isoformat()}"


def _latest(record: Held, before: Held | None) -> Held:
    """Put together two records of one credit: what was taken back once stays so."""
    if before is None:
        return record
    fuller = before if record.hundredths is None else record
    return replace(fuller, reversed=record.reversed or before.reversed)
