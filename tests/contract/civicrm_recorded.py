"""In what an answer deviates from what a CiviCRM was recorded to answer."""

import re
from dataclasses import replace

from tests.contract import recorded
from tests.contract.recorded import Recorded, Replied

FREE = {"id", "error_id", "hash", "created_date", "modified_date"}
"""What may differ in value, though not in type."""

ERROR_ID = re.compile(r"\(Error ID: [\w-]+\)")


def deviations(exchange: Recorded, replied: Replied) -> list[str]:
    """Say in what an answer deviates, of one that was cut off in as much as was written down."""
    if exchange.cut and isinstance(replied.body, dict):
        there = len(exchange.body["values"])
        replied = replace(replied, body={"values": replied.body.get("values", [])[:there]})
    return recorded.deviations(exchange, replied, free=FREE, sense=_sense)


def _sense(text: str) -> str:
    return ERROR_ID.sub("(Error ID)", text).strip()
