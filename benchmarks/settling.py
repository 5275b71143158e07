"""What it costs to settle a new completion, against writing its rows and reading nothing."""

from typing import TypeVar

from django.db import transaction
from django.db.models import Model

from benchmarks.measure import Rival, in_turn, ratio
from benchmarks.report import Figure, Unit
from benchmarks.world import NOW, Learner, World
from cec_plugin import models
from cec_plugin.domain import keys
from cec_plugin.services.settle import settle_identities

ROUNDS = 200
WARM_UP = 20
LIMIT = 5

AnyModel = TypeVar("AnyModel", bound=Model)


def measure(world: World) -> list[Figure]:
    """Measure settling, each round two people who have one new completion each."""
    world.activate(world.few_rules)
    total = ROUNDS + WARM_UP
    model, *learners = world.learners(1 + 2 * total)
    ours, theirs = learners[:total], learners[total:]
    settle(world, model)
    pattern = _Pattern(model)
    seconds = in_turn(
        [
            Rival(name="floor", run=lambda number: pattern.write(theirs[number])),
            Rival(name="ours", run=lambda number: settle(world, ours[number])),
        ],
        rounds=ROUNDS,
        warm_up=WARM_UP,
    )
    return [
        Figure(
            name="settle a new completion / write its rows",
            ratio=ratio(seconds["ours"], seconds["floor"]),
            unit=Unit.TIME,
            limit=LIMIT,
        )
    ]


def settle(world: World, learner: Learner) -> None:
    """Settle somebody who has one new completion.

    Raises:
        RuntimeError: it did not lead to one entry.
    """
    posted = settle_identities([learner.identity_key], platform=world.platform, now=NOW)
    if posted != 1:
        raise RuntimeError(f"settling posted {posted} entries")


class _Pattern:
    """The rows that settling wrote for one person, to be written for others."""

    def __init__(self, learner: Learner) -> None:
        self.participation = models.Participation.objects.get(key=learner.participation_key)
        self.entry = models.CreditEntry.objects.get(account_id=learner.account_id)
        self.delivery = models.Delivery.objects.get(entry=self.entry)

    def write(self, learner: Learner) -> None:
        """Write the same rows for somebody else, in one transaction."""
        natural_key = keys.digest("bench", learner.participation_key)
        with transaction.atomic():
            participation = _copy(
                self.participation,
                key=learner.participation_key,
                identity_id=learner.identity_id,
            )
            participation.save(force_insert=True)
            entry = _copy(
                self.entry,
                account_id=learner.account_id,
                participation_id=participation.pk,
                natural_key=natural_key,
            )
            entry.save()
            delivery = _copy(
                self.delivery, entry_id=entry.pk, reference=keys.reference(natural_key)
            )
            delivery.save(force_insert=True)
            models.Notice.objects.filter(pk=learner.notice_id).update(settled_at=NOW)


def _copy(row: AnyModel, **changes: object) -> AnyModel:
    fields = {
        one.attname: getattr(row, one.attname)
        for one in row._meta.concrete_fields
        if not one.primary_key
    }
    return type(row)(**{**fields, **changes})
