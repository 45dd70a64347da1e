"""The real step over the whole three days, on the server whose clock jumps, with a real receiver."""

import itertools
import time
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from temporalio.client import WorkflowFailureError

from activities.registry import implementations
from contracts.jobs import webhook_workflow_id
from contracts.settings import Settings
from contracts.steps import Delivery, Queue
from contracts.webhooks import JITTER, MOMENTS, due
from scripts.worker import build
from storage.deliveries import Attempt, WebhookState
from storage.keys import ApiKey
from storage.records import Records
from tests.activities.http_server import Answer, Received, serving, status
from tests.temporal_server import TemporalServer
from workflows.webhook import DeliverWebhook

pytestmark = pytest.mark.workflow

#: What a timer or a busy machine may add to each pause.
_SLACK = timedelta(seconds=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"MOUTHPIECE_DATA_DIR": str(tmp_path), "MOUTHPIECE_FETCH_ALLOW": "127.0.0.1"})


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    records = Records(settings.data_dir / "records.db")
    yield records
    records.close()


@pytest.fixture
def key(records: Records) -> ApiKey:
    return records.keys.create("test", "2026-01-01T00:00:00Z")[0]


def _delivery(records: Records, key: ApiKey, url: str) -> Delivery:
    job_id = str(uuid.uuid4())
    delivery = Delivery(delivery_id=f"msg_{job_id}", job_id=job_id, key_id=key.key_id, url=url, body='{"id": "größer"}')
    records.deliveries.open(delivery, datetime.now(UTC).isoformat())
    return delivery


def _send(server: TemporalServer, settings: Settings, delivery: Delivery) -> timedelta:
    """Send a webhook off, wait for its end, however that is, and say how long that took: nothing lags by more."""

    async def scenario() -> None:
        async with AsyncExitStack() as running:
            for queue in (Queue.FLOW, Queue.NOTIFY):
                await running.enter_async_context(build(server.client, queue, implementations(queue, settings)))
            with suppress(WorkflowFailureError):
                await server.client.execute_workflow(
                    DeliverWebhook.run, delivery, id=webhook_workflow_id(delivery.delivery_id), task_queue=Queue.FLOW
                )

    begun = time.monotonic()
    server.run(scenario())
    return timedelta(seconds=time.monotonic() - begun)


def _state(records: Records, delivery: Delivery) -> WebhookState:
    webhook = records.deliveries.find(delivery.delivery_id, datetime.now(UTC))
    assert webhook is not None
    return webhook.state


def _moments(attempts: list[Attempt]) -> list[timedelta]:
    first = datetime.fromisoformat(attempts[0].at)
    return [datetime.fromisoformat(attempt.at) - first for attempt in attempts]


def _verified(received: list[Received], key: ApiKey, records: Records) -> set[tuple[str, bytes]]:
    """Check every signature as receivers do, and return what ids and bytes there were."""
    verifier = Webhook(str(records.keys.webhook_secret(key.key_id)))
    for posted in received:
        verifier.verify(posted.body, dict(posted.headers.items()))
    return {(posted.headers["webhook-id"], posted.body) for posted in received}


def test_a_receiver_that_stays_down_is_tried_on_the_whole_schedule_and_then_given_up(
    skipping: TemporalServer, settings: Settings, records: Records, key: ApiKey
) -> None:
    with serving({"/hook": status(502)}) as site:
        delivery = _delivery(records, key, f"{site.url}/hook")
        slack = _SLACK + _send(skipping, settings, delivery)

        moments = _moments(records.deliveries.list(delivery.job_id))
        assert len(moments) == len(MOMENTS) == len(site.received)
        for attempt, moment in enumerate(moments):
            pause = MOMENTS[attempt] - MOMENTS[max(attempt - 1, 0)]
            assert MOMENTS[attempt] <= moment + slack, attempt
            assert moment <= MOMENTS[attempt] + JITTER * pause + slack, attempt
        late = sorted(abs(moment - due(delivery.delivery_id, attempt)) for attempt, moment in enumerate(moments))
        assert late[-1] < slack
        assert late[len(late) // 2] < _SLACK
        assert _state(records, delivery) is WebhookState.FAILED
        assert _verified(site.received, key, records) == {(delivery.delivery_id, delivery.body.encode())}

        # Sent again, it has three days more.
        records.deliveries.mark(delivery.delivery_id, WebhookState.PENDING, datetime.now(UTC).isoformat())
        _send(skipping, settings, delivery)

        again = _moments(records.deliveries.list(delivery.job_id)[len(MOMENTS) :])
        assert len(again) == len(MOMENTS)
        assert timedelta(days=3) <= again[-1] < timedelta(days=3, hours=1)
        assert _state(records, delivery) is WebhookState.FAILED
        assert len(_verified(site.received, key, records)) == 1


@pytest.mark.parametrize("code", [429, 503])
def test_a_receiver_that_asks_for_pauses_gets_them_and_the_schedule_goes_on(
    skipping: TemporalServer, settings: Settings, records: Records, key: ApiKey, code: int
) -> None:
    answers: Iterator[Answer] = itertools.chain(
        [status(code, {"Retry-After": "3600"}), status(code, {"Retry-After": "1"})], itertools.repeat(status(200))
    )
    with serving({"/hook": lambda handler: next(answers)(handler)}) as site:
        delivery = _delivery(records, key, f"{site.url}/hook")
        slack = _SLACK + _send(skipping, settings, delivery)

    _, second, third = _moments(records.deliveries.list(delivery.job_id))
    assert abs(second - timedelta(hours=1)) < slack
    assert abs(third - due(delivery.delivery_id, MOMENTS.index(timedelta(hours=2)))) < slack
    assert _state(records, delivery) is WebhookState.DELIVERED


def test_a_receiver_that_always_asks_for_the_longest_pause_is_given_up_all_the_same(
    skipping: TemporalServer, settings: Settings, records: Records, key: ApiKey
) -> None:
    with serving({"/hook": status(503, {"Retry-After": "999999"})}) as site:
        delivery = _delivery(records, key, f"{site.url}/hook")
        _send(skipping, settings, delivery)

    moments = _moments(records.deliveries.list(delivery.job_id))
    assert timedelta(days=3) <= moments[-1] <= timedelta(days=3, hours=4)
    assert 15 < len(moments) < len(MOMENTS)
    assert _state(records, delivery) is WebhookState.FAILED


def test_two_webhooks_that_were_made_at_once_do_not_come_back_at_once(
    skipping: TemporalServer, settings: Settings, records: Records, key: ApiKey
) -> None:
    with serving({"/hook": status(500)}) as site:
        pair = [_delivery(records, key, f"{site.url}/hook") for _ in range(2)]
        for delivery in pair:
            _send(skipping, settings, delivery)

    one, two = (_moments(records.deliveries.list(delivery.job_id)) for delivery in pair)
    assert len(one) == len(two)
    assert statistics_of_gaps(one, two) > timedelta(minutes=3)


def statistics_of_gaps(one: list[timedelta], two: list[timedelta]) -> timedelta:
    """The mean distance between attempts of the same number, from those an hour in."""
    late = [abs(a - b) for a, b in zip(one, two, strict=True) if a > timedelta(hours=1)]
    return sum(late, timedelta()) / len(late)
