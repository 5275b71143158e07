"""Starter tables: a pack is read whole, or refused with every fault, its line and its field."""

from datetime import date
from importlib import resources

import pytest

from cec_plugin.domain.conditions import Conditions, Repeat
from cec_plugin.domain.notices import Via
from cec_plugin.domain.pack_bonuses import PackBonus
from cec_plugin.domain.packs import Pack, read_pack
from cec_plugin.domain.periods import Period
from cec_plugin.domain.selectors import ActivityRef, Selector
from cec_plugin.domain.tables import Bonus, BonusKind, CreditTable, OfProgram, faults
from cec_plugin.domain.terms import AwardsTo, Cap, Decides, Measure, Per, Rounding, Terms
from cec_plugin.exceptions import FaultsError
from tests.unit.examples import flat, per_hour

HEAD = """\
[organization]
code = "acme"
name = " Acme Careers "
[table]
effective_from = 2026-01-31
"""
FULL = """\
[organization]
code = "acme"
name = "Acme Careers"
unit = "points"
time_zone = "America/Vancouver"

[table]
title = "Acme's points"
effective_from = 2026-01-31
source = "https://acme.example/points"

[[roles]]
code = "presenter"
label = "speaker"

[[rules]]
code = "run"
run = "course-v1:A+B+C"
hours = "0.5"
title = "One run"
credit_type = "ethics"
source = "page 3"

[[rules]]
code = "course"
course = "course-v1:A+B"
hours = 40

[[rules]]
code = "everything"
organization = "A"

[[rules]]
code = "webinars"
pattern = "webinar:*"
hours = "1"

[[bonuses]]
role = "presenter"
hours = "2"
kind = "per_hour"
source = "page 4"

[[bonuses]]
role = "presenter"
rule = "webinars"
"""
ONE_OF = "a rule names its activities by exactly one of run, course, organization, pattern"
AS_TEXT = "write it as a whole number or as text, such as '0.5'"


def _faults(text: str) -> list[str]:
    with pytest.raises(FaultsError) as refused:
        read_pack(text, name="acme")
    assert refused.value.subject == "pack 'acme'"
    assert all(fault in str(refused.value) for fault in refused.value.faults)
    return list(refused.value.faults)


def test_a_pack_is_read_whole() -> None:
    pack = read_pack(FULL, name="acme")
    assert pack.organization == {
        "code": "acme",
        "name": "Acme Careers",
        "unit": "points",
        "time_zone": "America/Vancouver",
    }
    assert (pack.title, pack.source) == ("Acme's points", "https://acme.example/points")
    assert pack.effective_from == date(2026, 1, 31)
    assert pack.roles == {"presenter": "speaker"}
    assert [(one.code, one.selector, one.pattern, one.hundredths) for one in pack.rules] == [
        ("run", Selector.RUN, "course-v1:A+B+C", 50),
        ("course", Selector.COURSE, "course-v1:A+B", 4000),
        ("everything", Selector.ORGANIZATION, "A", None),  # no figure is not zero
        ("webinars", Selector.GLOB, "webinar:*", 100),
    ]
    assert [one.credit_type for one in pack.rules] == ["ethics", "cec", "cec", "cec"]
    assert pack.rules[0].title == "One run"
    assert pack.sources == {"run": "page 3", "course": "", "everything": "", "webinars": ""}
    assert pack.bonuses == (
        PackBonus(role="presenter", rule="", bonus=per_hour(200), source="page 4"),
        PackBonus(role="presenter", rule="webinars", bonus=flat(None), source=""),
    )


def test_what_a_pack_leaves_out_has_a_plain_default() -> None:
    pack = read_pack(HEAD + '[[rules]]\ncode = "x"\nrun = " x "\n', name="acme")
    assert pack.organization == {
        "code": "acme",
        "name": "Acme Careers",
        "unit": "hours",
        "time_zone": "UTC",
    }
    assert (pack.title, pack.source, pack.roles, pack.bonuses) == ("", "", {}, ())
    assert pack.rules[0].pattern == "x"


