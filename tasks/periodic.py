"""The periodic jobs, for sites with a scheduler; ``cec_run_due`` does the same without one."""

import logging
from datetime import UTC, datetime

from celery import shared_task

from cec_plugin.adapters.platform import get_platform
from cec_plugin.adapters.registries.by_id import registry_of
from cec_plugin.services import jobs
from cec_plugin.services.unforeseen import place_of

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


def _outside() -> jobs.Outside:
    return jobs.Outside(platform=get_platform(), registries=registry_of, clock=_now)


@shared_task(name="cec_plugin.run_due", ignore_result=True)
def run_due() -> None:
    """Run every job that is due; one that fails does not keep the others from running."""
    for job in jobs.due(_now()):
        try:
            jobs.run(job, _outside())
        except Exception as error:  # noqa: BLE001 - told by its place: its words may name somebody
            told = place_of(error)
            log.error("The job %s failed; it is due again at once: %s", job.name, told)  # noqa: TRY400
