"""A REST registry described by options alone, as a Tendenci is, holds what every adapter must."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.contract.conformance import Conformance
from tests.contract.tendenci_tenant import SECRETS, TendenciTenant, connect
from tests.emulations.tendenci.server import running_tendenci


@pytest.fixture(autouse=True)
def _site(settings: Settings) -> None:
    settings.CEC_SECRETS = SECRETS
    settings.CEC_ALLOW_HTTP = True


class TestTendenci(Conformance):
    @pytest.fixture
    def tenant(self) -> Iterator[TendenciTenant]:
        with running_tendenci() as emulation:
            yield TendenciTenant(emulation, connect(emulation.url))


class TestTendenciPageByPage(Conformance):
    """A list goes on after every transcript."""

    @pytest.fixture
    def tenant(self) -> Iterator[TendenciTenant]:
        with running_tendenci() as emulation:
            emulation.transcripts.page_size = 1
            yield TendenciTenant(emulation, connect(emulation.url))