def test_what_is_not_toml_is_refused_with_the_place() -> None:
    (fault,) = _faults("[organization\n")
    assert fault.startswith("it is not TOML: ")
    assert "line 1" in fault


def test_an_empty_pack_lacks_its_sections_and_their_fields() -> None:
    assert _faults("") == [
        "[organization]: the section [organization] is missing",
        "[table]: the section [table] is missing",
        "[rules]: the table has no rules",
        "[organization] code: a text is missing here",
        "[organization] name: a text is missing here",
        "[table] effective_from: a date is missing here, such as 2026-01-31",
    ]


def test_a_pack_without_rules_is_refused() -> None:
    assert _faults(HEAD) == ["[rules]: the table has no rules"]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("[extra]\n", "line 6, extra: there is no such section"),
        ("extra = 1\n", "line 6, table extra: there is no such field"),
        ("[rules]\ncode = 'x'\n", "line 6, rules: it must be written as [[rules]]"),
        ("[[roles]]\ncode = 'x'\n", "line 6, roles label: a text is missing here"),
        ("[[roles]]\ncode = 1\nlabel = 'x'\n", "line 7, roles code: a text is missing here"),
        (
            "[[roles]]\nlabel = 'x'\ncode = 'No Code'\n",
            "line 8, roles code: 'No Code' is no code: small letters, digits, - and _, at most 50",
        ),
        (
            "[[rules]]\ncode = 'x'\n",
            "line 7, rules code: " + ONE_OF,
        ),
        (
            "[[rules]]\ncode = 'x'\nrun = 'r'\n\ncourse = 'c'\n",
            "line 10, rules course: " + ONE_OF,
        ),
        ("[[rules]]\ncode = 'x'\nrun = ' '\n", "line 8, rules run: a text is missing here"),
        (
            "[[rules]]\ncode = 'x'\nrun = 'r'\nhours = 0.1\n",
            "line 9, rules hours: 0.1 is not a figure: " + AS_TEXT,
        ),
        (
            "[[rules]]\ncode = 'x'\nrun = 'r'\n[[rules]]\ncode = 'y'\nrun = 's'\nhours = '-1'\n",
            "line 12, rules hours: -1 is negative: credit is zero or more",
        ),
        (
            "[[bonuses]]\nrole = 'presenter'\n",
            "line 7, bonuses role: there is no role 'presenter' in [[roles]]",
        ),
        ("[[bonuses]]\nhours = 1\n", "line 6, bonuses role: a text is missing here"),
        (
            "[[roles]]\ncode = 'a'\nlabel = 'a'\n[[bonuses]]\nrole = 'a'\nrule = 'gone'\n",
            "line 11, bonuses rule: there is no rule 'gone' in [[rules]]",
        ),
        (
            "[[roles]]\ncode = 'a'\nlabel = 'a'\n[[bonuses]]\nrole = 'a'\nkind = 'daily'\n",
            "line 11, bonuses kind: it is one of flat, per_hour, multiple",
        ),
        (
            "[[roles]]\ncode = 'a'\nlabel = 'a'\n[[bonuses]]\nrole = 'a'\nhours = '1.234'\n",
            "line 11, bonuses hours: 1.234 has more than two decimals",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_its_field(more: str, fault: str) -> None:
    assert _faults(HEAD + more)[0] == fault


def test_a_fault_in_rows_written_inline_is_told_with_the_line_of_the_first() -> None:
    inline = (
        'rules = [{code = "x", run = "r", hours = "many"}, {code = "y", run = "s", title = 1}]\n'
    )
    assert _faults(inline + HEAD) == [
        "line 1, rules hours: 'many' is not a number",
        "[rules] title: it must be a text, between quotation marks",
    ]


def test_every_fault_is_told_not_just_the_first() -> None:
    text = FULL.replace('hours = "0.5"', "hours = true").replace('code = "acme"', 'code = ""')
    text = text.replace('kind = "per_hour"', 'kind = "daily"').replace('rule = "webinars"', "a = 1")
    told = _faults(text)
    assert [fault.split(":")[0] for fault in told] == [
        "line 19, rules hours",
        "line 46, bonuses a",
        "line 41, bonuses kind",
        "line 45, bonuses role",  # without its rule, it is a second bonus under every rule
        "line 2, organization code",
    ]


@pytest.mark.parametrize("effective_from", ["2026-01-31T00:00:00", "'2026-01-31'", "2026"])
def test_only_a_plain_date_says_from_when_a_table_is_in_force(effective_from: str) -> None:
    told = _faults(FULL.replace("2026-01-31", effective_from))
    assert told == ["line 9, table effective_from: a date is missing here, such as 2026-01-31"]


@pytest.mark.parametrize(
    ("again", "rule", "field"),
    [
        ('run = "course-v1:A+B+C"', "run", "run"),
        ('course = "course-v1:A+B"', "course", "course"),
        ('organization = "A"', "everything", "organization"),
        ('pattern = "course-v1:A+*+?"', "everything", "pattern"),
        ('pattern = "*webinar:"', "webinars", "pattern"),
    ],
)
def test_a_rule_that_ties_with_another_is_told_where_it_stands(
    again: str, rule: str, field: str
) -> None:
    (told,) = _faults(f'{FULL}[[rules]]\ncode = "again"\n{again}\n')
    assert told == (
        f"line 49, rules {field}: it ties with the rule {rule!r}: both are equally specific and "
        "can name the same activity; make one of them more specific"
    )


def test_rules_of_one_rank_that_name_different_activities_do_not_tie() -> None:
    more = '[[rules]]\ncode = "more"\npattern = "lecture:*"\n'
    assert len(read_pack(FULL + more, name="acme").rules) == 5


def test_two_rules_without_a_name_are_not_said_to_tie() -> None:
    nameless = '[[rules]]\ncode = "{}"\nrun = ""\n'
    told = _faults(FULL + nameless.format("x") + nameless.format("y"))
    assert told == [
        "line 49, rules run: a text is missing here",
        "line 52, rules run: a text is missing here",
    ]


@pytest.mark.parametrize(
    "again",
    [
        '[[rules]]\ncode = "run"\nrun = "other"\n',
        '[[roles]]\ncode = "presenter"\nlabel = "host"\n',
        '[[bonuses]]\nrole = "presenter"\nhours = "3"\n',
        '[[bonuses]]\nrole = "presenter"\nrule = "webinars"\nhours = "3"\n',
    ],
    ids=["rule", "role", "bonus of every rule", "bonus of one rule"],
)
def test_what_is_given_twice_is_a_fault(again: str) -> None:
    (told,) = _faults(FULL + again)
    assert told.startswith("line 4")
    assert told.endswith(": it is given twice")


@pytest.mark.parametrize(
    ("hours", "reason"),
    [
        ("0.5", "is not a figure"),
        ("nan", "is not a figure"),
        ("true", "is not a figure"),
        ("2026-01-31", "is not a figure"),
        ("-1", "is negative"),
        ('"-0.01"', "is negative"),
        ('"66.667"', "more than two decimals"),
        ('"1e-999999"', "more than two decimals"),
        ('"100000.01"', "is more than"),
        ('"1e999999"', "is more than"),
        ('"ten"', "is not a number"),
        ('""', "is not a number"),
    ],
)
def test_what_is_no_amount_of_credit_is_refused(hours: str, reason: str) -> None:
    (fault,) = _faults(FULL.replace('hours = "0.5"', f"hours = {hours}"))
    assert fault.startswith("line 19, rules hours: ")
    assert reason in fault


def _shipped(name: str) -> Pack:
    text = (resources.files("cec_plugin.packs") / f"{name}.toml").read_text(encoding="utf-8")
    return read_pack(text, name=name)


def test_the_table_that_is_shipped_has_no_faults_and_a_source_for_every_figure() -> None:
    pack = _shipped("cpc")
    assert faults(pack.rules) == []
    for one in pack.rules:
        assert one.hundredths is None or pack.sources[one.code].startswith("https://")
    for bonus in pack.bonuses:
        assert bonus.bonus.hundredths is None


def test_the_table_that_is_shipped_gives_exactly_what_is_published() -> None:
    pack = _shipped("cpc")
    assert {one.code: one.hundredths for one in pack.rules} == {
        "cdp-program": 20000,
        "five-week-course": 5000,
        "theory": 4000,
        "ethics": 1000,
        "self-study-crs": 4000,
        "self-study-cis": 4000,
        "self-study-ces": 4000,
        "self-study-ccs": 4000,
        "webinar": 100,
    }
    assert [one.bonus.hundredths for one in pack.bonuses] == [None] * 5
    assert all(pack.sources.values())
    assert all(one.source for one in pack.bonuses)


@pytest.mark.parametrize(
    ("key", "course", "hundredths"),
    [
        ("program:CPC+CDP", "", 20000),
        ("course-v1:CPC+5W-Interviews+2026", "course-v1:CPC+5W-Interviews", 5000),
        ("course-v1:CPC+Theory+2026", "course-v1:CPC+Theory", 4000),
        ("course-v1:CPC+Ethics+2026", "course-v1:CPC+Ethics", 1000),
        ("course-v1:CPC+WEB-12+2026", "course-v1:CPC+WEB-12", 100),
        ("course-v1:CPC+Other+2026", "course-v1:CPC+Other", None),
    ],
)
def test_the_table_that_is_shipped_gives_the_published_figures(
    key: str, course: str, hundredths: int | None
) -> None:
    table = CreditTable(_shipped("cpc").rules, {})
    found = table.rule_for(ActivityRef(key=key, course=course, organization="CPC"))
    assert (found.hundredths if found else None) == hundredths


TERMS = """\
decides = "estimate"
awards_to = "members"
units = 5
per_hours = 2
increment = "0.5"
rounding = "down"
smallest = 1
period_months = 36
period_from = 2026-02-28

[[roles]]
code = "presenter"
label = "speaker"

[[rules]]
code = "x"
run = "x"
modes = ["verified"]
minimum_grade = "66.5"
evidence = ["certificate", "entry"]
registered = true
related = true
counts_from = 2026-01-01
counts_until = 2026-12-31
repeat = "once_a_period"
approval = true
approved_as = "HR-17"
of_program = "additional"

[[bonuses]]
role = "presenter"
kind = "multiple"
hours = "2"
first_time_only = true
stacks = false

[[caps]]
code = "teaching"
roles = ["presenter"]
per = "activity"
at_most = "46.67"

[[programs]]
key = "program:p"
title = "P"
needed = 1

[[parts]]
program = "program:p"
code = "a"
title = "A"
courses = ["course-v1:A+B"]
runs = ["course-v1:A+C+1"]

[[parts]]
program = "program:p"
code = "b"
site = "moodle"
patterns = ["17:*"]
"""


def test_a_whole_rule_book_is_read() -> None:
    pack = read_pack(HEAD + TERMS, name="acme")
    assert pack.terms == Terms(
        decides=Decides.ESTIMATE,
        awards_to=AwardsTo.MEMBERS,
        measure=Measure(units=5, per_hours=2, increment=50, rounding=Rounding.DOWN, smallest=100),
        period=Period(months=36, anchor=date(2026, 2, 28)),
        caps=(
            Cap(
                code="teaching",
                roles=frozenset({"presenter"}),
                per=Per.ACTIVITY,
                hundredths=4667,
            ),
        ),
    )
    (one,) = pack.rules
    assert one.conditions == Conditions(
        modes=frozenset({"verified"}),
        minimum_grade=6650,
        evidence=frozenset({Via.CERTIFICATE, Via.ENTRY}),
        registered=True,
        related=True,
        counts_from=date(2026, 1, 1),
        counts_until=date(2026, 12, 31),
        repeat=Repeat.ONCE_A_PERIOD,
        approval=True,
    )
    assert (one.of_program, one.approved_as) == (OfProgram.ADDITIONAL, "HR-17")
    assert pack.bonuses[0].bonus == Bonus(
        kind=BonusKind.MULTIPLE, hundredths=200, first_time_only=True, stacks=False
    )
    (program,) = pack.programs
    assert (program.title, program.program.needed, program.titles) == (
        "P",
        1,
        {"a": "A", "b": ""},
    )
    assert [
        (course.site, course.selector, course.pattern)
        for part in program.program.parts
        for course in part.courses
    ] == [
        ("", Selector.COURSE, "course-v1:A+B"),
        ("", Selector.RUN, "course-v1:A+C+1"),
        ("moodle", Selector.GLOB, "17:*"),
    ]


def test_every_contradiction_of_a_rule_book_is_told_at_once_with_its_line() -> None:
    wrong = """\
units = "five"
per_hours = 0
period_months = 12
[[rules]]
code = "x"
run = "x"
evidence = ["hearsay"]
modes = "verified"
registered = "yes"
repeat = "once_a_period"
counts_from = 2026-02-01
counts_until = 2026-01-01
minimum_grade = "101"
[[caps]]
code = "c"
roles = ["juggler"]
per = "century"
[[programs]]
key = "p"
needed = 2
[[parts]]
program = "q"
code = "a"
"""
    assert _faults(HEAD + wrong) == [
        "line 8, table period_months: a period takes both period_months and period_from",
        "line 6, table units: it must be a whole number",
        "line 21, caps roles: there is no role 'juggler' in [[roles]]",
        "line 19, caps at_most: a figure is missing here",
        "line 22, caps per: it is one of activity, period",
        "line 12, rules evidence: it is one of certificate, passing, entry",
        'line 13, rules modes: it must be a list of texts, such as ["a", "b"]',
        "line 14, rules registered: it must be true or false",
        "line 4, table: unit: 1 for 0 hours is no ratio; both are 1 or more",
        "line 4, table: cap 'c': it is for each period, and the table has none",
        "line 10, rules code: minimum grade: 101 per cent is not between 0 and 100",
        (
            "line 10, rules code: counts from 2026-02-01 until 2026-01-01: the end lies before "
            "the beginning"
        ),
        "line 10, rules code: once a period: the table has no period",
        "line 27, parts program: there is no program 'q' in [[programs]]",
        "line 24, programs key: program 'p': it has no parts",
    ]


def test_cpcs_program_is_listed_by_its_courses() -> None:
    text = resources.files("cec_plugin.packs").joinpath("cpc.toml").read_text(encoding="utf-8")
    (cdp,) = read_pack(text, name="cpc").programs
    assert [part.code for part in cdp.program.parts] == [
        "ethics",
        "theory",
        "five-week-1",
        "five-week-2",
        "five-week-3",
    ]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (
            "cpc",
            [
                ("mcrs", "anniversary", 12, None),
                ("mcis", "anniversary", 12, None),
                ("mccs", "anniversary", 12, None),
                ("mces", "anniversary", 12, None),
                ("ccdp", "none", 12, None),
                ("plar", "none", 12, None),
            ],
        ),
        ("bccda", [("ccdp", "anniversary", 12, 2500)]),
        ("nscda", [("ccdp", "anniversary", 36, 6000)]),
    ],
)
def test_a_shipped_packs_designations_ask_for_what_is_published_and_no_more(
    name: str, asked: list[tuple[str, str, int, int | None]]
) -> None:
    text = resources.files("cec_plugin.packs").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    pack = read_pack(text, name=name)
    assert [
        (one.designation.code, one.designation.cycles.kind, one.designation.cycles.months,
         one.designation.target)
        for one in pack.designations
    ] == asked  # fmt: skip
    for one in pack.designations:
        assert one.source
        assert set(one.sources) == {part.code for part in one.designation.parts}
        assert all(one.sources.values())
    assert all(pack.sources.values())


