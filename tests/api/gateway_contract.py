"""What every gateway does, the real one and the fake."""

import uuid

import pytest

from api.temporal import Gateway
from contracts.errors import Unavailable
from contracts.jobs import Stage, Status
from tests.storage.requests import a_request


class GatewayContract:
    """Subclasses give the fixtures `gateway` and `dead_gateway`."""

    def test_a_started_job_waits_for_a_worker(self, gateway: Gateway) -> None:
        request = a_request()
        gateway.start(request)

        view = gateway.view(request.job_id)

        assert view is not None
        assert (view.job_id, view.status, view.stage, view.percent) == (request.job_id, Status.QUEUED, Stage.FETCH, 0)
        assert view.warnings == request.warnings

    def test_starting_a_job_again_changes_nothing(self, gateway: Gateway) -> None:
        request = a_request()
        gateway.start(request)
        before = gateway.view(request.job_id)

        gateway.start(request)

        assert gateway.view(request.job_id) == before

    def test_an_unknown_job_has_no_view(self, gateway: Gateway) -> None:
        assert gateway.view(str(uuid.uuid4())) is None

    def test_an_unknown_job_may_be_cancelled(self, gateway: Gateway) -> None:
        gateway.cancel(str(uuid.uuid4()))

    def test_a_job_may_be_cancelled_twice(self, gateway: Gateway) -> None:
        request = a_request()
        gateway.start(request)

        gateway.cancel(request.job_id)
        gateway.cancel(request.job_id)

        assert gateway.view(request.job_id) is not None

    def test_a_gateway_with_a_server_is_ready(self, gateway: Gateway) -> None:
        assert gateway.ready()

    def test_a_gateway_without_a_server_is_not_ready(self, dead_gateway: Gateway) -> None:
        assert not dead_gateway.ready()

    def test_nothing_can_be_started_without_a_server(self, dead_gateway: Gateway) -> None:
        with pytest.raises(Unavailable):
            dead_gateway.start(a_request())

    def test_nothing_can_be_seen_without_a_server(self, dead_gateway: Gateway) -> None:
        with pytest.raises(Unavailable):
            dead_gateway.view(str(uuid.uuid4()))

    def test_nothing_can_be_cancelled_without_a_server(self, dead_gateway: Gateway) -> None:
        with pytest.raises(Unavailable):
            dead_gateway.cancel(str(uuid.uuid4()))
