"""A file that an earlier version of the sandbox wrote is taken over as it is."""

import sqlite3
from datetime import date
from pathlib import Path

from cec_plugin.sandbox.records import State
from cec_plugin.sandbox.server import running_sandbox
from tests.contract.calling import ADA, CREDIT, Client

EARLIER = """
PRAGMA journal_mode=WAL;
CREATE TABLE members (
    number TEXT PRIMARY KEY, name TEXT NOT NULL, standing TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE credits (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    reference     TEXT UNIQUE,
    member_number TEXT NOT NULL,
    activity_code TEXT NOT NULL,
    title         TEXT NOT NULL,
    credit_type   TEXT NOT NULL,
    hundredths    INTEGER NOT NULL CHECK (hundredths > 0),
    unit          TEXT NOT NULL,
    earned_on     TEXT NOT NULL,
    cursor        INTEGER NOT NULL UNIQUE
);
CREATE INDEX credits_of_member ON credits (member_number);
CREATE TABLE reversals (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    credit_id   INTEGER NOT NULL UNIQUE REFERENCES credits (id),
    reference   TEXT NOT NULL UNIQUE,
    reversed_on TEXT NOT NULL,
    reason      TEXT NOT NULL
);
INSERT INTO members VALUES ('1001', 'Ada Byron', 'active');
INSERT INTO credits VALUES
    (3, 'ref-1', '1001', 'ETH-1', 'Ethics', 'CEC', 1000, 'hours', '2026-11-14', 9),
    (5, 'ref-2', '1001', 'ETH-1', 'Ethics', 'CEC', 750, 'hours', '2026-11-15', 7),
    (6, NULL, '1001', 'ETH-1', 'Ethics', 'CEC', 750, 'hours', '2026-11-15', 8);
INSERT INTO reversals VALUES (1, 3, 'rev-1', '2026-12-01', 'revoked');
"""


def test_its_credits_reversals_ids_and_cursors_stay(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER)
    file.close()
    for _ in range(2):  # the second time there is nothing left to take over
        with running_sandbox(db=str(path)) as sandbox:
            data = sandbox.control.data()
        assert data.members == (ADA,)
        seen = [(each.id, each.reference, each.state, each.cursor) for each in data.credits]
        assert seen == [
            (3, "ref-1", State.REVERSED, 9),
            (5, "ref-2", State.ACTIVE, 7),
            (6, None, State.ACTIVE, 8),
        ]
        assert data.credits[0].reversed_on == date(2026, 12, 1)
        assert [each.credit_reference for each in data.reversals] == ["ref-1"]


def test_it_goes_on_from_there_with_switches_of_today(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    with sqlite3.connect(path) as file:
        file.executescript(EARLIER)
    file.close()
    with running_sandbox(db=str(path)) as sandbox:
        client = Client(sandbox.url)
        assert client.put("ref-2", **CREDIT).status == 409  # another amount and day
        assert client.put("ref-1").code == "reversed"
        new = client.put("ref-3").json
        assert (new["id"], new["cursor"]) == (7, "10")
        sandbox.control.set_faults(references_not_unique=True)
        assert client.put("ref-3").json["id"] == 8
        client.connection.close()
