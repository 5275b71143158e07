"""The registry as one piece: protocol, switches, control surface and page behind one door."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from cec_plugin.sandbox.auth import Guard
from cec_plugin.sandbox.journal import EXCERPT, Journal, SeenCall
from cec_plugin.sandbox.overview import overview
from cec_plugin.sandbox.page import HEADERS, LOGIN, render
from cec_plugin.sandbox.routes import Routes
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.surface import Surface, is_at_this_machine
from cec_plugin.sandbox.switchboard import Switchboard
from cec_plugin.sandbox.wire import Answer, Call, Kind, answer_error, answer_html


class Front:
    """Answer every call, and write down those that the switches can hit."""

    def __init__(self, store: Store, guard: Guard, board: Switchboard) -> None:
        """Put the parts together."""
        self.store = store
        self.board = board
        self.journal = Journal()
        self._guard = guard
        self._routes = Routes(store, guard)
        self._surface = Surface(store, guard, board, self.journal)

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        self.store.arrivals()
        if call.kind is Kind.ASIDE:
            answer = self._aside(call)
        else:
            answer = self._registry(self._guard.identify(call))
        return replace(answer, bodiless=True) if call.method == "HEAD" else answer

    def _registry(self, call: Call) -> Answer:
        at, started = datetime.now(UTC), time.perf_counter()
        answer, hits = self.board.answer(call, self._routes.answer)
        ms = (time.perf_counter() - started) * 1000
        excerpt = answer.body[:EXCERPT].decode("utf-8", "replace")
        is_token = call.kind is Kind.TOKEN and answer.status == 200
        seen = SeenCall(
            at=at.isoformat(timespec="milliseconds"),
            method=call.method,
            path=call.target,
            status=None if answer.manner.silent else answer.status,
            ms=round(ms, 2),
            reference=call.reference,
            caller=call.caller,
            faults=hits,
            answer=answer.manner.word or ("a token" if is_token else excerpt),
        )
        self.journal.add(seen)
        return answer

    def _aside(self, call: Call) -> Answer:
        if call.segments == ("login",):
            return answer_html(200, LOGIN)
        if not is_at_this_machine(call):
            return answer_error(403, "forbidden", "This is shown on the registry's machine only.")
        if call.segments:
            return self._surface.answer(call)
        if call.method not in {"GET", "HEAD"}:
            return answer_error(405, "method_not_allowed", "Not this method.")
        shown = overview(self.store.database)
        page = render(shown, self.board.faults(), self.journal.calls())
        return answer_html(200, page, headers=HEADERS)
