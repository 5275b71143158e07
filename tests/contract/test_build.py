"""A registry that is not configured as it must be is refused, by field and reason, in no secret."""

import logging
from typing import Any

import pytest
import responses
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.adapters.registries.rest import RestRegistry
from cec_plugin.adapters.registries.rest_options import RestOptions
from cec_plugin.domain.delivery import Outcome, Result
from cec_plugin.exceptions import ConfigurationError

KEY, PASSWORD, CLIENT_SECRET = "ochre-zebra", "amber-giraffe", "umber-okapi"
SIGNING, NEXT = "sable-lynx", "fawn-gazelle"
LOST = "it must hold {reference}, or what was sent is never found again"
SLASH = "it must begin with a slash"
UNSAID = "credit_path must say it instead, and a batch cannot"
SECRETS: dict[str, Any] = {
    "guild": {"key": KEY},
    "user": {"user": "guild", "password": PASSWORD},
    "client": {"client_id": "guild", "client_secret": CLIENT_SECRET},
    "nothing": {},
    "empty": {"key": ""},
    "no password": {"user": PASSWORD},
    "no client secret": {"client_id": CLIENT_SECRET},
    "with a figure": {"key": KEY, "since": 2026},
    "bare": KEY,
    "number": {"key": 12345678},
    "two lines": {"key": f"{KEY}\n"},
    "curly": {"key": f"“{KEY}”"},
    "signer": {"key_id": "guild", "current": SIGNING, "next": NEXT},
    "no signing secret": {"key_id": "guild", "next": NEXT},
    "curly id": {"key_id": "“guild”", "current": SIGNING},
}


@pytest.fixture(autouse=True)
def _secrets(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS
    settings.CEC_ALLOW_HTTP = False


def _row(**fields: Any) -> models.Registry:
    return models.Registry(
        **{
            "pk": 1,
            "name": "Guild register",
            "base_url": "https://registry.example",
            "secret": "guild",
            "calls_per_minute": 60_000_000,
            **fields,
        }
    )


def _refusal(**fields: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        build(_row(**fields))
    return str(refused.value)


def test_a_row_and_its_secret_make_an_adapter() -> None:
    assert isinstance(build(_row()), RestRegistry)
    assert isinstance(build(_row(auth="basic", secret="user")), RestRegistry)
    assert isinstance(build(_row(auth="oauth2", secret="client")), RestRegistry)
    assert isinstance(build(_row(auth="hmac", secret="signer")), RestRegistry)


def test_plain_http_is_only_for_a_demo(settings: Settings) -> None:
    address = "http://registry.example"
    assert _refusal(base_url=address) == (
        "registry 'Guild register', base address: it must begin with https"
    )
    settings.CEC_ALLOW_HTTP = True
    assert isinstance(build(_row(base_url=address)), RestRegistry)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "https:///credits",
        "registry.example",
        "https://[registry",
        "/credits",
        "https://a.example:99999",
    ],
)
def test_an_address_without_a_host_is_refused(address: str) -> None:
    assert _refusal(base_url=address).endswith("base address: it names no host to call")


@pytest.mark.parametrize("scheme", ["ftp", "file", "javascript"])
def test_what_is_no_web_address_is_refused_even_in_a_demo(settings: Settings, scheme: str) -> None:
    settings.CEC_ALLOW_HTTP = True
    assert "base address" in _refusal(base_url=f"{scheme}://registry.example")


@pytest.mark.parametrize(
    "address",
    [f"https://guild:{PASSWORD}@registry.example", f"https://{PASSWORD}@registry.example"],
)
def test_a_password_in_the_address_is_refused_and_not_shown(address: str) -> None:
    said = _refusal(base_url=address)
    assert said.endswith("base address: credentials belong in the setting CEC_SECRETS")


