"""A client of the control surface, for tests and the demo; it speaks no registry protocol."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TypeAlias

from cec_plugin.sandbox.faults import Faults
from cec_plugin.sandbox.journal import SeenCall
from cec_plugin.sandbox.records import Credit, Member, RegistryData, Reversal
from cec_plugin.sandbox.wire import Json

Setting: TypeAlias = bool | float | Mapping[str, Json]
TIMEOUT_S = 30


class ControlError(Exception):
    """The sandbox refused a control call; the message is its answer."""


class Control:
    """Set the switches of a running sandbox and read its own data."""

    def __init__(self, base_url: str) -> None:
        """Control the sandbox at ``base_url``, which must be on this machine."""
        self._base = base_url.rstrip("/")
        # A proxy meant for the outside has no business here.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def set_faults(
        self, *, seed: int | None = None, one_at_a_time: bool | None = None, **switches: Setting
    ) -> Faults:
        """Change the switches named and return all of them.

        ``True`` turns one on as it is by default, ``False`` off, a number on with that value, a
        mapping changes what it names: ``times``, ``probability``, ``on``, ``value``, ``active``.
        ``one_at_a_time`` lets at most one of them hit a call; clearing ends that.

        Raises:
            ControlError: a switch or a setting is unknown; nothing was changed.
        """
        changes: dict[str, Json] = dict(switches)
        if seed is not None:
            changes["seed"] = seed
        if one_at_a_time is not None:
            changes["one_at_a_time"] = one_at_a_time
        return Faults.from_json(self._ask("faults", changes)["faults"])

    def faults(self) -> Faults:
        """Return all switches as they are now."""
        return Faults.from_json(self._ask("faults")["faults"])

    def clear_faults(self) -> None:
        """Turn every switch off."""
        self._ask("faults", {"clear": True})

    def reset(self) -> None:
        """Forget credits, calls and members added since the start; turn every switch off."""
        self._ask("reset", {})

    def add_member(self, number: str, name: str, standing: str = "active") -> Member:
        """Add a member, or replace the one with that number."""
        content = Member(number=number, name=name, standing=standing).to_json()
        return Member.from_json(self._ask("members", content))

    def approve(self, reference: str, *, approved: bool = True) -> tuple[Credit, ...]:
        """Approve what stands under a reference, or decline it, and return it.

        Raises:
            ControlError: there is nothing under the reference.
        """
        decided = self._ask("approve", {"reference": reference, "approved": approved})
        return tuple(map(Credit.from_json, decided["items"]))

    def let_receipts_arrive(self) -> int:
        """Let every row that was only promised appear at once; return how many that were."""
        return int(self._ask("receipts", {})["arrived"])

    def accept_secrets(self, *secrets: str) -> None:
        """Take calls signed by one of these secrets, and by no other."""
        self._ask("secrets", {"hmac_secrets": secrets})

    def hits(self) -> Mapping[str, int]:
        """Return for each switch how many calls it has hit since the start or the last reset."""
        return {name: int(count) for name, count in self._ask("hits").items()}

    def data(self) -> RegistryData:
        """Return everything that the registry holds."""
        content = self._ask("data")
        return RegistryData(
            members=tuple(map(Member.from_json, content["members"])),
            credits=tuple(map(Credit.from_json, content["credits"])),
            reversals=tuple(map(Reversal.from_json, content["reversals"])),
        )

    def calls(self) -> tuple[SeenCall, ...]:
        """Return the last 200 calls, the newest last; control calls are not among them."""
        return tuple(map(SeenCall.from_json, self._ask("calls")["calls"]))

    def _ask(self, path: str, content: Json = None) -> Json:
        request = urllib.request.Request(  # noqa: S310 - the caller's own address
            f"{self._base}/_sandbox/{path}",
            data=None if content is None else json.dumps(content).encode("utf-8"),
            headers={"Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                raise ControlError(refused.read().decode("utf-8", "replace")) from None
