"""One bucket for all workers, kept by a real Redis; each process is careful when it is gone."""

import logging
import subprocess
import sys
import threading
import time
from itertools import pairwise
from typing import Self

import pytest

from cec_plugin.adapters.rate import ALONE, RateLimit
from tests.processes import ROOT
from tests.servers.redis_server import RedisServer

A_MINUTE_S = 60.0
AT_ONCE_S = 30.0
"""How long a test may take without changing what it sees: places are minutes apart."""


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, logger="cec_plugin.adapters.rate")
    return caplog


def _limit(
    redis_url: str, *, name: str = "7", calls_per_minute: int = 1, burst: int | None = None
) -> RateLimit:
    return RateLimit(name, calls_per_minute=calls_per_minute, redis_url=redis_url, burst=burst)


def _are_spaced(waits_s: list[float], *, apart_s: float = A_MINUTE_S) -> None:
    """Say that the places lie one interval apart, however long it took to ask for them."""
    for place, wait_s in enumerate(sorted(waits_s)):
        assert place * apart_s - AT_ONCE_S <= wait_s <= place * apart_s


class TestBucket:
    def test_the_first_call_goes_out_at_once_and_the_next_an_interval_later(
        self, empty_redis: RedisServer
    ) -> None:
        limit = _limit(empty_redis.url)
        assert limit.wait_s() == 0
        _are_spaced([0, limit.wait_s(), limit.wait_s()])

    def test_a_rested_bucket_gives_its_burst_at_once_and_then_one_by_one(
        self, empty_redis: RedisServer
    ) -> None:
        limit = _limit(empty_redis.url, burst=5)
        assert [limit.wait_s() for _ in range(5)] == [0] * 5
        _are_spaced([0, *(limit.wait_s() for _ in range(3))])

    def test_the_same_holds_without_redis(self) -> None:
        limit = _limit("", burst=5)
        assert [limit.wait_s() for _ in range(5)] == [0] * 5
        _are_spaced([0, *(limit.wait_s() for _ in range(3))])

    @pytest.mark.parametrize(
        ("calls_per_minute", "at_once"), [(1, 1), (59, 1), (60, 1), (119, 1), (120, 2), (600, 10)]
    )
    def test_the_burst_is_the_calls_of_one_second_and_at_least_one(
        self, calls_per_minute: int, at_once: int
    ) -> None:
        limit = _limit("", calls_per_minute=calls_per_minute)
        waits_s = [limit.wait_s() for _ in range(at_once + 1)]
        assert waits_s[:at_once] == [0] * at_once
        assert 0 < waits_s[at_once] <= 60 / calls_per_minute

    def test_the_burst_comes_back_only_as_fast_as_the_rate(self, empty_redis: RedisServer) -> None:
        limit = _limit(empty_redis.url, calls_per_minute=600, burst=3)
        began = time.monotonic()
        waits_s = [limit.wait_s() for _ in range(30)]
        took_s = time.monotonic() - began
        assert waits_s[:3] == [0, 0, 0]
        assert 2.7 - took_s <= waits_s[-1] <= 2.7

    def test_clients_share_it(self, empty_redis: RedisServer) -> None:
        limits = [_limit(empty_redis.url, burst=2) for _ in range(3)]
        waits_s = [limit.wait_s() for _ in range(2) for limit in limits]
        assert waits_s[:2] == [0, 0]
        _are_spaced([0, *waits_s[2:]])

    def test_registries_do_not_wait_for_each_other(self, empty_redis: RedisServer) -> None:
        assert _limit(empty_redis.url, name="7").wait_s() == 0
        assert _limit(empty_redis.url, name="8").wait_s() == 0

    def test_a_place_too_far_off_is_left_to_others(self, empty_redis: RedisServer) -> None:
        limit = _limit(empty_redis.url)
        assert limit.wait_s(1) == 0
        for _ in range(3):
            assert A_MINUTE_S - AT_ONCE_S <= limit.wait_s(1) <= A_MINUTE_S

    def test_threads_share_it(self, empty_redis: RedisServer) -> None:
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

    def test_places_far_ahead_are_not_forgotten_before_they_come(
        self, empty_redis: RedisServer
    ) -> None:
        """The key lives longer than the last place handed out, or that would be given twice."""
        limit = _limit(empty_redis.url)
        waits_s = [limit.wait_s() for _ in range(10)]
        with empty_redis.connect() as client:
            (key,) = client.keys("*")
            assert client.pttl(key) > 1000 * (waits_s[-1] + A_MINUTE_S)

    def test_the_key_ends_by_itself(self, empty_redis: RedisServer) -> None:
        _limit(empty_redis.url, calls_per_minute=600).wait_s()
        with empty_redis.connect() as client:
            (key,) = client.keys("*")
            assert key == b"cec:bucket:7"
            assert 0 < client.pttl(key) <= 120_000

    def test_a_call_waits_no_longer_than_its_place(self, empty_redis: RedisServer) -> None:
        limit = _limit(empty_redis.url, calls_per_minute=6_000_000, burst=1)
        assert [limit() for _ in range(5)] == [0] * 5


