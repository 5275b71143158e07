"""The peers' way, as it is found elsewhere: one task and one call a credit, retried by Celery.

``celery -A benchmarks.peers worker`` runs it; the broker is named by ``CEC_TEST_BROKER_URL``.
"""

import os
from typing import Any

import requests
from celery import Celery, Task

from tests import databases

app = Celery("peers", broker=os.environ.get(databases.BROKER_URL, "memory://"))
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="peers.send", bind=True, autoretry_for=(requests.RequestException,), max_retries=5)
def send(_task: "Task[Any, Any]", url: str, key: str, body: dict[str, Any]) -> None:
    """Send one credit."""
    answer = requests.put(url, json=body, headers={"X-Api-Key": key}, timeout=10)
    answer.raise_for_status()
