"""Programs as the domain reads them."""

from collections import defaultdict
from collections.abc import Iterable

from cec_plugin import models
from cec_plugin.domain.programs import Course, Part, Program
from cec_plugin.domain.selectors import Selector


def programs(activity_ids: Iterable[int] | None = None) -> dict[int, Program]:
    """Return the programs by the id of their activity, all or these: two queries."""
    courses: dict[int, list[Course]] = defaultdict(list)
    for row in models.PartCourse.objects.order_by("id"):
        courses[row.part_id].append(
            Course(site=row.site, selector=Selector(row.selector), pattern=row.pattern)
        )
    rows = models.Program.objects.select_related("activity").prefetch_related("parts")
    if activity_ids is not None:
        rows = rows.filter(activity_id__in=list(activity_ids))
    return {
        row.activity_id: Program(
            code=row.activity.key,
            needed=row.needed,
            parts=tuple(
                Part(code=part.code, courses=tuple(courses[part.pk]))
                for part in sorted(row.parts.all(), key=lambda part: part.pk)
            ),
        )
        for row in rows.order_by("id")
    }


def exemptions(person_id: int) -> dict[int, frozenset[str]]:
    """Return the codes of the parts that a person is exempt from, by the program's activity."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = models.Exemption.objects.filter(person_id=person_id)
    for activity_id, code in rows.values_list("part__program__activity_id", "part__code"):
        found[activity_id].add(code)
    return {activity_id: frozenset(codes) for activity_id, codes in found.items()}
