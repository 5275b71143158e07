"""Whether a claim costs more when the outbox is full of what has nothing to do with it.

Few is a thousand deliveries, many a million, of which 300,000 are due at a paused registry; at
the registry that claims as many are due in the one as in the other. Each has a database of its
own on the same server, and claims are made by turns in both.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.core.management import call_command

from benchmarks.measure import Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from cec_plugin import models
from cec_plugin.domain.delivery import Presence, State
from cec_plugin.services.claim import Claimed, claim
from cec_plugin.services.deliver import BATCH
from tests.backlog import REFERENCE, load, run

ROUNDS = 200
WARM_UP = 20
LIMIT = 1.5
DUE = 500
"""How many are due at the registry that claims."""

FEW, MANY = 1_000, 1_000_000
DUE_AT_PAUSED = 300_000
LEASE_S = 120
NOW = datetime.now(UTC)
DUE_SINCE = NOW - timedelta(hours=1)

# Entries that are not there need no foreign key to be claimed.
NUMBERED = {"id": "seq", "entry_id": "seq", "reference": REFERENCE}


def measure() -> list[Figure]:
    """Load both databases and measure claims of one batch."""
    few, many = _Outbox("few", FEW), _Outbox("many", MANY, due_at_paused=DUE_AT_PAUSED)
    for outbox in (few, many):
        outbox.load()
    seconds = in_turn([few.rival(), many.rival()], rounds=ROUNDS, warm_up=WARM_UP)
    return [
        Figure(
            name=f"claim {BATCH} out of {MANY:,} / out of {FEW:,}",
            ratio=ratio(seconds["many"], seconds["few"]),
            unit=Unit.TIME,
            limit=LIMIT,
        )
    ]


@dataclass(slots=True)
class _Outbox:
    """A database of so many deliveries: the last of them due, the rest waiting or delivered."""

    database: str
    size: int
    due_at_paused: int = 0
    registry_id: int = 0
    claimed: list[Claimed] = field(default_factory=list)

    def rival(self) -> Rival:
        return Rival(name=self.database, prepare=self._put_back, run=self._claim)

    def load(self) -> None:
        """Make the database and fill it."""
        run(f"CREATE DATABASE {self.database}")
        self._enter()
        call_command("migrate", verbosity=0)
        organization = models.Organization.objects.create(code="bench", name="Bench")
        paused, open_ = (
            models.Registry.objects.create(organization=organization, name=name, paused=paused)
            for name, paused in (("paused", True), ("open", False))
        )
        self.registry_id = open_.pk
        delivered = self.size - DUE
        load(1, self.due_at_paused, _due(paused), NUMBERED)
        load(self.due_at_paused + 1, delivered, _delivered(open_), NUMBERED)
        load(delivered + 1, self.size, _due(open_), NUMBERED)
        run("ANALYZE TABLE cec_plugin_delivery")

    def _enter(self) -> None:
        run(f"USE {self.database}")

    def _put_back(self, _round: int) -> None:
        self._enter()
        models.Delivery.objects.filter(pk__in=[one.id for one in self.claimed]).update(
            due_at=DUE_SINCE, lease=0, presence=Presence.ABSENT.value
        )

    def _claim(self, _round: int) -> None:
        self.claimed = claim(self.registry_id, limit=BATCH, lease_s=LEASE_S, now=NOW)
        if len(self.claimed) != BATCH:
            raise RuntimeError(f"{len(self.claimed)} of {BATCH} were claimed")


def _due(registry: models.Registry) -> models.Delivery:
    return models.Delivery(
        registry=registry, state=State.PENDING.value, due_at=DUE_SINCE, created_at=DUE_SINCE
    )


def _delivered(registry: models.Registry) -> models.Delivery:
    return models.Delivery(
        registry=registry,
        state=State.DELIVERED.value,
        presence=Presence.PRESENT.value,
        lease=1,
        remote_id="r-1",
        created_at=DUE_SINCE,
        settled_at=NOW,
    )
