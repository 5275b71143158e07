"""What a process needs to know that a test starts: a worker, a command, another writer."""

import os
from pathlib import Path

from django.db import connection

from tests.databases import BROKER_URL, NAME

ROOT = Path(__file__).resolve().parents[1]


def process_environment(*, broker_url: str = "") -> dict[str, str]:
    """Return the environment for a process on this test's own database.

    The test must commit what the process is to see: use ``transactional_db``.

    Args:
        broker_url: Celery's broker there, for example the address of ``redis_server``.
    """
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
        NAME: str(connection.settings_dict["NAME"]),
    }
    if broker_url:
        environment[BROKER_URL] = broker_url
    return environment
