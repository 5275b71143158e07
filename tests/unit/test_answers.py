"""What a registry's HTTP answer means, from the bytes it sent to the class of the outcome."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, SSLError

from cec_plugin.adapters.http import Caller, NoAnswer, is_https
from cec_plugin.adapters.reading import LONGEST_WAIT_S, MAX_BYTES, Answer
from cec_plugin.adapters.registries.answers import (
    ID_LENGTH,
    WORDS_LENGTH,
    dig,
    failure,
    id_in,
    redact,
    words_of,
)
from cec_plugin.domain.delivery import Outcome, Result

BASE = "https://registry.example.org/api"
MEMBER = frozenset({"member_not_found"})


def _call(
    *,
    status: int = 200,
    body: str | bytes = '{"id": 1}',
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
    raises: Exception | None = None,
) -> Answer | NoAnswer:
    """Make one call, and have it answered so."""
    with responses.RequestsMock() as registry:
        registry.put(
            f"{BASE}/credits/1",
            status=status,
            body=raises or body,
            headers=headers,
            content_type=content_type,
        )
        caller = Caller(f"{BASE}/", auth=None, timeout_s=5, before=lambda: None)
        return caller.call("PUT", "/credits/1", {"hours": "1.00"})


def _result(answer: Answer | NoAnswer, *, write: bool = True, **told: Any) -> Result | None:
    failed = failure(answer, write=write, **told)
    return None if failed is None else failed.result


def _gave_up(reason: Exception) -> MaxRetryError:
    return MaxRetryError(None, "/", reason)  # type: ignore[arg-type]


def _never_connected() -> requests.ConnectionError:
    return requests.ConnectionError(_gave_up(NewConnectionError(None, "refused")))  # type: ignore[arg-type]


def test_a_success_that_can_be_read_is_no_failure() -> None:
    for status in (200, 201, 207):
        answer = _call(status=status)
        assert answer == Answer(status=status, body={"id": 1})
        assert _result(answer) is None


@pytest.mark.parametrize(
    ("status", "written", "read"),
    [
        (300, Result.CONFLICT, Result.CONFLICT),
        (302, Result.CONFIGURATION, Result.CONFIGURATION),
        (400, Result.REFUSED, Result.REFUSED),
        (401, Result.CONFIGURATION, Result.CONFIGURATION),
        (403, Result.CONFIGURATION, Result.CONFIGURATION),
        (404, Result.CONFIGURATION, Result.CONFIGURATION),
        (405, Result.REFUSED, Result.REFUSED),
        (408, Result.RETRYABLE, Result.RETRYABLE),
        (409, Result.CONFLICT, Result.CONFLICT),
        (422, Result.REFUSED, Result.REFUSED),
        (425, Result.RETRYABLE, Result.RETRYABLE),
        (429, Result.RETRYABLE, Result.RETRYABLE),
        (500, Result.AMBIGUOUS, Result.RETRYABLE),
        (502, Result.AMBIGUOUS, Result.RETRYABLE),
        (503, Result.RETRYABLE, Result.RETRYABLE),
        (504, Result.AMBIGUOUS, Result.RETRYABLE),
        (599, Result.AMBIGUOUS, Result.RETRYABLE),
    ],
)
def test_a_status_says_what_may_have_been_written(
    status: int, written: Result, read: Result
) -> None:
    answer = _call(status=status, body='{"error": {}}')
    assert (_result(answer, write=True), _result(answer, write=False)) == (written, read)


def test_a_redirect_is_not_followed() -> None:
    answer = _call(status=302, headers={"Location": f"{BASE}/login"}, body="")
    assert isinstance(answer, Answer)
    assert answer.status == 302


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("REQUEST_LIMIT_EXCEEDED", ""),
        ("", "You are over your daily quota"),
        ("rate-limit", ""),
        ("", "Too many requests"),
    ],
)
def test_a_quota_told_as_forbidden_is_waited_for(code: str, words: str) -> None:
    answer = _call(status=403)
    assert _result(answer, code=code, words=words) is Result.RETRYABLE
    assert _result(_call(status=401), code=code, words=words) is Result.CONFIGURATION


def test_a_missing_member_is_held_and_a_missing_record_with_another_code_is_refused() -> None:
    answer = _call(status=404)
    assert _result(answer, code="member_not_found", member_codes=MEMBER) is Result.MEMBER
    assert _result(answer, code="course_not_found", member_codes=MEMBER) is Result.REFUSED
    assert _result(answer, code="", member_codes=MEMBER) is Result.CONFIGURATION


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 422])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>log in</html>", "text/html; charset=utf-8"),
        ("<!doctype html>", "application/json"),
        ("log in", "text/html"),
    ],
)
def test_a_page_where_json_was_due_is_a_wrong_address_or_a_login(
    status: int, body: str, content_type: str
) -> None:
    failed = failure(_call(status=status, body=body, content_type=content_type), write=True)
    assert failed == Outcome(
        result=Result.CONFIGURATION,
        status=status,
        reason=f"HTTP {status}: a page of HTML where JSON was due",
        maybe_written=status < 300,
    )


def test_a_warning_ahead_of_the_answer_to_a_write_leaves_open_whether_it_was_written() -> None:
    """PHP prints it into the page, and goes on."""
    answer = _call(body='<br /><b>Warning</b>: Undefined variable in api.php\n{"id": 1}')
    written, read = failure(answer, write=True), failure(answer, write=False)
    assert written is not None
    assert read is not None
    assert (written.result, written.maybe_written) == (Result.CONFIGURATION, True)
    assert (read.result, read.maybe_written) == (Result.CONFIGURATION, False)


def test_a_page_from_a_proxy_that_lost_the_registry_is_still_ambiguous() -> None:
    answer = _call(status=502, body="<html>Bad Gateway</html>", content_type="text/html")
    assert _result(answer) is Result.AMBIGUOUS


@pytest.mark.parametrize(
    ("body", "trouble"), [("", "the answer is empty"), ("{", "the answer is not JSON")]
)
def test_a_success_that_nobody_can_read_is_for_a_person(body: str, trouble: str) -> None:
    failed = failure(_call(body=body), write=True)
    assert failed == Outcome(result=Result.UNREADABLE, status=200, reason=f"HTTP 200: {trouble}")


def test_no_content_is_a_success_without_a_body() -> None:
    answer = _call(status=204, body="")
    assert answer == Answer(status=204)
    assert _result(answer) is None


@pytest.mark.parametrize("body", ["[" * 100_000, b"\xff\xfe\xfd", "NaN'"])
def test_no_body_is_too_strange_to_be_an_answer(body: str | bytes) -> None:
    answer = _call(body=body)
    assert answer == Answer(status=200, trouble="the answer is not JSON")


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    answer = _call(body=b"1" * (MAX_BYTES + 1))
    assert answer == Answer(status=0, trouble=f"the answer is larger than {MAX_BYTES} bytes")
    failed = failure(answer, write=True)
    assert failed == Outcome(result=Result.UNREADABLE, reason=answer.trouble)


def test_an_answer_shorter_than_declared_was_cut_off() -> None:
    answer = _call(body='{"id": 1', headers={"Content-Length": "9"})
    assert isinstance(answer, NoAnswer)
    assert answer.sent
    assert _result(answer, write=True) is Result.AMBIGUOUS


@pytest.mark.parametrize(
    ("error", "written", "read"),
    [
        (_never_connected(), Result.RETRYABLE, Result.RETRYABLE),
        (requests.ConnectTimeout(), Result.RETRYABLE, Result.RETRYABLE),
        (requests.ReadTimeout(), Result.AMBIGUOUS, Result.RETRYABLE),
        (
            requests.ConnectionError(ProtocolError("reset by peer")),
            Result.AMBIGUOUS,
            Result.RETRYABLE,
        ),
        (requests.ConnectionError(), Result.AMBIGUOUS, Result.RETRYABLE),
        (requests.exceptions.ChunkedEncodingError(), Result.AMBIGUOUS, Result.RETRYABLE),
        (
            requests.exceptions.SSLError(_gave_up(SSLError(ssl.SSLCertVerificationError()))),
            Result.CONFIGURATION,
            Result.CONFIGURATION,
        ),
        (
            requests.exceptions.SSLError(_gave_up(SSLError(ssl.SSLEOFError()))),
            Result.AMBIGUOUS,
            Result.RETRYABLE,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_without_an_answer_only_what_may_have_been_sent_is_ambiguous(
    error: Exception, written: Result, read: Result
) -> None:
    answer = _call(raises=error)
    assert isinstance(answer, NoAnswer)
    for write, result in ((True, written), (False, read)):
        assert failure(answer, write=write) == Outcome(result=result, reason=answer.reason)


def test_the_registrys_words_stand_in_the_reason_behind_the_status() -> None:
    failed = failure(_call(status=422), write=True, words="hours: more than 10")
    assert failed is not None
    assert (failed.reason, failed.status) == ("HTTP 422: hours: more than 10", 422)
    assert _reason(_call(status=422)) == "HTTP 422"


def _reason(answer: Answer | NoAnswer) -> str:
    failed = failure(answer, write=True)
    assert failed is not None
    return failed.reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),  # a time that has passed asks for nothing
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Mon, 99 Jan 2026 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_or_not_at_all(
    header: str, seconds: float | None
) -> None:
    answer = _call(status=429, headers={"Retry-After": header})
    assert isinstance(answer, Answer)
    assert answer.retry_after_s == seconds
    failed = failure(answer, write=True)
    assert failed is not None
    assert failed.retry_after_s == seconds


@pytest.mark.parametrize(
    "header",
    [
        "Mon, 01 Jan 2024 00:00:00 +99999999999999",
        "Mon, 99999999999999999999 Jan 2024 00:00:00 GMT",
    ],
)
def test_a_retry_after_that_is_no_date_is_passed_over_however_wild(header: str) -> None:
    answer = _call(status=429, headers={"Retry-After": header})
    assert isinstance(answer, Answer)
    assert answer.retry_after_s is None


@pytest.mark.parametrize("header", ["86401", "9" * 400, "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_nothing_is_waited_for_longer_than_a_day(header: str) -> None:
    answer = _call(status=503, headers={"Retry-After": header})
    assert isinstance(answer, Answer)
    assert answer.retry_after_s == LONGEST_WAIT_S == 86_400


answers = st.builds(
    Answer,
    status=st.integers(min_value=200, max_value=599),
    html=st.booleans(),
    trouble=st.sampled_from(["", "the answer is empty"]),
)


@given(answers, st.sampled_from(["", "member_not_found", "course_not_found", "QUOTA"]))
@settings(max_examples=200)
def test_only_a_success_that_was_read_is_no_failure_and_a_read_is_never_ambiguous(
    answer: Answer, code: str
) -> None:
    written = _result(answer, write=True, code=code, member_codes=MEMBER)
    read = _result(answer, write=False, code=code, member_codes=MEMBER)
    success = answer.status < 300 and not answer.html and not answer.trouble
    assert (written is None) == success
    assert written is read or (written, read) == (Result.AMBIGUOUS, Result.RETRYABLE)
    assert Result.DELIVERED not in (written, read)  # a status alone proves nothing


@pytest.mark.parametrize(
    ("words", "redacted"),
    [
        ("no member jane.doe@example.org here", "no member @ here"),
        ("<jane@example.org>, 'joe@example.org'", "<@>, '@'"),
        ("jane+cec@sub.example.co.uk", "@"),
        ("member 104477 is lapsed", "member # is lapsed"),
        ("member M-1044 is lapsed", "member # is lapsed"),
        ("reference cec-0f3ab2 exists", "reference # exists"),
        ("call 613-555-0199", "call #"),
        ("id=A1B2C3;", "id=#;"),
        (
            "hours: 12 is more than 10",
            "hours: 12 is more than 10",
        ),  # small figures say what is wrong
        ("HTTP 422", "HTTP 422"),
        ("well-known plain words", "well-known plain words"),
        ("  two\n\tlines  ", "two lines"),
        ("", ""),
    ],
)
def test_words_lose_addresses_numbers_and_references_and_keep_their_sense(
    words: str, redacted: str
) -> None:
    assert redact(words) == redacted


def test_no_part_of_an_address_with_an_apostrophe_stays_behind() -> None:
    assert redact("no member sean.o'brien@example.org") == "no member @"


@pytest.mark.parametrize("words", ["SIN 046 454 286", "member 104 477", "no. 104.477"])
def test_a_number_in_groups_is_a_number(words: str) -> None:
    assert not any(sign.isdigit() for sign in redact(words))


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.(org|ca)", fullmatch=True),
    st.from_regex(r"[A-Z]{0,3}-?[0-9]{4,10}", fullmatch=True),
    st.sampled_from([" ", ", ", "; ", " (", ") ", " <", "> ", "\n"]),
)
def test_wherever_an_address_or_a_number_stands_it_is_gone(
    address: str, number: str, between: str
) -> None:
    told = redact(f"Member{between}{address}{between}and{between}{number}{between}are unknown")
    assert address not in told
    assert number not in told
    assert "are unknown" in told


@given(st.text(max_size=400))
def test_redacted_words_are_short_on_one_line_and_fit_for_every_database(words: str) -> None:
    told = redact(words)
    assert len(told) <= WORDS_LENGTH
    assert told.isprintable()


def test_what_must_not_be_said_is_not_said_whatever_it_looks_like() -> None:
    assert redact("member 17 of group 170, key s3", unsaid=["17", "s3", ""]) == (
        "member # of group 170, key #"
    )
    assert redact("the secret is a.b", unsaid=["a.b"]) == "the secret is #"
    assert redact("axb", unsaid=["a.b"]) == "axb"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"id": 17}, "17"),
        ({"id": "a\0b\ud800"}, "ab"),
        ({"id": "x" * 300}, "x" * ID_LENGTH),
        ({"id": None}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_the_registrys_own_id_is_text_that_every_database_holds(body: Any, told: str) -> None:
    assert id_in(body, "id") == told


def test_an_address_at_the_border_of_what_is_kept_is_not_kept_by_half() -> None:
    told = redact("x" * (WORDS_LENGTH - 5) + " jane.doe@example.org")
    assert told == "x" * (WORDS_LENGTH - 5) + " @"


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        ({"error": {"code": "x"}}, "error.code", "x"),
        ({"error": {"code": 0}}, "error.code", 0),
        ({"error": "x"}, "error.code", None),
        ({"error": None}, "error.code", None),
        ({}, "error", None),
        ([{"error": 1}], "error", None),
        (None, "error", None),
        ("error", "error", None),
    ],
)
def test_a_path_leads_to_what_stands_there_or_to_nothing(body: Any, path: str, found: Any) -> None:
    assert dig(body, path) == found


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"code": "bad", "message": "No."}}, "bad No."),
        ({"error": {"message": "No.", "fields": {"hours": "too many", "on": None}}},
         "No. hours: too many on: None"),
        ({"error": {"code": "bad", "message": "jane@example.org 104477"}}, "bad @ #"),
        ({"error": {"fields": {"member": "104477 is lapsed"}}}, "member: # is lapsed"),
        ({"error": {"code": 17, "fields": ["hours"]}}, "17"),
        ({"error": "No."}, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_the_registrys_own_code_message_and_fields_are_told_redacted(body: Any, words: str) -> None:
    assert (
        words_of(
            body,
            code_path="error.code",
            message_path="error.message",
            fields_path="error.fields",
        )
        == words
    )


def test_the_registrys_words_leave_out_what_must_not_be_said() -> None:
    words = words_of(
        {"error": {"message": "member 17 is lapsed"}},
        code_path="error.code",
        message_path="error.message",
        fields_path="error.fields",
        unsaid=["17"],
    )
    assert words == "member # is lapsed"


def test_https_is_told_apart_whatever_the_case() -> None:
    assert is_https("HTTPS://registry.example.org")
    assert not is_https("http://https.example.org")


def test_every_call_asks_the_rate_limit_first() -> None:
    asked: list[str] = []
    before: Callable[[], None] = lambda: asked.append("may I?")  # noqa: E731
    with responses.RequestsMock() as registry:
        registry.get(f"{BASE}/health", json={})
        caller = Caller(BASE, auth=None, timeout_s=5, before=before, headers={"X-Api-Key": "k"})
        caller.call("GET", "/health")
        caller.call("GET", "/health")
        sent = [call.request.headers["X-Api-Key"] for call in registry.calls]
    assert asked == ["may I?"] * 2
    assert sent == ["k", "k"]


def test_only_what_was_begun_waits_for_the_places_of_its_further_calls() -> None:
    """The first call of what belongs together is turned away, for nothing is lost by that."""
    places = iter([0.9, 0.0, 0.05, 0.0, 0.05, 0.05, 0.0, 0.9, 0.9])
    with responses.RequestsMock() as registry:
        registry.get(f"{BASE}/health", json={})
        caller = Caller(BASE, auth=None, timeout_s=5, before=lambda: next(places))
        with caller.within(0.5):
            for made in (False, True, True):
                assert isinstance(caller.call("GET", "/health"), Answer) is made
            with caller.within(0.5):
                crowded = caller.call("GET", "/health")
                assert crowded == NoAnswer(reason="our own rate limit", sent=False, crowded_s=0.05)
            assert isinstance(caller.call("GET", "/health"), Answer)
            # There is no time left for a place that is so far off.
            assert isinstance(caller.call("GET", "/health"), NoAnswer)
        with caller.within(0.5):
            assert isinstance(caller.call("GET", "/health"), NoAnswer)
        assert len(registry.calls) == 3


@pytest.mark.parametrize(
    ("status", "headers", "quiet_s"),
    [
        (429, {"Retry-After": "120"}, [120.0]),
        (503, {"Retry-After": "7"}, [7.0]),
        (429, {"Retry-After": "0"}, []),
        (429, {}, []),
        (500, {"Retry-After": "120"}, []),
        (200, {"Retry-After": "120"}, []),
    ],
)
def test_the_rate_limit_is_told_for_how_long_a_registry_wants_quiet(
    status: int, headers: dict[str, str], quiet_s: list[float]
) -> None:
    told: list[float] = []
    with responses.RequestsMock() as registry:
        registry.get(f"{BASE}/health", status=status, headers=headers, json={})
        caller = Caller(BASE, auth=None, timeout_s=5, before=lambda: 0.0, quiet=told.append)
        answer = caller.call("GET", "/health")
    assert isinstance(answer, Answer)
    assert answer.status == status
    assert told == quiet_s
