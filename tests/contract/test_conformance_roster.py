"""Roster files hold the contract: what is posted stands in the files that are closed and written."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest

from cec_plugin import models
from cec_plugin.adapters import rosters
from cec_plugin.adapters.registries.build import build
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.delivery import Outcome, Policy, Result, after
from cec_plugin.domain.keys import digest
from cec_plugin.domain.ports import (
    Capabilities,
    Health,
    Held,
    Known,
    Page,
    Posting,
    Registry,
    Retraction,
)
from cec_plugin.domain.roster import COLUMNS
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services.acknowledge import Attempted, acknowledge
from cec_plugin.services.claim import claim_one
from cec_plugin.services.send import load
from tests import factories
from tests.contract.conformance import Conformance

pytestmark = pytest.mark.django_db

NUMBER = "M-1001"
WITH_AWARD = [
    *({"name": one.name, "holds": one.name} for one in COLUMNS),
    {"name": "takes back", "holds": "award_reference"},
]
SET_UPS: Mapping[str, Mapping[str, Any]] = {
    "defaults": {},
    "reversals": {"reversal_kind": "delete", "columns": WITH_AWARD},
    "two lines a file": {"lines": 2, "columns": WITH_AWARD, "reversal_kind": "delete"},
    "another way to write": {"delimiter": ";", "decimal_sign": ",", "encoding": "cp1252"},
}


class Booked:
    """The adapter with the books behind it: what is posted was earned, and its answer is kept."""

    def __init__(self, row: models.Registry, account: models.Account) -> None:
        self._row, self._account = row, account
        self._registry: Registry = build(row)

    @property
    def capabilities(self) -> Capabilities:
        return self._registry.capabilities

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return self._registry.within(seconds)

    def health(self) -> Health:
        return self._registry.health()

    def member(self, number: str) -> Known | Outcome | None:
        return self._registry.member(number)

    def find(self, reference: str) -> Held | Outcome | None:
        return self._registry.find(reference)

    def changes(self, cursor: str) -> Page | Outcome:
        return self._registry.changes(cursor)

    def post(self, posting: Posting) -> Outcome:
        outcome = self._registry.post(posting)
        self._keep(self._award(posting), outcome)
        return outcome

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        outcomes = self._registry.post_many(postings)
        assert isinstance(outcomes, list)
        for posting, outcome in zip(postings, outcomes, strict=True):
            self._keep(self._award(posting), outcome)
        return outcomes

    def reverse(self, retraction: Retraction) -> Outcome:
        self._accept(retraction.reference)
        outcome = self._registry.reverse(retraction)
        self._keep(self._reversal(retraction), outcome)
        return outcome

    def _award(self, posting: Posting) -> models.Delivery:
        entry, _ = models.CreditEntry.objects.get_or_create(
            natural_key=digest(posting.reference),
            defaults={
                "account": self._account,
                "kind": EntryKind.AWARD,
                "credit_type": posting.credit_type,
                "hundredths": posting.hundredths,
                "earned_at": datetime.combine(posting.earned_on, datetime.min.time(), UTC),
                "recorded_at": datetime.now(UTC),
            },
        )
        return self._due(entry, posting.reference)

    def _reversal(self, retraction: Retraction) -> models.Delivery:
        award = models.Delivery.objects.get(reference=retraction.reference)
        entry, _ = models.CreditEntry.objects.get_or_create(
            natural_key=digest(retraction.own_reference),
            defaults={
                "account": self._account,
                "kind": EntryKind.REVERSAL,
                "credit_type": award.entry.credit_type,
                "hundredths": -award.entry.hundredths,
                "earned_at": award.entry.earned_at,
                "recorded_at": datetime.now(UTC),
                "reverses": award.entry,
            },
        )
        return self._due(
            entry,
            retraction.own_reference,
            errand="retract",
            award_reference=award.reference,
            after=award,
        )

    def _due(self, entry: models.CreditEntry, reference: str, **more: Any) -> models.Delivery:
        delivery, _ = models.Delivery.objects.get_or_create(
            registry=self._row, entry=entry, reference=reference, defaults={"state": "held", **more}
        )
        due_at = datetime.now(UTC)
        models.Delivery.objects.filter(pk=delivery.pk).update(state="pending", due_at=due_at)
        return delivery

    def _keep(self, delivery: models.Delivery, outcome: Outcome) -> None:
        now = datetime.now(UTC)
        claimed = claim_one(delivery.pk, lease_s=60, now=now)
        assert claimed is not None
        decision = after(
            outcome,
            failures=0,
            lease=claimed.lease,
            presence=claimed.presence,
            now=now,
            jitter=0,
            policy=Policy(),
        )
        attempted = Attempted(
            letter=load([claimed])[delivery.pk],
            claimed=claimed,
            outcome=outcome,
            decision=decision,
            began=now,
            ended=now,
        )
        acknowledge([attempted], now=now)

    def _accept(self, reference: str) -> None:
        """Let the body confirm a credit, as it does before anybody takes it back."""
        _close_all(self._row)
        receipts = f"reference,status,id\n{reference},accepted,77\n".encode()
        assert not rosters.receive(self._row, receipts, by="tester").bad


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterTenant:
    """A body whose files are open to us, since we make them."""

    registry: Registry
    row: models.Registry
    known: str = NUMBER
    unknown: str = "M-9009"

    def rows(self, reference: str) -> Sequence[Held]:
        """Return the lines under a reference; one of another line may take it back."""
        _close_all(self.row)
        options = self.row.options
        lines = [
            line
            for file in self.row.roster_files.order_by("number")
            for line in csv.DictReader(
                StringIO(rosters.write(file).content.decode(options.get("encoding", "utf-8"))),
                delimiter=options.get("delimiter", ","),
            )
        ]
        taken_back = {line["takes back"] for line in lines if "takes back" in line}
        return [
            Held(
                remote_id="",
                hundredths=parse_hundredths(line["amount"]),
                reversed=reference in taken_back,
                member_number=line["member_number"],
                reference=reference,
            )
            for line in lines
            if line["reference"] == reference and line["earned_on"] == str(date(2026, 3, 2))
        ]


def _close_all(row: models.Registry) -> None:
    while rosters.close(row, by="tester").file is not None:
        pass


@pytest.mark.parametrize("options", SET_UPS.values(), ids=SET_UPS)
class TestRosterFiles(Conformance):
    @pytest.fixture
    def tenant(self, db: None, options: Mapping[str, Any]) -> RosterTenant:
        guild = factories.organization()
        row = models.Registry.objects.create(
            organization=guild,
            name="State board",
            adapter=models.Registry.Adapter.ROSTER,
            options=dict(options),
            paused=False,
        )
        person = models.Person.objects.create()
        models.Membership.objects.create(
            person=person, organization=guild, number=NUMBER, number_key=digest("number", NUMBER)
        )
        account = models.Account.objects.create(person=person, organization=guild)
        return RosterTenant(registry=Booked(row, account), row=row)


def test_what_is_too_late_for_the_body_is_refused() -> None:
    guild = factories.organization()
    row = models.Registry(
        organization=guild, name="b", adapter="roster", options={"window_days": 60}
    )
    late = Posting(
        reference="cec-1", member_number=NUMBER, activity="ETH", title="", credit_type="cec",
        hundredths=100, unit="hours", earned_on=date(2020, 1, 1), role="learner",
    )  # fmt: skip
    outcome = build(row).post(late)
    assert outcome.result is Result.REFUSED
    assert outcome.reason == "the window is closed: it takes a credit for 60 days"
