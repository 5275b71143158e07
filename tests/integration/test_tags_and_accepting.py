"""What a credit counts for: by its rule's tags, and for designations of several organizations."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cec_plugin import models
from cec_plugin.domain.packs import read_pack
from cec_plugin.domain.platform import CourseFacts
from cec_plugin.exceptions import FaultsError
from cec_plugin.selectors.progress import standings
from cec_plugin.services.designate import check
from cec_plugin.services.draft import draft_from
from cec_plugin.services.load_pack import load_pack
from tests import factories
from tests.factories import rule
from tests.integration.admin_visits import (
    errors_of,
    fields_of,
    page,
    submit,
    superuser,
    text_of,
)

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ETHICS = "course-v1:CPC+Ethics"
RUN = f"{ETHICS}+2026"
AGAIN = f"{ETHICS}+2027"
ON = date(2026, 12, 1)

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cpc() -> models.Organization:
    return factories.organization("cpc", "CPC", time_zone="America/Toronto")


@pytest.fixture
def guild() -> models.Organization:
    """Make an association that knows the competencies ethics and practice."""
    made = factories.organization("guild", "Guild", time_zone="America/Vancouver")
    for code in ("ethics", "practice"):
        made.tags.create(code=code, label=code)
    return made


def _designation(of: models.Organization, *accepts: models.Organization) -> models.Designation:
    made = models.Designation.objects.create(
        organization=of, code="d", name=f"{of} designation", target_hundredths=1000
    )
    made.accepts.set(accepts)
    made.requirements.create(kind="minimum", code="ethics", hundredths=500, tags=["ethics"])
    check(made.pk)
    return made


def _hold(designation: models.Designation) -> None:
    models.Holding.objects.create(
        person_id=factories.person_of("7"),
        designation=designation,
        conferred_on=date(2026, 1, 15),
    )


def _finish(*runs: str) -> None:
    for number, run in enumerate(runs):
        factories.finish("7", run, T0 + timedelta(days=number))
    courses = {run: CourseFacts(key=run, title=run, course=ETHICS) for run in (RUN, AGAIN)}
    factories.settle("7", platform=factories.SmallPlatform(courses=courses))


def _checks() -> dict[str, dict[str, int]]:
    """Return what there is of each thing asked for in the present cycle, by organization."""
    return {
        one.holding.designation.organization.code: {
            check.code: check.have for check in one.cycles[-1].checks
        }
        for one in standings(factories.person_of("7"), on=ON)
    }


def test_the_same_course_is_ten_hours_here_ten_with_tags_there_and_nothing_elsewhere(
    cpc: models.Organization, guild: models.Organization
) -> None:
    other = factories.organization("other", "Other")
    cpc.tags.create(code="ethics", label="Ethics")
    other.tags.create(code="ethics", label="Ethics")
    factories.table(cpc, [rule(ETHICS, "10", selector="course")])
    factories.table(guild, [rule(ETHICS, "10", selector="course", tags=["ethics"])])
    _finish(RUN)
    for body in (cpc, guild, other):
        _hold(_designation(body))
    assert _checks() == {
        "cpc": {"target": 1000, "ethics": 0},
        "guild": {"target": 1000, "ethics": 1000},
        "other": {"target": 0, "ethics": 0},
    }


def test_a_new_run_of_a_course_shows_its_rules_tags_and_an_activity_its_own(
    guild: models.Organization,
) -> None:
    factories.table(guild, [rule(ETHICS, "3", selector="course", tags=["ethics"]), rule("x", "1")])
    _finish(RUN, AGAIN, "x")
    guild.tags.get(code="ethics").activities.add(models.Activity.objects.get(key="x"))
    _hold(_designation(guild))
    assert _checks()["guild"] == {"target": 700, "ethics": 700}


def test_a_credit_shows_the_tags_of_the_version_it_was_given_under(
    guild: models.Organization,
) -> None:
    first = factories.table(guild, [rule(ETHICS, "3", selector="course")])
    _finish(RUN)
    _hold(_designation(guild))
    second = draft_from(first.pk)
    second.rules.update(tags=["ethics"])
    factories.activate(second.pk, by="tester", now=factories.NOW)
    _finish(RUN, AGAIN)
    assert _checks()["guild"] == {"target": 600, "ethics": 300}


def test_progress_costs_the_same_queries_however_many_rules_and_organizations(
    cpc: models.Organization, guild: models.Organization
) -> None:
    cpc.tags.create(code="ethics", label="Ethics")
    factories.table(cpc, [rule(f"c{n}", "1") for n in range(6)])
    factories.table(guild, [rule(f"c{n}", "1", tags=["ethics"]) for n in range(4)])
    _finish("c0")
    _hold(_designation(guild, cpc))
    with CaptureQueriesContext(connection) as few:
        _checks()
    _finish(*(f"c{n}" for n in range(6)))
    _hold(_designation(cpc, guild))
    with CaptureQueriesContext(connection) as many:
        _checks()
    assert len(few) == len(many) == 10  # nine, and one for the person
    assert _checks() == {
        "cpc": {"target": 600, "ethics": 0},
        "guild": {"target": 600, "ethics": 400},
    }


def test_a_designation_counts_what_it_accepts_once_its_own_organization_first(
    cpc: models.Organization, guild: models.Organization
) -> None:
    acme = factories.organization("acme", "Acme")
    cpc.tags.create(code="ethics", label="Ethics")
    factories.table(guild, [rule("own", "2")])
    factories.table(cpc, [rule("own", "9"), rule("both", "3", tags=["ethics"]), rule("one", "1")])
    factories.table(acme, [rule("both", "5")])
    _finish("own", "both", "one")
    _hold(_designation(guild, cpc, acme))
    # 2 of its own and not 9; 5 of acme, the first by its code, and not 3; 1 of cpc.
    assert _checks()["guild"] == {"target": 800, "ethics": 0}
    (standing,) = standings(factories.person_of("7"), on=ON)
    assert [one.accepted_from for one in standing.cycles[-1].credits] == ["", "acme", "cpc"]
    told = text_of(superuser().get(page("holding", models.Holding.objects.get().pk)))
    assert "accepted from acme" in told


def test_when_the_own_credit_is_taken_back_the_accepted_one_counts(
    cpc: models.Organization, guild: models.Organization
) -> None:
    factories.table(cpc, [rule("a", "9")])
    first = factories.table(guild, [rule("a", "2"), rule("b", "1")])
    _finish("a")
    _hold(_designation(guild, cpc))
    assert _checks()["guild"]["target"] == 200
    second = draft_from(first.pk)
    second.rules.filter(pattern="a").delete()
    factories.activate(second.pk, by="tester", now=factories.NOW)
    factories.mark_concerned(now=factories.NOW)
    factories.settle_everybody()
    assert _checks()["guild"]["target"] == 900


def test_an_accepted_credit_shows_the_tags_that_the_accepting_organization_knows(
    cpc: models.Organization, guild: models.Organization
) -> None:
    for code in ("ethics", "law"):
        cpc.tags.create(code=code, label=code)
    factories.table(cpc, [rule("a", "6", tags=["ethics", "law"]), rule("b", "4")])
    _finish("a", "b")
    hung = models.Activity.objects.get(key="b")
    cpc.tags.get(code="ethics").activities.add(hung)  # says nothing at the guild
    guild.tags.get(code="practice").activities.add(hung)
    _hold(_designation(guild, cpc))
    assert _checks()["guild"] == {"target": 1000, "ethics": 600}
    (standing,) = standings(factories.person_of("7"), on=ON)
    assert [one.tags for one in standing.cycles[-1].credits] == [
        {"cec", "ethics"},
        {"cec", "practice"},
    ]


def test_an_accepted_credit_falls_on_the_day_where_the_designations_organization_is(
    cpc: models.Organization, guild: models.Organization
) -> None:
    factories.table(cpc, [rule("a", "6")])
    # 15 January in Toronto, still the 14th in Vancouver: the last day of the first cycle.
    factories.finish("7", "a", datetime(2027, 1, 15, 6, 0, tzinfo=UTC))
    factories.settle("7")
    _hold(_designation(guild, cpc))
    (standing,) = standings(factories.person_of("7"), on=date(2027, 1, 15))
    assert [one.counted for one in standing.cycles] == [600, 0]


def test_an_organization_of_another_unit_is_not_accepted_and_nothing_is_saved(
    cpc: models.Organization, guild: models.Organization
) -> None:
    points = factories.organization("points", "Points", unit="points")
    answer = submit(
        superuser(),
        page("designation", None, "add"),
        organization=str(guild.pk),
        code="d",
        name="D",
        cycle="rolling",
        carry_over="all",
        accepts=[str(points.pk), str(cpc.pk), str(guild.pk)],
    )
    told = text_of(answer)
    assert "counts in points, not in hours" in told
    assert "there is no next cycle" in told
    assert not models.Designation.objects.exists()


def test_what_a_designation_accepts_is_chosen_on_its_page(
    cpc: models.Organization, guild: models.Organization
) -> None:
    made = _designation(guild)
    client = superuser()
    answer = submit(client, page("designation", made.pk), accepts=[str(cpc.pk)])
    assert not errors_of(answer)
    assert list(made.accepts.all()) == [cpc]
    assert "accepts" in fields_of(client, page("designation", made.pk))


def test_credit_types_of_an_accepted_organization_can_be_asked_for(
    cpc: models.Organization, guild: models.Organization
) -> None:
    made = _designation(guild)
    made.requirements.create(kind="minimum", code="core", hundredths=1, tags=["core"])
    with pytest.raises(FaultsError, match="nobody defines the tag 'core'"):
        check(made.pk)
    factories.table(cpc, [rule("a", "1", credit_type="core")], active=False)
    made.accepts.add(cpc)
    check(made.pk)


def test_the_unit_stays_while_credits_are_accepted_in_it(
    cpc: models.Organization, guild: models.Organization
) -> None:
    _designation(guild, cpc, guild)
    client = superuser()
    for body in (cpc, guild):
        told = errors_of(submit(client, page("organization", body.pk), unit="points"))
        assert "Guild designation" in told
        assert not errors_of(submit(client, page("organization", body.pk), name="Renamed"))
    models.Designation.objects.get().accepts.clear()
    assert not errors_of(submit(client, page("organization", cpc.pk), unit="points"))


PACK = """\
[organization]
code = "guild"
name = "Guild"
[table]
effective_from = 2026-01-01
[[rules]]
code = "x"
run = "x"
tags = ["ethics"]
[[tags]]
code = "ethics"
label = "Ethics"
[[designations]]
code = "d"
name = "D"
accepts = ["cpc", "acme", "guild"]
"""


def _load() -> Any:
    return load_pack(read_pack(PACK, name="guild"))


def test_a_pack_that_accepts_who_is_not_here_is_refused_with_every_one_of_them() -> None:
    factories.organization("acme", "Acme", unit="points")
    with pytest.raises(FaultsError) as refused:
        _load()
    assert refused.value.faults == (
        "designation 'd', accepts: 'acme' counts in points, not in hours",
        "designation 'd', accepts: there is no organization 'cpc' here yet: add it first",
    )
    assert not models.Tag.objects.exists()
    assert models.Organization.objects.count() == 1


def test_a_packs_tags_and_what_it_accepts_are_kept_and_a_second_time_changes_nothing(
    cpc: models.Organization,
) -> None:
    factories.organization("acme", "Acme")
    first = _load()
    assert first.schedule.rules.get().tags == ["ethics"]
    made = models.Designation.objects.get()
    assert sorted(made.accepts.values_list("code", flat=True)) == ["acme", "cpc", "guild"]
    made.accepts.remove(cpc)
    assert not _load().new
    assert made.accepts.count() == 2  # somebody has edited it since


def test_the_command_tells_why_a_pack_was_refused(tmp_path: Any) -> None:
    path = tmp_path / "guild.toml"
    path.write_text(PACK, encoding="utf-8")
    with pytest.raises(CommandError, match="there is no organization 'acme' here yet"):
        call_command("cec_load_pack", str(path))
