"""A token bucket for each registry that all workers share through Redis.

Without Redis, once it is gone, each process is careful on its own: it does not see the others.
"""

import logging
import threading
import time
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

SOON_S = 2.0
"""How long a call waits for its place."""

ALONE = 4
"""How many times slower a process calls that cannot see the others: a quarter of the rate."""

# A bucket of tokens is kept as the moment at which it will be full again, in microseconds of
# Redis' own clock: each call moves that by one interval. A call has its place as soon as the
# bucket holds a token, that is when it is not more than all but one of them away from being full.
# Whoever asks takes that place and is told how long to wait for it; one that is too far off is not
# taken. While the registry wants quiet nobody has a place, and after it the bucket begins empty.
# The key outlives the last place.
_BUCKET = """
local interval, spare = tonumber(ARGV[1]), tonumber(ARGV[2])
local within, quieted = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('HMGET', KEYS[1], 'full', 'quiet')
local full = math.max(tonumber(kept[1] or '0'), now)
local quiet = math.max(tonumber(kept[2] or '0'), now)
local left = quiet - now
if quieted > 0 then
    quiet = math.max(quiet, now + quieted)
    full = math.max(full, quiet + spare)
elseif within >= 0 then
    left = math.max(full - spare - now, 0)
    if left > within then return string.format('%.0f', left) end
    full = full + interval
else
    return string.format('%.0f', left)
end
redis.call('HSET', KEYS[1], 'full', string.format('%.0f', full))
redis.call('HSET', KEYS[1], 'quiet', string.format('%.0f', quiet))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((full - now) / 1000) + 60000))
return string.format('%.0f', left)
"""
_ONLY_LOOK = -1


class RateLimit:
    """Lets ``calls_per_minute`` go out to one registry, all workers together."""

    def __init__(
        self, name: str, *, calls_per_minute: int, redis_url: str, burst: int | None = None
    ) -> None:
        """Limit calls under this name; without a ``redis_url`` each process keeps to the rate.

        ``burst`` is how many may go out at once after a rest: those of one second, if not given.
        """
        per_minute = max(calls_per_minute, 1)
        self._name = name
        self._key = f"cec:bucket:{name}"
        self._interval_us = 60_000_000 // per_minute
        self._spare_us = (max(burst or per_minute // 60, 1) - 1) * self._interval_us
        self._lock = threading.Lock()
        self._own = _OwnBucket(self._interval_us, self._spare_us)
        self._gone = False
        self._script: Any = None
        if redis_url:
            # A restart of Redis breaks every connection to it: once more, on a new one.
            again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
            client = redis.Redis.from_url(
                redis_url, socket_timeout=1, socket_connect_timeout=1, retry=again
            )
            self._script = client.register_script(_BUCKET)
            self._own = _OwnBucket(self._interval_us * ALONE, 0)

    def wait_s(self, within_s: float = 1e9) -> float:
        """Take the next place and return how many seconds there are until it comes.

        One that is further off than ``within_s`` is left to others.
        """
        within_us = round(within_s * 1_000_000)
        quiet_us = self._own.quiet_us()
        if quiet_us > within_us:  # even if Redis has forgotten it
            return quiet_us / 1_000_000
        left_us = self._shared(within_us=within_us)
        if left_us is None:
            return self._own.take(within_us) / 1_000_000
        if left_us <= within_us:
            self._own.note(left_us)
        return left_us / 1_000_000

    def quiet(self, seconds: float) -> None:
        """Let no worker call for so long: the registry asked for it."""
        quiet_us = round(seconds * 1_000_000)
        self._own.quiet(quiet_us)
        self._shared(quiet_us=quiet_us)

    def __call__(self) -> float:
        """Wait for a place that comes soon; else return how far off it is, and wait for nothing.

        Whoever delivers holds a lease meanwhile, and must not spend it in a queue.
        """
        waited = self.wait_s(SOON_S)
        if waited > SOON_S:
            return waited
        if waited <= 0:
            return 0.0
        time.sleep(waited)
        return self._quiet_s()  # another worker may have been asked for quiet meanwhile

    def _quiet_s(self) -> float:
        left_us = self._shared(within_us=_ONLY_LOOK)
        return (self._own.quiet_us() if left_us is None else left_us) / 1_000_000

    def _shared(self, *, within_us: int = 0, quiet_us: int = 0) -> int | None:
        """Ask the bucket that all share, in microseconds; None where there is none, or it is gone.

        What changes, it being gone or back, is said once.
        """
        if self._script is None:
            return None
        asked = [self._interval_us, self._spare_us, within_us, quiet_us]
        try:
            left_us = int(self._script(keys=[self._key], args=asked))
        except redis.RedisError as error:
            if self._turned(gone=True):
                log.warning(
                    "Redis is gone (%s): until it is back each process keeps to a quarter of the "
                    "rate of registry %s",
                    type(error).__name__,
                    self._name,
                )
            return None
        if self._turned(gone=False):
            log.info("Redis is back: all workers share the rate of registry %s again", self._name)
        return left_us

    def _turned(self, *, gone: bool) -> bool:
        with self._lock:
            before, self._gone = self._gone, gone
            return before != gone


class _OwnBucket:
    """The bucket of this process alone; times in microseconds."""

    def __init__(self, interval_us: int, spare_us: int) -> None:
        self._interval_us, self._spare_us = interval_us, spare_us
        self._lock = threading.Lock()
        self._full_us = 0  # of the monotonic clock, as is what follows
        self._quiet_us = 0

    def take(self, within_us: int) -> int:
        """Take the next place, unless it is further off, and return how far that is."""
        with self._lock:
            now_us = _now_us()
            full_us = max(self._full_us, now_us)
            left_us = max(full_us - self._spare_us - now_us, 0)
            if left_us <= within_us:
                self._full_us = full_us + self._interval_us
            return left_us

    def note(self, left_us: int) -> None:
        """Take account of a place that we had from all, should we be alone from now on."""
        with self._lock:
            self._full_us = max(self._full_us, _now_us() + left_us + self._interval_us)

    def quiet(self, quiet_us: int) -> None:
        """Have no place for so long, and begin empty after it."""
        with self._lock:
            self._quiet_us = max(self._quiet_us, _now_us() + quiet_us)
            self._full_us = max(self._full_us, self._quiet_us + self._spare_us)

    def quiet_us(self) -> int:
        """Return how long it is still to be quiet."""
        return max(self._quiet_us - _now_us(), 0)


def _now_us() -> int:
    return time.monotonic_ns() // 1000
