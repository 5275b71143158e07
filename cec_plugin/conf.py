"""The plugin's settings, read once into a frozen dataclass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from cec_plugin.domain.addresses import Allowed
from cec_plugin.domain.credits import parse_hundredths
from cec_plugin.domain.delivery import Policy
from cec_plugin.domain.notices import Via
from cec_plugin.domain.sso import NumberSource, number_source
from cec_plugin.exceptions import ConfigurationError, InvalidFigureError

TEAM_ROLES = ("instructor", "staff", "limited_staff")
"""The platform's roles in the team of one course run. Others are the office's, or the host's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the site configured; each field is the setting ``CEC_`` plus its name in capitals."""

    site: str
    platform: str
    earned_by: Via
    counts: str
    hear_passing: bool
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)
    redis_url: str = field(repr=False)
    allow_http: bool
    allow_addresses: Allowed
    lease_s: int
    policy: Policy
    compare_days: int
    reconcile_asks: int
    base_template: str
    rest_authentication: tuple[str, ...]
    test_accounts: tuple[str, ...]
    team_roles: Mapping[str, str]
    second_person_above: int | None
    sso_numbers: Mapping[str, NumberSource]


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
            allow_addresses=_addresses(_given("ALLOW_ADDRESSES")),
            lease_s=_given("LEASE_S"),
            policy=Policy(**_given("POLICY")),
            compare_days=_given("COMPARE_DAYS"),
            reconcile_asks=int(_given("RECONCILE_ASKS")),
            base_template=_given("BASE_TEMPLATE"),
            rest_authentication=tuple(_given("REST_AUTHENTICATION")),
            test_accounts=tuple(_given("TEST_ACCOUNTS")),
            team_roles=_team_roles(_given("TEAM_ROLES")),
            second_person_above=_figure(_given("SECOND_PERSON_ABOVE")),
            sso_numbers=_sources(_given("SSO_NUMBERS")),
        )
    except (AttributeError, TypeError, ValueError, InvalidFigureError) as error:
        raise ConfigurationError(f"the settings of cec_plugin cannot be read: {error}") from error


def _team_roles(given: Mapping[str, str]) -> Mapping[str, str]:
    for role in given:
        if role not in TEAM_ROLES:
            raise ValueError(
                f"CEC_TEAM_ROLES: {role!r} is no role in a course's team; those are "
                + ", ".join(TEAM_ROLES)
            )
    return dict(given)


def _sources(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, NumberSource]:
    found = {}
    for code, source in given.items():
        try:
            found[code] = number_source(source)
        except ValueError as error:
            raise ValueError(f"CEC_SSO_NUMBERS, {code!r}: {error}") from error
    return found


def _addresses(given: Iterable[str]) -> Allowed:
    try:
        return Allowed.from_texts(given)
    except ValueError as error:
        raise ValueError(f"CEC_ALLOW_ADDRESSES: {error}") from error


def _figure(given: str | int | None) -> int | None:
    return None if given is None else parse_hundredths(given)


def _forget(*, setting: str, **_: object) -> None:
    if setting.startswith("CEC_"):
        get_settings.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cec_plugin.conf")
