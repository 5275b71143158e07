"""The site's own data before the storm, and what its platform and its cron do meanwhile."""

import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.db import Error, close_old_connections, connection, transaction

from cec_plugin import models
from cec_plugin.adapters.platform import get_platform
from cec_plugin.sandbox.control import Control
from cec_plugin.services import prepare
from cec_plugin.services.link import link
from cec_plugin.services.sweep import sweep
from tests import events, factories
from tests.chaos.story import Fate, Happening, courses

log = logging.getLogger(__name__)

OPTIONS = {
    "batch_size": 4,
    "read_back": True,
    "find_path": "/credits?reference={reference}",
    "find_items": "items",
}
"""In batches, each looked up after it was written, by a query that a registry may ignore."""

UNKNOWN_AT_FIRST = 6
"""Of how many members the registry does not know one yet when the storm begins."""


def build(fates: Iterable[Fate], *, registry_url: str, control: Control) -> list[str]:
    """Make the organization, its table, its registry and its members.

    Return the numbers that the registry does not know yet.
    """
    guild = factories.organization()
    factories.table(
        guild,
        [factories.rule(key, "10") for key in courses()],
        effective_from=date(2020, 1, 1),
    )
    models.Registry.objects.create(
        organization=guild, name="register", base_url=registry_url, auth="oauth2",
        secret="chaos", paused=False, timeout_s=1, calls_per_minute=600_000, options=OPTIONS,
    )  # fmt: skip
    late = []
    for place, user_id in enumerate(sorted({one.user_id for one in fates})):
        number = next(one.number for one in fates if one.user_id == user_id)
        identity = prepare.identity(site="tests", subject=str(user_id))
        link(
            person_id=identity.person_id, organization_id=guild.pk, number=number,
            verified_by="chaos", now=datetime.now(UTC),
        )  # fmt: skip
        if place % UNKNOWN_AT_FIRST == 0:
            late.append(number)
        else:
            control.add_member(number, f"Member {user_id}")
    return late


def happen(one: Happening) -> None:
    """Let the platform send an event in a transaction of its own, again while it cannot."""
    while True:
        try:
            with transaction.atomic():
                getattr(events, one.kind)(one.user_id, one.at, key=one.course)
        except Error as error:
            log.info("The platform cannot write (%s) and is asked again", type(error).__name__)
            connection.close()
            time.sleep(0.3)
        else:
            return


def wait_for_delivery(one: Happening, *, at_most_s: float) -> None:
    """Wait until the registry was told of everything about somebody, or for so long."""
    deadline = time.monotonic() + at_most_s
    waiting = models.Delivery.objects.filter(
        entry__account__person__identities__subject=str(one.user_id),
        state__in=["pending", "held"],
    )
    time.sleep(0.3)
    while time.monotonic() < deadline and waiting.exists():
        time.sleep(0.1)


class Cron(threading.Thread):
    """Sweeps every moment, as a scheduler would every minute."""

    def __init__(self, *, every_s: float) -> None:
        super().__init__(name="cron", daemon=True)
        self._every_s = every_s
        self._enough = threading.Event()

    def run(self) -> None:
        """Sweep; a sweep that fails is followed by the next."""
        while not self._enough.wait(self._every_s):
            close_old_connections()
            try:
                sweep(platform=get_platform(), now=datetime.now(UTC))
            except Error as error:
                log.info("A sweep failed: %s", type(error).__name__)
                connection.close()
        connection.close()

    def stop(self) -> None:
        """Sweep no more."""
        self._enough.set()
        self.join()
