"""Webhooks on the command line, against real records, a real Temporal server and a real receiver."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from activities.registry import implementations
from api.services import utc_now
from contracts.settings import Settings
from contracts.steps import Delivery, Queue
from scripts.cli import cli
from scripts.worker import build
from storage.deliveries import WebhookState
from storage.keys import ApiKey
from storage.records import Records
from tests.activities.http_server import Site, serving, status
from tests.temporal_server import TemporalServer, be_patient, development_server

pytestmark = pytest.mark.workflow

URL = "https://example.com/hook"
AT = "2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("webhooks")) as server:
        yield server


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(tmp_path / "records.db")
    yield records
    records.close()


@pytest.fixture
def key(records: Records) -> ApiKey:
    return records.keys.create("test", AT)[0]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOUTHPIECE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    be_patient(monkeypatch)


def _run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["webhooks", *words])


def _kept(records: Records, key: ApiKey, name: str, state: WebhookState, url: str = URL) -> Delivery:
    delivery = Delivery(delivery_id=name, job_id=f"job of {name}", key_id=key.key_id, url=url, body="{}")
    records.deliveries.open(delivery, AT)
    records.deliveries.log(delivery, AT, 503, 12, "busy", state, request_headers={"webhook-id": name})
    return delivery


def _working(
    server: TemporalServer, tmp_path: Path, site: Site, *commands: tuple[str, ...], posts: int
) -> list[Result]:
    """Run commands one after the other while the service's workers do, until the receiver has got so many posts."""
    settings = Settings.from_env({"MOUTHPIECE_DATA_DIR": str(tmp_path), "MOUTHPIECE_FETCH_ALLOW": "127.0.0.1"})

    async def scenario() -> list[Result]:
        async with AsyncExitStack() as running:
            for queue in (Queue.FLOW, Queue.NOTIFY):
                await running.enter_async_context(build(server.client, queue, implementations(queue, settings)))
            answers = [await asyncio.to_thread(_run, *words) for words in commands]
            async with asyncio.timeout(30):
                while len(site.received) < posts:
                    await asyncio.sleep(0.05)
            return answers

    return server.run(scenario())


@pytest.mark.parametrize("state", WebhookState)
def test_webhooks_are_listed_by_state(records: Records, key: ApiKey, state: WebhookState) -> None:
    for each in WebhookState:
        _kept(records, key, f"msg_{each}", each)

    _, *rows = _run("list", "--state", state.value, "--key", key.key_id).stdout.splitlines()

    # What was pending at that time was given up long ago.
    dead = ["msg_pending", "msg_failed"]
    expected = {WebhookState.FAILED: dead, WebhookState.PENDING: []}.get(state, [f"msg_{state}"])
    assert sorted(row.split()[0] for row in rows) == sorted(expected)


def test_a_webhook_is_shown_with_what_was_sent_and_answered(records: Records, key: ApiKey) -> None:
    _kept(records, key, "msg_1", WebhookState.FAILED)

    shown = _run("show", "msg_1").stdout

    assert f"attempt 1 at {AT}: HTTP 503 in 12 ms: busy" in shown
    assert "webhook-id: msg_1" in shown


def test_a_rotation_shows_the_new_secret_and_how_long_the_old_one_signs(records: Records, key: ApiKey) -> None:
    first, *rest = _run("rotate", "--key", key.key_id, "--overlap-s", "60").stdout.splitlines()

    new, old = records.signing.in_force(key.key_id, utc_now())
    assert first.split()[-1] == new
    assert rest == [f"an old one signs too until {records.signing.old(key.key_id, utc_now())[0].ends_at}"]
    assert old not in first


def test_disabled_endpoints_are_listed_and_enabled(records: Records, key: ApiKey) -> None:
    records.endpoints.disable(key.key_id, URL, "msg_1", AT)

    listed = _run("endpoints").stdout
    enabled = _run("enable", URL, "--key", key.key_id)

    assert URL in listed
    assert enabled.exit_code == 0
    assert records.endpoints.disabled() == []


@pytest.mark.parametrize(
    "words",
    [
        ("show", "msg_0"),
        ("redeliver", "msg_0"),
        ("enable", URL, "--key", "00000000"),
        ("rotate", "--key", "00000000"),
        ("test", URL, "--key", "00000000"),
        ("redeliver",),
        ("redeliver", "msg_0", "--all"),
    ],
)
def test_what_is_not_there_is_told(records: Records, words: tuple[str, ...]) -> None:
    answer = _run(*words)

    assert answer.exit_code != 0
    assert answer.exception is not None


def test_all_dead_webhooks_are_sent_again_and_arrive(
    server: TemporalServer, records: Records, key: ApiKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    with serving({"/hook": status(204), "/gone": status(204)}) as site:
        for number in range(5):
            _kept(records, key, f"msg_{number}", WebhookState.FAILED, f"{site.url}/hook")
        _kept(records, key, "msg_gone", WebhookState.FAILED, f"{site.url}/gone")
        _kept(records, key, "msg_done", WebhookState.DELIVERED, f"{site.url}/hook")
        records.endpoints.disable(key.key_id, f"{site.url}/gone", "msg_0", AT)

        (answer,) = _working(server, tmp_path, site, ("redeliver", "--all"), posts=5)

        assert answer.stdout == "sent off 5, left 1 to disabled endpoints\n"
        received = {request.headers["webhook-id"] for request in site.received}
    assert received == {f"msg_{number}" for number in range(5)}


def test_a_test_event_is_signed_like_any_webhook_and_enables_its_endpoint(
    server: TemporalServer, records: Records, key: ApiKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    with serving({"/hook": status(204), "/gone": status(410)}) as site:
        records.endpoints.disable(key.key_id, f"{site.url}/hook", "msg_1", AT)
        records.endpoints.disable(key.key_id, f"{site.url}/gone", "msg_2", AT)

        taken, refused = _working(
            server,
            tmp_path,
            site,
            *(("test", f"{site.url}{path}", "--key", key.key_id) for path in ("/hook", "/gone")),
            posts=2,
        )

    posted = site.received[0]
    event = Webhook(str(records.keys.webhook_secret(key.key_id))).verify(posted.body, dict(posted.headers.items()))
    assert event["type"] == "webhook.test"
    assert taken.stdout.startswith("HTTP 204 in ")
    assert (refused.exit_code, str(refused.exception)) == (1, "HTTP 410 ")
    assert [each.url for each in records.endpoints.disabled()] == [f"{site.url}/gone"]
