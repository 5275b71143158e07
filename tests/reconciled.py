"""An organization whose credits stand in a registry on paper, told through the real outbox."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cec_plugin import models
from cec_plugin.domain.delivery import Policy
from cec_plugin.domain.ports import Held, Registry
from cec_plugin.models.reconciliation import Reconciliation
from cec_plugin.services.deliver import deliver_due
from cec_plugin.services.go_round import Courier
from cec_plugin.services.reconcile import Reader, reconcile
from tests import factories
from tests.events import ETHICS
from tests.paper import PaperRegistry

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(slots=True)
class World:
    """A guild, its registry's row, and the registry itself; ``now`` moves when a test says so.

    ``others`` are further registries, by the id of their rows.
    """

    row: models.Registry
    paper: PaperRegistry
    now: datetime
    others: dict[int, PaperRegistry] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def earn(self, people: int, *, begin: int = 0) -> None:
        """Let so many people finish Ethics, and be members."""
        for number in range(begin, begin + people):
            factories.finish(str(number), ETHICS, T0)
            factories.settle(str(number), now=self.now)
            factories.link(str(number), self.row.organization, f"M-{number}", now=self.now)

    def withdraw(self, subject: int, after: timedelta = timedelta(hours=1)) -> None:
        factories.withdraw(str(subject), ETHICS, T0 + after)
        factories.settle(str(subject), now=self.now)

    def deliver(self) -> None:
        """Send all that is due, and let a day go by."""
        courier = Courier(
            registry_id=self.row.pk,
            registry=self.paper,
            clock=self.clock,
            dice=lambda: 0.0,
            policy=Policy(),
            lease_s=120,
        )
        while deliver_due(courier):
            pass
        numbers = models.Membership.objects.values_list("person_id", "number_key")
        for person_id, key in numbers:
            mine = models.Delivery.objects.filter(entry__account__person_id=person_id)
            mine.filter(state="delivered", number_key="").update(number_key=key)
        self.now += DAY

    def told(self, people: int) -> None:
        """Let so many people have a credit that stands in the registry."""
        self.earn(people)
        self.deliver()

    def reader(self, follow: Callable[[int], None] = lambda _: None) -> Reader:
        return Reader(registries=self.registry_of, clock=self.clock, wait=_no_wait, follow=follow)

    def registry_of(self, registry_id: int) -> Registry:
        return self.paper if registry_id == self.row.pk else self.others[registry_id]

    def another(self, name: str, paper: PaperRegistry | None = None) -> models.Registry:
        """Give the guild one more registry, which was told of nothing."""
        row = factories.registry(self.row.organization, name)
        self.others[row.pk] = paper or PaperRegistry()
        return row

    def reconcile(self) -> Reconciliation:
        return reconcile(self.row.pk, by="tester", reader=self.reader())

    def found(self) -> dict[str, list[str]]:
        """Reconcile, and return the references of each kind of difference."""
        report = self.reconcile()
        assert report.outcome in ("agrees", "differs"), report.reason
        found: dict[str, list[str]] = {}
        for one in report.differences.order_by("pk"):
            found.setdefault(one.kind, []).append(one.reference)
        assert report.counts == {kind: len(names) for kind, names in found.items()}
        assert (report.outcome == "differs") == bool(found)
        return found

    def record(self, place: int) -> Held:
        return self.paper.records[place]


def _no_wait(_seconds: float) -> None:
    """Let no test wait."""


def a_world() -> World:
    guild = factories.organization()
    factories.table(guild, [factories.rule(ETHICS, "7.5")])
    return World(factories.registry(guild), PaperRegistry(), datetime.now(UTC) - 9 * DAY)
