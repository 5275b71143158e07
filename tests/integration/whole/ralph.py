"""The real Ralph, asked by plain HTTP; behind its back its file is written anew."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

from pytest_django import Settings

from cec_plugin.adapters.registries.xapi_statements import award_id
from cec_plugin.domain.credits import fixed_hundredths, parse_hundredths
from tests.contract.xapi_tenant import EXTENSION, OPTIONS, SECRETS, VOIDED
from tests.integration.whole.between import Between, standing_between
from tests.integration.whole.place import Called, Record
from tests.servers.process import LOOPBACK
from tests.servers.ralph import LMS, RalphServer

Statement = dict[str, Any]
STATEMENTS = "/xAPI/statements"
WRONG = {"user": LMS.user, "password": "no-such-password"}


class Ralph(Called):
    """A Ralph that holds nothing but what a test sends it; it knows no members, and takes all."""

    def __init__(self, server: RalphServer, between: Between, settings: Settings) -> None:
        self.server, self.between, self._settings = server, between, settings
        server.empty()
        self.row = {
            "adapter": "xapi",
            "base_url": between.url,
            "auth": "basic",
            "secret": LMS.user,
            "options": OPTIONS,
        }

    def records(self) -> list[Record]:
        statements = self.statements()
        voided = {one["object"]["id"] for one in statements if one["verb"]["id"] == VOIDED}
        return [
            _record(one, stands=one["id"] not in voided)
            for one in statements
            if one["verb"]["id"] != VOIDED
        ]

    def statements(self) -> list[Statement]:
        """Ask for all that it holds, in the order of its storing."""
        connection = http.client.HTTPConnection(LOOPBACK, self.server.port, timeout=20)
        try:
            headers = {**LMS.header, "X-Experience-API-Version": "1.0.3"}
            connection.request("GET", f"{STATEMENTS}?limit=500", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            found = json.loads(answer.read())
        finally:
            connection.close()
        assert not found.get("more")
        return sorted(found["statements"], key=lambda one: one["stored"])

    def shut_us_out(self) -> None:
        self._settings.CEC_SECRETS = {**self._settings.CEC_SECRETS, LMS.user: WRONG}

    def let_us_in(self) -> None:
        self._settings.CEC_SECRETS = {**self._settings.CEC_SECRETS, **SECRETS}

    def remove(self, reference: str) -> None:
        self._keep(lambda one: _note(one).get("reference") != reference)

    def double(self, reference: str) -> None:
        (one,) = [one for one in self.statements() if _note(one).get("reference") == reference]
        self._keep_all([*self.server.statements(), {**one, "id": str(uuid4())}])

    def change(self, reference: str, *, hundredths: int) -> None:
        statements = self.server.statements()
        for one in statements:
            if _note(one).get("reference") == reference:
                _note(one)["amount"] = fixed_hundredths(hundredths)
        self._keep_all(statements)

    def take_back(self, reference: str) -> None:
        (award,) = [one for one in self.statements() if _note(one).get("reference") == reference]
        statement = {
            "id": str(uuid4()),
            "actor": {"mbox": "mailto:staff@example.org"},
            "verb": {"id": VOIDED},
            "object": {"objectType": "StatementRef", "id": award["id"]},
        }
        self._post(statement)

    def reopen(self, reference: str) -> None:
        (award,) = [one for one in self.statements() if _note(one).get("reference") == reference]
        self._keep(lambda one: one["object"].get("id") != award["id"])

    def enter(self, reference: str, member: str, *, statement_id: str = "") -> None:
        note = {"reference": reference, "amount": "3.00", "earned_on": "2026-04-01"}
        self._post(
            {
                "id": statement_id or str(uuid4()),
                "actor": {"account": {"homePage": OPTIONS["home_page"], "name": member}},
                "verb": {"id": "http://id.tincanapi.com/verb/earned"},
                "object": {"id": "https://elsewhere.example.org/courses/1"},
                "result": {"extensions": {EXTENSION: note}},
            }
        )

    def occupy(self, reference: str, member: str) -> None:
        """Let another credit stand under the id that our statement is to have."""
        self.enter(reference, member, statement_id=award_id(reference))

    def _post(self, statement: Statement) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self.server.port, timeout=20)
        try:
            version = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
            body = json.dumps(statement)
            connection.request("POST", STATEMENTS, body, {**LMS.header, **version})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
        finally:
            connection.close()

    def _keep(self, stays: Callable[[Statement], bool]) -> None:
        self._keep_all([one for one in self.server.statements() if stays(one)])

    def _keep_all(self, statements: list[Statement]) -> None:
        self.server.file.write_text("".join(f"{json.dumps(one)}\n" for one in statements))


def _record(statement: Statement, *, stands: bool) -> Record:
    note = _note(statement)
    return Record(
        member=statement["actor"]["account"]["name"],
        hundredths=parse_hundredths(note["amount"]),
        on=date.fromisoformat(note["earned_on"]),
        reference=note["reference"],
        stands=stands,
    )


def _note(statement: Statement) -> dict[str, Any]:
    note = statement.get("result", {}).get("extensions", {}).get(EXTENSION, {})
    assert isinstance(note, dict)
    return note


@contextmanager
def a_ralph(server: RalphServer, settings: Settings) -> Iterator[Ralph]:
    """Empty it, and stand before it."""

    def is_write(method: str, path: str) -> bool:
        return method == "POST" and path == STATEMENTS

    with standing_between(server.url, is_write) as between:
        yield Ralph(server, between, settings)
