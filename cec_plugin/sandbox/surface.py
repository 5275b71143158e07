"""The control surface: set the switches, see the registry's own data, begin anew."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from cec_plugin.sandbox.answers import content_of, invalid, refused
from cec_plugin.sandbox.auth import Guard
from cec_plugin.sandbox.claims import Invalid, parse_json
from cec_plugin.sandbox.journal import Journal
from cec_plugin.sandbox.keeping import Refusal, RefusalCode
from cec_plugin.sandbox.orders import read_decision, read_member, read_secrets
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.switchboard import Switchboard
from cec_plugin.sandbox.switches import CATALOGUE
from cec_plugin.sandbox.wire import Answer, Call, Json, answer_error, answer_html, answer_json

FORM = "application/x-www-form-urlencoded"


class Surface:
    """Answer what lies under ``/_sandbox/``; whoever sits at this machine may ask."""

    def __init__(self, store: Store, guard: Guard, board: Switchboard, journal: Journal) -> None:
        """Control this registry."""
        self._store = store
        self._guard = guard
        self._board = board
        self._journal = journal

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        match call.method, call.segments[1:]:
            case "GET", ("faults",):
                return self._faults()
            case "POST", ("faults",):
                return self._change(call)
            case "POST", ("reset",):
                return self._reset(call)
            case "POST", ("members",):
                return self._add_member(call)
            case "POST", ("approve",):
                return self._decide(call)
            case "POST", ("receipts",):
                return answer_json(200, {"arrived": self._store.arrivals(all_of_them=True)})
            case "POST", ("secrets",):
                return self._change_secrets(call)
            case "GET", ("data",):
                return self._data()
            case "GET", ("calls",):
                seen = [each.to_json() for each in self._journal.calls()]
                return answer_json(200, {"calls": seen})
            case "GET", ("hits",):
                hits = self._journal.hits()
                return answer_json(200, {each.name: hits.get(each.name, 0) for each in CATALOGUE})
        return answer_error(404, "path_not_found", "There is no such control.")

    def _faults(self) -> Answer:
        return answer_json(200, {"faults": self._board.faults().to_json()})

    def _change(self, call: Call) -> Answer:
        from_page = _is_form(call)
        try:
            changes = _form_changes(call.body) if from_page else parse_json(call.body)
        except ValueError:
            return answer_error(400, "not_json", "The body must be JSON in UTF-8.")
        if not isinstance(changes, dict):
            return invalid({"body": "must be a JSON object"})
        wrong = self._board.change(changes)
        if wrong:
            return invalid(wrong)
        return _back_to_page() if from_page else self._faults()

    def _reset(self, call: Call) -> Answer:
        self._store.reset()
        self._guard.begin_anew()
        self._board.clear()
        self._journal.clear()
        return _back_to_page() if _is_form(call) else answer_json(200, {"reset": True})

    def _add_member(self, call: Call) -> Answer:
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        member = read_member(content)
        if isinstance(member, Invalid):
            return invalid(member.fields)
        self._store.put_member(member)
        return answer_json(200, member.to_json())

    def _decide(self, call: Call) -> Answer:
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        decision = read_decision(content)
        if isinstance(decision, Invalid):
            return invalid(decision.fields)
        decided = self._store.decide(decision.reference, approved=decision.approved)
        if not decided:
            return answer_json(*refused(Refusal(RefusalCode.CREDIT_NOT_FOUND)))
        return answer_json(200, {"items": [credit.to_json() for credit in decided]})

    def _change_secrets(self, call: Call) -> Answer:
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        secrets = read_secrets(content)
        if isinstance(secrets, Invalid):
            return invalid(secrets.fields)
        self._guard.accept_secrets(secrets)
        return answer_json(200, {"secrets": len(secrets)})

    def _data(self) -> Answer:
        data = self._store.everything()
        content = {
            "members": [member.to_json() for member in data.members],
            "credits": [credit.to_json() for credit in data.credits],
            "reversals": [reversal.to_json() for reversal in data.reversals],
        }
        return answer_json(200, content)


def is_at_this_machine(call: Call) -> bool:
    """Say whether the call comes from this machine, and not from a stranger's page in a browser.

    A browser names the page that sent it (``Origin``), and the name it asked for (``Host``).
    """
    host = call.headers.get("host", "")
    origin = call.headers.get("origin")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    from_own_page = origin is None or origin == f"http://{host}"
    return _is_loopback(call.client) and _is_loopback(name) and from_own_page


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_form(call: Call) -> bool:
    """Say whether the page's form sent this; curl calls JSON a form unless told otherwise."""
    content_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    return content_type == FORM and not call.body.lstrip().startswith(b"{")


def _form_changes(body: bytes) -> dict[str, Json]:
    """Read the page's form: one switch with its settings, or all of them off."""
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8")).items()}
    match form.get("turn"):
        case "clear":
            return {"clear": True}
        case "on":
            return {form.get("switch", ""): _form_settings(form)}
    return {form.get("switch", ""): False}


def _form_settings(form: Mapping[str, str]) -> Json:
    return {
        "times": int(form["times"]) if "times" in form else None,
        "probability": float(form.get("probability", "1")),
        "on": form.get("on", "any"),
        "value": float(form["value"]) if "value" in form else None,
    }


def _back_to_page() -> Answer:
    return answer_html(303, "", headers=(("Location", "/"),))
