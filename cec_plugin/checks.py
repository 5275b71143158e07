"""Django system checks: what would go wrong later, said at the start."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import connections

from cec_plugin.conf import get_settings
from cec_plugin.exceptions import ConfigurationError

SECRETS_HINT = 'For example {"cpc": {"key": "…"}}.'


@register()
def check_settings(app_configs: Any, **_: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Check that the settings can be read."""
    try:
        settings = get_settings()
    except ConfigurationError as error:
        return [Error(str(error), id="cec_plugin.E001")]
    faults: list[CheckMessage] = [*_secret_faults(settings.secrets)]
    if settings.counts not in ("at_once", "run_end"):
        faults.append(Error('CEC_COUNTS: it must be "at_once" or "run_end"', id="cec_plugin.E003"))
    if settings.allow_http and not django_settings.DEBUG:
        faults.append(
            Warning(
                "CEC_ALLOW_HTTP: registries may be called without encryption",
                hint="Leave it off. Where it must be on, name this in SILENCED_SYSTEM_CHECKS.",
                id="cec_plugin.W001",
            )
        )
    return faults


def _secret_faults(secrets: object) -> list[Error]:
    # No message repeats a value: what is written in the wrong place may be the secret itself.
    if not isinstance(secrets, Mapping):
        return [
            Error(
                "CEC_SECRETS: it must be a dictionary of secrets by name",
                hint=SECRETS_HINT,
                id="cec_plugin.E002",
            )
        ]
    return [
        Error(
            f"CEC_SECRETS: the secret {name!r} must be a dictionary of texts",
            hint=SECRETS_HINT,
            id="cec_plugin.E002",
        )
        for name, secret in secrets.items()
        if not isinstance(secret, Mapping)
        or not all(isinstance(part, str) for pair in secret.items() for part in pair)
    ]


@register(Tags.database)
def check_isolation(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse MySQL and MariaDB at any isolation but READ COMMITTED.

    At REPEATABLE READ an index is locked with its gaps, so that one person's settling can block
    another's, and what is read under a lock can be older than the lock.
    """
    faults: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if connection.vendor != "mysql":
            continue
        with connection.cursor() as cursor:
            # MariaDB knew it as tx_isolation alone until 11.1, MySQL forgot that name with 8.0.
            cursor.execute(
                "SHOW SESSION VARIABLES "
                "WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')"
            )
            level = cursor.fetchone()[1]
        if level.replace("-", " ").upper() != "READ COMMITTED":
            faults.append(
                Error(
                    f"database {alias!r}: its transaction isolation is {level}",
                    hint='Set OPTIONS["isolation_level"] to "read committed", Django\'s default.',
                    id="cec_plugin.E004",
                )
            )
    return faults
