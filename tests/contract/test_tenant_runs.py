"""The suite runs against whatever registry the environment names, and says so where it names none."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cec_plugin.sandbox.server import running_sandbox
from tests.contract.sandbox_tenants import ADA, NOBODY
from tests.tenants import PREFIX, tenant_named, told, told_json

SUITE = "tests/contract/test_conformance_tenant.py"


def _run(repository: Path, **named: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", SUITE, "-p", "no:cacheprovider", "-p", "no:cov"],
        cwd=repository,
        env={**environment, **{PREFIX + name: value for name, value in named.items()}},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_registry_that_is_named_is_held_to_the_contract(repository: Path) -> None:
    with running_sandbox(members=[ADA]) as sandbox:
        ran = _run(
            repository,
            URL=sandbox.url,
            AUTH="basic",
            SECRET=json.dumps({"user": "sandbox", "password": "sandbox-password"}),
            OPTIONS=json.dumps({"page_size": 50}),
            CALLS_PER_MINUTE="60000",
            KNOWN=ADA.number,
            UNKNOWN=NOBODY,
        )
        credits_ = sandbox.control.data().credits
    assert ran.returncode == 0, ran.stdout
    assert "tenant: 127.0.0.1" in ran.stdout
    assert len(credits_) > 5
    assert "sandbox-password" not in ran.stdout


def test_without_one_the_run_says_what_it_leaves_out(repository: Path) -> None:
    ran = _run(repository)
    assert ran.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, ran.stdout
    assert "deselected: tests marked tenant; no CEC_CONFORMANCE_URL names a registry" in ran.stdout
    assert "passed" not in ran.stdout


@pytest.mark.parametrize(
    ("named", "name", "said"),
    [
        ({}, "URL", "CEC_CONFORMANCE_URL is not set"),
        ({"CEC_CONFORMANCE_KNOWN": ""}, "KNOWN", "CEC_CONFORMANCE_KNOWN is not set"),
    ],
)
def test_what_is_needed_and_not_named_is_said(
    named: Mapping[str, str], name: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        told(named, name)


@pytest.mark.parametrize("given", ["ochre-zebra", "[]", "7", ""])
def test_what_is_no_object_is_said_and_not_shown(given: str) -> None:
    with pytest.raises(ValueError, match="SECRET must be a JSON object") as refused:
        told_json({"CEC_CONFORMANCE_SECRET": given}, "SECRET")
    assert not given or given not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://user:secret@registry.example/api", "registry.example"), ("registry", ""), ("", "")],
)
def test_only_the_host_is_shown(address: str, host: str) -> None:
    assert tenant_named({"CEC_CONFORMANCE_URL": address}) == host
