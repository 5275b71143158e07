"""A learning record store keeps to what every registry must: on a real one, read from its file."""

import pytest
from pytest_django import Settings

from tests.contract.conformance import Conformance
from tests.contract.xapi_tenant import SECRETS, RalphTenant, tenant_of
from tests.servers.ralph import RalphServer


class TestXapi(Conformance):
    @pytest.fixture
    def tenant(self, ralph: RalphServer, settings: Settings) -> RalphTenant:
        settings.CEC_SECRETS = SECRETS
        settings.CEC_ALLOW_HTTP = True
        return tenant_of(ralph)
