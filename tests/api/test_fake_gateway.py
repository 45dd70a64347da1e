"""The fake gateway keeps the contract."""

import pytest

from tests.api.gateway_contract import GatewayContract
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit


class TestFakeGateway(GatewayContract):
    @pytest.fixture
    def gateway(self) -> FakeGateway:
        return FakeGateway()

    @pytest.fixture
    def dead_gateway(self) -> FakeGateway:
        return FakeGateway(is_down=True)
