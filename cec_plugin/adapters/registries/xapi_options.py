"""How one learning record store differs from another, as data in a registry's row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cec_plugin.adapters.registries.options import checked, of
from cec_plugin.exceptions import ConfigurationError

IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
VERSION = re.compile(r"\d+\.\d+\.\d+")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HEADERS_TAKEN = {
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "x-experience-api-version",
}

REQUIRED = ("home_page", "site")
IRIS = ("home_page", "site", "verb", "activity_prefix", "activity_type", "extension")
LISTING = {"statementId", "voidedStatementId", "ascending", "limit", "since", "until"}
"""What a query of ours says itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XapiOptions:
    """What statements say, and where the store keeps them.

    ``home_page`` is the address of the directory in which a member's number is theirs; a member is
    the account of that number there. ``site`` is the learning platform's own address; under it
    stand the activities (``activity_prefix``) and the name of what we add to a statement
    (``extension``), and our own account (``account``), which takes credits back. These are part of
    what a statement *is*: what was sent under others is no longer recognized as ours.

    ``filters`` narrow what is listed, where the store holds more than credits. They must not leave
    out what takes statements back. ``since_is_stored`` says that its ``since`` goes by the time of
    storing, as the standard has it; Ralph goes by when a credit was earned, and would never list
    one that was sent late.
    ``whoami_path`` is empty where the store has no way to say who is calling.
    """

    home_page: str
    site: str
    statements_path: str = "/xAPI/statements"
    whoami_path: str = "/whoami"
    version: str = "1.0.3"
    verb: str = "http://id.tincanapi.com/verb/earned"
    verb_name: str = "earned"
    activity_prefix: str = ""
    activity_type: str = "http://adlnet.gov/expapi/activities/course"
    extension: str = ""
    account: str = "continuing-education-credits"
    language: str = "en"
    filters: Mapping[str, str] = field(default_factory=dict)
    since_is_stored: bool = False
    error_message: str = "detail"
    header: str = "Authorization"
    token_path: str = "/oauth/token"  # noqa: S105 - a path

    @classmethod
    def from_json(cls, given: object) -> "XapiOptions":
        """Read the options of a registry's row.

        Raises:
            ConfigurationError: an option is unknown, missing or of the wrong type; it is named.
        """
        told = checked(given, of(cls, _wrong_with))
        for name in REQUIRED:
            if name not in told:
                raise ConfigurationError(f"options, {name!r}: it must be given")
        site = told["site"].rstrip("/")
        usual = {"activity_prefix": f"{site}/courses/", "extension": f"{site}/xapi/credit"}
        return cls(**{**usual, **told, "site": site})


def _wrong_with(name: str, value: Any) -> str:
    """Say what is wrong with the value of an option, nothing if it can be used."""
    wanted: type[Any] = {"filters": dict, "since_is_stored": bool}.get(name, str)
    if not isinstance(value, wanted):
        return f"it must be a {wanted.__name__}"
    if name == "filters":
        if not all(isinstance(one, str) for one in value.values()):
            return "what it holds must be texts"
        ours = sorted(value.keys() & LISTING)
        return f"{ours[0]!r} is said already" if ours else ""
    if name in IRIS and not IRI.fullmatch(value):
        return "it must be an address (an IRI)"
    # Without the slash the path would lengthen the host's name, and our secret would go there.
    if name.endswith("_path") and not value.startswith("/") and (value or name != "whoami_path"):
        return "it must begin with a slash"
    if name == "statements_path" and "?" in value:
        return "it must be a path alone"
    if name == "version" and not VERSION.fullmatch(value):
        return "it is a version such as 1.0.3"
    if name == "language" and not LANGUAGE.fullmatch(value):
        return "it is a language such as en"
    if name in ("account", "verb_name") and not value.strip():
        return "it must not be empty"
    if name == "header" and (not HEADER_NAME.fullmatch(value) or value.casefold() in HEADERS_TAKEN):
        return "no header can have this name"
    return ""
