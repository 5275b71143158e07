"""How a cycle's figure came about: its steps as codes and figures, and their replay.

As with a credit's basis, ``replay_progress`` reads the steps alone and reaches the figure, so
that a step that is missing or changed shows.
"""

from collections.abc import Sequence

from cec_plugin.domain.basis import Step
from cec_plugin.domain.progress import Credit, Progress
from cec_plugin.exceptions import CecError


def steps(one: Progress) -> tuple[Step, ...]:
    """Return how a cycle's figure came about, as codes and figures; the first says how many."""
    told: list[Step] = [
        {
            "step": "cycle",
            "from": one.cycle.starts_on.isoformat(),
            "until": one.cycle.ends_on.isoformat() if one.cycle.ends_on else "",
        }
    ]
    if one.carried_in:
        told.append({"step": "carried", "hundredths": one.carried_in})
    told += [_credit_step(credit) for credit in one.credits]
    told += [
        {
            "step": "trimmed",
            "entry": cut.entry,
            "maximum": cut.maximum,
            "hundredths": -cut.hundredths,
        }
        for cut in one.trimmed
    ]
    told[0]["steps"] = len(told)
    return tuple(told)


def _credit_step(credit: Credit) -> Step:
    step: Step = {"step": "credit", "entry": credit.entry, "hundredths": credit.hundredths}
    if credit.accepted_from:
        step["accepted_from"] = credit.accepted_from
    return step


def replay_progress(told: Sequence[Step]) -> int:
    """Return the hundredths that the steps come to: what counts, and what was carried in.

    Raises:
        CecError: a step is unknown or missing, or trims more than its credit.
    """
    if not told or told[0].get("step") != "cycle" or told[0].get("steps") != len(told):
        raise CecError("the steps of this progress are not whole")
    total = 0
    left: dict[object, int] = {}
    for step in told[1:]:
        match step:
            case {"step": "carried", "hundredths": int(hundredths)}:
                pass
            case {"step": "credit", "entry": entry, "hundredths": int(hundredths)}:
                left[entry] = hundredths
            case {"step": "trimmed", "entry": entry, "hundredths": int(hundredths)} if (
                left.get(entry, 0) + hundredths >= 0 > hundredths
            ):
                left[entry] += hundredths
            case _:
                raise CecError(f"a step of this progress cannot be read: {step!r}")
        total += hundredths
    return total
