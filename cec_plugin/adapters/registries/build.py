"""Make the adapter of a registry from its row and the site's secrets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from requests.auth import AuthBase

from cec_plugin import models
from cec_plugin.adapters.http import Caller, is_https
from cec_plugin.adapters.rate import RateLimit
from cec_plugin.adapters.registries.auth import auth_from
from cec_plugin.adapters.registries.civicrm import CivicrmRegistry
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.adapters.registries.renewing import Renewing, RenewingCaller
from cec_plugin.adapters.registries.rest import RestRegistry
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.adapters.registries.roster import RosterRegistry
from cec_plugin.adapters.registries.roster_options import RosterOptions
from cec_plugin.adapters.registries.xapi import VERSION_HEADER, XapiRegistry
from cec_plugin.adapters.registries.xapi_options import XapiOptions
from cec_plugin.conf import get_settings
from cec_plugin.domain.allocation import local_date
from cec_plugin.domain.ports import Registry
from cec_plugin.exceptions import ConfigurationError


def build(row: models.Registry) -> Registry:
    """Return the adapter of a registry.

    Raises:
        ConfigurationError: the row or its secret is not as it must be; says which field and why.
    """
    try:
        if row.adapter == models.Registry.Adapter.ROSTER:
            return _roster(row)
        _check_address(row.base_url, allow_http=get_settings().allow_http)
        return _adapter(_Door(row))
    except ConfigurationError as error:
        raise ConfigurationError(f"registry {row.name!r}, {error}") from error


def _adapter(door: "_Door") -> Registry:
    match door.row.adapter:
        case models.Registry.Adapter.CIVICRM:
            return _civicrm(door)
        case models.Registry.Adapter.XAPI:
            return _xapi(door)
        case _:
            return _rest(door)


def _rest(door: "_Door") -> RestRegistry:
    options = RestOptions.from_json(door.row.options)
    auth = auth_from(
        door.row.auth,
        door.secret,
        header=options.header,
        token_url=door.under(options.token_path),
        timeout_s=door.row.timeout_s,
        signing=options.signed_how,
        scheme=options.scheme,
    )
    return RestRegistry(
        door.caller(auth),
        options,
        anonymous=door.plain_caller(None),
        user=door.user,
        unsaid=door.unsaid,
    )


def _civicrm(door: "_Door") -> CivicrmRegistry:
    options = CivicrmOptions.from_json(door.row.options)
    if door.row.auth != models.Registry.Auth.HEADER:
        raise ConfigurationError("authentication: CiviCRM takes an API key, in a header")
    auth = auth_from(
        door.row.auth,
        door.secret,
        header=options.header,
        token_url="",
        timeout_s=door.row.timeout_s,
        scheme="Bearer",
    )
    caller = door.plain_caller(auth, {"X-Requested-With": "XMLHttpRequest"})
    return CivicrmRegistry(caller, options, unsaid=door.unsaid)


def _xapi(door: "_Door") -> XapiRegistry:
    options = XapiOptions.from_json(door.row.options)
    auth = auth_from(
        door.row.auth,
        door.secret,
        header=options.header,
        token_url=door.under(options.token_path),
        timeout_s=door.row.timeout_s,
    )
    version = {VERSION_HEADER: options.version}
    return XapiRegistry(
        door.caller(auth, version),
        options,
        base_url=door.row.base_url,
        anonymous=door.plain_caller(None, version),
        user=door.user,
        unsaid=door.unsaid,
    )


def _roster(row: models.Registry) -> RosterRegistry:
    for name, given in (("base address", row.base_url), ("secret", row.secret)):
        if given:
            raise ConfigurationError(f"{name}: leave it empty, for nobody is called")
    time_zone = row.organization.time_zone if row.organization_id else "UTC"
    return RosterRegistry(
        RosterOptions.from_json(row.options),
        name=row.name,
        today=lambda: local_date(datetime.now(UTC), time_zone),
    )


class _Door:
    """What every adapter is made from: the row, its secret, and calls within its rate."""

    def __init__(self, row: models.Registry) -> None:
        self.row = row
        self.secret = _secret(get_settings().secrets, row.secret)
        self.unsaid = tuple(str(part) for part in self.secret.values() if part)

    @property
    def user(self) -> str:
        """Return whose credentials ours are, as far as they say it themselves."""
        return self.secret.get("user") or self.secret.get("client_id") or self.row.secret

    def under(self, path: str) -> str:
        return self.row.base_url.rstrip("/") + path

    def plain_caller(
        self, auth: AuthBase | None, headers: Mapping[str, str] | None = None
    ) -> Caller:
        row = self.row
        limit = _limit(row.pk, row.calls_per_minute, get_settings().redis_url)
        return Caller(
            row.base_url,
            auth=auth,
            timeout_s=row.timeout_s,
            before=limit,
            quiet=limit.quiet,
            headers=headers,
        )

    def caller(self, auth: AuthBase, headers: Mapping[str, str] | None = None) -> RenewingCaller:
        renewing = auth if isinstance(auth, Renewing) else None
        return RenewingCaller(self.plain_caller(auth, headers), renewing)


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


_SCHEMES = ("http", "https")


def _check_address(url: str, *, allow_http: bool) -> None:
    # Never show it: somebody may have put a password into it.
    try:
        address = urlsplit(url)
        named = bool(address.hostname and address.port != 0) and address.scheme in _SCHEMES
    except ValueError:
        named = False
    if not named:
        raise ConfigurationError("base address: it names no host to call")
    if address.username is not None or address.password is not None:
        raise ConfigurationError("base address: credentials belong in the setting CEC_SECRETS")
    if not is_https(url) and not allow_http:
        raise ConfigurationError("base address: it must begin with https")
