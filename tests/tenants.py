"""A registry of an operator's own to hold an adapter to the contract, named in the environment."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PREFIX = "CEC_CONFORMANCE_"
URL = f"{PREFIX}URL"
USUAL = {
    "ADAPTER": "rest",
    "AUTH": "header",
    "SECRET": "{}",
    "OPTIONS": "{}",
    "CALLS_PER_MINUTE": "120",
}
NEEDED = ("URL", "KNOWN", "UNKNOWN")


def tenant_named(environment: Mapping[str, str]) -> str:
    """Return the host of the registry that the environment names, empty where it names none."""
    return urlsplit(environment.get(URL, "")).hostname or ""


def told(environment: Mapping[str, str], name: str) -> str:
    """Return what the environment says of the tenant.

    Raises:
        ValueError: it does not say what is needed.
    """
    said = environment.get(PREFIX + name, USUAL.get(name, ""))
    if not said and name in NEEDED:
        raise ValueError(f"{PREFIX}{name} is not set")
    return said


def told_json(environment: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return a JSON object that the environment gives.

    Raises:
        ValueError: it is none. It may hold a secret, and is not shown.
    """
    try:
        content = json.loads(told(environment, name))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{PREFIX}{name} must be a JSON object")  # noqa: TRY004 - of its content
    return content
