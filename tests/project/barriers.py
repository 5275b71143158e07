"""Hold this worker at a named step of a delivery until a file is gone; imported by a worker.

``CEC_TEST_BARRIER`` names the step, ``CEC_TEST_BARRIER_FILE`` the file that is made there.
"""

import os
import time
from pathlib import Path

from cec_plugin.services.go_round import step_reached


def _hold(step: str, **_: object) -> None:
    if step != os.environ.get("CEC_TEST_BARRIER"):
        return
    marker = Path(os.environ["CEC_TEST_BARRIER_FILE"])
    marker.touch()
    while marker.exists():
        time.sleep(0.02)


step_reached.connect(_hold, dispatch_uid="tests.barriers")
