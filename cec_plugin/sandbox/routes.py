"""The protocol: which path does what, and for whom."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from cec_plugin.sandbox.answers import not_allowed
from cec_plugin.sandbox.auth import Guard
from cec_plugin.sandbox.reading import Reading, noting_quirks
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.wire import Answer, Call, Kind, Quirk, answer_error, answer_json
from cec_plugin.sandbox.writing import Writing

Route: TypeAlias = Callable[[], Answer]


class Routes:
    """Answer the registry's calls from its store."""

    def __init__(self, store: Store, guard: Guard) -> None:
        """Serve ``store``; ``guard`` gives out tokens."""
        self._reading = Reading(store)
        self._writing = Writing(store)
        self._guard = guard

    def answer(self, call: Call) -> Answer:
        """Answer one call; everything but a token takes valid credentials."""
        if call.segments == ("oauth", "token"):
            return self._guard.issue(call) if call.method == "POST" else not_allowed("POST")
        if Quirk.END_TOKEN in call.quirks:
            self._guard.end_token(call)
            return replace(_unauthorized(), struck=frozenset({Quirk.END_TOKEN}))
        if call.caller is None:
            return _unauthorized()
        return noting_quirks(self._route, call) if call.kind is Kind.READ else self._route(call)

    def _route(self, call: Call) -> Answer:
        methods = self._methods(call)
        if not methods:
            return answer_error(404, "path_not_found", "There is nothing at this path.")
        route = methods.get("GET" if call.method == "HEAD" else call.method)
        return route() if route else not_allowed(*methods)

    def _methods(self, call: Call) -> Mapping[str, Route]:
        reading, writing = self._reading, self._writing
        match call.segments:
            case ("health",):
                return {"GET": lambda: _health(call)}
            case ("members",):
                return {"GET": lambda: reading.members(call)}
            case ("members", number):
                return {"GET": lambda: reading.member(number)}
            case ("credits",):
                return {"GET": lambda: reading.changes(call)}
            case ("credits", "batch") if call.method == "POST":
                return {"POST": lambda: writing.batch(call)}
            case ("credits", reference):
                return {
                    "GET": lambda: reading.credit(call, reference),
                    "PUT": lambda: writing.put(call, reference),
                }
            case ("credits", "by-id", number):
                return {"GET": lambda: reading.by_id(call, number)}
            case ("credits", reference, "reverse"):
                return {"POST": lambda: writing.reverse(call, reference)}
        return {}


def _health(call: Call) -> Answer:
    entities = {"members": True, "credits": True}
    return answer_json(200, {"caller": call.caller, "registry": "sandbox", "entities": entities})


def _unauthorized() -> Answer:
    challenge = (("WWW-Authenticate", 'Basic realm="sandbox"'),)
    message = "Credentials are missing or wrong."
    return answer_error(401, "unauthorized", message, headers=challenge)
