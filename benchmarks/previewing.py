"""Whether a preview takes more memory, or more time for each, the more participations there are.

The memory is the kernel's: by how much the resident set of a process that makes this one preview
rises, at its highest, above what it held just before. That is what a worker's limit is held
against. ``tracemalloc`` would be steadier, but it does not see what is not Python's, like the
result of a query as the driver takes it in, and it slows Python down so much that the time would
need previews of its own. What the interpreter and Django hold is left out, since the same large
summand on both sides would hide a growth.

Few and many each have a database of their own, and are previewed by turns.
"""

import json
import os
import subprocess
import sys

from django.db.models import Count

from benchmarks import crowd
from benchmarks.crowd import Crowd
from benchmarks.measure import ratio
from benchmarks.one_preview import Took
from benchmarks.report import Figure, Unit
from benchmarks.servers import ROOT
from cec_plugin import models
from tests import databases

FEW, MANY = 10_000, 100_000
ROUNDS = 3
MEMORY_LIMIT = 1.2
"""A float kept in a list for each participation, 32 bytes, misses it."""

TIME_LIMIT = 2
"""Wide, since the machine may be another from one preview to the next; the square would be 10."""


def measure() -> list[Figure]:
    """Preview the same draft over both crowds."""
    few, many = (crowd.build(f"crowd_{size}", participations=size) for size in (FEW, MANY))
    pairs = [(_preview(few), _preview(many)) for _ in range(ROUNDS)]
    name = f"preview {MANY:,} participations / {FEW:,}"
    return [
        Figure(
            name=f"{name}, peak memory",
            ratio=ratio(
                [of_many.peak_bytes for _, of_many in pairs],
                [of_few.peak_bytes for of_few, _ in pairs],
            ),
            unit=Unit.MEMORY,
            limit=MEMORY_LIMIT,
        ),
        Figure(
            name=f"{name}, time for each",
            ratio=ratio(
                [of_many.seconds / MANY for _, of_many in pairs],
                [of_few.seconds / FEW for of_few, _ in pairs],
            ),
            unit=Unit.TIME,
            limit=TIME_LIMIT,
        ),
    ]


def _preview(one: Crowd) -> Took:
    """Preview the crowd's draft in a process of its own, see that it is whole, and remove it."""
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_preview", str(one.draft_id)],
        cwd=ROOT,
        env={**os.environ, databases.NAME: one.database},
        stdout=subprocess.PIPE,
        check=True,
    )
    took = Took(**json.loads(said.stdout))
    with crowd.entered(one.database):
        preview = models.Preview.objects.get(pk=took.preview_id)
        _check(preview, one)
        preview.delete()
    return took


def _check(preview: models.Preview, of: Crowd) -> None:
    """See that everybody's participations were previewed.

    Raises:
        RuntimeError: some were not, or came to other figures than the draft gives.
    """
    there = models.Participation.objects.count()
    if (there, preview.made_at is None) != (of.participations, False):
        raise RuntimeError(f"of {of.participations} participations there are {there}")
    rows = preview.accounts.order_by().values_list("before_hundredths", "after_hundredths")
    found = {(before, after): count for before, after, count in rows.annotate(Count("id"))}
    if found != {(crowd.BEFORE_HUNDREDTHS, crowd.AFTER_HUNDREDTHS): of.people}:
        raise RuntimeError(f"of {of.people} accounts the preview says {found}")
