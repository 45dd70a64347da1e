"""Pre-flight: files looked at before a job is made of them."""

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from contracts.errors import MouthpieceError, NoFace, NotFound, Unavailable, UnreadableMedia
from contracts.inspections import FaceSeen, Inspection, InspectionRequest, LengthPlan, SourceUse
from contracts.jobs import MediaInfo, MediaRef, OutputOptions, Role, SyncMode
from contracts.settings import Settings
from tests.api.conftest import NOW, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

PATH = "/api/v1/inspect"
BODY = {"source": "https://media.example/film.mp4", "audio": "https://media.example/voice.wav"}
FACE = FaceSeen(
    box=(10, 20, 30, 40), score=0.99, drivable=False, reason="turned away", first_seen_s=0.2, best_seen_s=0.4
)
PLAN = LengthPlan(duration_s=6.2, fps=25.0, width=1280, height=720, segments=2, source_use=SourceUse.TRIMMED)
FILM = MediaInfo(
    role=Role.VIDEO,
    field="source",
    blob="jobs/inspect-1/inputs/video-0",
    container="video/mp4",
    size_bytes=1000,
    duration_s=8.0000004,
    width=1280,
    height=720,
    fps=29.97,
)
VOICE = replace(FILM, role=Role.AUDIO, container="audio/wav", duration_s=6.16, width=0, height=0, fps=0.0)
FOUND = Inspection(source=FILM, audio=VOICE, faces=(FACE,), plan=PLAN, warnings=("one face is turned away",))


class FakeInspections:
    """Inspections in memory: `result` is what each finds, or refuses with; None never comes to an end."""

    def __init__(self) -> None:
        self.requests: dict[str, InspectionRequest] = {}
        self.result: Inspection | MouthpieceError | None = FOUND
        self.looks = 0

    def start(self, request: InspectionRequest) -> None:
        self.requests.setdefault(request.inspection_id, request)

    def outcome(self, inspection_id: str, key_id: str) -> Inspection | None:
        self.looks += 1
        if inspection_id not in self.requests or self.requests[inspection_id].key_id != key_id:
            raise NotFound("no such inspection for this key")
        if isinstance(self.result, MouthpieceError):
            raise self.result
        return self.result


@pytest.fixture
def inspections() -> FakeInspections:
    return FakeInspections()


@pytest.fixture
def app(settings: Settings, inspections: FakeInspections) -> Iterator[Flask]:
    app = create_app(settings, FakeGateway(), clock=lambda: NOW, inspections=inspections)
    yield app
    services_of(app).records.close()


def test_a_finding_says_all_that_a_job_would_meet(client: FlaskClient) -> None:
    answer = client.post(PATH, json=BODY)

    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert uuid.UUID(body.pop("id"))
    assert body == {
        "status": "succeeded",
        "source": {
            "kind": "video",
            "container": "video/mp4",
            "size_bytes": 1000,
            "width": 1280,
            "height": 720,
            "duration_s": 8.0,
            "fps": 29.97,
        },
        "audio": {
            "kind": "audio",
            "container": "audio/wav",
            "size_bytes": 1000,
            "width": 0,
            "height": 0,
            "duration_s": 6.16,
            "fps": 0.0,
        },
        "faces": [
            {
                "box": [10, 20, 30, 40],
                "score": 0.99,
                "drivable": False,
                "reason": "turned away",
                "first_seen_s": 0.2,
                "point": {"x": 0.0195, "y": 0.0556, "at_s": 0.4},
            }
        ],
        "plan": {
            "duration_s": 6.2,
            "fps": 25.0,
            "width": 1280,
            "height": 720,
            "segments": 2,
            "source_use": "trimmed",
        },
        "cost": {"credits": 28},
        "warnings": ["one face is turned away"],
    }


def test_without_a_sound_there_is_neither_plan_nor_cost(client: FlaskClient, inspections: FakeInspections) -> None:
    inspections.result = replace(FOUND, audio=None, plan=None)

    body = client.post(PATH, json={"source": BODY["source"]}).get_json()

    assert (body["audio"], body["plan"], body["cost"]) == (None, None, None)


def test_the_request_reaches_the_workflow_as_it_was_meant(client: FlaskClient, inspections: FakeInspections) -> None:
    client.post(PATH, json=BODY | {"resolution": "480p", "videoParams": {"fps": "25"}, "mood": "sad"})

    (request,) = inspections.requests.values()
    assert request.source == MediaRef(role=Role.VIDEO, field="source", url=BODY["source"])
    assert request.audio == MediaRef(role=Role.AUDIO, field="audio", url=BODY["audio"])
    assert request.options == OutputOptions(short_side_px=480, fps=25.0)
    assert request.or_image
    assert request.warnings == ("unknown fields were ignored: mood",)


