"""Every error in every dialect, as it goes over the wire: status, headers, body."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.error_table import STATUSES
from api.lipsync_dev_async import ERROR_NUMBERS
from contracts.errors import ErrorCode, MouthpieceError
from contracts.jobs import JobView
from contracts.settings import Settings
from tests.api.bodies import ASYNC_PATH, DEV, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import client_with_key, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

WAIT = {ErrorCode.RATE_LIMITED, ErrorCode.IDEMPOTENCY_IN_FLIGHT}
WAIT |= {code for code, status in STATUSES.items() if status == 503}

TEXT = "id: it went wrong"
STUDIO_BODY = {"error": TEXT, "field": "id", "remedy": "Mend it."}
DEV_BODY = {"errorMessage": TEXT, "field": "id", "remedy": "Mend it."}
PROBLEM_BODY = {"detail": TEXT, "field": "id", "remedy": "Mend it.", "pointer": ""}


class FaultyGateway(FakeGateway):
    """A gateway that fails with whatever it is told to."""

    fault: MouthpieceError | None = None

    def view(self, job_id: str) -> JobView | None:
        if self.fault:
            raise self.fault
        return super().view(job_id)


def fault_of(code: ErrorCode) -> MouthpieceError:
    kind = type("Fault", (MouthpieceError,), {"code": code})
    fault: MouthpieceError = kind("it went wrong", field="id", remedy="Mend it.")
    return fault


@pytest.fixture
def gateway() -> FaultyGateway:
    return FaultyGateway()


@pytest.fixture
def app(settings: Settings, gateway: FaultyGateway) -> Iterator[Flask]:
    app = create_app(settings, gateway)
    yield app
    services_of(app).records.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return client_with_key(app, "mine")


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_the_status_headers_and_shape_of_its_dialect(
    client: FlaskClient, gateway: FaultyGateway, code: ErrorCode
) -> None:
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    number = client.post(SUBMIT_PATH, json=DEV).get_json()["jobId"]
    task = client.post(ASYNC_PATH, json=DEV).get_json()["data"]
    gateway.fault = fault_of(code)

    answers = {
        "studio": client.get(f"/api/v1/jobs/{job_id}"),
        "dev": client.get(f"/api/v1/lipsync/status/{number}"),
        "async": client.post(RESULT_PATH, json=task),
        "rest": client.post(f"/api/v1/jobs/{job_id}/cancel"),
    }

    for answer in answers.values():
        assert answer.status_code == STATUSES[code]
        assert ("Retry-After" in answer.headers) == (code in WAIT)
        assert ("WWW-Authenticate" in answer.headers) == (code is ErrorCode.UNAUTHORIZED)
    studio, dev, envelope, rest = (answer.get_json() for answer in answers.values())
    request_id = {name: answer.headers["X-Request-Id"] for name, answer in answers.items()}
    assert studio == STUDIO_BODY | {"code": code, "request_id": request_id["studio"]}
    assert dev == DEV_BODY | {"errorCode": code, "requestId": request_id["dev"]}
    assert envelope == {"code": ERROR_NUMBERS[code], "message": f"{TEXT}. Mend it.", "data": None}
    assert {name: rest[name] for name in PROBLEM_BODY} == PROBLEM_BODY
    assert (rest["code"], rest["status"], rest["request_id"]) == (code, STATUSES[code], request_id["rest"])
    assert answers["rest"].content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "neither an Authorization nor an X-API-Key header was sent"),
        ({"Authorization": "Basic abc"}, "Authorization: the header is not of the form 'Bearer sk_...'"),
        ({"Authorization": "Bearer sk_0"}, "Authorization: the key is unknown or revoked"),
        ({"X-API-Key": "sk_0"}, "X-API-Key: the key is unknown or revoked"),
    ],
)
def test_a_refusal_for_want_of_a_key_says_in_every_dialect_which_header_was_at_fault(
    app: Flask, headers: dict[str, str], said: str
) -> None:
    anyone = app.test_client()

    answers = [
        anyone.get("/api/v1/jobs/1", headers=headers),
        anyone.get("/api/v1/lipsync/status/1", headers=headers),
        anyone.post(RESULT_PATH, headers=headers),
        anyone.get("/api/v1/jobs", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert [said in answer.text for answer in answers] == [True] * 4
