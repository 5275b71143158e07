"""Every reason for giving nothing is a sentence with its figures, in English and in French."""

from dataclasses import replace
from datetime import date

import pytest
from django.utils.translation import override

from cec_plugin.domain.allocation import RefusalCode
from cec_plugin.selectors.refusals import NotCredited
from cec_plugin.selectors.roles import RoleName
from cec_plugin.wording.refused import refusal, steps

ONE = NotCredited(
    participation_id=1,
    title="Ethics",
    role=RoleName(code="presenter", label=""),
    organization="Guild",
    earned_on=date(2026, 5, 4),
    code=RefusalCode.NO_RULE,
    details={},
    elsewhere=False,
)
DAY = ("May 4, 2026", "4 mai 2026")
KEPT: dict[RefusalCode, tuple[dict[str, str], list[tuple[str, str]]]] = {
    RefusalCode.NO_TABLE: ({"on": "2026-05-04"}, [DAY]),
    RefusalCode.NO_RULE: ({"version": "2"}, []),
    RefusalCode.NO_FIGURE: ({"role": "presenter"}, [("presenter", "présentation")]),
    RefusalCode.ROLE_NOT_CREDITED: ({"role": "presenter"}, [("presenter", "présentation")]),
    RefusalCode.NO_HOURS: ({"role": "presenter"}, [("presenter", "présentation")]),
    RefusalCode.ZERO: ({}, [("0", "0")]),
    RefusalCode.RUN_NOT_ENDED: (
        {"until": "2026-06-01T12:00:00+00:00"},
        [("June 1, 2026", "1er juin 2026")],
    ),
    RefusalCode.MODE: (
        {"mode": "audit", "asked": "honor, verified"},
        [("“honor”, “verified”", "“honor”, “verified”"), ("audit", "audit")],
    ),
    RefusalCode.GRADE: (
        {"grade": "0.555", "minimum": "6000"},
        [("60 per cent", "60\u00a0%"), ("55.5 per cent", "55,5\u00a0%")],
    ),
    RefusalCode.EVIDENCE: (
        {"via": "entry", "asked": "certificate, passing"},
        [
            ("certificate issued, passing grade", "certificat délivré, note de passage"),
            ("entered by hand", "inscrit à la main"),
        ],
    ),
    RefusalCode.NOT_REGISTERED: ({"known": "True"}, [DAY]),
    RefusalCode.NEEDS_WORD: ({}, []),
    RefusalCode.OUTSIDE_DATES: (
        {"on": "2026-05-04", "begins": "2026-07-01", "ends": "2026-09-30"},
        [DAY, ("July 1, 2026", "1er juillet 2026"), ("Sept. 30, 2026", "30 septembre 2026")],
    ),
    RefusalCode.REPEATED: (
        {"repeat": "once_a_period"},
        [("once in each period", "une fois par période")],
    ),
    RefusalCode.NOT_STACKING: ({"role": "presenter"}, [("presenter", "présentation")]),
    RefusalCode.INCLUDED: (
        {"figure": "20000", "included": "20050"},
        [("200\u00a0hours", "200\u00a0heures"), ("200.5\u00a0hours", "200,5\u00a0heures")],
    ),
    RefusalCode.CAPPED: (
        {"cap": "teaching", "per": "period", "limit": "500", "used": "500"},
        [
            ("at most 5\u00a0hours in each period", "au plus 5\u00a0heures par période"),
            ("teaching", "teaching"),
            ("had 5\u00a0hours", "reçu 5\u00a0heures"),
        ],
    ),
    RefusalCode.NOT_MEMBER: (
        {"on": "2026-05-04", "hundredths": "750"},
        [DAY, ("7.5\u00a0hours", "7,5\u00a0heures")],
    ),
    RefusalCode.ESTIMATE: (
        {"hundredths": "750"},
        [("Not approved by Guild", "Non approuvé"), ("7.5\u00a0hours", "7,5\u00a0heures")],
    ),
    RefusalCode.AWAITS_APPROVAL: ({"hundredths": "750"}, [("7.5\u00a0hours", "7,5\u00a0heures")]),
    RefusalCode.DECLINED: ({"on": "2026-05-04"}, [DAY]),
    RefusalCode.ENTERED: ({"role": "presenter"}, [("presenter", "présentation")]),
    RefusalCode.BY_HAND: ({"on": "2026-05-04", "adjustment": "1"}, [DAY]),
}
VARIANTS = [
    (RefusalCode.MODE, {"mode": "", "asked": "verified"}),
    (RefusalCode.GRADE, {"grade": "", "minimum": "6000"}),
    (RefusalCode.EVIDENCE, {"via": "", "asked": "certificate"}),
    (RefusalCode.NOT_REGISTERED, {"known": "False"}),
    (RefusalCode.OUTSIDE_DATES, {"on": "2026-05-04", "begins": "2026-07-01", "ends": ""}),
    (RefusalCode.OUTSIDE_DATES, {"on": "2026-05-04", "begins": "", "ends": "2026-04-01"}),
    *((code, {}) for code in RefusalCode),
]


def _in(language: str, one: NotCredited) -> str:
    with override(language):
        return refusal(one)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_reason_names_its_figures_in_both_languages(code: RefusalCode) -> None:
    details, figures = KEPT[code]
    one = replace(ONE, code=code, details=details)
    english, french = _in("en", one), _in("fr", one)
    for in_english, in_french in figures:
        assert in_english in english
        assert in_french in french
    for said in (english, french):
        assert said.strip()
        assert "%" not in said.replace("\u00a0%", "")
        assert "…" not in said
    assert english != french


@pytest.mark.parametrize(("code", "details"), VARIANTS)
def test_what_a_decision_did_not_keep_breaks_no_sentence(
    code: RefusalCode, details: dict[str, str]
) -> None:
    for who in ("learner", "presenter"):
        role = RoleName(code=who, label="")
        one = replace(ONE, code=code, details=details, role=role)
        english, french = _in("en", one), _in("fr", one)
        assert english
        assert english != french
        assert "%(" not in english + french


def test_a_reason_opens_into_its_steps_even_where_no_rule_spoke() -> None:
    one = replace(ONE, details={"version": "2"}, earned_from="source")
    with override("en"):
        assert list(steps(one)) == [
            "Finished on May 4, 2026 (the date given with it).",
            "Credit table version 2.",
            "The credit table of Guild does not name this activity.",
        ]
