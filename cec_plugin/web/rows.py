"""What the page of credits shows, in words: a template only arranges it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from django.utils.translation import gettext as _

from cec_plugin import models
from cec_plugin.selectors.transcript import Credit, NotCredited, Shown, Total, Transcript
from cec_plugin.web.calls import NO_CLAIMS, Call, calls_for_numbers, calls_for_word
from cec_plugin.web.own_word import OwnWord
from cec_plugin.web.refusal_rows import (
    EstimateRow,
    RefusedRow,
    estimate_row,
    estimated,
    refused_rows,
)
from cec_plugin.web.standing_cards import Card
from cec_plugin.wording import refused, why, words

NO_WORDS: Mapping[int, OwnWord] = MappingProxyType({})
REVERSED = "reversed"
"""The code of the state that the row of a reversal shows: that it is one, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a total."""

    label: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalCard:
    """A total and the parts that it is the sum of."""

    organization: str
    credit_type: str
    figure: str
    unit: str
    amount: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRow:
    """A credit, or what waits to be one: that does not count.

    ``state`` is the code that picks the icon; ``also`` says more of the state.
    """

    id: str
    on: date
    day: str
    title: str
    role: str
    amount: str
    organization: str
    state: str
    state_words: str
    also: str
    taken_back: bool
    counts: bool
    why: tuple[str, ...]
    receipts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The credits of one year, newest first."""

    year: int
    rows: tuple[CreditRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All of it. ``pending`` says that a state may change by itself soon.

    ``given`` says that the learner's own word was given and is being worked out, and
    ``asks_elsewhere`` that it is asked for among ``refused_elsewhere``.
    """

    cards: tuple[Card, ...]
    totals: tuple[TotalCard, ...]
    calls: tuple[Call, ...]
    years: tuple[Year, ...]
    estimates: tuple[EstimateRow, ...]
    refused: tuple[RefusedRow, ...]
    refused_elsewhere: tuple[RefusedRow, ...]
    pending: bool
    given: bool = False
    asks_elsewhere: bool = False


def page(
    of: Transcript,
    cards: tuple[Card, ...] = (),
    own_words: Mapping[int, OwnWord] = NO_WORDS,
    claims: Mapping[int, models.Claim] = NO_CLAIMS,
) -> Page:
    """Put a transcript into words, beside the cards of certifications.

    ``own_words`` are what the learner is asked to say, by participation, ``claims`` the member
    numbers that they claimed last, by organization.
    """
    elsewhere = refused_rows((one for one in of.not_credited if one.elsewhere), own_words)
    return Page(
        cards=cards,
        totals=tuple(_total(one) for one in of.totals),
        calls=(*calls_for_numbers(of.credits, claims), *calls_for_word(own_words)),
        years=_years(of.credits, of.waiting),
        estimates=tuple(estimate_row(one) for one in of.estimates),
        refused=refused_rows((one for one in of.not_credited if not one.elsewhere), own_words),
        refused_elsewhere=elsewhere,
        pending=any(one.state is Shown.BEING_SENT for one in of.credits),
        given=any(word.given for word in own_words.values()),
        asks_elsewhere=any(row.word for row in elsewhere),
    )


EMPTY = Page(
    cards=(),
    totals=(),
    calls=(),
    years=(),
    estimates=(),
    refused=(),
    refused_elsewhere=(),
    pending=False,
)


def _total(one: Total) -> TotalCard:
    parts = (
        (_("Credited"), one.awarded),
        (_("Taken back"), one.taken_back),
        (_("Entered by an administrator"), one.adjusted),
    )
    return TotalCard(
        organization=one.organization,
        credit_type=words.credit_type(one.credit_type),
        figure=words.figure(one.hundredths),
        unit=words.unit_word(one.hundredths, one.unit),
        amount=words.amount(one.hundredths, one.unit),
        parts=tuple(
            Part(label=label, amount=words.amount(hundredths, one.unit))
            for label, hundredths in parts
            if hundredths
        ),
    )


def _years(credits_: Iterable[Credit], waiting: Iterable[NotCredited]) -> tuple[Year, ...]:
    by_year: dict[int, list[CreditRow]] = {}
    for row in sorted(
        (*map(_waiting, waiting), *map(_credit, credits_)), key=lambda row: row.on, reverse=True
    ):
        by_year.setdefault(row.on.year, []).append(row)
    return tuple(
        Year(year=year, rows=tuple(rows)) for year, rows in sorted(by_year.items(), reverse=True)
    )


def _credit(one: Credit) -> CreditRow:
    state, state_words, also = one.state.value, words.state(one.state), ""
    if one.hundredths < 0 and one.reversed_at:
        via = one.told.via if one.told else None
        state = REVERSED
        also = "" if one.state is Shown.RECORDED else state_words
        state_words = _("reversed: %(reason)s") % {"reason": words.reversal(one.reason, via)}
    elif one.reversed_at:
        also = _("taken back")
    return CreditRow(
        id=str(one.id),
        on=one.earned_on,
        day=words.day(one.earned_on),
        title=one.title or _("Correction or opening balance"),
        role=words.role(one.role) if one.role else "",
        amount=words.amount(one.hundredths, one.unit),
        organization=one.organization,
        state=state,
        state_words=state_words,
        also=also,
        taken_back=one.reversed_at is not None,
        counts=True,
        why=tuple(why.steps(one)),
        receipts=tuple(why.receipt(told, one) for told in one.receipts) or (why.no_receipt(),),
    )


def _waiting(one: NotCredited) -> CreditRow:
    state = Shown.WITH_ASSOCIATION
    return CreditRow(
        id=f"waits-{one.participation_id}-{one.organization_id}",
        on=one.earned_on,
        day=words.day(one.earned_on),
        title=one.title,
        role=words.role(one.role),
        amount=estimated(one),
        organization=one.organization,
        state=state.value,
        state_words=words.state(state),
        also=_("in no total yet"),
        taken_back=False,
        counts=False,
        why=tuple(refused.steps(one)),
        receipts=(),
    )