def test_a_broken_address_with_a_password_is_not_shown() -> None:
    assert PASSWORD not in _refusal(base_url=f"https://guild:{PASSWORD}@")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "options: they must be a JSON object"),
        ("none", "options: they must be a JSON object"),
        (None, "options: they must be a JSON object"),
        ({"credit_pth": "/c"}, "options, 'credit_pth': there is no such option"),
        ({"credit_path": 7}, "options, 'credit_path': it must be a str"),
        ({"credit_path": None}, "options, 'credit_path': it must be a str"),
        ({"credit_path": "credits"}, "options, 'credit_path': it must begin with a slash"),
        ({"token_path": "@elsewhere"}, "options, 'token_path': it must begin with a slash"),
        ({"fields": ["amount"]}, "options, 'fields': it must be a dict"),
        ({"fields": {"amuont": "hours"}}, "options, 'fields': there is no 'amuont'"),
        ({"fields": {"amount": 7}}, "options, 'fields': what it holds must be texts"),
        ({"constants": "provider"}, "options, 'constants': it must be a dict"),
        ({"member_codes": "unknown"}, "options, 'member_codes': it must be a list"),
        ({"member_codes": [404]}, "options, 'member_codes': what it holds must be texts"),
        ({"header": "X Api Key"}, "options, 'header': no header can have this name"),
        ({"header": ""}, "options, 'header': no header can have this name"),
        ({"header": "Host"}, "options, 'header': no header can have this name"),
        (
            {"credit_path": "/credits"},
            "options, 'credit_path': it must hold {reference}, or what was sent is never found again",
        ),
        (
            {"reverse_path": "/reverse"},
            "options, 'reverse_path': it must hold {reference}, or what was sent is never found again",
        ),
        (
            {"credit_method": "PUT\n"},
            "options, 'credit_method': it is one of PUT, POST, PATCH, DELETE",
        ),
        ({"fields": {"reference": ""}}, "options, 'fields': 'reference' must be sent"),
        ({"fields": {"amount": ""}}, "options, 'fields': 'amount' must be sent"),
        ({"fields": {"title": "amount"}}, "options, 'fields': 'amount' is named twice"),
        ({"fields": {"title": "amount.of"}}, "options, 'fields': 'amount' is named twice"),
        ({"find_path": "/credits?ref=x"}, f"options, 'find_path': {LOST}"),
        ({"credit_path": "/c", "find_path": "c"}, f"options, 'find_path': {SLASH}"),
        (
            {"member_path": "/members"},
            "options, 'member_path': it must hold {number}, or everybody comes",
        ),
        ({"health_path": ""}, f"options, 'health_path': {SLASH}"),
        ({"list_items": ""}, "options, 'list_path': it needs list_items and cursor_parameter"),
        (
            {"cursor_parameter": ""},
            "options, 'list_path': it needs list_items and cursor_parameter",
        ),
        ({"batch_size": 0}, "options, 'batch_size': it is from 1 to 10000"),
        ({"batch_size": True}, "options, 'batch_size': it must be a int"),
        ({"batch_size": "50"}, "options, 'batch_size': it must be a int"),
        ({"decimals": 3}, "options, 'decimals': it is from 0 to 2"),
        ({"read_back": 1}, "options, 'read_back': it must be a bool"),
        ({"probes": {"members": "members"}}, f"options, 'probes': {SLASH}"),
        ({"probes": {"members": 1}}, "options, 'probes': what it holds must be texts"),
        ({"reverse_fields": {"amount": "x"}}, "options, 'reverse_fields': there is no 'amount'"),
        (
            {"reverse_fields": {"own_reference": ""}},
            "options, 'reverse_fields': 'own_reference' must be sent",
        ),
        ({"reverse_constants": "void"}, "options, 'reverse_constants': it must be a dict"),
        (
            {"reverse_whole": True, "find_path": ""},
            "options, 'reverse_whole': it reads the credit first, and find_path is empty",
        ),
        ({"reference_sent": False}, f"options, 'reference_sent': {UNSAID}"),
        (
            {
                "reference_sent": False,
                "credit_path": "/journals",
                "find_path": "/journals?ref={reference}",
            },
            f"options, 'reference_sent': {UNSAID}",
        ),
        (
            {"caller_field": ""},
            "options, 'caller_field': without it, probes must name what strangers may not read",
        ),
        ({"scheme": "Api Key"}, "options, 'scheme': it is one word"),
        ({"scheme": "Bearer\n"}, "options, 'scheme': it is one word"),
        ({"signing": {"hash": "md5"}}, "options, 'signing': there is no 'hash'"),
        (
            {"signing": {"key_header": "Host"}},
            "options, 'signing': 'key_header': no header can have this name",
        ),
        (
            {"signing": {"signed": "{path}"}},
            "options, 'signing': 'signed' must hold {body}, or anybody may change what we sent",
        ),
        ({"signing": {"written": "x"}}, "options, 'signing': 'written' must hold {hex}"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(options: object, said: str) -> None:
    assert _refusal(options=options) == f"registry 'Guild register', {said}"


def test_every_option_can_be_given() -> None:
    given = {
        "health_path": "/me",
        "credit_path": "/c/{reference}",
        "fields": {"id": "key", "amount": "hours", "role": "part"},
        "constants": {"provider": 12, "flags": ["a"]},
        "success_value": ["fine"],
        "page_size": 20,
        "read_back": True,
        "member_codes": ["nobody", "lapsed"],
        "header": "Authorization",
    }
    options = RestOptions.from_json(given)
    assert options.member_codes == ("nobody", "lapsed")
    assert (options.fields, options.constants) == (given["fields"], given["constants"])
    assert (options.success_value, options.page_size, options.read_back) == (["fine"], 20, True)
    assert options.reverse_path == RestOptions().reverse_path


@pytest.mark.parametrize(
    ("auth", "secret", "said"),
    [
        ("header", "no such", "secret: there is no 'no such' in the setting CEC_SECRETS"),
        ("header", "bare", "secret: 'bare' in the setting CEC_SECRETS must name its parts"),
        ("header", "nothing", "secret: it has no 'key', which 'header' needs"),
        ("header", "empty", "secret: it has no 'key', which 'header' needs"),
        ("header", "user", "secret: it has no 'key', which 'header' needs"),
        ("basic", "no password", "secret: it has no 'password', which 'basic' needs"),
        ("oauth2", "no client secret", "secret: it has no 'client_secret', which 'oauth2' needs"),
        ("header", "number", "secret: its 'key' is no text on one line"),
        ("header", "two lines", "secret: its 'key' is no text on one line"),
        ("header", "curly", "secret: its 'key' has letters that no header can carry"),
        ("hmac", "guild", "secret: it has no 'key_id', which 'hmac' needs"),
        ("hmac", "no signing secret", "secret: it has no 'current', which 'hmac' needs"),
        ("hmac", "curly id", "secret: its 'key_id' has letters that no header can carry"),
        ("carrier pigeon", "guild", "authentication: there is no 'carrier pigeon'"),
    ],
)
def test_what_is_missing_from_a_secret_is_named_and_what_is_there_is_not(
    auth: str, secret: str, said: str
) -> None:
    assert _refusal(auth=auth, secret=secret) == f"registry 'Guild register', {said}"


def test_no_refusal_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said = [
        _refusal(auth=auth, secret=secret)
        for auth, secret in [
            *(("header", name) for name in SECRETS if name not in ("guild", "with a figure")),
            *(("basic", name) for name in SECRETS if name != "user"),
            *(("oauth2", name) for name in SECRETS if name != "client"),
            *(("hmac", name) for name in SECRETS if name != "signer"),
        ]
    ]
    for text in (*said, caplog.text):
        for secret in (KEY, PASSWORD, CLIENT_SECRET, SIGNING, NEXT, "12345678"):
            assert secret not in text


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        ("header", "guild"),
        ("header", "with a figure"),
        ("basic", "user"),
        ("oauth2", "client"),
        ("hmac", "signer"),
    ],
)
@responses.activate
def test_a_registry_that_repeats_our_secret_is_not_repeated(
    caplog: pytest.LogCaptureFixture, auth: str, secret: str
) -> None:
    """Neither by an outcome, nor by health, nor in the most talkative log of any library."""
    caplog.set_level(logging.DEBUG)
    parrot = f"I do not like {KEY}, {PASSWORD}, {CLIENT_SECRET}, {SIGNING} and {NEXT}"
    responses.post(
        "https://registry.example/oauth/token",
        json={"access_token": "azure-heron", "token_type": "Bearer"},
    )
    responses.get(
        "https://registry.example/credits/ref-1",
        json={"error": {"code": "who", "message": parrot}},
        status=401,
    )
    responses.get(
        "https://registry.example/health",
        json={"error": {"code": "who", "message": parrot}},
        status=401,
    )
    registry = build(_row(auth=auth, secret=secret))
    found = registry.find("ref-1")
    assert isinstance(found, Outcome)
    assert found.result is Result.CONFIGURATION
    assert "I do not like" in found.reason
    for text in (found.reason, registry.health().detail, caplog.text):
        for part in (*map(str, SECRETS[secret].values()), "azure-heron"):
            if part != "guild":  # a user's name and a client's id are no secrets
                assert part not in text
