"""Loading a starter table: as a draft, as a whole or not at all, and a second time to no effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib import resources
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cec_plugin import models
from cec_plugin.domain.packs import read_pack
from cec_plugin.selectors.designations import designation
from cec_plugin.selectors.programs import programs
from cec_plugin.selectors.tables import rules_of, terms_of
from cec_plugin.services.activate import activate
from cec_plugin.services.draft import draft_from
from cec_plugin.services.load_pack import load_pack
from tests.factories import NOW
from tests.threads import together

PACK = """\
[organization]
code = "guild"
name = "Guild of Coaches"

[table]
title = "The Guild's hours"
effective_from = 2026-01-31
source = "https://guild.example/hours"

[[roles]]
code = "presenter"
label = "speaker"

[[rules]]
code = "ethics"
title = "Ethics"
course = "course-v1:G+Ethics"
hours = "10"
source = "https://guild.example/hours#ethics"

[[rules]]
code = "talks"
pattern = "webinar:*"

[[bonuses]]
role = "presenter"
rule = "talks"
hours = "2.5"
kind = "per_hour"
source = "https://guild.example/hours#talks"

[[bonuses]]
role = "presenter"
"""

pytestmark = pytest.mark.django_db


def _call(pack: str | Path) -> str:
    out = StringIO()
    call_command("cec_load_pack", str(pack), stdout=out)
    return out.getvalue()


def _refusal(pack: str | Path) -> str:
    with pytest.raises(CommandError) as refused:
        _call(pack)
    return str(refused.value)


def _written(folder: Path, text: str) -> Path:
    path = folder / "guild.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _rows() -> dict[str, list[tuple[object, ...]]]:
    """Return everything that a pack can leave behind."""
    kinds = (models.Organization, models.Role, models.Schedule, models.Rule, models.RoleBonus)
    return {kind.__name__: list(kind.objects.order_by("pk").values_list()) for kind in kinds}


@contextmanager
def _nothing_is_changed() -> Iterator[None]:
    before = _rows()
    yield
    assert _rows() == before


def test_cpcs_table_is_loaded_as_a_draft_with_the_published_figures_and_no_bonus_figures() -> None:
    said = _call("cpc")
    schedule = models.Schedule.objects.get(organization__code="cpc")
    assert said.splitlines() == [
        "Career Professionals of Canada v1 is loaded as a draft: look it through and activate it.",
        (
            "Listed with it: organization, role learner, role developer, role presenter, role "
            "facilitator, role volunteer, role overseer, program program:CPC+CDP, designation "
            "mcrs, designation mcis, designation mccs, designation mces, designation ccdp, "
            "designation plar."
        ),
        "Empty figures with a suggestion that you may adopt: 10.",
    ]
    assert (schedule.version, schedule.is_active) == (1, False)
    figures = dict(schedule.rules.values_list("code", "hundredths"))
    assert sorted(figures.values()) == [100, 1000, 4000, 4000, 4000, 4000, 4000, 5000, 20000]
    assert [figures[f"self-study-{code}"] for code in ("crs", "cis", "ces", "ccs")] == [4000] * 4
    bonuses = schedule.bonuses.values_list("role__code", "rule", "hundredths")
    assert sorted(bonuses) == [
        (role, None, None)
        for role in ("developer", "facilitator", "overseer", "presenter", "volunteer")
    ]
    assert not schedule.rules.filter(source="").exists()
    assert not schedule.bonuses.filter(source="").exists()


def test_cpcs_course_leader_is_called_so() -> None:
    _call("cpc")
    assert models.Role.objects.get(code="facilitator").label == "course leader"


def test_cpcs_table_can_be_activated_as_it_is() -> None:
    _call("cpc")
    assert activate(models.Schedule.objects.get().pk, by="tester", now=NOW).is_active


def test_loading_it_a_second_time_changes_nothing_and_says_so() -> None:
    _call("cpc")
    with _nothing_is_changed():
        said = _call("cpc")
    assert said.splitlines() == [
        "Career Professionals of Canada v1 has the same rules already: nothing was changed.",
        "Empty figures with a suggestion that you may adopt: 10.",
    ]


def test_loading_it_again_when_it_is_active_changes_nothing() -> None:
    _call("cpc")
    activate(models.Schedule.objects.get().pk, by="tester", now=NOW)
    with _nothing_is_changed():
        _call("cpc")


def test_everything_in_a_pack_is_kept(tmp_path: Path) -> None:
    _call(_written(tmp_path, PACK))
    guild = models.Organization.objects.get()
    assert (guild.code, guild.name, guild.time_zone) == ("guild", "Guild of Coaches", "UTC")
    schedule = guild.schedules.get()
    assert schedule.title == "The Guild's hours"
    assert schedule.effective_from == date(2026, 1, 31)
    assert schedule.source == "https://guild.example/hours"
    rules = schedule.rules.order_by("code")
    assert list(rules.values_list("code", "title", "selector", "pattern", "hundredths")) == [
        ("ethics", "Ethics", "course", "course-v1:G+Ethics", 1000),
        ("talks", "", "glob", "webinar:*", None),
    ]
    bonuses = schedule.bonuses.order_by("pk")
    assert list(bonuses.values_list("role__code", "rule__code", "kind", "hundredths")) == [
        ("presenter", "talks", "per_hour", 250),
        ("presenter", None, "flat", None),
    ]


def test_a_pack_with_another_figure_is_the_next_version_and_the_first_stays(
    tmp_path: Path,
) -> None:
    _call(_written(tmp_path, PACK))
    first = models.Schedule.objects.get()
    said = _call(_written(tmp_path, PACK.replace('"2.5"', '"3"')))
    assert "v2 is loaded as a draft" in said
    assert first.bonuses.filter(hundredths=250).exists()
    assert models.Organization.objects.count() == models.Role.objects.count() == 1


def test_what_an_administrator_named_otherwise_keeps_that_name(tmp_path: Path) -> None:
    models.Role.objects.create(code="presenter", label="lecturer")
    models.Organization.objects.create(code="guild", name="Our Guild")
    _call(_written(tmp_path, PACK))
    assert models.Role.objects.get().label == "lecturer"
    assert models.Organization.objects.get().name == "Our Guild"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "guild.toml"
    path.write_bytes(b"\xef\xbb\xbf" + PACK.replace("\n", "\r\n").encode())
    assert "v1 is loaded as a draft" in _call(path)


def test_every_fault_is_told_with_its_line_and_nothing_is_half_loaded(tmp_path: Path) -> None:
    text = PACK.replace('hours = "10"', "hours = 0.1").replace('rule = "talks"', 'rule = "gone"')
    text += '[[rules]]\ncode = "talks"\npattern = "webinar:*"\n'
    path = _written(tmp_path, text)
    with _nothing_is_changed():
        told = _refusal(path)
    head, *faults = told.splitlines()
    assert head == f"pack {str(path)!r} was refused:"
    assert [fault.split(":")[0] for fault in faults] == [
        "- line 18, rules hours",
        "- line 27, bonuses rule",
        "- line 35, rules code",
        "- line 36, rules pattern",
    ]


@pytest.mark.parametrize(
    ("said", "instead", "where"),
    [
        ('name = "Guild of Coaches"', f'name = "{"x" * 201}"', "organization, name"),
        ('code = "guild"', 'code = "guild"\ntime_zone = "Mars/Base"', "organization, time_zone"),
        ('code = "guild"', 'code = "guild"\nunit = "parsecs"', "organization, unit"),
        ('title = "The Guild\'s hours"', f'title = "{"x" * 201}"', "table, title"),
        ('label = "speaker"', f'label = "{"x" * 101}"', "role 'presenter', label"),
        ('title = "Ethics"', f'title = "{"x" * 201}"', "rule 'ethics', title"),
        ('title = "Ethics"', f'credit_type = "{"x" * 51}"', "rule 'ethics', credit_type"),
        ('"webinar:*"', f'"webinar:{"x" * 255}"', "rule 'talks', pattern"),
        ('#talks"', f'{"x" * 255}"', "bonus of 'presenter', source"),
    ],
)
def test_what_the_site_cannot_keep_is_refused_with_its_field_and_nothing_is_half_loaded(
    tmp_path: Path, said: str, instead: str, where: str
) -> None:
    path = _written(tmp_path, PACK.replace(said, instead, 1))
    with _nothing_is_changed():
        _, *faults = _refusal(path).splitlines()
    assert [fault.split(":")[0] for fault in faults] == [f"- {where}"]


def test_all_that_the_site_cannot_keep_is_told_at_once(tmp_path: Path) -> None:
    text = PACK.replace('"Ethics"', f'"{"x" * 201}"').replace('"speaker"', f'"{"y" * 101}"')
    _, *faults = _refusal(_written(tmp_path, text)).splitlines()
    assert len(faults) == 2


def test_a_load_that_breaks_off_halfway_leaves_nothing_behind() -> None:
    pack = read_pack(PACK, name="guild")
    with _nothing_is_changed(), pytest.raises(models.Role.DoesNotExist):
        load_pack(replace(pack, roles={}))  # the reader lets no such pack through


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", bytes(range(256)), b"\xff" * 64],
    ids=["a picture", "every byte", "no text"],
)
def test_binary_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.toml"
    path.write_bytes(content)
    with _nothing_is_changed():
        assert _refusal(path).startswith(f"there is no pack and no readable file {str(path)!r}")


@pytest.mark.parametrize("content", ["\x00\x01\x02", "= =", "[organization", "a = " + "[" * 9999])
def test_a_text_that_is_not_toml_is_refused(tmp_path: Path, content: str) -> None:
    path = _written(tmp_path, content)
    with _nothing_is_changed():
        told = _refusal(path)
    assert told.startswith(f"pack {str(path)!r} was refused:\n- it is not TOML: ")


@pytest.mark.parametrize("name", ["acme", "__init__", "../packs/cpc", "no such file.toml", "\x00"])
def test_a_name_that_is_no_pack_and_no_file_is_refused(name: str) -> None:
    assert _refusal(name).startswith(f"there is no pack and no readable file {name!r}")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path).startswith("there is no pack and no readable file")


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_who_load_the_same_pack_at_once_make_one_draft() -> None:
    pack = read_pack(PACK, name="guild")
    new: list[bool] = []
    together([lambda: new.append(load_pack(pack).new) for _ in range(4)])
    assert sorted(new) == [False, False, False, True]
    assert models.Schedule.objects.count() == 1


def test_a_whole_rule_book_is_loaded_and_a_second_time_changes_nothing() -> None:
    book = """\
