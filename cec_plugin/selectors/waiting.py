"""What was heard and is not settled yet: for a moment, or while the workers are away."""

from cec_plugin import models


def awaits_settling(identity_key: str) -> bool:
    """Say whether something heard of this account is still to be settled."""
    return models.Notice.objects.filter(identity_key=identity_key, settled_at__isnull=True).exists()
