"""A guild whose people earn credit, and all that is done about its registry, by the services."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO

from django.core.management import CommandError, call_command

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_registry
from cec_plugin.conf import get_settings
from cec_plugin.domain.delivery import Errand
from cec_plugin.models.reconciliation import Difference, Reconciliation
from cec_plugin.services import adjust, prepare
from cec_plugin.services.sweep import settle_due
from tests import factories
from tests.events import ETHICS
from tests.integration.test_by_hand import OFFICER
from tests.integration.whole.place import Place, Record

EARNED_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
EARNED_ON = date(2026, 3, 1)
"""The day of it where the guild is."""

HOUR = timedelta(hours=1)
OFTEN = 40
AT_ONCE = {
    "base_s": 0.0,
    "cap_s": 0.0,
    "grace_s": 0.0,
    "quiet_s": 0.0,
    "quiet_cap_s": 0.0,
    "ask_again_s": 0.0,
}


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Guild:
    """The guild in Toronto, ten hours for Ethics, and the registry of its members."""

    place: Place
    row: models.Registry
    hours: int = 0

    def earn(self, subject: str, number: str, *, at: datetime = EARNED_AT) -> None:
        """Let somebody finish Ethics, whom we know under a member number."""
        self.finish(subject, at=at)
        self.link(subject, number)

    def finish(self, subject: str, *, at: datetime = EARNED_AT) -> None:
        factories.finish(subject, ETHICS, at)
        factories.settle(subject, now=now())

    def link(self, subject: str, number: str) -> None:
        factories.link(subject, self.row.organization, number, now=now())

    def withdraw(self, subject: str, *, at: datetime | None = None) -> None:
        self.hours += 1
        factories.withdraw(subject, ETHICS, at or EARNED_AT + self.hours * HOUR)
        factories.settle(subject, now=now())

    def earn_again(self, subject: str) -> None:
        self.hours += 1
        factories.finish(subject, ETHICS, EARNED_AT + self.hours * HOUR)
        factories.settle(subject, now=now())

    def make_worth(self, hours: str) -> None:
        """Let a new version of the credit table give another amount, and settle everybody."""
        factories.table(self.row.organization, [factories.rule(ETHICS, hours)])
        factories.settle_everybody(now=now())

    def link_newcomer(self, subject: str, number: str) -> None:
        """Let somebody be a member of whom no completion was ever heard."""
        prepare.identity(site=get_settings().site, subject=subject)
        self.link(subject, number)

    def award(self, subject: str, *, hundredths: int) -> None:
        """Let an officer award what no table gives: an opening balance."""
        adjust.award(
            person_id=factories.person_of(subject),
            organization_id=self.row.organization_id,
            hundredths=hundredths,
            earned_on=EARNED_ON,
            reason="opening balance",
            by=OFFICER,
            now=now(),
        )

    def correct(self, subject: str, *, hundredths: int) -> None:
        """Let an officer say that one credit is of another amount."""
        mine = models.CreditEntry.objects.filter(account__person_id=factories.person_of(subject))
        entry = mine.exclude(kind="reversal").get(reversed_by__isnull=True)
        adjust.correct(
            entry_id=entry.pk, hundredths=hundredths, reason="counted", by=OFFICER, now=now()
        )
        settle_due(platform=factories.SmallPlatform(), now=now())

    def attempt(self) -> None:
        """Send what is due, once."""
        deliver_registry(self.row.pk)
        self.row.refresh_from_db()
        self.place.carry(self.row)

    def deliver(self) -> None:
        """Send and carry until nothing moves any more."""
        for _ in range(OFTEN):
            sent = deliver_registry(self.row.pk).sent
            self.row.refresh_from_db()
            if not self.place.carry(self.row) and not sent:
                return
        raise AssertionError("something is due without end")

    def told(self, subject: str, number: str, *, hundredths: int = 1000) -> Record:
        """Return what the registry is to hold of somebody's credit that stands."""
        return Record(
            member=number,
            hundredths=hundredths,
            on=EARNED_ON,
            reference=self.telling(subject).reference,
        )

    def telling(self, subject: str) -> models.Delivery:
        """Return the delivery by which somebody's credit was, or is to be, told the last time."""
        mine = models.Delivery.objects.filter(
            entry__account__person_id=factories.person_of(subject), errand=Errand.TELL.value
        )
        found = mine.exclude(state="void").order_by("-pk").first()
        assert found is not None
        return found

    def states(self) -> Counter[str]:
        return Counter(models.Delivery.objects.values_list("state", flat=True))

    def reconcile(self, *arguments: str) -> dict[str, list[str]]:
        """Reconcile as from a shell; return the references of each kind of difference."""
        code = self.run(*arguments)
        report = Reconciliation.objects.latest("pk")
        found: dict[str, list[str]] = {}
        for one in report.differences.order_by("pk"):
            found.setdefault(one.kind, []).append(one.reference)
        assert code == (1 if found else 0), report.reason
        return found

    def run(self, *arguments: str) -> int:
        """Return the exit code of the command that reconciles."""
        try:
            call_command("cec_reconcile", self.row.name, *arguments, stdout=StringIO())
        except CommandError as error:
            return error.returncode
        return 0

    def repairs(self) -> dict[str, tuple[str, str]]:
        """Return what came of each repair of the last report, by the kind of the difference."""
        report = Reconciliation.objects.latest("pk")
        rows = Difference.objects.filter(reconciliation=report)
        return {one.kind: (one.repair, one.repair_reason) for one in rows}
