"""What there is to deliver: the same credits as rows of ours and as bodies ready to send."""

import itertools
from dataclasses import replace
from typing import Any

from benchmarks.settling import settle
from benchmarks.world import NOW, World
from cec_plugin import models
from cec_plugin.adapters.registries.rest_body import RestBody
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.domain import keys
from cec_plugin.domain.delivery import State
from cec_plugin.domain.ports import Posting
from cec_plugin.models.ledger import EntryKind
from cec_plugin.services import send
from cec_plugin.services.deliver import BATCH


class Letters:
    """A batch of credits at a time, all of one person, each with a reference of its own."""

    def __init__(self, world: World) -> None:
        """Let somebody in the world finish something; the credits say the same."""
        world.activate(world.few_rules)
        (learner,) = world.learners(1)
        settle(world, learner)
        delivery = models.Delivery.objects.select_related(
            "entry__participation__activity", "entry__account__organization"
        ).get(entry__account_id=learner.account_id)
        membership = models.Membership.objects.get(person_id=delivery.entry.account.person_id)
        # What waits from other benchmarks is not ours to deliver.
        models.Delivery.objects.filter(state=State.PENDING.value).update(
            state=State.VOID.value, due_at=None
        )
        self._entry = delivery.entry
        self._posting = send._posting(delivery, membership.number)
        self._numbers = itertools.count(1)
        self.registry_id = world.registry.pk
        self.member_number = membership.number

    def enqueue(self) -> None:
        """Write a batch of deliveries that are due."""
        entry = self._entry
        entries = [
            models.CreditEntry(
                account_id=entry.account_id,
                participation_id=entry.participation_id,
                kind=EntryKind.AWARD,
                credit_type=entry.credit_type,
                hundredths=entry.hundredths,
                earned_at=entry.earned_at,
                recorded_at=NOW,
                schedule_id=entry.schedule_id,
                line=entry.line,
                generation=number,
                natural_key=self._key("letter", number),
                basis=entry.basis,
            )
            for number in itertools.islice(self._numbers, BATCH)
        ]
        models.CreditEntry.objects.bulk_create(entries)
        stored = models.CreditEntry.objects.filter(
            natural_key__in=[one.natural_key for one in entries]
        )
        models.Delivery.objects.bulk_create(
            models.Delivery(
                entry=one,
                registry_id=self.registry_id,
                reference=keys.reference(one.natural_key),
                state=State.PENDING.value,
                due_at=NOW,
            )
            for one in stored
        )

    def _key(self, kind: str, number: int) -> str:
        """Return a key that no other letters of the same run have."""
        return keys.digest(kind, str(self._entry.account_id), str(number))

    def check(self) -> None:
        """See that everything was delivered.

        Raises:
            RuntimeError: something was not.
        """
        ended = [State.DELIVERED.value, State.VOID.value]
        left = models.Delivery.objects.exclude(state__in=ended)
        if left.exists():
            raise RuntimeError(f"{left.count()} deliveries were not delivered")

    def bodies(self) -> dict[str, dict[str, Any]]:
        """Return a batch of bodies by reference, as the adapter would send them."""
        postings: list[Posting] = [
            replace(self._posting, reference=keys.reference(self._key("bare", number)))
            for number in itertools.islice(self._numbers, BATCH)
        ]
        body = RestBody(RestOptions())
        return {one.reference: body.credit(one) for one in postings}
