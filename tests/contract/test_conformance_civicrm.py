"""The CiviCRM adapter holds what every registry adapter must, told what went wrong or not."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.contract.civicrm_tenant import SECRETS, CivicrmTenant, connect
from tests.contract.conformance import Conformance
from tests.emulations.civicrm.actions import Role
from tests.emulations.civicrm.server import KEY, running_civicrm


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS
    settings.CEC_ALLOW_HTTP = True


class TestCivicrm(Conformance):
    @pytest.fixture
    def tenant(self) -> Iterator[CivicrmTenant]:
        with running_civicrm() as emulation:
            yield CivicrmTenant(emulation, connect(emulation.url))


class TestCivicrmWithOpaqueErrors(Conformance):
    """The role of the API key may not see what went wrong."""

    @pytest.fixture
    def tenant(self) -> Iterator[CivicrmTenant]:
        with running_civicrm() as emulation:
            emulation.roles[KEY] = Role(contact_id=3, told=False)
            yield CivicrmTenant(emulation, connect(emulation.url))


class TestCivicrmWithAUniqueIndex(Conformance):
    """The reference has an index that the site's administrator added."""

    @pytest.fixture
    def tenant(self) -> Iterator[CivicrmTenant]:
        with running_civicrm() as emulation:
            emulation.data.unique = True
            yield CivicrmTenant(emulation, connect(emulation.url))
