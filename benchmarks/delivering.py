"""How many deliveries go out in a time, against a bare loop that sends the same bodies.

One by one: one process, one connection, one credit a call, until nothing is due.
"""

from typing import Any

import requests
from django.conf import settings

from benchmarks.letters import Letters
from benchmarks.measure import Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from benchmarks.servers import RegistryServer
from benchmarks.world import World
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.conf import get_settings
from cec_plugin.services.deliver import BATCH

DELAY_MS = 50
ROUNDS_WITH_DELAY = 7
ROUNDS_WITHOUT = 15
LIMIT = 0.9


def measure(world: World, registry: RegistryServer, redis_url: str) -> list[Figure]:
    """Measure with a registry that takes its time, and with one that takes none."""
    letters = Letters(world)
    registry.control.add_member(letters.member_number, "Ada Byron")
    figures: list[Figure] = []
    for delay_ms, rounds, limit in (
        (DELAY_MS, ROUNDS_WITH_DELAY, LIMIT),
        (0, ROUNDS_WITHOUT, None),
    ):
        registry.control.set_faults(delay_ms=delay_ms or False)
        seconds = in_turn(
            [
                _Bare(registry, letters).rival(),
                _ours(registry, letters, ""),
                _ours(registry, letters, redis_url),
            ],
            rounds=rounds,
        )
        registry.control.clear_faults()
        figures += [
            Figure(
                name=f"deliver / bare loop, {delay_ms} ms a call, {how}",
                ratio=ratio(seconds["bare loop"], seconds[how]),
                unit=Unit.THROUGHPUT,
                limit=limit,
            )
            for how in ("without Redis", "with Redis")
        ]
    letters.check()
    return figures


class _Bare:
    """The floor: a session, a loop, and a look at each status."""

    def __init__(self, registry: RegistryServer, letters: Letters) -> None:
        self._registry = registry
        self._letters = letters
        self._bodies: dict[str, dict[str, Any]] = {}

    def rival(self) -> Rival:
        return Rival(name="bare loop", prepare=self._prepare, run=self._send)

    def _prepare(self, _round: int) -> None:
        self._bodies = self._letters.bodies()

    def _send(self, _round: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["X-Api-Key"] = self._registry.api_key
            for reference, body in self._bodies.items():
                answer = session.put(
                    f"{self._registry.url}/credits/{reference}", json=body, timeout=10
                )
                if answer.status_code != 201:
                    raise RuntimeError(f"the registry answered {answer.status_code}")


def _ours(registry: RegistryServer, letters: Letters, redis_url: str) -> Rival:
    def prepare(_round: int) -> None:
        settings.CEC_REDIS_URL = redis_url
        settings.CEC_SECRETS = {"bench": {"key": registry.api_key}}
        get_settings.cache_clear()
        letters.enqueue()

    def run(_round: int) -> None:
        sent = 0
        while batch := deliver_registry(letters.registry_id).sent:
            sent += batch
        if sent != BATCH:
            raise RuntimeError(f"{sent} of {BATCH} were sent")

    return Rival(name="with Redis" if redis_url else "without Redis", prepare=prepare, run=run)
