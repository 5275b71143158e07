"""A rate limit that all workers share through Redis; each process keeps to its own without it."""

import logging
import threading
import time
from typing import Any

import redis

log = logging.getLogger(__name__)

SOON_S = 2.0
"""How long a call waits for its place."""

# The moment, in microseconds of Redis' own clock, from which the next call may go out. Whoever
# asks takes that place and is told how long to wait for it; one that is too far off is not taken.
# The key outlives the last place.
_TAKE_A_PLACE = """
local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
local next = tonumber(redis.call('GET', KEYS[1]) or '0')
if next < us then next = us end
if next - us > tonumber(ARGV[2]) then return string.format('%.0f', next - us) end
local free = next + tonumber(ARGV[1])
local lasting = string.format('%.0f', math.ceil((free - us) / 1000) + 60000)
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', lasting)
return string.format('%.0f', next - us)
"""


class RateLimit:
    """Spreads the calls to one registry evenly, ``calls_per_minute`` for all workers together."""

    def __init__(self, name: str, *, calls_per_minute: int, redis_url: str) -> None:
        """Limit calls under this name; without a ``redis_url`` each process keeps to the rate."""
        self._key = f"cec:rate:{name}"
        self._interval_us = 60_000_000 // max(calls_per_minute, 1)
        self._lock = threading.Lock()
        self._next_us = 0
        self._told = False
        self._script: Any = None
        if redis_url:
            client = redis.Redis.from_url(
                redis_url, socket_timeout=1, socket_connect_timeout=1, retry=None
            )
            self._script = client.register_script(_TAKE_A_PLACE)

    def wait_s(self, within_s: float = 1e9) -> float:
        """Take the next place and return how many seconds there are until it comes.

        One that is further off than ``within_s`` is left to others.
        """
        within_us = round(within_s * 1_000_000)
        if self._script is None:
            return self._own_place(within_us)
        try:
            waited = self._script(keys=[self._key], args=[self._interval_us, within_us])
        except redis.RedisError as error:
            if not self._told:
                log.warning(
                    "Redis is gone (%s): each process keeps to the rate", type(error).__name__
                )
                self._told = True
            return self._own_place(within_us)
        self._told = False
        return int(waited) / 1_000_000

    def _own_place(self, within_us: int) -> float:
        with self._lock:
            now_us = time.monotonic_ns() // 1000
            place_us = max(self._next_us, now_us)
            if place_us - now_us <= within_us:
                self._next_us = place_us + self._interval_us
            return (place_us - now_us) / 1_000_000

    def __call__(self) -> float:
        """Wait for a place that comes soon; else return how far off it is, and wait for nothing.

        Whoever delivers holds a lease meanwhile, and must not spend it in a queue.
        """
        waited = self.wait_s(SOON_S)
        if waited > SOON_S:
            return waited
        time.sleep(max(waited, 0))
        return 0.0
