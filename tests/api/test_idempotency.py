"""The header Idempotency-Key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.services import Services
from contracts.errors import Unavailable
from contracts.jobs import JobRequest
from contracts.settings import Settings
from storage.idempotency import LEASE_S
from tests.api.bodies import DEV, IMAGE_PATH, STUDIO, SUBMIT_PATH, VIDEO_PATH, changed, without
from tests.api.conftest import NOW
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

HEADERS = {"Idempotency-Key": "order-1"}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(settings: Settings, gateway: FakeGateway, clock: Clock) -> Flask:
    return create_app(settings, gateway, clock)


def submit(client: FlaskClient, path: str = IMAGE_PATH, body: object = STUDIO) -> TestResponse:
    return client.post(path, json=body, headers=HEADERS)


def test_a_request_sent_again_gets_the_first_answer_byte_for_byte(client: FlaskClient, gateway: FakeGateway) -> None:
    first, again = submit(client), submit(client)

    assert again.data == first.data
    assert again.status_code == first.status_code
    assert again.content_type == first.content_type
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(gateway.requests) == 1


def test_a_replayed_answer_has_the_id_of_its_own_request(client: FlaskClient) -> None:
    first, again = submit(client), submit(client)

    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]


@pytest.mark.parametrize("prefix", ["/api", ""])
def test_both_spellings_of_a_path_are_one(client: FlaskClient, prefix: str, gateway: FakeGateway) -> None:
    submit(client)

    assert submit(client, prefix + IMAGE_PATH.removeprefix("/api")).status_code == 200
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [(IMAGE_PATH, changed(STUDIO, "formState.seed", 8)), (VIDEO_PATH, STUDIO), (SUBMIT_PATH, DEV)],
    ids=["payload", "path", "dialect"],
)
def test_another_request_under_the_same_key_is_refused(
    client: FlaskClient, gateway: FakeGateway, path: str, body: object
) -> None:
    submit(client)

    assert submit(client, path, body).status_code == 422
    assert len(gateway.requests) == 1


def test_each_api_key_has_idempotency_keys_of_its_own(
    client: FlaskClient, stranger: FlaskClient, gateway: FakeGateway
) -> None:
    submit(client)

    assert "Idempotency-Replayed" not in submit(stranger).headers
    assert len(gateway.requests) == 2


@pytest.mark.parametrize("value", ["", "x" * 256, "two words", "caf\xe9"])
def test_a_value_that_is_no_key_is_refused(client: FlaskClient, gateway: FakeGateway, value: str) -> None:
    answer = client.post(IMAGE_PATH, json=STUDIO, headers={"Idempotency-Key": value})

    assert (answer.status_code, answer.get_json()["field"]) == (400, "Idempotency-Key")
    assert gateway.requests == {}


def test_a_refused_request_may_be_put_right_under_the_same_key(client: FlaskClient) -> None:
    assert submit(client, body={"formState": {}}).status_code == 400

    assert submit(client).status_code == 200


def test_after_a_fault_that_passes_the_same_job_is_made(
    client: FlaskClient, gateway: FakeGateway, services: Services
) -> None:
    gateway.is_down = True
    assert submit(client).status_code == 503
    [in_doubt] = services.records.jobs.list()
    gateway.is_down = False

    answer = submit(client)

    assert answer.get_json()["id"] == in_doubt.job_id
    assert [job.is_started for job in services.records.jobs.list()] == [True]


def test_a_start_that_arrived_although_it_was_not_answered_makes_no_second_job(
    client: FlaskClient, gateway: FakeGateway, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = gateway.start

    def unanswered(request: JobRequest) -> None:
        start(request)
        raise Unavailable("no answer in time")

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "start", unanswered)
        assert submit(client).status_code == 503
    [running] = gateway.requests.values()

    assert submit(client).get_json()["id"] == running.job_id
    assert list(gateway.requests.values()) == [running]
    assert services.records.ledger.balance(running.key_id).reserved == running.estimated_credits


def test_while_the_first_request_runs_another_is_told_to_wait(
    client: FlaskClient, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[TestResponse] = []

    def start(request: JobRequest) -> None:
        answers.append(submit(client))

    monkeypatch.setattr(gateway, "start", start)
    assert submit(client).status_code == 200

    assert (answers[0].status_code, answers[0].get_json()["code"]) == (409, "idempotency_in_flight")
    assert answers[0].headers["Retry-After"] == "1"


class _Killed(BaseException):
    """The process ends here and now."""


def test_a_process_that_died_before_it_answered_is_taken_over(
    client: FlaskClient, gateway: FakeGateway, services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(request: JobRequest) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "start", die)
        with pytest.raises(_Killed):
            submit(client)
    [in_doubt] = services.records.jobs.list()

    clock.now += timedelta(seconds=LEASE_S - 1)
    assert submit(client).status_code == 409
    clock.now += timedelta(seconds=1)
    assert submit(client).get_json()["id"] == in_doubt.job_id
    [job] = services.records.jobs.list()
    assert (job.number, job.is_started) == (in_doubt.number, True)


def test_an_answer_is_forgotten_after_its_time(
    client: FlaskClient, gateway: FakeGateway, settings: Settings, clock: Clock
) -> None:
    first = submit(client).get_json()["id"]

    clock.now += timedelta(seconds=settings.idempotency_ttl_s)

    assert submit(client).get_json()["id"] != first
    assert len(gateway.requests) == 2


def test_a_get_takes_no_notice_of_the_header(client: FlaskClient) -> None:
    answers = [client.get("/api/v1/usage", headers=HEADERS) for _ in range(2)]

    assert [answer.get_json()["total_requests"] for answer in answers] == [1, 2]


def test_an_upload_sent_again_is_stored_once(client: FlaskClient) -> None:
    first, again = (client.post("/api/v1/uploads", data=b"abc", headers=HEADERS) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert client.post("/api/v1/uploads", data=b"abcd", headers=HEADERS).status_code == 422


def test_two_requests_have_seeds_of_their_own(client: FlaskClient, gateway: FakeGateway) -> None:
    body = without(STUDIO, "formState.seed")
    for _ in range(2):
        client.post(IMAGE_PATH, json=body)

    assert len({request.seed for request in gateway.requests.values()}) == 2
