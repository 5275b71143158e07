"""The ways in which an answer goes wrong between the registry and its client."""

from dataclasses import dataclass

from cec_plugin.sandbox.wire import Answer, Line

MEGABYTE = 1024 * 1024
FILLER = b'{"number":"0000000","name":"Nobody in particular","standing":"active"},'


@dataclass(frozen=True, slots=True)
class Hold:
    """Say nothing for ``seconds``, then close."""

    seconds: float
    word: str = "held in silence"
    silent: bool = True

    def deliver(self, line: Line, answer: Answer, *, keep: bool) -> bool:  # noqa: ARG002
        """Keep the client waiting; the answer is never sent."""
        line.hold(self.seconds)
        return False


@dataclass(frozen=True, slots=True)
class Reset:
    """Close without a byte."""

    word: str = "connection reset"
    silent: bool = True

    def deliver(self, line: Line, answer: Answer, *, keep: bool) -> bool:  # noqa: ARG002
        """Reset the connection; the answer is never sent."""
        line.abort()
        return False


@dataclass(frozen=True, slots=True)
class Half:
    """Promise the whole answer, send half of it and close."""

    word: str = "cut off half-way"
    silent: bool = False

    def deliver(self, line: Line, answer: Answer, *, keep: bool) -> bool:
        """Send the head and the first half of the body."""
        line.send(answer.head(keep=keep) + answer.payload[: len(answer.payload) // 2])
        return False


@dataclass(frozen=True, slots=True)
class Drip:
    """Send the head, then the body byte by byte."""

    pause_s: float
    word: str = "sent byte by byte"
    silent: bool = False

    def deliver(self, line: Line, answer: Answer, *, keep: bool) -> bool:
        """Send one byte after each pause, as long as somebody is there."""
        line.send(answer.head(keep=keep))
        for byte in answer.payload:
            if not line.hold(self.pause_s):
                return False
            line.send(bytes([byte]))
        return keep


@dataclass(frozen=True, slots=True)
class Flood:
    """Send records without telling how many: valid JSON of about ``megabytes``, no length."""

    megabytes: float
    word: str = "flooded"
    silent: bool = False

    def deliver(self, line: Line, answer: Answer, *, keep: bool) -> bool:  # noqa: ARG002
        """Stream the records; the end of the connection is the end of the body."""
        line.send(answer.head(keep=False, length=False) + b'{"items":[')
        block = FILLER * (64 * 1024 // len(FILLER))
        for _ in range(int(self.megabytes * MEGABYTE) // len(block) + 1):
            line.send(block)
        line.send(b"{}]}")
        return False
