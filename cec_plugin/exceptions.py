"""The broken promises of this package; an expected outcome is a value, not an exception."""


class CecError(Exception):
    """A promise of this package was broken; the message names what is wrong and what to do."""


class ConfigurationError(CecError):
    """A setting, a registry or a secret is missing or contradicts itself."""


class InvalidFigureError(CecError):
    """A figure is not an amount of credit: negative, over-precise or no number at all."""


class AppendOnlyError(CecError):
    """Somebody tried to change or delete what is written once."""


class FaultsError(CecError):
    """A rule book was refused as a whole; ``faults`` lists everything that is wrong with it."""

    def __init__(self, subject: str, faults: "tuple[str, ...] | list[str]") -> None:
        """Name the ``subject`` that was refused and every fault found in it."""
        self.subject = subject
        self.faults = tuple(faults)
        super().__init__(f"{subject} was refused:\n" + "\n".join(f"- {f}" for f in self.faults))


class LockedVersionError(CecError):
    """An active credit table is never edited; a new draft takes its place."""
