"""A CiviCRM that is not configured as it must be is refused, by option and reason, in no secret."""

import logging
from typing import Any

import pytest
from pytest_django import Settings

from cec_plugin import models
from cec_plugin.adapters.registries.build import build
from cec_plugin.adapters.registries.civicrm import CivicrmRegistry
from cec_plugin.adapters.registries.civicrm_options import CivicrmOptions
from cec_plugin.exceptions import ConfigurationError
from tests.contract.civicrm_tenant import SECRETS, CivicrmTenant, connect
from tests.contract.conformance import posting, retraction
from tests.contract.recorded import recorded
from tests.emulations.civicrm.server import KEY, Fault, running_civicrm


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = {**SECRETS, "empty": {"key": ""}}
    settings.CEC_ALLOW_HTTP = False


def _row(**fields: Any) -> models.Registry:
    return models.Registry(
        **{
            "pk": 1,
            "name": "Society",
            "adapter": models.Registry.Adapter.CIVICRM,
            "base_url": "https://civicrm.example",
            "secret": "civicrm",
            **fields,
        }
    )


def _refusal(**fields: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        build(_row(**fields))
    return str(refused.value)


def test_a_row_and_its_key_make_an_adapter() -> None:
    registry = build(_row())
    assert isinstance(registry, CivicrmRegistry)
    able = registry.capabilities
    assert (able.bulk, able.partial_bulk, able.upsert, able.lists) == (50, False, True, True)


def test_the_defaults_are_the_names_that_were_recorded() -> None:
    exchanges = {one.name: one for one in recorded("civicrm")}
    for name, texts in {
        "01-lookup-member.http": ["external_identifier"],
        "04-save-match-create.http": [
            "Continuing+Education+Credit",
            "Completed",
            "CE_Credit.External_Ref",
            "CE_Credit.Credits",
            "CE_Credit.Credit_Type",
            "CE_Credit.Course_Key",
        ],
        "07-reverse.http": ["Cancelled", "CE_Credit.Revoked_Reason"],
    }.items():
        assert all(text in exchanges[name].payload for text in texts)
        assert exchanges[name].path.startswith(CivicrmOptions().api_path)
        assert CivicrmOptions().header in exchanges[name].headers
    options = CivicrmOptions()
    assert [options.activity_type, options.standing_status, options.reversed_status] == [
        "Continuing Education Credit",
        "Completed",
        "Cancelled",
    ]
    assert options.activity_fields == [
        "CE_Credit.External_Ref",
        "CE_Credit.Credits",
        "CE_Credit.Credit_Type",
        "CE_Credit.Course_Key",
        "CE_Credit.Revoked_Reason",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "options: they must be a JSON object"),
        (None, "options: they must be a JSON object"),
        ({"refrence_field": "A.B"}, "options, 'refrence_field': there is no such option"),
        ({"activity_type": 56}, "options, 'activity_type': it must be a str"),
        ({"activity_type": ""}, "options, 'activity_type': it must not be empty"),
        ({"reference_field": ""}, "options, 'reference_field': it must not be empty"),
        ({"reference_field": "A.B.C"}, "options, 'reference_field': no field can have this name"),
        ({"amount_field": "id:name"}, "options, 'amount_field': no field can have this name"),
        ({"number_field": "Zähler"}, "options, 'number_field': no field can have this name"),
        ({"reason_field": "two words"}, "options, 'reason_field': no field can have this name"),
        (
            {"credit_type_field": "CE_Credit.Credits"},
            "options: 'CE_Credit.Credits' is named twice",
        ),
        ({"header": "X-Api-Key"}, "options, 'header': it is one of X-Civi-Auth, Authorization"),
        (
            {"api_path": "api4"},
            "options, 'api_path': it must begin with a slash and end without one",
        ),
        (
            {"api_path": "/api4/"},
            "options, 'api_path': it must begin with a slash and end without one",
        ),
        ({"date_format": "%d.%m."}, "options, 'date_format': it must hold %Y, %m and %d"),
        ({"source_contact_id": "3"}, "options, 'source_contact_id': it must be a int"),
        ({"source_contact_id": True}, "options, 'source_contact_id': it must be a int"),
        ({"source_contact_id": -1}, "options, 'source_contact_id': no contact has this id"),
        ({"memberships": 1}, "options, 'memberships': it must be a bool"),
        ({"credit_types": ["cec"]}, "options, 'credit_types': it must be a dict"),
        ({"credit_types": {"cec": 1}}, "options, 'credit_types': what it holds must be texts"),
        (
            {"reversed_status": "Completed"},
            "options, 'reversed_status': it is that of a standing credit",
        ),
    ],
)
def test_a_wrong_option_is_named_with_what_is_wrong(options: Any, said: str) -> None:
    assert _refusal(options=options) == f"registry 'Society', {said}"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"auth": "basic"}, "authentication: CiviCRM takes an API key, in a header"),
        ({"auth": "oauth2"}, "authentication: CiviCRM takes an API key, in a header"),
        ({"auth": "header", "secret": "empty"}, "secret: it has no 'key', which 'header' needs"),
        ({"secret": "none"}, "secret: there is no 'none' in the setting CEC_SECRETS"),
        ({"base_url": "http://civicrm.example"}, "base address: it must begin with https"),
    ],
)
def test_a_wrong_row_is_named_with_what_is_wrong(fields: dict[str, Any], said: str) -> None:
    assert _refusal(**fields) == f"registry 'Society', {said}"


def test_neither_key_nor_number_nor_name_reaches_a_log_or_a_reason(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CEC_ALLOW_HTTP = True
    caplog.set_level(logging.DEBUG)
    with running_civicrm() as civicrm:
        registry = connect(civicrm.url)
        credit = posting(CivicrmTenant(civicrm, registry))
        civicrm.befall("save", Fault.OPAQUE, Fault.DATABASE)
        reasons = [registry.post(credit).reason for _ in range(4)]
        reasons += [registry.reverse(retraction(credit)).reason for _ in range(2)]
        registry.find(credit.reference)
        registry.member(credit.member_number)
        reasons += [registry.health().caller, registry.health().detail]
    for text in (caplog.text, *reasons):
        for secret in (KEY, "M-1001", "Lovelace", "svc-lms"):
            assert secret not in text
