"""Faults in every dialect: the whole matrix, and what Flask itself finds wrong."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import DIALECTS, create_app
from api.error_table import ErrorTable
from api.errors import write
from api.problem import PROBLEM
from contracts.errors import ErrorCode, MouthpieceError
from contracts.settings import Settings
from tests.api.bodies import ASYNC_PATH, DEV, IMAGE_PATH, RESULT_PATH, STUDIO, SUBMIT_PATH, SUBMITS, VIDEO_PATH, Body
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

TABLES = {
    "studio": DIALECTS["/v1/jobs/[^/]+$"],
    "dev": DIALECTS["/v1/lipsync/"],
    "async": DIALECTS["/async/"],
    "rest": PROBLEM,
}

PROBLEM_FIELDS = [
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "field",
    "pointer",
    "remedy",
    "retryable",
    "request_id",
]

#: A path of each dialect, and the fields of its errors.
SHAPES = {
    "/api/v1/lipsync-nothing": ["error", "code", "field", "remedy", "request_id"],
    "/v1/jobs/1": ["error", "code", "field", "remedy", "request_id"],
    "/api/v1/lipsync/nothing": ["errorCode", "errorMessage", "field", "remedy", "requestId"],
    "/api/async/nothing": ["code", "message", "data"],
    "/nothing": PROBLEM_FIELDS,
    "/v1/jobs/1/nothing": PROBLEM_FIELDS,
    "/api/v1/jobs/1/deliveries": PROBLEM_FIELDS,
    "/api/v1/jobs/": PROBLEM_FIELDS,
}


class Fault(MouthpieceError):
    """A fault of any code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__("it went wrong", field="the field", remedy="Mend it.")
        self.code = code  # type: ignore[misc]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_dialect_knows_every_code(table: ErrorTable) -> None:
    assert set(table.entries) == set(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_code_is_worded_as_its_schema_says(app: Flask, table: ErrorTable, code: ErrorCode) -> None:
    with app.test_request_context("/x"):
        body = table.write(Fault(code), table.entries[code], "r1")

    assert set(body) == set(table.schema().fields)
    assert "it went wrong" in str(body)
    assert "the field" in str(body)
    assert "Mend it." in str(body)
    assert 400 <= table.entries[code].status < 600


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_two_codes_share_a_word_or_number(table: ErrorTable) -> None:
    wire_codes = [entry.wire_code for entry in table.entries.values()]

    assert len(set(wire_codes)) == len(wire_codes)
    assert 0 not in wire_codes


@pytest.mark.parametrize(("path", "shape"), SHAPES.items())
def test_what_is_not_found_is_answered_in_the_dialect_of_its_path(
    client: FlaskClient, path: str, shape: list[str]
) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert list(answer.get_json()) == shape


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", IMAGE_PATH, "OPTIONS, POST"),
        ("DELETE", VIDEO_PATH, "OPTIONS, POST"),
        ("POST", "/api/v1/jobs/1", "DELETE, GET, HEAD, OPTIONS"),
        ("GET", "/api/v1/jobs/1/cancel", "OPTIONS, POST"),
        ("GET", SUBMIT_PATH, "OPTIONS, POST"),
        ("PUT", "/api/v1/lipsync/status/1", "GET, HEAD, OPTIONS"),
        ("GET", ASYNC_PATH, "OPTIONS, POST"),
        ("GET", RESULT_PATH, "OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient, method: str, path: str, allowed: str) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == 405
    assert ", ".join(sorted(answer.headers["Allow"].split(", "))) == allowed
    assert allowed in answer.text


def test_problems_outside_the_dialects_are_problem_details(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={"X-Request-Id": "r-1"})

    assert answer.content_type == "application/problem+json"
    assert answer.get_json() == {
        "type": "http://127.0.0.1:8080/api/v1/errors/not_found",
        "title": "Not found",
        "status": 404,
        "detail": "no such path: /nothing",
        "instance": "/nothing",
        "code": "not_found",
        "field": "",
        "pointer": "",
        "remedy": "Check the address and that the key is the one that made it.",
        "retryable": False,
        "request_id": "r-1",
    }


def test_a_problem_points_to_the_field_of_the_body_that_is_at_fault(client: FlaskClient) -> None:
    answer = client.post("/api/v1/deliveries/redeliver", json={"since": "yesterday"}).get_json()

    assert (answer["field"], answer["pointer"]) == ("since", "/since")
    assert answer["remedy"].startswith("Expected: ")


@pytest.mark.parametrize(
    ("headers", "status"), [({"Idempotency-Key": "a b"}, 400), ({"Authorization": "Basic x"}, 401)]
)
def test_a_problem_does_not_point_to_headers(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    answer = client.post("/api/v1/deliveries/redeliver", json={}, headers=headers)

    assert (answer.status_code, answer.get_json()["pointer"]) == (status, "")
    assert answer.get_json()["field"] == next(iter(headers))


@pytest.mark.parametrize("code", [ErrorCode.RATE_LIMITED, ErrorCode.IDEMPOTENCY_IN_FLIGHT, ErrorCode.UNAVAILABLE])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_what_passes_says_when_to_ask_again(app: Flask, table: ErrorTable, code: ErrorCode) -> None:
    with app.test_request_context("/x"):
        answer = write(Fault(code), table, table.entries[code])

    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(("path", "body"), SUBMITS)
def test_without_temporal_a_submit_is_to_be_repeated_and_leaves_nothing_to_see(
    client: FlaskClient, gateway: FakeGateway, path: str, body: Body
) -> None:
    gateway.is_down = True

    answer = client.post(path, json=body)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    gateway.is_down = False
    assert client.get("/api/v1/jobs").get_json() == {"jobs": [], "next_cursor": None}


def test_without_temporal_a_status_is_to_be_asked_again(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = client.post(IMAGE_PATH, json=STUDIO).get_json()["id"]
    number = client.post(SUBMIT_PATH, json=DEV).get_json()["jobId"]
    task_id = client.post(ASYNC_PATH, json=DEV).get_json()["data"]["taskId"]
    gateway.is_down = True

    answers = [
        client.get(f"/api/v1/jobs/{job_id}"),
        client.get(f"/api/v1/lipsync/status/{number}"),
        client.post(RESULT_PATH, json={"taskId": task_id}),
    ]

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert all("Retry-After" in answer.headers for answer in answers)
    assert answers[0].get_json()["code"] == "unavailable"
    assert answers[1].get_json()["errorCode"] == "unavailable"
    assert answers[2].get_json()["code"] == 50300


class BrokenGateway(FakeGateway):
    def view(self, job_id: str) -> None:
        raise ZeroDivisionError("sk_secret at /home/x")


def test_an_unforeseen_fault_shows_the_client_nothing_but_the_request_id(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings, BrokenGateway())
    records = app.extensions["mouthpiece"].records
    headers = {"X-API-Key": records.keys.create("k", "2026-01-01T00:00:00Z")[1], "X-Request-Id": "r-77"}
    job_id = app.test_client().post(IMAGE_PATH, json=STUDIO, headers=headers).get_json()["id"]

    answer = app.test_client().get(f"/api/v1/jobs/{job_id}", headers=headers)
    records.close()

    assert answer.status_code == 500
    assert "sk_secret" not in answer.text
    assert answer.get_json()["request_id"] == "r-77"
    assert answer.headers["X-Request-Id"] == "r-77"
    assert "request_id=r-77" in caplog.text


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/v1/jobs/1", "/files/x/y"])
def test_every_answer_carries_a_request_id(anyone: FlaskClient, path: str) -> None:
    ids = {anyone.get(path).headers["X-Request-Id"] for _ in range(2)}

    assert len(ids) == 2


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "<script>"])
def test_a_request_id_that_is_not_fit_for_logs_is_replaced(anyone: FlaskClient, sent: str) -> None:
    assert anyone.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"] != sent
