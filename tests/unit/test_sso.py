"""The number in what a single sign-on says."""

import re
from typing import Any

import pytest

from cec_plugin.domain.sso import NumberSource, number_source


def _source(pattern: str | None = None) -> NumberSource:
    return NumberSource(
        provider="tpa-saml", field="uid", pattern=re.compile(pattern) if pattern else None
    )


@pytest.mark.parametrize(
    ("pattern", "text", "number"),
    [
        (None, " M-1 ", "M-1"),
        (None, "", ""),
        (None, "9" * 101, ""),
        (None, "M\n1", ""),
        ("cpc-idp:(.+)", "cpc-idp:4711", "4711"),
        ("cpc-idp:(.+)", "other-idp:4711", ""),
        ("cpc-idp:(.+)", "not-cpc-idp:4711", ""),
        (r"(\d+)@.*", "4711@cpc.example", "4711"),
        (r"(\d+)?x", "x", ""),
    ],
)
def test_the_number_is_what_the_group_of_the_whole_pattern_holds(
    pattern: str | None, text: str, number: str
) -> None:
    assert _source(pattern).number(text) == number


def test_a_source_is_read_out_of_a_setting() -> None:
    source = number_source({"provider": "tpa-saml", "field": "uid", "pattern": "x:(.+)"})
    assert (source.provider, source.field) == ("tpa-saml", "uid")
    assert source.number("x:1") == "1"
    assert number_source({"provider": "p", "field": "member"}).pattern is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "provider and field are needed"),
        ({"provider": "p"}, "provider and field are needed"),
        ({"provider": "p", "field": 7}, "every part is a text"),
        ({"provider": "p", "field": "uid", "regex": "x"}, "unknown: regex"),
        ({"provider": "p", "field": "uid", "pattern": "x"}, "one group"),
        ({"provider": "p", "field": "uid", "pattern": "(x)(y)"}, "one group"),
        ({"provider": "p", "field": "uid", "pattern": "("}, "pattern: "),
    ],
)
def test_a_setting_that_says_no_source_is_refused(given: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        number_source(given)
