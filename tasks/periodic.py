"""The periodic jobs, for sites with a scheduler; ``cec_run_due`` does the same without one."""

import logging
from datetime import UTC, datetime

from celery import shared_task

from cec_plugin.adapters.platform import get_platform
from cec_plugin.services import jobs

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


@shared_task(name="cec_plugin.run_due", ignore_result=True)
def run_due() -> None:
    """Run every job that is due; one that fails does not keep the others from running."""
    for job in jobs.due(_now()):
        try:
            jobs.run(job, platform=get_platform(), clock=_now)
        except Exception:
            log.exception("The job %s failed; it is due again at once", job.name)
