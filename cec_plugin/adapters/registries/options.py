"""Check the options of a registry's row: each is known and can be used, or is named."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from cec_plugin.exceptions import ConfigurationError


def checked(given: object, fault_of_one: Callable[[str, Any], str]) -> dict[str, Any]:
    """Return the options as they were given; ``fault_of_one`` says what is wrong with one, if so.

    Raises:
        ConfigurationError: they are no JSON object, or one of them cannot be used; it is named.
    """
    if not isinstance(given, dict):
        raise ConfigurationError("options: they must be a JSON object")
    for name, value in given.items():
        if wrong := fault_of_one(name, value):
            raise ConfigurationError(f"options, {name!r}: {wrong}")
    return given


def of(options: type[Any], fault_of_known: Callable[[str, Any], str]) -> Callable[[str, Any], str]:
    """Return what says what is wrong with one option of these: first of all, that there is none."""
    known = {one.name for one in fields(options)}

    def fault_of_one(name: str, value: Any) -> str:
        return fault_of_known(name, value) if name in known else "there is no such option"

    return fault_of_one
