"""How a REST registry differs from the sandbox, as data; what it can do follows from that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cec_plugin.adapters.registries.options import checked
from cec_plugin.adapters.registries.rest_checks import fault_of_one, fault_of_whole
from cec_plugin.adapters.registries.rest_names import USUAL_NAMES, USUAL_NAMES_BACK
from cec_plugin.adapters.registries.signing import Signing
from cec_plugin.domain.ports import Capabilities
from cec_plugin.exceptions import ConfigurationError

NOT_ASSUMED: Mapping[str, Mapping[str, Any]] = {
    "credit_path": {"member_path": "", "batch_path": "", "list_path": ""},
    "health_path": {"entities_field": ""},
}
"""Of a registry with a path of its own we do not suppose that it has the sandbox's others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestOptions:
    """How a registry differs from the defaults, which are those of the sandbox.

    A path may hold ``{reference}`` or ``{number}``; an empty one says that the registry has no
    such thing. A ``…_field``, ``…_items`` or ``…_key`` is a dotted path into an answer; an empty
    ``…_items`` means that the answer is the list, or the one record, itself, and an empty
    ``…_fields`` of errors that it names the fields itself.

    ``fields`` maps our names (see ``POSTED``, and ``id``) to the registry's, ``reverse_fields``
    those of a reversal; a name mapped to the empty string is not sent, one with dots stands
    inside. ``constants`` are sent with every credit, ``reverse_constants`` with every reversal;
    the reference is not sent where only the path is to say it (``reference_sent``). With
    ``reverse_whole`` a reversal rewrites the record: it is read, and sent back with these.
    ``find_path`` None is the credit's own path.
    ``read_back`` looks every write up, for a registry whose 200 with the record is no proof.
    ``entities`` are the kinds of record that health must show under ``entities_field``, ``probes``
    a path for each kind whose answer must hold something. An empty ``caller_field`` says that the
    registry does not tell who calls: then each of ``probes`` must refuse who has no credentials.
    ``scheme`` stands before a key in the header.
    ``refused_codes`` are errors in the data whatever their status, ``absent_codes`` what a look-up
    by reference says where nothing is there.
    """

    health_path: str = "/health"
    caller_field: str = "caller"
    entities_field: str = "entities"
    entities: tuple[str, ...] = ("members", "credits")
    probes: Mapping[str, str] = field(default_factory=dict)
    header: str = "X-Api-Key"
    scheme: str = ""
    token_path: str = "/oauth/token"  # noqa: S105 - a path
    signing: Mapping[str, str] = field(default_factory=dict)

    member_path: str = "/members/{number}"
    member_items: str = ""
    member_key: str = "number"
    standing_field: str = "standing"
    active_values: tuple[str, ...] = ("active",)

    credit_path: str = "/credits/{reference}"
    credit_method: str = "PUT"
    fields: Mapping[str, str] = field(default_factory=dict)
    reference_sent: bool = True
    constants: Mapping[str, Any] = field(default_factory=dict)
    amount_as_number: bool = False
    record_field: str = ""
    read_back: bool = False
    receipts: bool = False

    find_path: str | None = None
    find_items: str = ""
    absent_codes: tuple[str, ...] = ("credit_not_found",)

    batch_path: str = "/credits/batch"
    batch_method: str = "POST"
    batch_size: int = 200
    batch_partial: bool = True
    batch_field: str = "items"
    batch_items: str = "items"
    item_status: str = "status"
    item_reference: str = "reference"
    item_id: str = "id"
    item_code: str = "error.code"
    item_message: str = "error.message"
    item_fields: str = "error.fields"

    list_path: str = "/credits"
    list_items: str = "items"
    cursor_parameter: str = "since"
    size_parameter: str = "limit"
    page_size: int = 100
    next_field: str = "next"
    row_cursor: str = "cursor"

    reverse_path: str = "/credits/{reference}/reverse"
    reverse_method: str = "POST"
    reverse_fields: Mapping[str, str] = field(default_factory=dict)
    reverse_constants: Mapping[str, Any] = field(default_factory=dict)
    reverse_whole: bool = False
    state_field: str = "state"
    reversed_value: str = "reversed"
    approval_field: str = ""
    approved_values: tuple[str, ...] = ("approved",)
    declined_values: tuple[str, ...] = ("declined",)

    success_field: str = "success"
    success_value: Any = True
    error_code: str = "error.code"
    error_message: str = "error.message"
    error_fields: str = "error.fields"
    member_codes: tuple[str, ...] = ("member_not_found",)
    refused_codes: tuple[str, ...] = ()

    reference_length: int = 36
    decimals: int = 2
    unit: str = ""
    date_only: bool = True

    @classmethod
    def from_json(cls, given: object) -> "RestOptions":
        """Read the options of a registry's row.

        Raises:
            ConfigurationError: an option is unknown or of the wrong type; it is named.
        """
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) and name != "success_value" else value
            for name, value in checked(given, partial(fault_of_one, cls)).items()
        }
        for changed, without in NOT_ASSUMED.items():
            if changed in read:
                read = {**without, **read}
        options = cls(**read)
        if fault := fault_of_whole(options):
            name, wrong = fault
            raise ConfigurationError(f"options, {name!r}: {wrong}")
        return options

    @property
    def found_at(self) -> str:
        """Return the path under which a credit is looked up, empty where none can be."""
        return self.credit_path if self.find_path is None else self.find_path

    @property
    def signed_how(self) -> Signing:
        """Return how a call is signed, where it is."""
        return Signing(**self.signing)

    @property
    def capabilities(self) -> Capabilities:
        """Say what a registry with these options can do."""
        by_reference = "{reference}" in self.credit_path
        return Capabilities(
            upsert=by_reference and self.credit_method in ("PUT", "PATCH"),
            finds=bool(self.found_at),
            lists=bool(self.list_path),
            reverses=bool(self.reverse_path),
            members=bool(self.member_path),
            bulk=self.batch_size if self.batch_path else 1,
            partial_bulk=bool(self.batch_path) and self.batch_partial,
            reference_length=self.reference_length,
            decimals=self.decimals,
            date_only=self.date_only,
            unit=self.unit,
            receipts=self.receipts,
            approves=bool(self.approval_field),
        )

    def name_of(self, ours: str) -> str:
        """Return the registry's name for a part of a credit, empty where it has none."""
        return self.fields.get(ours, USUAL_NAMES.get(ours, ours))

    def name_back(self, ours: str) -> str:
        """Return the registry's name for a part of a reversal, empty where it has none."""
        if ours == "own_reference" and ours not in self.reverse_fields:
            return "" if self.reverse_whole else self.name_of("reference")
        return self.reverse_fields.get(ours, USUAL_NAMES_BACK.get(ours, ours))
