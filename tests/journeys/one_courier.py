"""A worker's day in a process of its own: ``python -m tests.journeys.one_courier REGISTRY_ID``.

It sweeps, delivers some of what is due, and asks how the registry keeps up. It writes how many it
delivered, and the most memory that it ever had, in bytes.
"""

import sys
from datetime import UTC, datetime

import django

CLAIMS = 6


def main(registry_id: int) -> None:
    """Work, and say what that took."""
    django.setup()
    from cec_plugin import models  # noqa: PLC0415 - needs the set-up
    from cec_plugin.adapters.couriers import deliver_registry  # noqa: PLC0415
    from cec_plugin.selectors.health import health  # noqa: PLC0415
    from cec_plugin.tasks import periodic  # noqa: PLC0415
    from tests.memory import bytes_of  # noqa: PLC0415

    periodic.run_due()
    swept = models.JobRun.objects.get(job="sweep")
    assert (swept.ok, swept.result["registries"]) == (True, 1), "it has not been swept"
    delivered = sum(deliver_registry(registry_id).came_to["delivered"] for _ in range(CLAIMS))
    (found,) = health(every={}, now=datetime.now(UTC)).registries
    assert found.oldest_unsent_s, "it has not been asked about what is due"
    sys.stdout.write(f"{delivered} {bytes_of('VmHWM')}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
