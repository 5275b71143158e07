"""One rate for all workers: places handed out by a real Redis, and by nobody when it is gone."""

import logging
import subprocess
import sys
import threading

import pytest

from cec_plugin.adapters.rate import RateLimit
from tests.processes import ROOT
from tests.servers.redis_server import RedisServer

A_MINUTE_S = 60.0
AT_ONCE_S = 30.0
"""How long a test may take without changing what it sees: places are minutes apart."""


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="cec_plugin.adapters.rate")
    return caplog


def _limit(redis_url: str, *, name: str = "7", calls_per_minute: int = 1) -> RateLimit:
    return RateLimit(name, calls_per_minute=calls_per_minute, redis_url=redis_url)


def _are_spaced(waits_s: list[float], *, apart_s: float = A_MINUTE_S) -> None:
    """Say that the places lie one interval apart, however long it took to ask for them."""
    for place, wait_s in enumerate(sorted(waits_s)):
        assert place * apart_s - AT_ONCE_S <= wait_s <= place * apart_s


def test_the_first_call_goes_out_at_once_and_the_next_an_interval_later(
    empty_redis: RedisServer,
) -> None:
    limit = _limit(empty_redis.url)
    assert limit.wait_s() == 0
    _are_spaced([0, limit.wait_s(), limit.wait_s()])


def test_clients_share_the_places(empty_redis: RedisServer) -> None:
    limits = [_limit(empty_redis.url) for _ in range(3)]
    _are_spaced([limit.wait_s() for _ in range(2) for limit in limits])


def test_registries_do_not_wait_for_each_other(empty_redis: RedisServer) -> None:
    assert _limit(empty_redis.url, name="7").wait_s() == 0
    assert _limit(empty_redis.url, name="8").wait_s() == 0


def test_threads_share_the_places(empty_redis: RedisServer) -> None:
    """One limit is shared by all threads of a worker."""
    limit, waits_s, gate = _limit(empty_redis.url), list[float](), threading.Barrier(8)

    def ask() -> None:
        gate.wait(AT_ONCE_S)
        waits_s.append(limit.wait_s())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AT_ONCE_S)
    assert len(waits_s) == 8
    _are_spaced(waits_s)


ASK = """
import sys
from cec_plugin.adapters.rate import RateLimit
limit = RateLimit("7", calls_per_minute=1, redis_url=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(*(limit.wait_s() for _ in range(3)))
"""


def test_processes_share_the_places(empty_redis: RedisServer) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, empty_redis.url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    waits_s = [float(word) for worker in workers for word in worker.communicate("go\n")[0].split()]
    assert len(waits_s) == 9
    _are_spaced(waits_s)


def test_places_far_ahead_are_not_forgotten_before_they_come(empty_redis: RedisServer) -> None:
    """The key lives longer than the last place handed out, or that place would be given twice."""
    limit = _limit(empty_redis.url)
    waits_s = [limit.wait_s() for _ in range(10)]
    with empty_redis.connect() as client:
        (key,) = client.keys("*")
        assert client.pttl(key) > 1000 * (waits_s[-1] + A_MINUTE_S)


def test_the_key_ends_by_itself(empty_redis: RedisServer) -> None:
    _limit(empty_redis.url, calls_per_minute=600).wait_s()
    with empty_redis.connect() as client:
        (key,) = client.keys("*")
        assert key == b"cec:rate:7"
        assert 0 < client.pttl(key) <= 120_000


def test_without_redis_each_process_keeps_to_the_rate(told: pytest.LogCaptureFixture) -> None:
    limit = _limit("")
    _are_spaced([limit.wait_s() for _ in range(3)])
    assert not told.records


def test_when_redis_is_gone_the_rate_is_kept_and_it_is_said_once(
    empty_redis: RedisServer, told: pytest.LogCaptureFixture
) -> None:
    limit = _limit(empty_redis.url)
    assert limit.wait_s() == 0
    empty_redis.stop()
    _are_spaced([limit.wait_s() for _ in range(4)])
    assert [record.levelname for record in told.records] == ["WARNING"]
    assert "Redis is gone" in told.text
    assert empty_redis.url not in told.text


def test_when_redis_is_back_the_places_are_shared_again(
    empty_redis: RedisServer, told: pytest.LogCaptureFixture
) -> None:
    limit = _limit(empty_redis.url)
    empty_redis.stop()
    limit.wait_s()
    empty_redis.start()
    _are_spaced([limit.wait_s(), _limit(empty_redis.url).wait_s(), limit.wait_s()])
    empty_redis.stop()
    limit.wait_s()
    assert len(told.records) == 2  # it went twice


def test_an_address_where_no_redis_ever_was_is_no_error(told: pytest.LogCaptureFixture) -> None:
    limit = _limit("redis://127.0.0.1:1/0")
    _are_spaced([limit.wait_s() for _ in range(3)])
    assert len(told.records) == 1


def test_a_call_waits_no_longer_than_its_place(empty_redis: RedisServer) -> None:
    limit = _limit(empty_redis.url, calls_per_minute=6_000_000)
    for _ in range(5):
        limit()