[organization]
code = "guild"
name = "Guild"
unit = "points"
[table]
effective_from = 2026-01-01
units = 5
period_months = 36
period_from = 2026-02-28
[[roles]]
code = "presenter"
label = "speaker"
[[rules]]
code = "program"
run = "program:p"
hours = 10
minimum_grade = "66.5"
modes = ["verified"]
[[bonuses]]
role = "presenter"
kind = "multiple"
hours = 2
stacks = false
[[caps]]
code = "teaching"
roles = ["presenter"]
at_most = "46.67"
[[programs]]
key = "program:p"
title = "P"
[[parts]]
program = "program:p"
code = "a"
title = "A"
courses = ["course-v1:A+B"]
"""
    pack = read_pack(book, name="guild")
    first = load_pack(pack)
    assert first.new
    assert terms_of(first.schedule) == pack.terms
    rules, whole = rules_of(first.schedule.pk)
    assert rules == list(pack.rules)
    assert whole == {"presenter": pack.bonuses[0].bonus}
    listed = models.Program.objects.get()
    assert programs()[listed.activity_id] == pack.programs[0].program
    again = load_pack(pack)
    assert (again.new, again.schedule) == (False, first.schedule)
    assert models.ProgramPart.objects.count() == models.PartCourse.objects.count() == 1


@pytest.mark.parametrize("name", ["cpc", "bccda", "nscda"])
def test_a_shipped_pack_is_loaded_with_its_designations_twice_without_harm(name: str) -> None:
    said = StringIO()
    call_command("cec_load_pack", name, stdout=said)
    call_command("cec_load_pack", name, stdout=said)
    text = resources.files("cec_plugin.packs").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    pack = read_pack(text, name=name)
    rows = models.Designation.objects.order_by("pk")
    assert [designation(row, credit_types=frozenset({"cec"})) for row in rows] == [
        one.designation for one in pack.designations
    ]
    assert models.Schedule.objects.count() == 1
    assert models.Tag.objects.count() == len(pack.tags)
    assert "nothing was changed" in said.getvalue()


BOOK = """\
[organization]
code = "guild"
name = "Guild"
[table]
effective_from = 2026-01-01
[[roles]]
code = "presenter"
label = "speaker"
[[rules]]
code = "a"
run = "a"
hours = 1
[[rules]]
code = "b"
run = "b"
[[bonuses]]
role = "presenter"
hours = 1
[[bonuses]]
role = "presenter"
rule = "a"
[[caps]]
code = "teaching"
roles = ["presenter"]
per = "activity"
at_most = 30
source = "page 5"
[[tags]]
code = "core-1"
label = "Assessment"
[[programs]]
key = "program:p"
[[parts]]
program = "program:p"
code = "a"
courses = ["course-v1:A+B"]
[[designations]]
code = "d"
name = "D"
target = 25
[[requirements]]
designation = "d"
kind = "minimum"
code = "core"
figure = 5
tags = ["core-1"]
"""


def _changed(book: str, *changes: tuple[str, str]) -> str:
    for said, instead in changes:
        assert said in book
        book = book.replace(said, instead, 1)
    return book


CHANGED = _changed(
    BOOK,
    ("effective_from = 2026-01-01", "effective_from = 2026-02-01\nunits = 5"),
    ("hours = 1\n[[rules]]", 'hours = "2.5"\nrepeat = "once"\n[[rules]]'),
    ('code = "b"\nrun = "b"', 'code = "c"\nrun = "c"'),
    ('role = "presenter"\nhours = 1', 'role = "presenter"\nhours = 3\nkind = "multiple"'),
    ('rule = "a"\n', 'rule = "a"\nhours = 0\n'),
    ("at_most = 30", "at_most = 20"),
)
TABLE_DIFFERS = [
    "  table: in force from 2026-01-01 → 2026-02-01",
    "  terms: units 1 → 5",
    "  cap teaching: figure 30 → 20",
    "  rule a: figure 1 → 2.5; repeat always → once",
    "  rule a, bonus of presenter: figure none → 0",
    "  rule b: gone",
    "  bonus of presenter: kind flat → multiple; figure 1 → 3",
    "  rule c: new",
]


def test_a_pack_that_changed_shows_what_differs_from_the_table_in_force(tmp_path: Path) -> None:
    _call(_written(tmp_path, BOOK))
    activate(models.Schedule.objects.get().pk, by="tester", now=NOW)
    assert _call(_written(tmp_path, CHANGED)).splitlines() == [
        "Guild v2 is loaded as a draft: look it through and activate it.",
        "Against v1, which is active:",
        *TABLE_DIFFERS,
    ]


def test_it_is_shown_against_the_newest_draft_too_and_again_the_second_time(
    tmp_path: Path,
) -> None:
    _call(_written(tmp_path, BOOK))
    activate(models.Schedule.objects.get().pk, by="tester", now=NOW)
    _call(_written(tmp_path, CHANGED))
    other = _written(tmp_path, CHANGED.replace("at_most = 20", "at_most = 10"))
    shown = [
        "Against v1, which is active:",
        *TABLE_DIFFERS[:2],
        "  cap teaching: figure 30 → 10",
        *TABLE_DIFFERS[3:],
        "Against v2, the newest draft besides:",
        "  cap teaching: figure 20 → 10",
    ]
    assert _call(other).splitlines() == [
        "Guild v3 is loaded as a draft: look it through and activate it.",
        *shown,
    ]
    with _nothing_is_changed():
        assert _call(other).splitlines() == [
            "Guild v3 has the same rules already: nothing was changed.",
            *shown,
        ]


def test_a_pack_that_says_the_same_as_the_table_in_force_differs_from_a_later_draft(
    tmp_path: Path,
) -> None:
    _call(_written(tmp_path, BOOK))
    first = models.Schedule.objects.get()
    activate(first.pk, by="tester", now=NOW)
    draft_from(first.pk)
    assert _call(_written(tmp_path, BOOK)).splitlines() == [
        "Guild v2 has the same rules already: nothing was changed.",
        "Against v1, which is active: nothing differs.",
    ]
    models.Schedule.objects.get(version=2).rules.filter(code="a").update(hundredths=900)
    assert _call(_written(tmp_path, BOOK)).splitlines() == [
        "Guild v1 has the same rules already: nothing was changed.",
        "Against v2, the newest draft besides:",
        "  rule a: figure 9 → 1",
    ]


def test_what_the_site_has_otherwise_is_shown_and_kept(tmp_path: Path) -> None:
    _call(_written(tmp_path, BOOK))
    other = _changed(
        BOOK,
        ('name = "Guild"', 'name = "The Guild"\nunit = "points"'),
        ('label = "speaker"', 'label = "lecturer"'),
        ('label = "Assessment"', 'label = "Assessing"'),
        ('key = "program:p"', 'key = "program:p"\nneeded = 1'),
        ('courses = ["course-v1:A+B"]', 'courses = ["course-v1:A+B"]\nruns = ["x"]'),
        ("target = 25", "target = 30\nmonths = 24\ngrace_days = 30"),
        ("figure = 5", "figure = 10"),
    )
    other += """\
