"""A delivering worker in a process of its own: ``python -m benchmarks.one_worker REGISTRY_ID``.

Each line on its input lets it deliver until nothing is due; it answers with how many it sent.
"""

import sys

import django

from benchmarks import servers


def main(registry_id: int) -> None:
    """Deliver whenever told to."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - needs the set-up

    from cec_plugin.adapters.couriers import deliver_registry  # noqa: PLC0415
    from cec_plugin.services import wake  # noqa: PLC0415

    settings.CEC_SECRETS = {"bench": {"key": servers.API_KEY}}
    wake.deliver_wanted.disconnect(dispatch_uid="cec_plugin.deliver")
    print("ready", flush=True)
    for _ in sys.stdin:
        sent = 0
        while batch := deliver_registry(registry_id).sent:
            sent += batch
        print(sent, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