@pytest.mark.parametrize("name", ["image", "video"])
def test_a_source_may_be_named_by_its_kind(client: FlaskClient, inspections: FakeInspections, name: str) -> None:
    client.post(PATH, json={name: BODY["source"]})

    (request,) = inspections.requests.values()
    assert (request.source.role, request.source.field, request.or_image) == (Role(name), name, False)


@pytest.mark.parametrize("sources", [{}, {"image": BODY["source"], "video": BODY["source"]}, {"source": ""}])
def test_exactly_one_source_is_asked_for(client: FlaskClient, sources: dict[str, str]) -> None:
    answer = client.post(PATH, json={"audio": BODY["audio"]} | sources)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "source")
    assert "exactly one of source, image, video is needed" in answer.get_json()["detail"]


def test_an_upload_of_the_same_key_is_looked_at_where_it_lies(
    client: FlaskClient, inspections: FakeInspections
) -> None:
    url = client.post("/api/v1/uploads", data=b"film").get_json()["url"]

    client.post(PATH, json={"source": url})

    (request,) = inspections.requests.values()
    assert request.source.blob.startswith("uploads/")


def test_a_look_that_takes_longer_is_asked_for_again(client: FlaskClient, inspections: FakeInspections) -> None:
    inspections.result = None
    pending = client.post(f"{PATH}?wait=0", json=BODY)
    inspections.result = FOUND

    found = client.get(f"{PATH}/{pending.get_json()['id']}")

    assert (pending.status_code, pending.get_json()["status"]) == (202, "running")
    assert (found.status_code, found.get_json()["id"]) == (200, pending.get_json()["id"])


def test_a_request_waits_as_long_as_it_says(
    client: FlaskClient, inspections: FakeInspections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.inspect.LOOK_EVERY_S", 0.01)
    inspections.result = None

    answer = client.post(f"{PATH}?wait=1", json=BODY)

    assert answer.status_code == 202
    assert inspections.looks > 2


@pytest.mark.parametrize("wait", ["-1", "61", "long"])
def test_a_wait_that_makes_no_sense_is_refused(client: FlaskClient, wait: str) -> None:
    answer = client.post(f"{PATH}?wait={wait}", json=BODY)

    assert (answer.status_code, answer.get_json()["field"]) == (400, "wait")


def test_another_keys_inspection_is_not_found(client: FlaskClient, stranger: FlaskClient) -> None:
    inspection_id = client.post(PATH, json=BODY).get_json()["id"]

    answers = [stranger.get(f"{PATH}/{each}") for each in (inspection_id, uuid.uuid4(), "nonsense")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {answer.content_type for answer in answers} == {"application/problem+json"}


@pytest.mark.parametrize(
    ("fault", "status", "field", "detail"),
    [
        (UnreadableMedia("audio: not an audio file (text/html)"), 422, "audio", "audio: not an audio file (text/html)"),
        (NoFace("source: no face"), 422, "source", "source: no face"),
        (Unavailable("the job queue cannot be reached"), 503, "", "the job queue cannot be reached"),
        (MouthpieceError("fetch: no worker"), 500, "", "fetch: no worker"),
    ],
)
def test_a_file_that_a_job_would_refuse_is_refused_in_the_same_words(
    client: FlaskClient, inspections: FakeInspections, fault: MouthpieceError, status: int, field: str, detail: str
) -> None:
    inspections.result = fault

    answer = client.post(PATH, json=BODY)

    body = answer.get_json()
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert (body["code"], body["field"], body["detail"]) == (fault.code, field, detail)


def test_the_same_request_under_one_idempotency_key_is_one_inspection(
    client: FlaskClient, inspections: FakeInspections
) -> None:
    ids = {client.post(PATH, json=BODY, headers={"Idempotency-Key": "one"}).get_json()["id"] for _ in range(2)}

    assert ids == set(inspections.requests)
    assert len(ids) == 1


def test_an_inspection_asks_for_a_key(anyone: FlaskClient) -> None:
    assert anyone.post(PATH, json=BODY).status_code == 401


@pytest.mark.parametrize("asked", [{"sync_mode": "loop"}, {"videoParams": {"sync_mode": "loop"}}])
def test_the_plan_is_for_the_mode_that_is_asked_for(
    client: FlaskClient, inspections: FakeInspections, asked: dict[str, object]
) -> None:
    client.post(PATH, json=BODY | asked)

    (request,) = inspections.requests.values()
    assert request.options.sync_mode is SyncMode.LOOP
    assert request.warnings == ()