def test_a_rules_tags_and_what_a_designation_accepts_are_read() -> None:
    book = """\
[[rules]]
code = "x"
run = "x"
tags = ["ethics", "practice"]
[[tags]]
code = "ethics"
label = "Ethics"
[[tags]]
code = "practice"
label = "Practice"
[[designations]]
code = "d"
name = "D"
accepts = ["cpc", "nscda"]
"""
    pack = read_pack(HEAD + book, name="acme")
    assert pack.rules[0].tags == {"ethics", "practice"}
    assert pack.designations[0].designation.accepts == {"cpc", "nscda"}


def test_a_rules_tag_that_the_pack_does_not_define_is_told_with_its_line() -> None:
    book = """\
[[rules]]
code = "x"
run = "x"
tags = ["practice", "art", "law"]
[[tags]]
code = "art"
label = "Art"
[[rules]]
code = "y"
run = "y"
tags = "art"
"""
    assert _faults(HEAD + book) == [
        'line 16, rules tags: it must be a list of texts, such as ["a", "b"]',
        "line 9, rules tags: there is no tag 'law' in [[tags]]",
        "line 9, rules tags: there is no tag 'practice' in [[tags]]",
    ]


def test_every_fault_of_a_designation_is_told_with_its_line() -> None:
    wrong = """\
[[rules]]
code = "x"
run = "x"
[[tags]]
code = "a"
label = "A"
[[tags]]
code = "a"
label = "A"
[[designations]]
code = "d"
name = "D"
cycle = "lunar"
months = 0
[[requirements]]
designation = "e"
kind = "maximum"
code = "m"
[[requirements]]
designation = "d"
kind = "wish"
code = "w"
[[requirements]]
designation = "d"
kind = "spread"
code = "s"
figure = 1
needed = 2
tags = ["a", "b"]
"""
    assert _faults(HEAD + wrong) == [
        "line 13, tags code: it is given twice",
        "line 21, requirements designation: there is no designation 'e' in [[designations]]",
        "line 20, requirements figure: a figure is missing here",
        "line 26, requirements kind: it is one of minimum, maximum, spread",
        "line 18, designations cycle: it is one of anniversary, calendar, fixed, rolling, none",
        "line 16, designations code: designation 'd', cycle: 0 months is not between 1 and 120",
        "line 16, designations code: designation 'd', 's': nobody defines the tag 'b'",
    ]


def test_designations_programs_and_parts_are_given_once() -> None:
    part = '[[parts]]\nprogram = "p"\ncode = "a"\nruns = ["r"]\n'
    twice = (
        '[[rules]]\ncode = "x"\nrun = "x"\n'
        + '[[designations]]\ncode = "d"\nname = "D"\n' * 2
        + '[[programs]]\nkey = "p"\n' * 2
        + part * 2
    )
    assert [fault for fault in _faults(HEAD + twice) if fault.endswith("it is given twice")] == [
        "line 13, designations code: it is given twice",
        "line 25, parts code: it is given twice",
        "line 18, programs key: it is given twice",
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('title = "a\\u0000b"', "line 6, table title"),
        ('[[rules]]\ncode = "a"\nrun = "a\\u0000b"', "line 8, rules run"),
        ('[[rules]]\ncode = "a"\nrun = "a"\nmodes = ["a\\u0000"]', "line 9, rules modes"),
    ],
)
def test_a_text_with_a_nul_in_it_is_a_fault(line: str, found: str) -> None:
    with pytest.raises(FaultsError) as refused:
        read_pack(HEAD + line + "\n", name="acme")
    assert f"{found}: it holds a NUL, which is no sign of a text" in refused.value.faults
