"""What professional bodies ask for, as designations; figures as they publish them."""

from datetime import date

from cec_plugin.domain.cycles import CycleKind, Cycles
from cec_plugin.domain.designations import CarryOver, Designation, Maximum, Minimum, Spread

CORE = tuple(f"core-{number}" for number in range(1, 5))
COMPETENCIES = tuple(f"competency-{number}" for number in range(1, 7))

BCCDA = Designation(
    code="ccdp-bc",
    cycles=Cycles(kind=CycleKind.ANNIVERSARY, grace_days=30),
    target=2500,
    tags=frozenset(CORE),
    spreads=(Spread(code="core", hundredths=1, needed=4, tags=CORE),),
)
"""25 a year from the anniversary, 30 days of grace, all four core competencies in each year."""

NSCDA = Designation(
    code="ccdp-ns",
    cycles=Cycles(kind=CycleKind.ANNIVERSARY, months=36),
    target=6000,
    tags=frozenset(COMPETENCIES),
    spreads=(Spread(code="spread", hundredths=1000, needed=4, tags=COMPETENCIES),),
)
"""60 in three years from the date conferred; at least 10 in each of at least 4 of 6."""

HRPA = Designation(
    code="chrp",
    cycles=Cycles(kind=CycleKind.ANNIVERSARY, months=36),
    target=6667,
    tags=frozenset({"instruction", "leadership"}),
    maxima=(
        Maximum(code="instruction", hundredths=4667, tags=frozenset({"instruction"})),
        Maximum(code="leadership", hundredths=4667, tags=frozenset({"leadership"})),
    ),
)
"""66.67 in three years; at most 46.67 each from instruction and from leadership."""

CPA = Designation(
    code="cpa",
    cycles=Cycles(kind=CycleKind.ROLLING, months=36),
    target=12000,
    tags=frozenset({"verifiable", "ethics"}),
    minima=(
        Minimum(code="each-year", hundredths=2000, each_months=12),
        Minimum(code="verifiable", hundredths=6000, tags=frozenset({"verifiable"})),
        Minimum(code="ethics", hundredths=400, tags=frozenset({"ethics"})),
    ),
)
"""120 in any three years, 20 in each of them, 60 verifiable, 4 of ethics."""

PMI = Designation(
    code="pmp",
    cycles=Cycles(kind=CycleKind.ANNIVERSARY, months=36),
    target=6000,
    carry_over=CarryOver.LAST_YEAR,
)
"""60 in three years; of a surplus only what the last year earned carries over."""

PARAMEDICS = Designation(
    code="acp",
    cycles=Cycles(kind=CycleKind.FIXED, months=24, anchor=date(2024, 9, 1)),
    target=12000,
    maxima=(Maximum(code="activity", hundredths=3000, per_activity=True),),
)
"""120 in two years, at most 30 an activity, no roll-over, a leave shrinks the target."""

SAGT = Designation(
    code="sagt",
    cycles=Cycles(kind=CycleKind.CALENDAR),
    target=1000,
    carry_over=CarryOver.DEFICIT,
)
"""10 a year; surplus or deficit carries over for one year."""

CCPA = Designation(code="ccc", cycles=Cycles(kind=CycleKind.ANNIVERSARY, months=36), target=3600)
"""36 in three years."""

M_LEVEL = Designation(code="mcrs", cycles=Cycles(kind=CycleKind.ANNIVERSARY), target=None)
"""CPC publishes no figure and no length."""

PLAR = Designation(code="plar", cycles=Cycles(kind=CycleKind.NONE), target=20000)
"""A target without a cycle; the figure is an example."""

BODIES = (BCCDA, NSCDA, HRPA, CPA, PMI, PARAMEDICS, SAGT, CCPA, M_LEVEL, PLAR)
