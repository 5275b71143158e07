"""The plugin's settings, read once into a frozen dataclass."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the site's settings.

    Raises:
        ConfigurationError: a setting is missing or has a value that means nothing.
    """
    try:
        return Settings(
            site=django_settings.CEC_SITE,
            platform=django_settings.CEC_PLATFORM,
            earned_by=Via(django_settings.CEC_EARNED_BY),
            counts=django_settings.CEC_COUNTS,
            hear_passing=django_settings.CEC_HEAR_PASSING,
            secrets=django_settings.CEC_SECRETS,
            redis_url=django_settings.CEC_REDIS_URL,
            allow_http=django_settings.CEC_ALLOW_HTTP,
            lease_s=django_settings.CEC_LEASE_S,
            policy=Policy(**django_settings.CEC_POLICY),
            compare_days=django_settings.CEC_COMPARE_DAYS,
            base_template=django_settings.CEC_BASE_TEMPLATE,
            rest_authentication=tuple(django_settings.CEC_REST_AUTHENTICATION),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(f"the settings of cec_plugin cannot be read: {error}") from error


def _forget(*, setting: str, **_: object) -> None:
    if setting.startswith("CEC_"):
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cec_plugin.conf")
