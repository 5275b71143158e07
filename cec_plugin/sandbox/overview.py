"""What the page shows at a glance: members with their totals, and the newest credits."""

from collections import defaultdict
from dataclasses import dataclass

from cec_plugin.sandbox.database import Database
from cec_plugin.sandbox.records import Credit, Member
from cec_plugin.sandbox.rows import CREDITS, NOW, to_credit, to_member

MEMBERS_SHOWN = 100
CREDITS_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The sum of a member's active credits of one type and unit, in hundredths."""

    credit_type: str
    unit: str
    hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Members by number, each with the totals; credits from the newest change backwards."""

    members: tuple[tuple[Member, tuple[Total, ...]], ...]
    member_count: int
    credits: tuple[Credit, ...]
    credit_count: int


def overview(database: Database) -> Overview:
    """Read what the page shows, all of one moment."""
    with database.reading() as connection:
        members = connection.execute(
            "SELECT * FROM members ORDER BY number LIMIT ?", [MEMBERS_SHOWN]
        ).fetchall()
        sums = connection.execute(
            "SELECT c.member_number, c.credit_type, c.unit, SUM(c.hundredths) AS hundredths"
            " FROM credits c WHERE c.member_number IN"
            " (SELECT number FROM members ORDER BY number LIMIT ?)"
            " AND NOT EXISTS (SELECT 1 FROM reversals r WHERE r.credit_id = c.id)"
            " GROUP BY c.member_number, c.credit_type, c.unit",
            [MEMBERS_SHOWN],
        ).fetchall()
        newest = connection.execute(
            f"{CREDITS} ORDER BY k.cursor DESC LIMIT ?", [NOW, CREDITS_SHOWN]
        ).fetchall()
        (member_count,) = connection.execute("SELECT COUNT(*) FROM members").fetchone()
        (credit_count,) = connection.execute("SELECT COUNT(*) FROM credits").fetchone()
    totals: dict[str, list[Total]] = defaultdict(list)
    for row in sums:
        total = Total(
            credit_type=row["credit_type"], unit=row["unit"], hundredths=row["hundredths"]
        )
        totals[row["member_number"]].append(total)
    return Overview(
        members=tuple((to_member(row), tuple(totals[row["number"]])) for row in members),
        member_count=member_count,
        credits=tuple(map(to_credit, newest)),
        credit_count=credit_count,
    )
