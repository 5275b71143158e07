"""Make the adapter of a registry from its row and the site's secrets."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from cec_plugin import models
from cec_plugin.adapters.http import Caller, is_https
from cec_plugin.adapters.rate import RateLimit
from cec_plugin.adapters.registries.auth import auth_from
from cec_plugin.adapters.registries.civicrm import CivicrmRegistry
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.adapters.registries.renewing import Renewing, RenewingCaller
from cec_plugin.adapters.registries.rest import RestRegistry
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.conf import get_settings
from cec_plugin.domain.ports import Registry
from cec_plugin.exceptions import ConfigurationError


def build(row: models.Registry) -> Registry:
    """Return the adapter of a registry.

    Raises:
        ConfigurationError: the row or its secret is not as it must be; says which field and why.
    """
    if row.adapter == models.Registry.Adapter.CIVICRM:
        return _civicrm(row)
    settings = get_settings()
    try:
        _check_address(row.base_url, allow_http=settings.allow_http)
        options = RestOptions.from_json(row.options)
        secret = _secret(settings.secrets, row.secret)
        auth = auth_from(
            row.auth,
            secret,
            header=options.header,
            token_url=row.base_url.rstrip("/") + options.token_path,
            timeout_s=row.timeout_s,
            signing=options.signed_how,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"registry {row.name!r}, {error}") from error
    caller = Caller(
        row.base_url,
        auth=auth,
        timeout_s=row.timeout_s,
        before=_limit(row.pk, row.calls_per_minute, settings.redis_url),
    )
    return RestRegistry(
        RenewingCaller(caller, auth if isinstance(auth, Renewing) else None),
        options,
        unsaid=tuple(secret.values()),
    )


def _civicrm(row: models.Registry) -> CivicrmRegistry:
    settings = get_settings()
    try:
        _check_address(row.base_url, allow_http=settings.allow_http)
        options = CivicrmOptions.from_json(row.options)
        secret = _secret(settings.secrets, row.secret)
        if row.auth != models.Registry.Auth.HEADER:
            raise ConfigurationError("authentication: CiviCRM takes an API key, in a header")
        auth = auth_from(
            row.auth,
            secret,
            header=options.header,
            token_url="",
            timeout_s=row.timeout_s,
            scheme="Bearer",
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"registry {row.name!r}, {error}") from error
    caller = Caller(
        row.base_url,
        auth=auth,
        timeout_s=row.timeout_s,
        before=_limit(row.pk, row.calls_per_minute, settings.redis_url),
        headers={"X-Requested-With": "XMLHttpRequest"},
    )
    return CivicrmRegistry(caller, options, unsaid=tuple(secret.values()))


@lru_cache(maxsize=256)
def _limit(registry_id: int, calls_per_minute: int, redis_url: str) -> RateLimit:
    # One for each process, so that it keeps to the rate from one run to the next.
    return RateLimit(str(registry_id), calls_per_minute=calls_per_minute, redis_url=redis_url)


def _secret(secrets: Mapping[str, Mapping[str, str]], name: str) -> Mapping[str, str]:
    if name not in secrets:
        raise ConfigurationError(f"secret: there is no {name!r} in the setting CEC_SECRETS")
    if not isinstance(secrets[name], Mapping):
        raise ConfigurationError(f"secret: {name!r} in the setting CEC_SECRETS must name its parts")
    return secrets[name]


def _check_address(url: str, *, allow_http: bool) -> None:
    # Never show it: somebody may have put a password into it.
    try:
        address = urlsplit(url)
        named = bool(address.hostname) and address.scheme in ("http", "https")
    except ValueError:
        named = False
    if not named:
        raise ConfigurationError("base address: it names no host to call")
    if address.username is not None or address.password is not None:
        raise ConfigurationError("base address: credentials belong in the setting CEC_SECRETS")
    if not is_https(url) and not allow_http:
        raise ConfigurationError("base address: it must begin with https")
