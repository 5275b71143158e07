"""Suggestions in packs: beside an empty figure, with a reason, never mixed up with a figure."""

import tomllib
from importlib import resources
from typing import Any

import pytest

from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import Designation, Maximum, Minimum, Spread, faults
from cec_plugin.domain.packs import SECTIONS, read_pack
from cec_plugin.domain.suggestions import Suggestion
from cec_plugin.exceptions import FaultsError

SHIPPED = sorted(
    one.name.removesuffix(".toml")
    for one in resources.files("cec_plugin.packs").iterdir()
    if one.name.endswith(".toml")
)
FIGURES = ("hours", "target", "figure", "at_most")

BOOK = """\
[organization]
code = "acme"
name = "Acme"
[table]
effective_from = 2026-01-31
[[roles]]
code = "presenter"
label = "speaker"
[[rules]]
code = "course"
run = "x"
suggested = "10"
suggested_because = "ours: a guess"
[[bonuses]]
role = "presenter"
kind = "multiple"
suggested = 2
suggested_because = "ours, after another body"
[[caps]]
code = "teaching"
per = "activity"
at_most = 30
source = "page 5"
[[designations]]
code = "d"
name = "D"
suggested = "20"
suggested_because = "ours: a year's worth"
[[requirements]]
designation = "d"
kind = "minimum"
code = "each"
suggested = "5"
suggested_because = "ours: a quarter"
[[requirements]]
designation = "d"
kind = "maximum"
code = "most"
suggested = "15"
suggested_because = "ours: three quarters"
[[requirements]]
designation = "d"
kind = "spread"
code = "wide"
needed = 1
tags = ["cec"]
suggested = "1"
suggested_because = "ours: an hour"
"""