ASK = """
import sys
from cec_plugin.adapters.rate import RateLimit
limit = RateLimit("7", calls_per_minute=1, redis_url=sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    if line == "quiet\\n":
        limit.quiet(900)
    print(*(limit.wait_s(float(sys.argv[2])) for _ in range(3)), flush=True)
"""


class Workers:
    """Processes that each ask three times when told to."""

    def __init__(self, redis_url: str, *, within_s: float = 1e9) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", ASK, redis_url, str(within_s)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        assert {self._line(one) for one in self.processes} == {"ready"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.processes:
            one.communicate()
            assert one.returncode == 0

    def ask(self, *chosen: int, word: str = "go") -> list[float]:
        """Have the processes chosen (all, where none is) ask at once; return what they heard."""
        asked = [self.processes[place] for place in chosen] or self.processes
        for one in asked:
            assert one.stdin
            one.stdin.write(f"{word}\n")
            one.stdin.flush()
        return [float(wait_s) for one in asked for wait_s in self._line(one).split()]

    def _line(self, one: "subprocess.Popen[str]") -> str:
        assert one.stdout
        return one.stdout.readline().strip()


class TestProcesses:
    def test_they_share_the_bucket(self, empty_redis: RedisServer) -> None:
        with Workers(empty_redis.url) as workers:
            waits_s = workers.ask()
        assert len(waits_s) == 9
        _are_spaced(waits_s)

    def test_what_one_is_asked_for_holds_for_all(self, empty_redis: RedisServer) -> None:
        with Workers(empty_redis.url, within_s=2) as workers:
            assert min(workers.ask(0, word="quiet")) > 900 - AT_ONCE_S
            waits_s = workers.ask(1, 2)
        assert len(waits_s) == 6
        assert all(900 - AT_ONCE_S < wait_s <= 900 for wait_s in waits_s)

    def test_they_share_it_again_after_a_restart_of_redis(self, empty_redis: RedisServer) -> None:
        """Alone each keeps to itself; what it had before counts, so nobody bursts at the break."""
        with Workers(empty_redis.url) as workers:
            _are_spaced(workers.ask())
            empty_redis.stop()
            for place in range(3):
                alone_s = workers.ask(place)
                assert min(alone_s) > ALONE * A_MINUTE_S - AT_ONCE_S
                apart_s = [after - before for before, after in pairwise(alone_s)]
                assert all(one == pytest.approx(ALONE * A_MINUTE_S, abs=1) for one in apart_s)
            empty_redis.start()
            _are_spaced(workers.ask())


