"""What two rule books say differently: which line, which field, which figure before and after."""

from datetime import date

from cec_plugin.domain.conditions import Conditions, Repeat
from cec_plugin.domain.differences import Change, Difference, Kind, differing, line
from cec_plugin.domain.notices import Via
from cec_plugin.domain.periods import Period
from cec_plugin.domain.selectors import Selector
from cec_plugin.domain.tables import Rule
from cec_plugin.domain.terms import Measure, Terms


def test_a_line_is_new_gone_or_changed_with_its_figures() -> None:
    before = {"a": {"figure": "1"}, "b": {"figure": "2"}, "same": {"figure": "3"}}
    after = {"a": {"figure": "1.5"}, "same": {"figure": "3"}, "c": {"figure": "4"}}
    assert differing(before, after) == [
        Difference(
            what="a",
            kind=Kind.CHANGED,
            changes=(Change(field="figure", before="1", after="1.5"),),
        ),
        Difference(what="b", kind=Kind.GONE),
        Difference(what="c", kind=Kind.NEW),
    ]


def test_equal_books_do_not_differ() -> None:
    assert differing({"a": {"x": "1"}}, {"a": {"x": "1"}}) == []


def test_a_rule_is_spelled_out_with_its_conditions() -> None:
    rule = Rule(
        code="x",
        selector=Selector.RUN,
        pattern="p",
        credit_type="cec",
        hundredths=6667,
        conditions=Conditions(
            modes=frozenset({"verified", "honor"}),
            minimum_grade=6650,
            evidence=frozenset({Via.CERTIFICATE}),
            registered=True,
            counts_from=date(2026, 1, 1),
            repeat=Repeat.ONCE,
        ),
    )
    assert line(rule, without=frozenset({"code", "bonuses"})) == {
        "selector": "run",
        "pattern": "p",
        "credit type": "cec",
        "figure": "66.67",
        "title": "none",
        "modes": "honor, verified",
        "minimum grade": "66.5",
        "evidence": "certificate",
        "registered": "yes",
        "related": "no",
        "counts from": "2026-01-01",
        "counts until": "none",
        "repeat": "once",
        "approval": "no",
        "of program": "inclusive",
        "approved as": "none",
        "tags": "none",
    }


def test_what_holds_nothing_and_then_something_differs_by_its_parts() -> None:
    without = frozenset({"caps"})
    plain = line(Terms(measure=Measure(units=5)), without=without)
    told = line(
        Terms(period=Period(months=36, anchor=date(2026, 2, 28)), measure=Measure(increment=50)),
        without=without,
    )
    (one,) = differing({"terms": plain}, {"terms": told})
    assert one.changes == (
        Change(field="units", before="5", after="1"),
        Change(field="increment", before="0.01", after="0.5"),
        Change(field="months", before="none", after="36"),
        Change(field="begins on", before="none", after="2026-02-28"),
    )
