"""Credits that are sent, one by one or in batches, and their reversals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from cec_plugin.sandbox.answers import INVALID, OPAQUE, content_of, invalid, refused
from cec_plugin.sandbox.claims import Claim, Invalid, read_claim, read_reversal
from cec_plugin.sandbox.keeping import Keeping, Kept, Promised, Refusal, RefusalCode, Taken
from cec_plugin.sandbox.store import Store
from cec_plugin.sandbox.wire import (
    Answer,
    Call,
    Json,
    Quirk,
    answer_error,
    answer_html,
    answer_json,
    error,
)

BATCH = 200
DATA_ERRORS = frozenset({INVALID, RefusalCode.MEMBER_NOT_FOUND.value})
EVERY_ERROR = frozenset({INVALID, *(code.value for code in RefusalCode)})
Settled: TypeAlias = tuple[int, Json]  # a status and what goes with it


class Writing:
    """Answer what writes."""

    def __init__(self, store: Store) -> None:
        """Write into ``store``."""
        self._store = store

    def put(self, call: Call, reference: str) -> Answer:
        """Take one credit."""
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        (settled,), struck = self._take(call, [read_claim(content, reference=reference)])
        return _single(call, settled, struck)

    def batch(self, call: Call) -> Answer:
        """Take several, and answer each by position, or all of them as one."""
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        items = content.get("items") if isinstance(content, dict) else None
        if not isinstance(items, list) or len(items) > BATCH:
            return invalid({"items": f"must be a list of at most {BATCH}"})
        settled, struck = self._take(call, [read_claim(item) for item in items])
        spoiled = next((each for _, each in settled if _code(each) in _spoiling(call)), None)
        if spoiled:
            return _failed(call, spoiled)
        status = 202 if Quirk.RECEIPTS_LATER in call.quirks else 207
        if Quirk.ERRORS_IN_200 in call.quirks:
            status, struck = 200, struck | {Quirk.ERRORS_IN_200}
        answer = answer_json(status, {"items": [_item(*each) for each in settled]})
        return replace(answer, struck=struck)

    def reverse(self, call: Call, reference: str) -> Answer:
        """Reverse a credit."""
        content = content_of(call)
        if isinstance(content, Answer):
            return content
        claim = read_reversal(content)
        if isinstance(claim, Invalid):
            return _single(call, _faulty(claim), frozenset())
        outcome = self._store.reverse_credit(reference, claim)
        if isinstance(outcome, Kept):
            return answer_json(200, outcome.credit.to_json())
        return _single(call, refused(outcome), frozenset())

    def _take(
        self, call: Call, claims: Sequence[Claim | Invalid]
    ) -> tuple[list[Settled], frozenset[Quirk]]:
        """Take all, or none where one spoils them; say of each, and which quirks struck."""
        keeping = Keeping(
            lose_reference=Quirk.LOSE_REFERENCE in call.quirks,
            doubles=Quirk.DOUBLE in call.quirks,
            approves=Quirk.APPROVE_LATER in call.quirks,
        )
        spoiling = _spoiling(call)
        faulty = [_faulty(claim) for claim in claims if isinstance(claim, Invalid)]
        if faulty and spoiling:
            return faulty, frozenset()
        taken = self._store.put_credits(
            [claim for claim in claims if isinstance(claim, Claim)],
            keeping,
            spoiling=spoiling,
            later_s=call.quirks.get(Quirk.RECEIPTS_LATER),
        )
        rest = iter(taken)
        settled = [
            _faulty(claim) if isinstance(claim, Invalid) else _settled(next(rest), keeping)
            for claim in claims
        ]
        return settled, _struck(taken) & call.quirks.keys()


def _spoiling(call: Call) -> frozenset[str]:
    """Return the codes of which one fails a whole call."""
    if Quirk.ALL_OR_NOTHING in call.quirks:
        return EVERY_ERROR
    return DATA_ERRORS if Quirk.HIDE_DATA_ERRORS in call.quirks else frozenset()


def _struck(taken: Sequence[Taken]) -> frozenset[Quirk]:
    struck: set[Quirk] = set()
    for one in taken:
        match one:
            case Kept(created=True, doubled=doubled):
                struck |= {Quirk.LOSE_REFERENCE, Quirk.APPROVE_LATER}
                struck |= {Quirk.DOUBLE} if doubled else set()
            case Promised():
                struck.add(Quirk.RECEIPTS_LATER)
    return frozenset(struck)


def _settled(taken: Taken, keeping: Keeping) -> Settled:
    match taken:
        case Refusal():
            return refused(taken)
        case Promised(receipt=receipt, reference=reference):
            return 202, {"receipt": receipt, "reference": reference}
        case Kept(credit=credit, created=created):
            return 201 if created and not keeping.lose_reference else 200, credit.to_json()


def _faulty(claim: Invalid) -> Settled:
    return 422, error(INVALID, "The credit is not valid.", claim.fields)


def _code(content: Json) -> str:
    return str(content["error"]["code"]) if "error" in content else ""


def _single(call: Call, settled: Settled, struck: frozenset[Quirk]) -> Answer:
    status, content = settled
    if _code(content) in DATA_ERRORS:
        if Quirk.HIDE_DATA_ERRORS in call.quirks:
            return _failed(call, content)
        if Quirk.ERRORS_IN_200 in call.quirks:
            answer = answer_json(200, {"success": False, **content})
            return replace(answer, struck=frozenset({Quirk.ERRORS_IN_200}))
    return replace(answer_json(status, content), struck=struck)


def _failed(call: Call, content: Json) -> Answer:
    """Answer that a call failed as a whole, without saying where."""
    inner = content["error"]
    if Quirk.HIDE_DATA_ERRORS in call.quirks and inner["code"] in DATA_ERRORS:
        return replace(answer_html(500, OPAQUE), struck=frozenset({Quirk.HIDE_DATA_ERRORS}))
    answer = answer_error(422, inner["code"], inner["message"])
    return replace(answer, struck=frozenset({Quirk.ALL_OR_NOTHING}))


def _item(status: int, content: Json) -> Json:
    if "error" in content or "receipt" in content:
        return {"status": status, **content}
    return {"status": status, "reference": content["reference"], "id": content["id"]}
