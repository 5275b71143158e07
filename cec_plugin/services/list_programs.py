"""List a pack's programs, whatever is missing of them; what is listed is left as it is."""

from collections.abc import Iterable

from cec_plugin import models
from cec_plugin.conf import get_settings
from cec_plugin.domain.keys import activity_key
from cec_plugin.domain.pack_programs import PackProgram


def list_programs(programs: Iterable[PackProgram]) -> None:
    """List programs that are not listed yet. Runs in the transaction that loads the pack.

    A program that somebody has edited since keeps what they made of it.
    """
    site = get_settings().site
    for one in programs:
        key = one.program.code
        activity, _ = models.Activity.objects.get_or_create(
            key_digest=activity_key(site=site, key=key),
            defaults={
                "site": site,
                "key": key,
                "title": one.title,
                "type": models.Activity.Type.PROGRAM,
            },
        )
        listed, new = models.Program.objects.get_or_create(
            activity=activity, defaults={"needed": one.program.needed, "source": one.source}
        )
        for part in one.program.parts if new else ():
            row = models.ProgramPart.objects.create(
                program=listed, code=part.code, title=one.titles[part.code]
            )
            models.PartCourse.objects.bulk_create(
                models.PartCourse(
                    part=row,
                    site=course.site,
                    selector=course.selector.value,
                    pattern=course.pattern,
                )
                for course in part.courses
            )
