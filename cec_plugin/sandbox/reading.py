"""Members and credits as the protocol shows them, or as a switch has them shown."""

from dataclasses import replace
from typing import Protocol

from cec_plugin.sandbox.answers import invalid, refused
from cec_plugin.sandbox.keeping import Refusal, RefusalCode
from cec_plugin.sandbox.records import Credit
from cec_plugin.sandbox.rows import NOW
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.wire import Answer, Call, Quirk, answer_json

PAGE, LARGEST_PAGE = 100, 500
EVERYTHING = 10**9


class Read(Protocol):
    """A way to answer a read."""

    def __call__(self, call: Call, /) -> Answer:
        """Answer it."""
        ...


def noting_quirks(read: Read, call: Call) -> Answer:
    """Answer a read; a quirk struck if the answer were another without it."""
    answer = read(call)
    struck = {
        quirk
        for quirk in call.quirks
        if read(replace(call, quirks=_without(call, quirk))).body != answer.body
    }
    return replace(answer, struck=frozenset(struck))


class Reading:
    """Answer what only reads."""

    def __init__(self, store: Store) -> None:
        """Show ``store``."""
        self._store = store

    def member(self, number: str) -> Answer:
        """Answer with a member."""
        member = self._store.member(number)
        if not member:
            return answer_json(*refused(Refusal(RefusalCode.MEMBER_NOT_FOUND)))
        return answer_json(200, member.to_json())

    def members(self, call: Call) -> Answer:
        """Answer with the member that a filter finds, or with everybody if it is ignored."""
        if Quirk.IGNORE_FILTERS in call.quirks:
            everybody = [member.to_json() for member in self._store.members()]
            return answer_json(200, {"items": everybody})
        number, wrong = call.query.get("number"), call.query.keys() - {"number"}
        if wrong or not number or len(number) != 1:
            return invalid({"number": "is the one filter, given once"})
        member = self._store.member(number[0])
        return answer_json(200, {"items": [member.to_json()] if member else []})

    def credit(self, call: Call, reference: str) -> Answer:
        """Answer with the credit under a reference, or with the choice of several."""
        found = self._store.credits_under(reference, moment=self._moment(call))
        if len(found) > 1:
            return answer_json(300, {"items": [credit.to_json() for credit in found]})
        return _found(found[0] if found else None)

    def by_id(self, call: Call, number: str) -> Answer:
        """Answer with the credit of the registry's own id."""
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            return _found(None)
        return _found(self._store.credit_by_id(int(number), moment=self._moment(call)))

    def changes(self, call: Call) -> Answer:
        """Answer with a page of credits in the order of change, or with all of them."""
        moment = self._moment(call)
        if Quirk.IGNORE_FILTERS in call.quirks:
            found, _ = self._store.credits_since(0, EVERYTHING, moment=moment)
            return _listed(found, more=False)
        unknown = call.query.keys() - {"since", "limit", "reference"}
        wrong = dict.fromkeys(map(ascii, unknown), "is no filter")
        since = _figure(call.query.get("since", ("0",)), low=0, high=10**18)
        limit = _figure(call.query.get("limit", (str(PAGE),)), low=1, high=LARGEST_PAGE)
        references = call.query.get("reference", ())
        if since is None:
            wrong["since"] = "must be a cursor given here"
        if limit is None:
            wrong["limit"] = f"must be from 1 to {LARGEST_PAGE}"
        if len(references) > 1:
            wrong["reference"] = "must be given once"
        if since is None or limit is None or wrong:
            return invalid(wrong)
        reference = references[0] if references else None
        found, more = self._store.credits_since(since, limit, reference=reference, moment=moment)
        return _listed(found, more=more)

    def _moment(self, call: Call) -> float:
        lag_s = call.quirks.get(Quirk.LAG)
        return NOW if lag_s is None else self._store.clock() - lag_s


def _found(credit: Credit | None) -> Answer:
    if credit:
        return answer_json(200, credit.to_json())
    return answer_json(*refused(Refusal(RefusalCode.CREDIT_NOT_FOUND)))


def _listed(found: tuple[Credit, ...], *, more: bool) -> Answer:
    items = [credit.to_json() for credit in found]
    return answer_json(200, {"items": items, "next": str(found[-1].cursor) if more else None})


def _without(call: Call, quirk: Quirk) -> dict[Quirk, float]:
    return {each: figure for each, figure in call.quirks.items() if each is not quirk}


def _figure(values: tuple[str, ...], *, low: int, high: int) -> int | None:
    value = values[-1]
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        return None
    return int(value) if low <= int(value) <= high else None
