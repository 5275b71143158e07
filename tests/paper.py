"""A member registry kept in memory: a small one, that does what the contract says and no more."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.domain.ports import Capabilities, Health, Held, Known, Page, Posting, Retraction

EVERYTHING = Capabilities(lists=True)


@dataclass(slots=True, kw_only=True)
class PaperRegistry:
    """Records in the order in which they changed, the last at the end.

    ``before`` is called before each call with its name; an outcome that it returns is the
    call's. ``calls`` keeps the names.
    """

    capabilities: Capabilities = EVERYTHING
    records: list[Held] = field(default_factory=list)
    page: int = 2
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], Outcome | None] = lambda _: None

    def _called(self, name: str) -> Outcome | None:
        self.calls.append(name)
        return self.before(name)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        yield

    def health(self) -> Health:
        return Health(ok=True, caller="paper")

    def member(self, number: str) -> Known | Outcome | None:
        return self._called("member") or Known(number=number)

    def under(self, reference: str) -> list[Held]:
        """Return what stands under a reference, without calling."""
        return [one for one in self.records if one.reference == reference]

    def find(self, reference: str) -> Held | Outcome | None:
        if failed := self._called("find"):
            return failed
        found = self.under(reference)
        if len(found) > 1:
            return Outcome(result=Result.CONFLICT, reason="several under the reference")
        return found[0] if found else None

    def post(self, posting: Posting) -> Outcome:
        if failed := self._called("post"):
            return failed
        return Outcome(result=Result.DELIVERED, remote_id=self.add(posting).remote_id)

    def add(self, posting: Posting) -> Held:
        """Keep a credit, whatever is there already."""
        held = Held(
            remote_id=f"r-{len(self.records) + 1}",
            hundredths=posting.hundredths,
            reversed=False,
            member_number=posting.member_number,
            reference=posting.reference,
        )
        self.records.append(held)
        return held

    def post_many(self, postings: Sequence[Posting]) -> list[Outcome] | Outcome:
        return [self.post(one) for one in postings]

    def reverse(self, retraction: Retraction) -> Outcome:
        if failed := self._called("reverse"):
            return failed
        if not self.capabilities.reverses:
            return Outcome(result=Result.UNABLE, reason="it takes nothing back")
        for one in self.under(retraction.reference):
            self.change(one, reversed=True)
            return Outcome(result=Result.DELIVERED, remote_id=one.remote_id)
        return Outcome(result=Result.REFUSED, status=404, reason="no such credit")

    def change(self, record: Held, **what: object) -> Held:
        """Change a record, which is then the last to have changed."""
        self.records.remove(record)
        changed = replace(record, **what)  # type: ignore[arg-type]
        self.records.append(changed)
        return changed

    def changes(self, cursor: str) -> Page | Outcome:
        if failed := self._called("changes"):
            return failed
        begin = int(cursor or 0)
        end = begin + self.page
        return Page(
            records=tuple(self.records[begin:end]),
            cursor=str(end),
            more=end < len(self.records),
        )
