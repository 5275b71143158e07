"""Digests that name a thing once and for all, whatever a database does with letter case."""

import hashlib

REFERENCE_LENGTH = 36
"""The longest reference every known registry can hold (the shortest field seen has 50)."""


def digest(*parts: str) -> str:
    """Return 64 hexadecimal characters that stand for exactly these parts in this order.

    Each part carries its length, so ("ab", "c") and ("a", "bc") differ.
    """
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hashed.update(b"%d:" % len(encoded))
        hashed.update(encoded)
    return hashed.hexdigest()


def identity_key(*, site: str, subject: str) -> str:
    """Name one account on one site."""
    return digest("identity", site, subject)


def activity_key(*, site: str, key: str) -> str:
    """Name one activity on one site."""
    return digest("activity", site, key)


def participation_key(*, site: str, subject: str, activity: str, role: str, occurrence: str) -> str:
    """Name a participation as its source named it, so that merging two people re-keys nothing."""
    return digest("participation", site, subject, activity, role, occurrence)


def natural_key(
    *,
    kind: str,
    organization: str,
    participation: str,
    credit_type: str,
    line: str,
    generation: int,
) -> str:
    """Name a ledger entry: the same line can be posted once for each generation."""
    return digest("entry", kind, organization, participation, credit_type, line, str(generation))


def reference(natural: str) -> str:
    """Return the reference under which a registry hears of the entry with this natural key."""
    return f"cec-{natural[:32]}"


def reference_anew(natural: str, *, errand: str, round_number: int) -> str:
    """Return the reference of an errand about an entry that is told anew, from round 1 on."""
    return f"cec-{digest('errand', natural, errand, str(round_number))[:32]}"
