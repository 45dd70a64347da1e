"""What every gateway does, the real one and the fake."""

import time
import uuid
from collections.abc import Callable

import pytest

from api.temporal import Gateway
from contracts.errors import Conflict, NotFound, Unavailable
from contracts.jobs import Stage, Status
from contracts.steps import Delivery
from tests.storage.requests import a_request

JOB_ID = str(uuid.uuid4())


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

    def test_several_jobs_are_seen_at_once_and_unknown_ones_left_out(self, gateway: Gateway) -> None:
        requests = [a_request() for _ in range(3)]
        for request in requests:
            gateway.start(request)
        ids = [request.job_id for request in requests]

        views = gateway.view_all([*ids, str(uuid.uuid4())])

        assert views == {job_id: gateway.view(job_id) for job_id in ids}

    def test_an_unknown_job_cannot_be_retried(self, gateway: Gateway) -> None:
        with pytest.raises(NotFound):
            gateway.retry(str(uuid.uuid4()))

    def test_a_job_that_goes_on_cannot_be_retried(self, gateway: Gateway) -> None:
        request = a_request()
        gateway.start(request)

        with pytest.raises(Conflict):
            gateway.retry(request.job_id)

    def test_a_forgotten_job_has_no_view(self, gateway: Gateway) -> None:
        request = a_request()
        gateway.start(request)

        gateway.forget(request.job_id, ["msg_never_sent"])

        eventually(lambda: gateway.view(request.job_id) is None)

    def test_an_unknown_job_may_be_forgotten(self, gateway: Gateway) -> None:
        gateway.forget(str(uuid.uuid4()), [])

    def test_a_webhook_may_be_sent_off_any_number_of_times(self, gateway: Gateway) -> None:
        for _ in range(2):
            gateway.redeliver(a_delivery())

    def test_a_gateway_with_a_server_is_ready(self, gateway: Gateway) -> None:
        eventually(gateway.ready)

    def test_a_gateway_without_a_server_is_not_ready(self, dead_gateway: Gateway) -> None:
        assert not dead_gateway.ready()

    def test_nothing_can_be_started_without_a_server(self, dead_gateway: Gateway) -> None:
        with pytest.raises(Unavailable):
            dead_gateway.start(a_request())

    def test_nothing_can_be_seen_without_a_server(self, dead_gateway: Gateway) -> None:
        with pytest.raises(Unavailable):
            dead_gateway.view(str(uuid.uuid4()))

    @pytest.mark.parametrize(
        "ask",
        [
            lambda gateway: gateway.cancel(JOB_ID),
            lambda gateway: gateway.view_all([JOB_ID]),
            lambda gateway: gateway.retry(JOB_ID),
            lambda gateway: gateway.forget(JOB_ID, []),
            lambda gateway: gateway.redeliver(a_delivery()),
            lambda gateway: gateway.probe(a_delivery()),
            lambda gateway: gateway.unsettled(),
        ],
        ids=["cancel", "view_all", "retry", "forget", "redeliver", "probe", "unsettled"],
    )
    def test_nothing_can_be_done_without_a_server(
        self, dead_gateway: Gateway, ask: Callable[[Gateway], object]
    ) -> None:
        with pytest.raises(Unavailable):
            ask(dead_gateway)


def a_delivery() -> Delivery:
    return Delivery(delivery_id="msg_1", job_id=JOB_ID, key_id="k", url="https://example.com/hook", body="{}")


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
