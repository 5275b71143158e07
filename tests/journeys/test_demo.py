"""The demo plays its story and finds each credit exactly once in the registry's own data."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.journey


def test_the_demo_plays_and_checks(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cec_plugin.demo", "--check", "--home", str(tmp_path / "demo")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Each credit is there exactly once." in done.stdout
    assert done.stdout.count("CPC-1003") == 2


def test_the_demo_leaves_a_folder_that_is_not_its_own_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = subprocess.run(
        [sys.executable, "-m", "cec_plugin.demo", "--check", "--home", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "choose another folder" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
