"""Roster files on the pages and from a shell: closed, fetched, settled, by whoever may."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.selectors.health import health
from cec_plugin.wording.flow import problems
from tests import factories
from tests.integration.admin_visits import (
    administrator,
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    take,
    text_of,
)
from tests.integration.rosters import (
    award_of,
    board,
    closed,
    receipts,
    states,
    subject,
    withdraw,
)

pytestmark = pytest.mark.django_db

PERMISSIONS = ("view_rosterfile", "add_rosterfile", "download_rosterfile", "receive_rosterfile")
WAITS = ("held", "receipt", "unknown")
THERE = ("delivered", "", "present")


@pytest.fixture
def registry() -> models.Registry:
    return board()


def _clerk(*permissions: str, **fields: Any) -> Client:
    return administrator("view_registry", *(permissions or PERMISSIONS), **fields)


def _give(client: Client, file: models.RosterFile, *rows: str) -> Any:
    upload = SimpleUploadedFile("receipts.csv", receipts(*rows), "text/csv")
    return client.post(page("rosterfile", file.pk, "receipts"), {"file": upload})


def _confirm(client: Client, file: models.RosterFile, previewed: Any) -> Any:
    carried = previewed.context["carried"]
    return client.post(page("rosterfile", file.pk, "receipts"), {"carried": carried}, follow=True)


class TestRegistryForm:
    def test_a_registry_that_takes_files_is_made_without_address_and_secret(self) -> None:
        guild = factories.organization()
        typed = {"organization": guild.pk, "name": "State board", "adapter": "roster"}
        assert not errors_of(submit(superuser(), page("registry", what="add"), **typed))
        made = models.Registry.objects.get()
        assert (made.base_url, made.secret, made.paused) == ("", "", True)
        tried = text_of(take(superuser("again"), "registry", made.pk, "try"))
        assert "knows us as State board" in tried

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            ({"base_url": "https://board.example"}, "base address: leave it empty"),
            ({"secret": "board"}, "secret: leave it empty"),
            ({"options": '{"columns": []}'}, "columns"),
            ({"adapter": "rest"}, "base address: it names no host"),
        ],
    )
    def test_one_that_cannot_work_is_refused(self, typed: dict[str, str], why: str) -> None:
        guild = factories.organization()
        usual = {"organization": guild.pk, "name": "State board", "adapter": "roster"}
        answer = submit(superuser(), page("registry", what="add"), **{**usual, **typed})
        assert why in errors_of(answer)
        assert not models.Registry.objects.exists()


class TestClosing:
    def test_it_is_closed_on_the_registrys_page_and_downloaded_on_its_own(
        self, registry: models.Registry
    ) -> None:
        client = _clerk()
        assert "Close a roster file" in text_of(client.get(page("registry", registry.pk)))
        said = text_of(client.get(page("registry", registry.pk, "step/close")))
        assert "What is in a closed file stays in it." in said
        shown = text_of(take(client, "registry", registry.pk, "close"))
        assert "Roster file 1 is closed, with 2 lines." in shown
        file = models.RosterFile.objects.get()
        assert file.closed_by == "desk"
        assert page("rosterfile", file.pk, "download") in shown
        assert "L-0" not in shown
        got = client.get(page("rosterfile", file.pk, "download"))
        assert got["Content-Type"] == "text/csv"
        assert got["Content-Disposition"] == 'attachment; filename="state-board-1.csv"'
        assert b"L-0" in got.content
        assert client.get(page("rosterfile", file.pk, "download")).content == got.content
        assert LogEntry.objects.filter(object_id=str(file.pk), change_message="downloaded").exists()

    def test_nothing_to_close_is_said_and_why_something_went_into_no_file(
        self, registry: models.Registry
    ) -> None:
        deliver_registry(registry.pk)
        withdraw(0)
        withdraw(1)
        shown = text_of(take(_clerk(), "registry", registry.pk, "close"))
        assert "There is nothing to put into a file. 2 that waited went into no file" in shown
        assert not models.RosterFile.objects.exists()

    def test_what_soon_is_too_late_is_said_before(self, registry: models.Registry) -> None:
        registry.options = {"window_days": 25}
        registry.save()
        said = text_of(_clerk().get(page("registry", registry.pk, "step/close")))
        assert "2 credits are not there, and soon will be taken no more." in said

    def test_a_registry_that_is_called_has_no_files(self) -> None:
        called = factories.registry(factories.organization())
        assert "Close a roster file" not in text_of(_clerk().get(page("registry", called.pk)))
        take(_clerk(name="other"), "registry", called.pk, "close")
        assert not models.RosterFile.objects.exists()

    def test_the_registrys_page_says_what_waits(self, registry: models.Registry) -> None:
        deliver_registry(registry.pk)
        shown = text_of(_clerk().get(page("registry", registry.pk)))
        assert "2 credits wait for the next roster file" in shown
        closed(registry)
        shown = text_of(_clerk(name="other").get(page("registry", registry.pk)))
        assert "roster file 1: 2 lines have waited" in shown
        assert "&lt;br" not in shown

    def test_why_a_file_cannot_be_downloaded_any_more_is_shown(
        self, registry: models.Registry
    ) -> None:
        file = closed(registry)
        factories.link(subject(0), registry.organization, "L-77", now=datetime.now(UTC))
        answer = _clerk().get(page("rosterfile", file.pk, "download"), follow=True)
        assert "are not known here any more" in text_of(answer)

    def test_a_file_that_was_never_handed_over_is_withdrawn(
        self, registry: models.Registry
    ) -> None:
        file, client = closed(registry), _clerk()
        client.get(page("rosterfile", file.pk, "download"))
        said = text_of(client.get(page("rosterfile", file.pk, "step/withdraw")))
        assert "ask whoever did what became of it" in said
        shown = text_of(take(client, "rosterfile", file.pk, "withdraw"))
        assert "Withdrawn: 2 lines go into the next file." in shown
        assert page("rosterfile", file.pk, "download") not in shown
        assert models.RosterFile.objects.get().withdrawn_by == "desk"
        assert closed(registry).lines.count() == 2


class TestReceipts:
    def test_they_are_previewed_row_by_row_and_settled_when_confirmed(
        self, registry: models.Registry
    ) -> None:
        file, client = closed(registry), _clerk()
        rows = (
            f"{award_of(0).reference},accepted,,7",
            f"{award_of(1).reference},rejected,no such licence,",
            "cec-unknown,accepted,,",
        )
        previewed = _give(client, file, *rows)
        shown = text_of(previewed)
        assert "accepted: it is in the association&#x27;s records: 1" in shown
        assert "<strong>this roster file does not have this reference</strong>" in shown
        assert states() == [WAITS, WAITS]
        after = text_of(_confirm(client, file, previewed))
        assert "Receipts: 1 accepted, 1 rejected." in after
        assert states() == [THERE, ("parked", "", "absent")]
        shown = text_of(client.get(page("rosterfile", file.pk)))
        assert "no such licence" in shown
        again = _confirm(client, file, previewed)
        assert text_of(again).count("settled already") >= 2
        assert states() == [THERE, ("parked", "", "absent")]

    def test_a_preview_is_of_use_to_nobody_else_and_for_no_other_file(
        self, registry: models.Registry
    ) -> None:
        file = closed(registry)
        previewed = _give(_clerk(), file, f"{award_of(0).reference},accepted,,7")
        answer = _confirm(_clerk(name="other"), file, previewed)
        assert "can no longer be used" in text_of(answer)
        assert states() == [WAITS, WAITS]

    def test_a_file_that_is_none_is_said_and_can_settle_nothing(
        self, registry: models.Registry
    ) -> None:
        file, client = closed(registry), _clerk()
        upload = SimpleUploadedFile("x.csv", b"a,b\n1,2\n", "text/csv")
        answer = client.post(page("rosterfile", file.pk, "receipts"), {"file": upload})
        assert "the column is missing" in text_of(answer)
        assert "Settle by the good rows" not in text_of(answer)
        large = SimpleUploadedFile("x.csv", b"a" * 1_000_001, "text/csv")
        answer = client.post(page("rosterfile", file.pk, "receipts"), {"file": large})
        assert "The file is larger than 1000000 bytes" in text_of(answer)
        assert text_of(client.post(page("rosterfile", file.pk, "receipts"), {})).count("required")


class TestWhoMay:
    @pytest.fixture
    def file(self, registry: models.Registry) -> models.RosterFile:
        return closed(registry)

    @pytest.mark.parametrize("what", ["download", "receipts"])
    def test_seeing_a_file_is_not_having_it(self, file: models.RosterFile, what: str) -> None:
        client = _clerk("view_rosterfile")
        assert client.get(page("rosterfile", file.pk)).status_code == 200
        assert client.get(page("rosterfile", file.pk, what)).status_code == 403
        assert models.RosterFile.objects.get().fetched_at is None

    @pytest.mark.parametrize(("model", "step"), [("registry", "close"), ("rosterfile", "withdraw")])
    def test_closing_and_withdrawing_need_their_permission(
        self, file: models.RosterFile, registry: models.Registry, model: str, step: str
    ) -> None:
        client = _clerk("view_rosterfile", "download_rosterfile")
        pk = registry.pk if model == "registry" else file.pk
        assert take(client, model, pk, step).status_code == 403
        assert models.RosterFile.objects.get().withdrawn_at is None

    def test_an_officer_has_the_files_of_their_own_organization_alone(
        self, file: models.RosterFile, registry: models.Registry
    ) -> None:
        own = _clerk(name="own", of=registry.organization)
        assert own.get(page("rosterfile", file.pk, "download")).status_code == 200
        theirs = _clerk(name="theirs", of=factories.organization("lakeshore", "Lakeshore"))
        for what in ("download", "receipts"):
            assert theirs.get(page("rosterfile", file.pk, what)).status_code == 404
        assert "State board" not in text_of(theirs.get(page("rosterfile")))
        assert take(theirs, "registry", registry.pk, "close").status_code == 404

    def test_nobody_edits_adds_or_deletes_one(self, file: models.RosterFile) -> None:
        client = superuser()
        assert client.get(page("rosterfile", what="add")).status_code == 403
        assert client.post(page("rosterfile", file.pk, "delete")).status_code == 403
        assert "_save" not in text_of(client.get(page("rosterfile", file.pk)))
        assert not {"options", "number"} & fields_of(client, page("rosterfile", file.pk)).keys()


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, fails: str = "") -> str:
        out = StringIO()
        if not fails:
            call_command("cec_roster", "State board", *arguments, stdout=out)
            return out.getvalue()
        with pytest.raises(CommandError, match=fails):
            call_command("cec_roster", "State board", *arguments, stdout=out)
        return out.getvalue()

    return command


class TestCommand:
    def test_it_closes_and_writes_for_nobody_else_to_read(
        self, run: Run, registry: models.Registry, tmp_path: Path
    ) -> None:
        assert run().splitlines() == [
            "roster file 1 is closed, lines: 2",
            "written to state-board-1.csv",
        ]
        made = tmp_path / "state-board-1.csv"
        assert made.read_text().count("L-") == 2
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        assert run() == "There is nothing to put into a file.\n"
        assert "written to again.csv" in run("--again", "--number", "1", "--out", "again.csv")
        assert (tmp_path / "again.csv").read_bytes() == made.read_bytes()

    def test_it_writes_over_no_file(
        self, run: Run, registry: models.Registry, tmp_path: Path
    ) -> None:
        (tmp_path / "there.csv").write_text("mine")
        run("--out", "there.csv", fails="nothing was closed")
        assert not models.RosterFile.objects.exists()
        (tmp_path / "state-board-1.csv").write_text("mine")
        run(fails="roster file 1 is closed: write it elsewhere with --again --number 1")
        assert (tmp_path / "state-board-1.csv").read_text() == "mine"

    def test_it_says_what_is_left_what_went_into_no_file_and_what_is_soon_too_late(
        self, run: Run, registry: models.Registry
    ) -> None:
        deliver_registry(registry.pk)
        withdraw(0)
        assert "in no file, see why among the deliveries: 1" in run()
        registry.options = {"lines": 1, "window_days": 25}
        registry.save()
        for number in ("1", "2"):
            factories.finish(f"5{number}", "course-v1:CPC+Ethics+2026", _lately())
            factories.settle(f"5{number}", now=datetime.now(UTC))
            factories.link(f"5{number}", registry.organization, f"L-5{number}")
        said = run()
        assert "left for the next file: 1" in said
        assert "in no file, and soon taken no more: 1" in said

    def test_it_settles_by_receipts_and_says_what_needs_a_look(
        self, run: Run, registry: models.Registry, tmp_path: Path
    ) -> None:
        closed(registry)
        rows = (f"{award_of(0).reference},accepted,,7", "cec-x,accepted,L-1,")
        (tmp_path / "r.csv").write_bytes(receipts(*rows))
        said = run("--receipts", "r.csv", "--preview", fails="need a look: 1")
        assert said.splitlines() == [
            "row 2: accepted",
            "row 3: unknown reference: no roster file has this reference",
            "accepted 1, unknown reference 1.",
            "Nothing was written.",
        ]
        assert states() == [WAITS, WAITS]
        said = run("--receipts", "r.csv", "--number", "1", "--by", "registrar", fails="a look: 1")
        assert "Nothing was written." not in said
        assert "L-1" not in said
        assert states() == [THERE, WAITS]
        assert models.RosterLine.objects.first().answered_by == "registrar"  # type: ignore[union-attr]
        (tmp_path / "r.csv").write_bytes(receipts(rows[0]))
        assert run("--receipts", "r.csv") == "row 2: unchanged\nunchanged 1.\n"
        (tmp_path / "r.csv").write_bytes(receipts(",accepted,,"))
        assert "row 2: fault, reference: it is missing" in run(
            "--receipts", "r.csv", fails="a look: 1"
        )

    def test_what_it_cannot_do_it_says(self, run: Run, registry: models.Registry) -> None:
        run("--again", fails="say which file")
        run("--number", "9", fails="there is no roster file 9")
        run("--receipts", "gone.csv", fails="there is no readable file")
        registry.paused, registry.pause_kind = True, "person"
        registry.save()
        run(fails="the registry is paused")
        with pytest.raises(CommandError, match="no registry 'Other' that takes files"):
            call_command("cec_roster", "Other")


def _lately() -> datetime:
    return datetime.now(UTC) - timedelta(days=20)


class TestHealth:
    def test_it_says_which_files_wait_for_how_long(self, registry: models.Registry) -> None:
        file = closed(registry)
        now = file.closed_at + timedelta(days=15)
        (found,) = health(every={}, now=now).rosters
        (waiting,) = found.files
        assert (found.registry, found.unfiled, found.is_late) == ("State board", 0, False)
        assert (waiting.number, waiting.lines, waiting.is_late) == (1, 2, True)
        assert waiting.waits_s == 15 * 86400
        assert list(problems(health(every={}, now=now))) == [
            "State board: 2 lines of roster file 1 have waited 15 days for their receipts."
        ]
        assert not list(problems(health(every={}, now=file.closed_at)))

    def test_it_says_what_nobody_puts_into_a_file(self, registry: models.Registry) -> None:
        deliver_registry(registry.pk)
        now = datetime.now(UTC) + timedelta(days=16)
        assert (
            "State board: 2 credits wait for a roster file, for up to 16 days."
            in list(problems(health(every={}, now=now)))
        )  # fmt: skip

    def test_what_is_settled_is_not_waited_for(self, registry: models.Registry) -> None:
        file = closed(registry)
        models.RosterLine.objects.update(answer="accepted")
        (found,) = health(every={}, now=file.closed_at + timedelta(days=99)).rosters
        assert not found.files
