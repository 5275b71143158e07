"""Write a credit, or its taking back, in a REST registry's words, where it fits into them."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from operator import attrgetter
from typing import Any

from cec_plugin.adapters.registries.answers import dig
from cec_plugin.adapters.registries.rest_names import POSTED, RETRACTED
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.domain.credits import fixed_hundredths, format_hundredths
from cec_plugin.domain.ports import Capabilities, Posting, Retraction


def unfit(posting: Posting, able: Capabilities) -> str:
    """Say why a registry cannot keep a credit as it is, nothing where it can."""
    if len(posting.reference) > able.reference_length:
        return f"our reference has more than the {able.reference_length} characters it keeps"
    if posting.hundredths % 10 ** (2 - able.decimals):
        amount = format_hundredths(posting.hundredths)
        return f"{amount} has more decimals than the {able.decimals} that it keeps"
    if able.unit and posting.unit != able.unit:
        return f"it keeps {able.unit} and no {posting.unit}"
    return ""


class RestBody:
    """Writes bodies; which part goes where is settled once, not at every credit."""

    def __init__(self, options: RestOptions) -> None:
        """Write by these names."""
        take: dict[str, Callable[[Posting], Any]] = {ours: attrgetter(ours) for ours in PLAIN}
        take["amount"] = _amount(options)
        take["earned_on"] = lambda posting: posting.earned_on.isoformat()
        self._constants = options.constants
        self._constants_back = options.reverse_constants
        sent = [ours for ours in POSTED if ours != "reference" or options.reference_sent]
        self._parts = [(name, take[ours]) for ours in sent if (name := options.name_of(ours))]
        self._nested = any("." in name for name, _ in self._parts)
        self._back = [(name, ours) for ours in RETRACTED if (name := options.name_back(ours))]

    def credit(self, posting: Posting) -> dict[str, Any]:
        """Return the body of a credit."""
        if not self._nested:
            return {**self._constants, **{name: take(posting) for name, take in self._parts}}
        body = deepcopy(dict(self._constants))
        for name, take in self._parts:
            _place(body, name, take(posting))
        return body

    def reversal(
        self, retraction: Retraction, standing: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the body of a reversal; where the whole record is sent, as it is ``standing``."""
        values: Mapping[str, str] = {
            "own_reference": retraction.own_reference,
            "reference": retraction.reference,
            "on": retraction.on.isoformat(),
            "reason": retraction.reason,
        }
        body = {} if standing is None else self._restated(standing)
        for name, ours in self._back:
            _place(body, name, values[ours])
        return {**body, **self._constants_back}

    def _restated(self, standing: Mapping[str, Any]) -> dict[str, Any]:
        body = deepcopy(dict(self._constants))
        for name, _ in self._parts:
            if (value := dig(standing, name)) is not None:
                _place(body, name, value)
        return body


PLAIN = ("reference", "member_number", "activity", "title", "credit_type", "unit", "role")


def _amount(options: RestOptions) -> Callable[[Posting], Any]:
    if options.amount_as_number:
        return lambda posting: posting.hundredths / 100
    if options.decimals == 2:
        return lambda posting: fixed_hundredths(posting.hundredths)
    cut = 2 - options.decimals + (options.decimals == 0)  # the point goes with the last decimal
    return lambda posting: fixed_hundredths(posting.hundredths)[:-cut]


def _place(body: dict[str, Any], name: str, value: Any) -> None:
    *outer, last = name.split(".")
    for one in outer:
        inner = body.setdefault(one, {})
        if not isinstance(inner, dict):
            inner = body[one] = {}
        body = inner
    body[last] = value
