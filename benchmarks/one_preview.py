"""Make one preview in a process of its own, whose memory is then that preview's and no other's.

``python -m benchmarks.one_preview DRAFT_ID`` previews the draft in the database that the
environment names, and prints what that took as JSON.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import django
from django.db import connection

from tests.memory import bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one preview took; the memory is how far the process rose above where it began."""

    preview_id: int
    seconds: float
    peak_bytes: int


def main(draft_id: int) -> Took:
    """Preview a draft.

    Raises:
        RuntimeError: what the process held at most, it held before the preview.
    """
    django.setup()
    from cec_plugin.services.rehearse import begin, rehearse  # noqa: PLC0415 - needs the apps

    connection.ensure_connection()
    now = datetime.now(UTC)
    held, highest_before = bytes_of("VmRSS"), bytes_of("VmHWM")
    began = time.perf_counter()
    preview = begin(draft_id, by="bench", now=now)
    rehearse(preview, now=now)
    seconds = time.perf_counter() - began
    highest = bytes_of("VmHWM")
    if highest <= highest_before:
        raise RuntimeError("the process held more before the preview than during it")
    return Took(preview_id=preview.pk, seconds=seconds, peak_bytes=highest - held)


if __name__ == "__main__":
    print(json.dumps(asdict(main(int(sys.argv[1])))))