[[requirements]]
designation = "d"
kind = "minimum"
code = "each-year"
figure = 1
each_months = 12
[[designations]]
code = "e"
name = "E"
[[tags]]
code = "core-2"
label = "Ethics"
"""
    models.Designation.objects.get().requirements.create(
        kind="maximum", code="talks", hundredths=100
    )

    def listed() -> list[list[tuple[object, ...]]]:
        kinds = (models.Organization, models.Role, models.Program, models.PartCourse)
        mine = [list(kind.objects.order_by("pk").values_list()) for kind in kinds]
        return [
            *mine,
            list(models.Tag.objects.filter(code="core-1").values_list()),
            list(models.Designation.objects.filter(code="d").values_list()),
            list(models.Requirement.objects.order_by("pk").values_list()),
        ]

    before = listed()
    assert _call(_written(tmp_path, other)).splitlines() == [
        "Guild v1 has the same rules already: nothing was changed.",
        "Listed with it: tag core-2, designation e.",
        "Kept as they are here, though the pack says otherwise:",
        "  organization: name Guild → The Guild; unit hours → points",
        "  role presenter: label speaker → lecturer",
        "  tag core-1: label Assessment → Assessing",
        "  program program:p: needed none → 1",
        "  program program:p, part a: courses course course-v1:A+B → course course-v1:A+B, run x",
        "  designation d: months 12 → 24; grace days 0 → 30; target 25 → 30",
        "  designation d, requirement core: figure 5 → 10",
        "  designation d, requirement talks: only here",
        "  designation d, requirement each-year: only in the pack",
    ]
    assert listed() == before


def test_a_dry_run_shows_the_same_and_makes_nothing(tmp_path: Path) -> None:
    def dry(text: str) -> list[str]:
        out = StringIO()
        call_command("cec_load_pack", str(_written(tmp_path, text)), dry_run=True, stdout=out)
        return out.getvalue().splitlines()

    with _nothing_is_changed():
        assert dry(BOOK) == [
            "Guild v1 would be loaded as a draft: look it through and activate it.",
            (
                "Listed with it: organization, role presenter, tag core-1, program program:p, "
                "designation d."
            ),
            "Nothing was made: this was a dry run.",
        ]
    assert not models.Designation.objects.exists()
    assert not models.Program.objects.exists()
    _call(_written(tmp_path, BOOK))
    activate(models.Schedule.objects.get().pk, by="tester", now=NOW)
    with _nothing_is_changed():
        assert dry(CHANGED) == [
            "Guild v2 would be loaded as a draft: look it through and activate it.",
            "Against v1, which is active:",
            *TABLE_DIFFERS,
            "Nothing was made: this was a dry run.",
        ]
        assert dry(BOOK)[0] == "Guild v1 has the same rules already: nothing was changed."


def test_the_sources_of_figures_are_kept_with_them(tmp_path: Path) -> None:
    _call(_written(tmp_path, BOOK))
    assert models.Cap.objects.get().source == "page 5"


def test_suggestions_are_kept_beside_the_empty_figures() -> None:
    _call("cpc")
    bonus = models.RoleBonus.objects.get(role__code="presenter")
    assert (bonus.hundredths, bonus.suggested_hundredths, bonus.kind) == (None, 200, "multiple")
    assert bonus.suggested_because.startswith("ours, after Minnesota")
    target = models.Designation.objects.get(code="mcrs")
    assert (target.target_hundredths, target.suggested_hundredths) == (None, 2000)
    assert models.Designation.objects.get(code="plar").suggested_hundredths is None


def test_requirements_of_every_kind_are_listed_with_their_suggestions(tmp_path: Path) -> None:
    more = """\
[[requirements]]
designation = "d"
kind = "maximum"
code = "most"
per_activity = true
suggested = 10
suggested_because = "ours"
"""
    _call(_written(tmp_path, BOOK + more))
    row = models.Requirement.objects.get(code="most")
    assert (row.kind, row.hundredths, row.suggested_hundredths) == ("maximum", None, 1000)
    assert row.per_activity
    assert _call(_written(tmp_path, BOOK + more)).splitlines() == [
        "Guild v1 has the same rules already: nothing was changed.",
        "Empty figures with a suggestion that you may adopt: 1.",
    ]
