"""The answers that several routes give."""

from collections.abc import Mapping

from cec_plugin.sandbox.claims import parse_json
from cec_plugin.sandbox.keeping import Refusal, RefusalCode
from cec_plugin.sandbox.wire import Answer, Call, Json, answer_error, error

REFUSALS: Mapping[RefusalCode, tuple[int, str]] = {
    RefusalCode.MEMBER_NOT_FOUND: (404, "There is no member with this number."),
    RefusalCode.CREDIT_NOT_FOUND: (404, "There is no credit with this reference."),
    RefusalCode.CONFLICT: (409, "The reference stands for something else."),
    RefusalCode.REVERSED: (409, "The credit was reversed; a new award takes a new reference."),
    RefusalCode.ALREADY_REVERSED: (409, "The credit was reversed under another reference."),
    RefusalCode.SEVERAL: (300, "Several credits stand under this reference."),
}
INVALID = "invalid"
OPAQUE = "<!doctype html><title>500</title><h1>Internal Server Error</h1><p>Please contact support."


def refused(refusal: Refusal) -> tuple[int, Json]:
    """Return status and content for a refusal, with the rows that stand in the way."""
    status, message = REFUSALS[refusal.code]
    content = error(refusal.code.value, message)
    rows = [credit.to_json() for credit in refusal.stored]
    if refusal.code is RefusalCode.SEVERAL:
        content["items"] = rows
    elif rows:
        content["stored"] = rows[0]
    return status, content


def invalid(fields: Mapping[str, str]) -> Answer:
    """Answer that fields of the request are faulty."""
    return answer_error(422, INVALID, "The request is not valid.", fields=fields)


def not_allowed(*methods: str) -> Answer:
    """Answer that the path takes these methods only."""
    allow = (("Allow", ", ".join(methods)),)
    return answer_error(405, "method_not_allowed", "Not this method.", headers=allow)


def content_of(call: Call) -> Json | Answer:
    """Return what the body says, or the answer to one that is no JSON."""
    try:
        return parse_json(call.body)
    except ValueError:
        return answer_error(400, "not_json", "The body must be JSON in UTF-8.")
