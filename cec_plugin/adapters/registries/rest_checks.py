"""What is wrong with the options of a REST registry, said before anything is sent to it."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import TYPE_CHECKING, Any

from cec_plugin.adapters.registries.rest_names import NEEDED, POSTED, RETRACTED, USUAL_NAMES
from cec_plugin.adapters.registries.signing import HEADER_NAME, fault_of_header, fault_of_signing

if TYPE_CHECKING:
    from cec_plugin.adapters.registries.rest_options import RestOptions

METHODS = ("PUT", "POST", "PATCH", "DELETE")
LOST = "it must hold {reference}, or what was sent is never found again"
CONSTANTS = ("constants", "reverse_constants")
MAY_BE_NONE = {"member_path", "find_path", "batch_path", "list_path", "reverse_path"}
FIGURES = {
    "batch_size": (1, 10_000),
    "page_size": (1, 10_000),
    "reference_length": (1, 1_000),
    "decimals": (0, 2),
}


def fault_of_one(options: "type[RestOptions]", name: str, value: Any) -> str:
    """Say what is wrong with the value of one option, nothing if it can be used."""
    known = {one.name: one for one in fields(options)}
    if name not in known:
        return "there is no such option"
    if name == "success_value":
        return ""
    wanted = _wanted(known[name])
    if not _is_one(value, wanted):
        return f"it must be a {wanted.__name__}"
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        return "what it holds must be texts"
    if name in FIGURES:
        low, high = FIGURES[name]
        return "" if low <= value <= high else f"it is from {low} to {high}"
    if isinstance(value, dict) and name not in CONSTANTS:
        return _fault_of_names(name, value)
    # Without the slash the path would lengthen the host's name, and our secret would go there.
    if name.endswith("_path"):
        return _fault_of_path(value, may_be_none=name in MAY_BE_NONE)
    if name.endswith("_method") and value not in METHODS:
        return f"it is one of {', '.join(METHODS)}"
    if name == "header":
        return fault_of_header(value)
    if name == "scheme" and value and not HEADER_NAME.fullmatch(value):
        return "it is one word"
    return ""


def fault_of_whole(options: "RestOptions") -> tuple[str, str] | None:
    """Return the option that does not go with the others and why, None if all do."""
    credit, found, back = options.credit_path, options.found_at, options.reverse_path
    if "{reference}" not in credit and options.find_path is None:
        return "credit_path", LOST
    if found and "{reference}" not in found:
        return "find_path", LOST
    if back and "{reference}" not in back and not options.name_back("reference"):
        return "reverse_path", LOST
    if not options.reference_sent and ("{reference}" not in credit or options.batch_path):
        return "reference_sent", "credit_path must say it instead, and a batch cannot"
    if options.reverse_whole and not found:
        return "reverse_whole", "it reads the credit first, and find_path is empty"
    if not options.caller_field and not options.probes:
        return "caller_field", "without it, probes must name what strangers may not read"
    if options.member_path and "{number}" not in options.member_path:
        return "member_path", "it must hold {number}, or everybody comes"
    if options.list_path and not (options.list_items and options.cursor_parameter):
        return "list_path", "it needs list_items and cursor_parameter"
    return None


def _is_one(value: Any, wanted: type) -> bool:
    # A truth is a whole number to Python, and none to us.
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _wanted(one: "Field[Any]") -> type:
    default = one.default
    if default is MISSING:
        return dict  # every default that is made is a mapping
    if default is None:
        return str
    return list if isinstance(default, tuple) else type(default)


def _fault_of_path(path: str, *, may_be_none: bool) -> str:
    if path.startswith("/") or (may_be_none and not path):
        return ""
    return "it must begin with a slash"


def _fault_of_names(name: str, value: Mapping[str, Any]) -> str:
    if not all(isinstance(one, str) for one in value.values()):
        return "what it holds must be texts"
    if name == "probes":
        return next(
            filter(None, (_fault_of_path(p, may_be_none=False) for p in value.values())), ""
        )
    if name == "signing":
        return fault_of_signing(value)
    ours = RETRACTED if name == "reverse_fields" else (*POSTED, "id")
    unknown = sorted(value.keys() - set(ours))
    if unknown:
        return f"there is no {unknown[0]!r}"
    needed = ("own_reference",) if name == "reverse_fields" else NEEDED
    for one in needed:
        if not value.get(one, one):
            return f"{one!r} must be sent"
    return "" if name == "reverse_fields" else _fault_of_places(value)


def _fault_of_places(names: Mapping[str, str]) -> str:
    used = [name for ours in POSTED if (name := names.get(ours, USUAL_NAMES.get(ours, ours)))]
    twice = next((one for one in used if used.count(one) > 1), "")
    inside = next((one for one in used if any(two.startswith(f"{one}.") for two in used)), "")
    return f"{twice or inside!r} is named twice" if twice or inside else ""