def _text(name: str) -> str:
    return resources.files("cec_plugin.packs").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _rows(name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return every row of a shipped pack with its section."""
    content = tomllib.loads(_text(name))
    found = []
    for section in SECTIONS:
        rows = content.get(section, [])
        found += [(section, row) for row in (rows if isinstance(rows, list) else [rows])]
    return found


def test_a_suggestion_is_read_beside_its_empty_figure() -> None:
    pack = read_pack(BOOK, name="acme")
    assert pack.rules[0].hundredths is None
    assert pack.suggestions == {"course": Suggestion(hundredths=1000, because="ours: a guess")}
    (bonus,) = pack.bonuses
    assert bonus.bonus.hundredths is None
    assert bonus.suggestion == Suggestion(hundredths=200, because="ours, after another body")
    (one,) = pack.designations
    assert one.designation.target is None
    assert one.suggestion == Suggestion(hundredths=2000, because="ours: a year's worth")
    assert {code: suggested.hundredths for code, suggested in one.suggestions.items()} == {
        "each": 500,
        "most": 1500,
        "wide": 100,
    }
    assert [part.hundredths for part in one.designation.parts] == [None, None, None]
    assert pack.cap_sources == {"teaching": "page 5"}


@pytest.mark.parametrize(
    ("said", "instead", "fault"),
    [
        (
            'suggested = "10"',
            'suggested = "10"\nhours = 1',
            "line 12, rules suggested: there is a figure in hours: nothing to suggest",
        ),
        (
            "suggested = 2\n",
            "suggested = 2\nhours = 0\n",
            "line 17, bonuses suggested: there is a figure in hours: nothing to suggest",
        ),
        (
            'suggested = "20"',
            'suggested = "20"\ntarget = 1',
            "line 27, designations suggested: there is a figure in target: nothing to suggest",
        ),
        (
            'suggested = "5"',
            'suggested = "5"\nfigure = 1',
            "line 33, requirements suggested: there is a figure in figure: nothing to suggest",
        ),
        (
            'suggested_because = "ours: a guess"\n',
            "",
            "line 12, rules suggested: say in suggested_because where the suggestion comes from",
        ),
        (
            'suggested_because = "ours: an hour"',
            'suggested_because = " "',
            (
                "line 47, requirements suggested: say in suggested_because where the suggestion "
                "comes from"
            ),
        ),
        (
            "suggested = 2\n",
            "",
            "line 17, bonuses suggested_because: there is no figure in suggested",
        ),
        (
            'suggested = "20"',
            'suggested = "many"',
            "line 27, designations suggested: 'many' is not a number",
        ),
    ],
)
def test_a_suggestion_that_is_none_is_a_fault_with_its_line(
    said: str, instead: str, fault: str
) -> None:
    with pytest.raises(FaultsError) as refused:
        read_pack(BOOK.replace(said, instead, 1), name="acme")
    assert list(refused.value.faults) == [fault]


def test_a_maximum_without_a_figure_and_a_suggestion_still_lacks_one() -> None:
    text = BOOK.replace('suggested = "15"\nsuggested_because = "ours: three quarters"\n', "")
    with pytest.raises(FaultsError) as refused:
        read_pack(text, name="acme")
    assert refused.value.faults == ("line 35, requirements figure: a figure is missing here",)


def test_what_has_no_figure_contradicts_none() -> None:
    empty = Designation(
        code="d",
        cycles=Cycles(kind=CycleKind.ANNIVERSARY),
        target=6000,
        tags=frozenset({"a"}),
        minima=(Minimum(code="min", hundredths=1000),),
        maxima=(Maximum(code="max", hundredths=None),),
        spreads=(Spread(code="wide", hundredths=None, needed=1, tags=("a",)),),
    )
    assert faults(empty) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_every_figure_of_a_shipped_pack_has_a_source_and_every_suggestion_is_marked_as_ours(
    name: str,
) -> None:
    assert read_pack(_text(name), name=name).rules
    unsourced = [
        (section, row)
        for section, row in _rows(name)
        if any(key in row for key in FIGURES) and not str(row.get("source", "")).strip()
    ]
    assert unsourced == []
    for _, row in _rows(name):
        if "suggested" in row:
            assert row["suggested_because"].startswith("ours")


def test_the_shipped_packs_are_the_ones_we_know() -> None:
    assert SHIPPED == ["bccda", "cpc", "nscda"]


def test_cpcs_roles_are_suggested_figures_and_each_says_whose_rule_it_follows() -> None:
    bonuses = {one.role: one for one in read_pack(_text("cpc"), name="cpc").bonuses}
    assert {
        role: (one.bonus.kind, one.bonus.hundredths, getattr(one.suggestion, "hundredths", None))
        for role, one in bonuses.items()
    } == {
        "developer": ("per_hour", None, 100),
        "presenter": ("multiple", None, 200),
        "facilitator": ("per_hour", None, 200),
        "volunteer": ("per_hour", None, 100),
        "overseer": ("per_hour", None, 100),
    }  # fmt: skip
    assert bonuses["presenter"].bonus.first_time_only
    assert {
        role: body
        for role, one in bonuses.items()
        for body in ("Minnesota", "BC Housing", "AMA PRA")
        if one.suggestion and body in one.suggestion.because
    } == {
        "developer": "BC Housing",
        "presenter": "Minnesota",
        "facilitator": "AMA PRA",
        "volunteer": "BC Housing",
        "overseer": "BC Housing",
    }


def test_cpcs_designations_are_suggested_targets_apart_from_plar() -> None:
    asked = read_pack(_text("cpc"), name="cpc").designations
    assert all(one.designation.target is None for one in asked)
    assert {
        one.designation.code: one.suggestion and one.suggestion.hundredths for one in asked
    } == {"mcrs": 2000, "mcis": 2000, "mccs": 2000, "mces": 2000, "ccdp": 20000, "plar": None}


@pytest.mark.parametrize("name", ["bccda", "nscda"])
def test_other_associations_are_suggested_what_cpc_publishes_and_claimed_nothing(
    name: str,
) -> None:
    pack, cpc = read_pack(_text(name), name=name), read_pack(_text("cpc"), name="cpc")
    assert all(one.hundredths is None for one in pack.rules)
    assert {code: one.hundredths for code, one in pack.suggestions.items()} == {
        one.code: one.hundredths for one in cpc.rules
    }
    by_code = {one.code: (one.selector, one.pattern) for one in pack.rules}
    for one in cpc.rules:
        assert by_code[one.code] == (one.selector, one.pattern)
