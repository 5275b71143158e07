"""The private servers answer, keep their data, and never outlive whoever started them."""

# ruff: noqa: PLC0415 - the databases' drivers are not there in the fast run

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import redis

from tests.processes import ROOT
from tests.servers.process import ServerError, ServerProcess, find_program, private_server
from tests.servers.redis_server import running_redis

pytestmark = pytest.mark.journey

STARTERS = {
    "mariadb": "from tests.servers.mariadb import running_mariadb as running",
    "postgresql": "from tests.servers.postgresql import running_postgresql as running",
    "redis": "from tests.servers.redis_server import running_redis as running",
}
HOLDING = """
import time
{starter}
with running() as server:
    print(server.process.pid, server.process.folder, flush=True)
    time.sleep(600)
"""


def _gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _assert_gone_after_leaving(process: ServerProcess, server: psutil.Process) -> None:
    assert _gone(server)
    assert not process.folder.exists()


def test_mariadb_keeps_its_data_over_a_stop_and_is_gone_in_the_end() -> None:
    from tests.servers.mariadb import running_mariadb

    with running_mariadb() as mariadb:
        connection = mariadb.connect()
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE kept")
        cursor.execute("CREATE TABLE kept.texts (body TEXT)")
        cursor.execute("INSERT INTO kept.texts VALUES ('crédits 🎓')")
        connection.commit()
        connection.close()
        mariadb.stop()
        with pytest.raises(Exception, match="Can't connect"):
            mariadb.connect()
        mariadb.start()
        connection = mariadb.connect("kept")
        cursor = connection.cursor()
        cursor.execute("SELECT body FROM texts")
        assert cursor.fetchall() == (("crédits 🎓",),)
        connection.close()
        server = psutil.Process(mariadb.process.pid)
    _assert_gone_after_leaving(mariadb.process, server)


@pytest.mark.parametrize("durable", [True, False])
def test_mariadb_flushes_each_commit_only_where_it_is_to_last(*, durable: bool) -> None:
    from tests.servers.mariadb import running_mariadb

    with running_mariadb(durable=durable) as mariadb:
        connection = mariadb.connect()
        cursor = connection.cursor()
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit, @@max_connections")
        assert cursor.fetchone() == (int(durable), 200)
        connection.close()


def test_postgresql_keeps_its_data_over_a_restart_and_is_gone_in_the_end() -> None:
    import psycopg

    from tests.servers.postgresql import running_postgresql

    with running_postgresql() as postgresql:
        with postgresql.connect() as connection:
            connection.execute("CREATE TABLE texts (body TEXT)")
            connection.execute("INSERT INTO texts VALUES ('crédits 🎓')")
        postgresql.stop()
        with pytest.raises(psycopg.OperationalError):
            postgresql.connect()
        postgresql.start()
        postgresql.restart()
        with postgresql.connect() as connection:
            assert connection.execute("SELECT body FROM texts").fetchall() == [("crédits 🎓",)]
        server = psutil.Process(postgresql.process.pid)
    _assert_gone_after_leaving(postgresql.process, server)


def test_redis_comes_back_empty_on_the_same_port_and_is_gone_in_the_end() -> None:
    with running_redis() as server, server.connect() as client:
        client.set("key", "value")
        url = server.url
        server.stop()
        assert not server.running
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        server.start()
        assert server.url == url
        assert client.get("key") is None
        process = psutil.Process(server.process.pid)
    _assert_gone_after_leaving(server.process, process)


@pytest.mark.parametrize("name", STARTERS)
def test_killing_the_parent_leaves_no_server_and_no_folder(name: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLDING.format(starter=STARTERS[name])],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        server = psutil.Process(int(pid))
        assert not _gone(server)
        os.killpg(parent.pid, signal.SIGKILL)
    _wait_until(lambda: _gone(server), f"{name} outlived the process that started it")
    _wait_until(lambda: not Path(folder).exists(), f"{name} left its folder behind")


def test_killing_the_guard_too_leaves_no_server() -> None:
    with running_redis() as server:
        process = psutil.Process(server.process.pid)
        guard = process.parent()
        assert guard is not None
        guard.kill()
        _wait_until(lambda: _gone(process), "the server outlived its guard")
        with pytest.raises(ServerError, match="guard is gone"):
            server.start()
        folder = server.process.folder
    assert not folder.exists()


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(ServerError, match=r"cec-nowhere was not found.*package cec-package"):
        find_program("cec-nowhere", package="cec-package", places=("/usr/lib/postgresql/*/bin",))


def test_the_newest_version_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("9", "15", "13"):
        program = tmp_path / number / "bin" / "served"
        program.parent.mkdir(parents=True)
        program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    found = find_program("served", package="any", places=(f"{tmp_path}/*/bin",))
    assert found == str(tmp_path / "15" / "bin" / "served")


def test_a_server_that_ends_at_once_shows_its_own_log() -> None:
    def connect() -> None:
        raise ConnectionError

    with (
        private_server("failing", stop_signal=signal.SIGTERM) as process,
        pytest.raises(ServerError, match=r"(?s)ended with 3.*the disk is full"),
    ):
        process.start(
            ["sh", "-c", "echo the disk is full; exit 3"],
            connect=connect,
            refusals=(ConnectionError,),
        )


def test_a_server_that_never_answers_is_given_up_and_stopped() -> None:
    def connect() -> None:
        raise ConnectionError

    with private_server("silent", stop_signal=signal.SIGTERM) as process:
        with pytest.raises(ServerError, match="not ready within"):
            process.start(
                ["sleep", "600"], connect=connect, refusals=(ConnectionError,), timeout_s=0.1
            )
        assert process.pid is None
