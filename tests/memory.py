"""How much memory this process has, as the kernel counts it."""

from pathlib import Path

STATUS = Path("/proc/self/status")


def bytes_of(name: str) -> int:
    """Read one of the kernel's figures of this process: VmRSS is now, VmHWM the most so far.

    Not ``ru_maxrss``: where the parent made us by ``vfork``, that is at least the parent's.

    Raises:
        RuntimeError: the kernel does not tell.
    """
    for line in STATUS.read_text(encoding="ascii").splitlines():
        label, _, figure = line.partition(":")
        if label == name:
            return int(figure.removesuffix("kB")) * 1024
    raise RuntimeError(f"{STATUS} does not tell {name}")
