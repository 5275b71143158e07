"""What earned nothing, or nothing yet, as rows: each opens into its steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cec_plugin.selectors.transcript import NotCredited
from cec_plugin.web.own_word import OwnWord
from cec_plugin.wording import refused, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one organization gives nothing; ``source`` says which line of its table decided."""

    why: str
    source: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """Something finished without credit, and why, from each organization.

    ``word`` is what the learner is asked to say on it.
    """

    on: date
    day: str
    title: str
    role: str
    reasons: tuple[Reason, ...]
    word: OwnWord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRow:
    """What an organization that decides elsewhere would give, and how to ask it."""

    participation_id: int
    organization_id: int
    on: date
    day: str
    title: str
    role: str
    amount: str
    organization: str
    why: str
    steps: tuple[str, ...]


def refused_rows(
    refusals: Iterable[NotCredited], own_words: Mapping[int, OwnWord]
) -> tuple[RefusedRow, ...]:
    """Return a row for each thing finished, with the reason of each organization.

    ``own_words`` are by participation.
    """
    by_participation: dict[int, list[NotCredited]] = {}
    for one in refusals:
        by_participation.setdefault(one.participation_id, []).append(one)
    return tuple(
        RefusedRow(
            on=same[0].earned_on,
            day=words.day(same[0].earned_on),
            title=same[0].title,
            role=words.role(same[0].role),
            reasons=tuple(
                Reason(
                    why=refused.refusal(one),
                    source=refused.refusal_source(one),
                    steps=tuple(refused.steps(one)) if one.code else (),
                )
                for one in same
            ),
            word=own_words.get(same[0].participation_id),
        )
        for same in by_participation.values()
    )


def estimate_row(one: NotCredited) -> EstimateRow:
    """Return the row of an estimate."""
    return EstimateRow(
        participation_id=one.participation_id,
        organization_id=one.organization_id or 0,
        on=one.earned_on,
        day=words.day(one.earned_on),
        title=one.title,
        role=words.role(one.role),
        amount=estimated(one),
        organization=one.organization,
        why=refused.refusal(one),
        steps=tuple(refused.steps(one)),
    )


def estimated(one: NotCredited) -> str:
    """Write the figure that a decision would have come to."""
    return words.amount(int(one.details.get("hundredths", 0)), one.unit)
