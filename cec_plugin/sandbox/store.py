"""The registry's own data: whoever reads and writes it does so here, in turn."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

from cec_plugin.sandbox.claims import Claim, ReversalClaim
from cec_plugin.sandbox.database import Database
from cec_plugin.sandbox.keeping import (
    PROPERLY,
    Keeping,
    Kept,
    Refusal,
    RefusalCode,
    Taken,
    let_arrive,
    take,
)
from cec_plugin.sandbox.records import Approval, Credit, Member, RegistryData, State
from cec_plugin.sandbox.rows import (
    CREDITS,
    NOW,
    REVERSALS,
    add_reversal,
    approve,
    credit_with,
    credits_under,
    put_member,
    reversed_by,
    to_credit,
    to_member,
    to_reversal,
)

TABLES = ("reversals", "changes", "credits", "members", "waiting", "sqlite_sequence")


class Store:
    """Members, credits and reversals. ``members`` are there from the start and after a reset.

    A ``moment`` is in seconds since 1970: what was there then is shown.
    """

    def __init__(
        self,
        path: str = ":memory:",
        members: Iterable[Member] = (),
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the data at ``path``, a file or ``:memory:``."""
        self.database = Database(path)
        self.clock = clock
        self._first_members = tuple(members)
        for member in self._first_members:
            self.put_member(member)

    def close(self) -> None:
        """Close the data."""
        self.database.close()

    def reset(self) -> None:
        """Forget everything but the first members; ids and cursors begin anew."""
        with self.database.writing() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - of our own list
            for member in self._first_members:
                put_member(connection, member)

    def put_member(self, member: Member) -> None:
        """Add a member, or replace the one with that number."""
        with self.database.writing() as connection:
            put_member(connection, member)

    def member(self, number: str) -> Member | None:
        """Find a member by the exact number."""
        with self.database.reading() as connection:
            row = connection.execute("SELECT * FROM members WHERE number = ?", [number]).fetchone()
        return to_member(row) if row else None

    def members(self) -> tuple[Member, ...]:
        """Return everybody, by number."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT * FROM members ORDER BY number").fetchall()
        return tuple(map(to_member, rows))

    def put_credits(
        self,
        claims: Sequence[Claim],
        keeping: Keeping = PROPERLY,
        *,
        spoiling: Collection[str] = (),
        later_s: float | None = None,
    ) -> list[Taken]:
        """Take credits, each on its own, or none where one is refused for a ``spoiling`` code."""
        now = self.clock()
        with self.database.writing() as connection:
            connection.execute("SAVEPOINT whole")
            taken = [take(connection, one, keeping, now=now, later_s=later_s) for one in claims]
            if any(isinstance(one, Refusal) and one.code in spoiling for one in taken):
                connection.execute("ROLLBACK TO whole")
            return taken

    def reverse_credit(self, reference: str, claim: ReversalClaim) -> Kept | Refusal:
        """Reverse a credit once; the same reversal reference again changes nothing."""
        with self.database.writing() as connection:
            stored = credits_under(connection, reference)
            if not stored:
                return Refusal(RefusalCode.CREDIT_NOT_FOUND)
            if len(stored) > 1:
                return Refusal(RefusalCode.SEVERAL, stored)
            (credit,) = stored
            if credit.reversal_reference == claim.reference:
                return Kept(credit)
            if credit.state is State.REVERSED:
                return Refusal(RefusalCode.ALREADY_REVERSED, stored)
            other = reversed_by(connection, claim.reference)
            if other:
                return Refusal(RefusalCode.CONFLICT, (other,))
            return Kept(add_reversal(connection, credit, claim, now=self.clock()))

    def decide(self, reference: str, *, approved: bool) -> tuple[Credit, ...]:
        """Approve or decline what stands under a reference, and return it."""
        approval = Approval.APPROVED if approved else Approval.DECLINED
        now = self.clock()
        with self.database.writing() as connection:
            stored = credits_under(connection, reference)
            return tuple(approve(connection, one, approval, now=now) for one in stored)

    def arrivals(self, *, all_of_them: bool = False) -> int:
        """Let what was promised for now appear, or all that was; return how many that were."""
        now = self.clock()
        due_by = NOW if all_of_them else now
        with self.database.reading() as connection:
            due = "SELECT 1 FROM waiting WHERE due_at <= ? LIMIT 1"
            if not connection.execute(due, [due_by]).fetchone():
                return 0
        with self.database.writing() as connection:
            return let_arrive(connection, due_by=due_by, now=now)

    def credits_under(self, reference: str, *, moment: float = NOW) -> tuple[Credit, ...]:
        """Find credits by the sender's reference."""
        with self.database.reading() as connection:
            return credits_under(connection, reference, moment=moment)

    def credit_by_id(self, credit_id: int, *, moment: float = NOW) -> Credit | None:
        """Find a credit by the registry's own id."""
        with self.database.reading() as connection:
            return credit_with(connection, credit_id, moment=moment)

    def credits_since(
        self, cursor: int, limit: int, *, reference: str | None = None, moment: float = NOW
    ) -> tuple[tuple[Credit, ...], bool]:
        """Return credits changed after ``cursor`` in that order, and whether there are more.

        ``reference`` leaves only those under it.
        """
        query, figures = f"{CREDITS} AND k.cursor > ?", [moment, cursor]
        wanted = [] if reference is None else [reference]
        if wanted:
            query += " AND c.reference = ?"
        with self.database.reading() as connection:
            rows = connection.execute(
                f"{query} ORDER BY k.cursor LIMIT ?", [*figures, *wanted, limit + 1]
            ).fetchall()
        return tuple(map(to_credit, rows[:limit])), len(rows) > limit

    def everything(self) -> RegistryData:
        """Return all rows of one moment, credits and reversals in the order in which they came."""
        with self.database.reading() as connection:
            members = connection.execute("SELECT * FROM members ORDER BY number").fetchall()
            credits_ = connection.execute(f"{CREDITS} ORDER BY c.id", [NOW]).fetchall()
            reversals = connection.execute(f"{REVERSALS} ORDER BY r.id").fetchall()
        return RegistryData(
            members=tuple(map(to_member, members)),
            credits=tuple(map(to_credit, credits_)),
            reversals=tuple(map(to_reversal, reversals)),
        )
