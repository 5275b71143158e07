"""Defaults of every setting, put in before the site's own configuration is read."""

from copy import deepcopy
from typing import Any

DEFAULTS: dict[str, Any] = {
    # Names this site among the sources of completions. Never change it once credits exist.
    "CEC_SITE": "lms",
    # Who answers for courses, certificates and grades: a domain.platform.Platform.
    "CEC_PLATFORM": "cec_plugin.adapters.platform.LmsPlatform",
    # By what an activity is finished ("certificate" or "passing") and from when it counts
    # ("at_once" or "run_end"), unless the activity says otherwise.
    "CEC_EARNED_BY": "certificate",
    "CEC_COUNTS": "at_once",
    # Whether passing-status events are kept. They come at every recalculation of every grade:
    # leave it off unless some activity is finished by a passing grade.
    "CEC_HEAR_PASSING": False,
    # Secrets of registries, by name: {"cpc": {"key": "…"}}.
    "CEC_SECRETS": {},
    # Redis for the rate limit that all workers share; empty: each process keeps to its own.
    "CEC_REDIS_URL": "",
    # Registries must be called by https. Only a demo or a test allows plain http.
    "CEC_ALLOW_HTTP": False,
    # Which addresses registries may have that are not public (private, loopback, link-local):
    # networks, single addresses and host names, such as ["10.1.0.0/16", "registry.internal"].
    "CEC_ALLOW_ADDRESSES": [],
    # How long a claimed delivery is ours, in seconds.
    "CEC_LEASE_S": 120,
    # How patient the sync is: fields of domain.delivery.Policy.
    "CEC_POLICY": {},
    # How far back the comparison with the platform looks, in days.
    "CEC_COMPARE_DAYS": 7,
    # How many credits a reconciliation asks about, one by one, at a registry that cannot list what
    # it holds; the next one goes on with the next.
    "CEC_RECONCILE_ASKS": 500,
    # Patterns of user names (* any text, ? one character) that are nobody's: tests, demonstrations.
    "CEC_TEST_ACCOUNTS": [],
    # Which roles of a course's team are which service here, by the platform's names ("instructor",
    # "staff", "limited_staff"). It is proposed when the run ends, and waits for confirmation.
    "CEC_TEAM_ROLES": {"instructor": "facilitator", "staff": "facilitator"},
    # Above which amount a credit awarded, corrected or reversed by hand waits for a second person:
    # a figure such as "20"; None: never, "0": always.
    "CEC_SECOND_PERSON_ABOVE": None,
    # Which single sign-on says the member number at which organization, by the organization's code:
    # {"cpc": {"provider": "tpa-saml", "field": "uid", "pattern": r"cpc-idp:(.+)"}}. The field is
    # "uid" or a key of the extra data; a pattern fits the whole of it, its one group is the number.
    "CEC_SSO_NUMBERS": {},
    # The template that the learner's page extends.
    "CEC_BASE_TEMPLATE": "main_django.html",
    # Dotted paths of REST framework authentication classes.
    "CEC_REST_AUTHENTICATION": [
        "edx_rest_framework_extensions.auth.jwt.authentication.JwtAuthentication",
        "openedx.core.lib.api.authentication.BearerAuthenticationAllowInactiveUser",
        (
            "edx_rest_framework_extensions.auth.session.authentication"
            ".SessionAuthenticationAllowInactiveUser"
        ),
    ],
}


def plugin_settings(settings: Any) -> None:
    """Put in each default that the site has not set yet."""
    for name, value in DEFAULTS.items():
        if not hasattr(settings, name):
            setattr(settings, name, deepcopy(value))
