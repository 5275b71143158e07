"""The plugin's settings, read once into a frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from cec_plugin.domain.delivery import Policy
from cec_plugin.domain.notices import Via
from cec_plugin.exceptions import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the site configured; each field is the setting ``CEC_`` plus its name in capitals."""

    site: str
    platform: str
    earned_by: Via
    counts: str
    hear_passing: bool
    secrets: Mapping[str, Mapping[str, str]]
    redis_url: str
    allow_http: bool
    lease_s: int
    policy: Policy
    compare_days: int
    base_template: str
    rest_authentication: tuple[str, ...]
    test_accounts: tuple[str, ...]


def _given(name: str) -> Any:
    return getattr(django_settings, f"CEC_{name}")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the site's settings.

    Raises:
        ConfigurationError: a setting is missing or has a value that means nothing.
    """
    try:
        return Settings(
            site=_given("SITE"),
            platform=_given("PLATFORM"),
            earned_by=Via(_given("EARNED_BY")),
            counts=_given("COUNTS"),
            hear_passing=_given("HEAR_PASSING"),
            secrets=_given("SECRETS"),
            redis_url=_given("REDIS_URL"),
            allow_http=_given("ALLOW_HTTP"),
            lease_s=_given("LEASE_S"),
            policy=Policy(**_given("POLICY")),
            compare_days=_given("COMPARE_DAYS"),
            base_template=_given("BASE_TEMPLATE"),
            rest_authentication=tuple(_given("REST_AUTHENTICATION")),
            test_accounts=tuple(_given("TEST_ACCOUNTS")),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(f"the settings of cec_plugin cannot be read: {error}") from error


def _forget(*, setting: str, **_: object) -> None:
    if setting.startswith("CEC_"):
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cec_plugin.conf")
