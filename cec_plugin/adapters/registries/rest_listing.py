"""Page through what a REST registry holds; how it pages is data."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cec_plugin.adapters.reading import Answer
from cec_plugin.adapters.registries.answers import dig
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.rest_reading import RestReading
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Page


def page_path(options: RestOptions, cursor: str) -> str:
    """Return the path of the page after a cursor."""
    asked = {options.cursor_parameter: cursor} if cursor else {}
    if options.size_parameter:
        asked[options.size_parameter] = str(options.page_size)
    if not asked:
        return options.list_path
    return f"{options.list_path}{'&' if '?' in options.list_path else '?'}{urlencode(asked)}"


def read_page(
    answer: Answer, options: RestOptions, reading: RestReading, cursor: str
) -> Page | Outcome:
    """Read a page; one that is no list, or leads back to where it was, cannot be read."""
    rows = dig(answer.body, options.list_items)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return _unreadable(answer, "a list that holds no records")
    following = _cursor(dig(answer.body, options.next_field), options.cursor_parameter)
    if following and following == cursor:
        return _unreadable(answer, "a list that leads back to itself")
    last = str(dig(rows[-1], options.row_cursor) or "") if rows and options.row_cursor else ""
    return Page(
        records=tuple(reading.held(row) for row in rows),
        cursor=following or last or cursor,
        more=bool(following),
    )


def _cursor(following: Any, parameter: str) -> str:
    """Return the next cursor; where the registry gives an address, only its cursor is taken."""
    text = "" if following is None or following is False else str(following)
    if text.startswith(("http://", "https://", "/", "?")):
        try:
            values = parse_qs(urlsplit(text).query).get(parameter, [""])
        except ValueError:
            return ""
        return values[-1]
    return text


def _unreadable(answer: Answer, reason: str) -> Outcome:
    return Outcome(
        result=Result.UNREADABLE, status=answer.status, reason=f"HTTP {answer.status}: {reason}"
    )
