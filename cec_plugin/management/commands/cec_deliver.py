"""Tell registries of what is due, and do from a shell what an administrator does on the pages."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cec_plugin import models
from cec_plugin.adapters.couriers import deliver_first, deliver_registry
from cec_plugin.domain.delivery import State
from cec_plugin.exceptions import ConfigurationError
from cec_plugin.management.progress import Progress
from cec_plugin.selectors.health import RegistryHealth, registry_health
from cec_plugin.services.pause import pause, resume
from cec_plugin.services.requeue import requeue_all


class Command(BaseCommand):
    """Deliver, show, requeue, pause, resume; names no person and no member number."""

    help = (
        "Delivers what is due to the registries named, or to all that are not paused. "
        "Exit code 1: something is still due or parked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take registries by name and what to do with them."""
        parser.add_argument("registry", nargs="*", help="names of registries; all without one")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--status", action="store_true", help="only show how they keep up")
        what.add_argument("--requeue", action="store_true", help="make what is parked due again")
        what.add_argument("--pause", metavar="WHY", help="send nothing more until resumed")
        what.add_argument("--resume", action="store_true", help="let paused registries go on")
        what.add_argument(
            "--first",
            metavar="REFERENCE",
            help="send this one delivery although its registry is paused, for you to check there",
        )

    def handle(self, *, registry: list[str], **options: Any) -> None:
        """Do what was asked.

        Raises:
            CommandError: there is no such registry or delivery; or something is left undone.
        """
        if options["first"]:
            self._first(options["first"])
            return
        chosen = self._chosen(registry)
        if (options["pause"] or options["resume"]) and not registry:
            raise CommandError("name the registries to pause or resume")
        for one in chosen:
            if options["pause"]:
                pause(one.pk, reason=options["pause"], now=_now(), by_person=True)
            elif options["resume"]:
                resume(one.pk)
            elif options["requeue"]:
                self._requeue(one)
            elif not options["status"]:
                self._deliver(one)
        left = [registry_health(one, now=_now()) for one in chosen]
        for found in left:
            self.stdout.write(_line(found))
        if any(found.counts.get(State.PARKED, 0) or found.late for found in left):
            raise CommandError("something is parked, or due for more than an hour", returncode=1)

    def _chosen(self, names: list[str]) -> list[models.Registry]:
        known = {one.name: one for one in models.Registry.objects.order_by("name")}
        for name in names:
            if name not in known:
                raise CommandError(
                    f"there is no registry {name!r}; there are: {', '.join(known) or 'none'}",
                    returncode=2,
                )
        return [known[name] for name in names] or list(known.values())

    def _deliver(self, registry: models.Registry) -> None:
        due = models.Delivery.objects.filter(
            registry=registry, state=State.PENDING.value, due_at__lte=_now()
        ).count()
        progress = Progress(self.stdout, label=registry.name, expected=due)
        came_to: Counter[str] = Counter()
        while (run := deliver_registry(registry.pk)).sent:
            came_to += run.came_to
            progress(came_to.total())
        progress.clear()
        if came_to:
            figures = ", ".join(f"{result} {count}" for result, count in sorted(came_to.items()))
            self.stdout.write(f"{registry.name}: {figures}")

    def _requeue(self, registry: models.Registry) -> None:
        parked = models.Delivery.objects.filter(registry=registry, state=State.PARKED.value)
        count = requeue_all(parked, now=_now())
        self.stdout.write(f"{registry.name}: {count} due again")

    def _first(self, reference: str) -> None:
        found = models.Delivery.objects.filter(reference=reference).select_related("registry")
        for delivery in found:
            if delivery.state != State.PENDING:
                raise CommandError(f"{reference} does not wait to be sent: it is {delivery.state}")
            try:
                deliver_first(delivery.pk)
            except ConfigurationError as error:
                raise CommandError(str(error)) from error
            delivery.refresh_from_db()
            self.stdout.write(
                f"{delivery.registry.name}: {reference} is {delivery.state}"
                + (f", as {delivery.remote_id} there" if delivery.remote_id else "")
                + (f" ({delivery.reason})" if delivery.reason else "")
            )
        if not found:
            raise CommandError(f"there is no delivery {reference!r}", returncode=2)


def _line(found: RegistryHealth) -> str:
    counts = ", ".join(f"{state} {count}" for state, count in sorted(found.counts.items()))
    parts = [f"{found.name}: {counts or 'nothing to deliver'}"]
    if found.paused:
        parts.append(f"paused ({found.paused_reason or 'it is new'})")
    if found.quiet_since:
        parts.append(f"left alone since {found.quiet_since:%Y-%m-%d %H:%M} ({found.quiet_reason})")
    if found.oldest_unsent_s is not None:
        parts.append(f"oldest unsent {found.oldest_unsent_s} s")
    return "; ".join(parts)


def _now() -> datetime:
    return datetime.now(UTC)
