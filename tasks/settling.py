"""Settle people, away from the platform's own transaction."""

from datetime import UTC, datetime

from celery import shared_task

from cec_plugin.adapters.platform import get_platform
from cec_plugin.services.link_from_sso import link_from_sso
from cec_plugin.services.settle import settle_identities
from cec_plugin.services.sweep import settle_due


@shared_task(name="cec_plugin.settle", ignore_result=True)
def settle(identity_keys: list[str]) -> None:
    """Settle the people behind these accounts, named by digest, and link them by their sign-on."""
    platform, now = get_platform(), datetime.now(UTC)
    settle_identities(identity_keys, platform=platform, now=now)
    link_from_sso(platform=platform, now=now, identity_keys=identity_keys)


@shared_task(name="cec_plugin.resettle", ignore_result=True)
def resettle() -> None:
    """Settle whoever is due to be settled again."""
    settle_due(platform=get_platform(), now=datetime.now(UTC))
