"""Prove who we are to a REST registry, and that what is needed there can be reached."""

from collections.abc import Mapping
from typing import Any

from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import dig
from cec_plugin.adapters.registries.rest_exchange import RestExchange
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_outcomes import unable
from cec_plugin.adapters.registries.rest_reading import holds_something
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Health


def health_of(exchange: RestExchange, options: RestOptions) -> Health | Outcome:
    """Ask who we are, and look at each kind of record; an outcome is that we got no answer."""
    if not options.caller_field:
        return _told_apart(exchange, options)
    answer = exchange.read(options.health_path)
    if not isinstance(answer, Answer):
        return answer or unable("does not say who we are")
    caller = dig(answer.body, options.caller_field)
    if not caller:
        return Health(ok=False, caller="", detail="it does not say who we are")
    probed = _probed(exchange, options)
    if isinstance(probed, Outcome):
        return probed
    entities = {**_told(answer.body, options), **probed}
    closed = ", ".join(name for name, open_ in entities.items() if not open_)
    return Health(
        ok=not closed,
        caller=str(caller),
        detail=f"it does not show us {closed}" if closed else "",
        entities=entities,
    )


def _told_apart(exchange: RestExchange, options: RestOptions) -> Health | Outcome:
    """Prove who we are where nobody says it: what answers us, if with nothing, refuses others."""
    for name, path in options.probes.items():
        refused = exchange.stranger(path)
        if refused is None:
            detail = f"it shows {name} without credentials: nothing proves ours"
            return Health(ok=False, caller="", detail=detail)
        if refused.result is not Result.CONFIGURATION:
            return refused
        answer = exchange.read(path)
        if not isinstance(answer, Answer):
            return answer or unable(f"does not show {name}")
    return Health(ok=True, caller=exchange.user, entities=dict.fromkeys(options.probes, True))


def _told(body: Any, options: RestOptions) -> Mapping[str, bool]:
    if not options.entities_field:
        return {}
    told = dig(body, options.entities_field)
    # What we do not ask for is no reason to send nothing.
    needed = [name for name in options.entities if name not in options.probes]
    return {name: dig(told, name) is True for name in needed}


def _probed(exchange: RestExchange, options: RestOptions) -> Mapping[str, bool] | Outcome:
    reached: dict[str, bool] = {}
    for name, path in options.probes.items():
        answer = exchange.read(path)
        if isinstance(answer, Outcome) and answer.result is Result.RETRYABLE:
            return answer
        reached[name] = isinstance(answer, Answer) and holds_something(answer.body)
    return reached
