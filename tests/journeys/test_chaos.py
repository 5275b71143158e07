"""One storm: whatever fails, is killed or is restarted, each credit is there exactly once."""

import os
import subprocess
import sys

import pytest

from tests import databases
from tests.processes import ROOT

OURS = (databases.CHOICE, databases.NAME, databases.HOST, databases.PORT, databases.BROKER_URL)

pytestmark = pytest.mark.journey


def test_every_credit_is_in_the_registry_exactly_once_after_a_storm() -> None:
    """It has servers of its own; ``python -m tests.chaos`` says what it does to them."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    storm = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--seed", "1", "--credits", "300"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=800, check=False,
    )  # fmt: skip
    assert storm.returncode == 0, storm.stdout[-6000:] + storm.stderr[-2000:]
    assert "seed 1: every credit exactly once" in storm.stdout
