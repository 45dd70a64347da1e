"""What four API processes of eight threads agree on: the rate of requests, one job for one idempotency key, a plan."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from temporalio.client import Client

from contracts.jobs import workflow_id
from contracts.plans import Plan
from storage.records import Records
from tests.api.bodies import IMAGE_PATH, STUDIO
from tests.api.gunicorn_server import Server, served

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(temporal_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    unlimited = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}
    with served(tmp_path_factory.mktemp("data"), temporal_address, workers=4, settings=unlimited) as server:
        yield server


def key(server: Server, plan: Plan) -> str:
    records = Records(server.data / "records.db")
    _, text = records.keys.create("", "2026-01-01T00:00:00Z", plan)
    records.close()
    return str(text)


def test_a_free_key_gets_exactly_sixty_of_a_hundred_requests_admitted(server: Server) -> None:
    headers = {"X-API-Key": key(server, Plan.FREE)}

    with ThreadPoolExecutor(32) as pool:
        # A connection each, so that all processes take part.
        asked = [pool.submit(requests.get, f"{server.url}/v1/jobs/1", headers=headers, timeout=30) for _ in range(100)]
        answers = [each.result() for each in asked]

    assert Counter(answer.status_code for answer in answers) == {404: 60, 429: 40}
    assert sorted(int(answer.headers["X-RateLimit-Remaining"]) for answer in answers) == [0] * 40 + list(range(60))
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers if answer.status_code == 429)


def test_two_hundred_submissions_at_once_with_one_idempotency_key_make_one_job(server: Server) -> None:
    headers = {"X-API-Key": key(server, Plan.ENTERPRISE), "Idempotency-Key": str(uuid.uuid4())}

    def submit(_: int) -> requests.Response:
        return requests.post(server.url + IMAGE_PATH, json=STUDIO, headers=headers, timeout=60)

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(submit, range(200)))

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}, statuses
    assert len({answer.content for answer in answers if answer.ok}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers if answer.ok) == 1
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 409)
    assert len(jobs(server, answers[0].request.headers["X-API-Key"])) == 1


def jobs(server: Server, key: str) -> list[str]:
    """The ids of a key's jobs in the records."""
    records = Records(server.data / "records.db")
    found = records.keys.find(key)
    assert found is not None
    rows = records._file.rows("SELECT job_id FROM jobs WHERE key_id = :key_id", {"key_id": found.key_id})
    records.close()
    return [str(row["job_id"]) for row in rows]


def test_a_change_of_plan_counts_in_every_process_from_the_next_job_on(server: Server, temporal_address: str) -> None:
    text = key(server, Plan.FREE)

    def submit(_: int) -> str:
        # A connection each, so that all processes take part.
        answer = requests.post(server.url + IMAGE_PATH, json=STUDIO, headers={"X-API-Key": text}, timeout=60)
        return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as pool:
        before = list(pool.map(submit, range(16)))
        records = Records(server.data / "records.db")
        records.keys.change(text.split("_")[1], plan=Plan.PRO)
        records.close()
        after = list(pool.map(submit, range(16)))

    assert (weights(temporal_address, before), weights(temporal_address, after)) == ({1.0}, {3.0})


def weights(temporal_address: str, job_ids: list[str]) -> set[float]:
    """What Temporal has jobs weigh."""

    async def ask() -> set[float]:
        client = await Client.connect(temporal_address)
        described = [await client.get_workflow_handle(workflow_id(job_id)).describe() for job_id in job_ids]
        return {each.raw_description.workflow_execution_info.priority.fairness_weight for each in described}

    return asyncio.run(ask())


def test_a_large_upload_sent_again_is_answered_before_it_is_read_and_the_connection_lives_on(server: Server) -> None:
    headers = {"X-API-Key": key(server, Plan.ENTERPRISE), "Idempotency-Key": "the-film"}
    film = bytes(12_000_000)

    with requests.Session() as session:
        answers = [
            session.post(f"{server.url}/api/v1/uploads", data=film, headers=headers, timeout=60) for _ in range(3)
        ]

    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.content for answer in answers}) == 1
    assert [path.stat().st_size for path in (server.data / "blobs").rglob("*") if path.is_file()] == [len(film)]


def test_no_request_finds_the_counters_locked(server: Server) -> None:
    headers = {"X-API-Key": key(server, Plan.ENTERPRISE)}
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))

    with ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(session.get, f"{server.url}/v1/jobs/1", headers=headers, timeout=60) for _ in range(2000)]
        statuses = Counter(each.result().status_code for each in asked)
    usage = session.get(f"{server.url}/v1/usage", headers=headers, timeout=30).json()
    session.close()

    assert statuses == {404: 2000}
    assert usage["total_requests"] == 2001