class TestQuiet:
    def test_nobody_calls_before_it_is_over(self, empty_redis: RedisServer) -> None:
        asked, other = _limit(empty_redis.url, burst=5), _limit(empty_redis.url, burst=5)
        asked.quiet(300)
        for limit in (asked, other):
            assert 300 - AT_ONCE_S < limit.wait_s(2) <= 300
            assert 300 - AT_ONCE_S < limit() <= 300

    def test_after_it_the_calls_come_one_by_one(self, empty_redis: RedisServer) -> None:
        limit = _limit(empty_redis.url, burst=5)
        limit.quiet(300)
        waits_s = [limit.wait_s() - 300 for _ in range(3)]
        _are_spaced(waits_s)

    def test_a_shorter_one_does_not_end_a_longer_one(self, empty_redis: RedisServer) -> None:
        limit, other = _limit(empty_redis.url), _limit(empty_redis.url)
        limit.quiet(300)
        other.quiet(1)
        assert other.wait_s(2) > 300 - AT_ONCE_S

    def test_one_who_waits_for_their_place_meanwhile_does_not_call(
        self, empty_redis: RedisServer
    ) -> None:
        waiting, other = (
            RateLimit("7", calls_per_minute=60, redis_url=empty_redis.url) for _ in range(2)
        )
        assert waiting() == 0
        heard: list[float] = []
        thread = threading.Thread(target=lambda: heard.append(waiting()))
        thread.start()
        time.sleep(0.3)
        other.quiet(300)
        thread.join(AT_ONCE_S)
        assert heard[0] > 300 - AT_ONCE_S

    def test_the_key_outlives_it(self, empty_redis: RedisServer) -> None:
        _limit(empty_redis.url).quiet(86_400)
        with empty_redis.connect() as client:
            assert client.pttl("cec:bucket:7") > 86_400_000

    @pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:1/0"])
    def test_without_redis_it_holds_for_this_process(self, redis_url: str) -> None:
        limit = _limit(redis_url)
        limit.quiet(300)
        assert 300 - AT_ONCE_S < limit() <= 300

    def test_whoever_was_asked_remembers_when_redis_does_not(
        self, empty_redis: RedisServer
    ) -> None:
        limit = _limit(empty_redis.url)
        limit.quiet(300)
        with empty_redis.connect() as client:
            client.flushall()
        assert limit() > 300 - AT_ONCE_S


class TestWithoutRedis:
    def test_where_none_is_set_each_process_keeps_to_the_rate(
        self, told: pytest.LogCaptureFixture
    ) -> None:
        limit = _limit("")
        _are_spaced([limit.wait_s() for _ in range(3)])
        assert not told.records

    def test_when_it_is_gone_a_quarter_of_the_rate_is_kept_and_it_is_said_once(
        self, empty_redis: RedisServer, told: pytest.LogCaptureFixture
    ) -> None:
        limit = _limit(empty_redis.url, burst=5)
        assert limit.wait_s() == 0
        empty_redis.stop()
        waits_s = [limit.wait_s() for _ in range(4)]
        _are_spaced([0, *waits_s], apart_s=ALONE * A_MINUTE_S)
        assert [record.levelname for record in told.records] == ["WARNING"]
        assert "Redis is gone" in told.text
        assert empty_redis.url not in told.text

    def test_when_it_is_back_the_bucket_is_shared_again(
        self, empty_redis: RedisServer, told: pytest.LogCaptureFixture
    ) -> None:
        limit = _limit(empty_redis.url)
        empty_redis.stop()
        limit.wait_s()
        empty_redis.start()
        _are_spaced([limit.wait_s(), _limit(empty_redis.url).wait_s(), limit.wait_s()])
        empty_redis.stop()
        limit.wait_s()
        assert [record.levelname for record in told.records] == ["WARNING", "INFO", "WARNING"]

    def test_a_restart_between_two_calls_is_not_noticed(
        self, empty_redis: RedisServer, told: pytest.LogCaptureFixture
    ) -> None:
        """Its connections are broken; a new one is tried before it counts as gone."""
        limit = _limit(empty_redis.url)
        assert limit.wait_s() == 0
        empty_redis.stop()
        empty_redis.start()
        assert limit.wait_s() == 0  # it has forgotten, being one that keeps nothing
        assert not told.records

    def test_an_address_where_no_redis_ever_was_is_no_error(
        self, told: pytest.LogCaptureFixture
    ) -> None:
        limit = _limit("redis://127.0.0.1:1/0")
        _are_spaced([limit.wait_s() for _ in range(3)], apart_s=ALONE * A_MINUTE_S)
        assert len(told.records) == 1
