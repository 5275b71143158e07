"""The protocol: which path does what, and what it answers."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias

from cec_plugin.sandbox.auth import Guard
from cec_plugin.sandbox.claims import Invalid, parse_json, read_claim, read_reversal
from cec_plugin.sandbox.records import Credit
from cec_plugin.sandbox.store import Kept, Refusal, RefusalCode, Store
from cec_plugin.sandbox.wire import (
    Answer,
    Call,
    Json,
    Quirk,
    answer_error,
    answer_json,
    error,
)

BATCH = 200
PAGE, LARGEST_PAGE = 100, 500
REFUSALS: Mapping[RefusalCode, tuple[int, str]] = {
    RefusalCode.MEMBER_NOT_FOUND: (404, "There is no member with this number."),
    RefusalCode.CREDIT_NOT_FOUND: (404, "There is no credit with this reference."),
    RefusalCode.CONFLICT: (409, "The reference stands for something else."),
    RefusalCode.REVERSED: (409, "The credit was reversed; a new award takes a new reference."),
    RefusalCode.ALREADY_REVERSED: (409, "The credit was reversed under another reference."),
}
Route: TypeAlias = Callable[[], Answer]


class Routes:
    """Answer the registry's calls from its store."""

    def __init__(self, store: Store, guard: Guard) -> None:
        """Serve ``store``; ``guard`` gives out tokens."""
        self._store = store
        self._guard = guard

    def answer(self, call: Call) -> Answer:
        """Answer one call; everything but a token takes valid credentials."""
        if call.segments == ("oauth", "token"):
            return self._guard.issue(call) if call.method == "POST" else _not_allowed("POST")
        if call.caller is None:
            challenge = (("WWW-Authenticate", 'Basic realm="sandbox"'),)
            message = "Credentials are missing or wrong."
            return answer_error(401, "unauthorized", message, headers=challenge)
        methods = self._methods(call)
        if not methods:
            return answer_error(404, "path_not_found", "There is nothing at this path.")
        route = methods.get("GET" if call.method == "HEAD" else call.method)
        return route() if route else _not_allowed(*methods)

    def _methods(self, call: Call) -> Mapping[str, Route]:
        match call.segments:
            case ("health",):
                return {"GET": lambda: _health(call)}
            case ("members",):
                return {"GET": lambda: self._members(call)}
            case ("members", number):
                return {"GET": lambda: self._member(number)}
            case ("credits",):
                return {"GET": lambda: self._changes(call)}
            case ("credits", "batch") if call.method == "POST":
                return {"POST": lambda: self._batch(call)}
            case ("credits", reference):
                return {
                    "GET": lambda: _found(self._store.credit(reference)),
                    "PUT": lambda: self._put(call, reference),
                }
            case ("credits", "by-id", number):
                return {"GET": lambda: self._by_id(number)}
            case ("credits", reference, "reverse"):
                return {"POST": lambda: self._reverse(call, reference)}
        return {}

    def _member(self, number: str) -> Answer:
        member = self._store.member(number)
        if not member:
            return answer_json(*_refused(Refusal(RefusalCode.MEMBER_NOT_FOUND)))
        return answer_json(200, member.to_json())

    def _members(self, call: Call) -> Answer:
        number, wrong = call.query.get("number"), call.query.keys() - {"number"}
        if wrong or not number or len(number) != 1:
            return _invalid({"number": "is the one filter, given once"})
        member = self._store.member(number[0])
        return answer_json(200, {"items": [member.to_json()] if member else []})

    def _put(self, call: Call, reference: str) -> Answer:
        body = _body(call)
        return body if isinstance(body, Answer) else answer_json(*self._take(call, body, reference))

    def _batch(self, call: Call) -> Answer:
        body = _body(call)
        if isinstance(body, Answer):
            return body
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list) or len(items) > BATCH:
            return _invalid({"items": f"must be a list of at most {BATCH}"})
        return answer_json(207, {"items": [self._settle(call, item) for item in items]})

    def _settle(self, call: Call, item: Json) -> Json:
        status, content = self._take(call, item, None)
        if "error" in content:
            return {"status": status, **content}
        return {"status": status, "reference": content["reference"], "id": content["id"]}

    def _take(self, call: Call, body: Json, reference: str | None) -> tuple[int, Json]:
        claim = read_claim(body, reference=reference)
        if isinstance(claim, Invalid):
            return 422, error("invalid", "The credit is not valid.", claim.fields)
        lose = Quirk.LOSE_REFERENCE in call.quirks
        outcome = self._store.put_credit(claim, lose_reference=lose)
        if isinstance(outcome, Refusal):
            return _refused(outcome)
        return 201 if outcome.created and not lose else 200, outcome.credit.to_json()

    def _reverse(self, call: Call, reference: str) -> Answer:
        body = _body(call)
        if isinstance(body, Answer):
            return body
        claim = read_reversal(body)
        if isinstance(claim, Invalid):
            return _invalid(claim.fields)
        outcome = self._store.reverse_credit(reference, claim)
        if isinstance(outcome, Kept):
            return answer_json(200, outcome.credit.to_json())
        return answer_json(*_refused(outcome))

    def _by_id(self, number: str) -> Answer:
        known = number.isascii() and number.isdigit() and len(number) <= 18
        return _found(self._store.credit_by_id(int(number)) if known else None)

    def _changes(self, call: Call) -> Answer:
        wrong = dict.fromkeys(map(ascii, call.query.keys() - {"since", "limit"}), "is no filter")
        since = _figure(call.query.get("since", ("0",)), low=0, high=10**18)
        limit = _figure(call.query.get("limit", (str(PAGE),)), low=1, high=LARGEST_PAGE)
        if since is None:
            wrong["since"] = "must be a cursor given here"
        if limit is None:
            wrong["limit"] = f"must be from 1 to {LARGEST_PAGE}"
        if since is None or limit is None or wrong:
            return _invalid(wrong)
        found, more = self._store.credits_since(since, limit)
        items = [credit.to_json() for credit in found]
        return answer_json(200, {"items": items, "next": str(found[-1].cursor) if more else None})


def _health(call: Call) -> Answer:
    entities = {"members": True, "credits": True}
    return answer_json(200, {"caller": call.caller, "registry": "sandbox", "entities": entities})


def _found(credit: Credit | None) -> Answer:
    if credit:
        return answer_json(200, credit.to_json())
    return answer_json(*_refused(Refusal(RefusalCode.CREDIT_NOT_FOUND)))


def _refused(refusal: Refusal) -> tuple[int, Json]:
    status, message = REFUSALS[refusal.code]
    content = error(refusal.code.value, message)
    if refusal.stored:
        content["stored"] = refusal.stored.to_json()
    return status, content


def _body(call: Call) -> Json | Answer:
    try:
        return parse_json(call.body)
    except ValueError:
        return answer_error(HTTPStatus.BAD_REQUEST, "not_json", "The body must be JSON in UTF-8.")


def _invalid(fields: Mapping[str, str]) -> Answer:
    return answer_error(422, "invalid", "The request is not valid.", fields=fields)


def _not_allowed(*methods: str) -> Answer:
    allow = (("Allow", ", ".join(methods)),)
    return answer_error(405, "method_not_allowed", "Not this method.", headers=allow)


def _figure(values: tuple[str, ...], *, low: int, high: int) -> int | None:
    value = values[-1]
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        return None
    return int(value) if low <= int(value) <= high else None
