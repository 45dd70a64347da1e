"""The list of engines, and what becomes of requests that name one."""

from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.services import Services
from contracts.engine_keys import read_engine_keys
from contracts.engines import Capabilities, EngineInfo, EngineState, Need
from contracts.jobs import JobView, Stage, Status
from contracts.settings import Settings
from storage.announcements import Announcements
from tests.api.bodies import ASYNC_PATH, DEV, GENERATE, GENERATE_PATH, IMAGE_PATH, STUDIO, SUBMIT_PATH
from tests.api.conftest import NOW, client_with_key, services_of
from tests.fakes import FakeGateway

pytestmark = pytest.mark.unit

NEED = Need(what="the generator", paths=("*.pth",), licence="research only", source="its page", sha256=("ab",))
ARTICULATE = EngineState(
    name="articulate",
    info=EngineInfo(name="articulate", summary="Moves lips.", licence="MIT", capabilities=Capabilities(seed=True)),
)
INFO = EngineInfo(name="wav2lip", summary="Draws.", licence="none", notice="Research only.", needs=(NEED,))
LACKING = EngineState(name="wav2lip", info=INFO, fault="it lacks the generator", remedy="Put it in /srv/models.")
READY = EngineState(name="wav2lip", info=INFO)


def announce(services: Services, *states: EngineState, host: str = "one") -> None:
    Announcements(services.blobs).announce(host, states, services.clock().timestamp())


def models(client: FlaskClient) -> dict[str, dict[str, object]]:
    answer = client.get("/api/v1/models")
    assert answer.status_code == 200
    return {model["name"]: model for model in answer.get_json()["models"]}


def naming(path: str, engine: str) -> Mapping[str, object]:
    """The body of a request that names an engine."""
    if path == IMAGE_PATH:
        form = STUDIO["formState"]
        assert isinstance(form, dict)
        return STUDIO | {"formState": form | {"engine": engine}}
    return (GENERATE if path == GENERATE_PATH else DEV) | {"engine": engine}


def test_without_a_worker_there_is_no_engine(client: FlaskClient) -> None:
    assert models(client) == {}


def test_an_engine_is_listed_with_its_terms_and_what_it_lacks(client: FlaskClient, services: Services) -> None:
    announce(services, ARTICULATE, LACKING)

    assert list(models(client)) == ["articulate", "wav2lip"]
    assert models(client)["wav2lip"] == {
        "name": "wav2lip",
        "summary": "Draws.",
        "default": False,
        "ready": False,
        "missing": "it lacks the generator",
        "capabilities": ["portrait", "video"],
        "licence": "none",
        "notice": "Research only.",
        "needs": [
            {
                "what": "the generator",
                "paths": ["*.pth"],
                "licence": "research only",
                "source": "its page",
                "sha256": ["ab"],
            }
        ],
        "vram_bytes": 0,
    }
    assert models(client)["articulate"]["capabilities"] == ["portrait", "video", "seed"]
    assert models(client)["articulate"]["default"]


def test_no_client_learns_where_the_service_keeps_its_files(client: FlaskClient, services: Services) -> None:
    announce(services, LACKING)

    assert "/srv" not in client.get("/api/v1/models").get_data(as_text=True)
    assert "/srv" not in client.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip")).get_data(as_text=True)


def test_an_engine_is_ready_when_every_worker_can_run_it(client: FlaskClient, services: Services) -> None:
    announce(services, ARTICULATE, READY, host="one")
    announce(services, ARTICULATE, LACKING, host="two")

    assert [model["ready"] for model in models(client).values()] == [True, False]


def test_an_engine_that_some_worker_does_not_have_is_not_ready(client: FlaskClient, services: Services) -> None:
    announce(services, ARTICULATE, READY, host="one")
    announce(services, ARTICULATE, host="two")

    assert models(client)["wav2lip"]["missing"] == "the engine 'wav2lip' is not installed on every gpu worker"


@pytest.mark.parametrize("path", [IMAGE_PATH, SUBMIT_PATH, ASYNC_PATH, GENERATE_PATH])
def test_a_request_names_its_engine(path: str, client: FlaskClient, services: Services, gateway: FakeGateway) -> None:
    announce(services, ARTICULATE, READY)

    assert client.post(path, json=naming(path, "wav2lip")).status_code == 200

    assert [request.engine for request in gateway.requests.values()] == ["wav2lip"]


@pytest.mark.parametrize("engine", ["", None])
def test_a_request_that_names_none_gets_the_default(
    engine: str | None, client: FlaskClient, services: Services, gateway: FakeGateway
) -> None:
    announce(services, LACKING)

    client.post(SUBMIT_PATH, json=DEV | {"engine": engine})

    assert [request.engine for request in gateway.requests.values()] == ["articulate"]


@pytest.mark.parametrize("path", [IMAGE_PATH, SUBMIT_PATH, ASYNC_PATH, GENERATE_PATH])
def test_an_engine_that_no_worker_has_is_refused(path: str, client: FlaskClient, services: Services) -> None:
    announce(services, ARTICULATE, READY)

    answer = client.post(path, json=naming(path, "wave2lip"))

    assert answer.status_code == 400
    said = answer.get_data(as_text=True)
    field = "formState.engine" if path == IMAGE_PATH else "engine"
    assert f"{field}: no engine named 'wave2lip'" in said
    if path != ASYNC_PATH:
        assert "Installed: articulate, wav2lip." in said


def test_an_engine_that_is_not_ready_is_refused_with_what_it_lacks(client: FlaskClient, services: Services) -> None:
    announce(services, LACKING)

    answer = client.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip"))

    assert (answer.status_code, answer.get_json()["errorCode"]) == (400, "invalid_request")
    assert "it lacks the generator" in answer.get_json()["errorMessage"]


def test_while_no_worker_is_heard_of_a_job_waits_for_one(client: FlaskClient, gateway: FakeGateway) -> None:
    assert client.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip")).status_code == 200
    assert [request.engine for request in gateway.requests.values()] == ["wav2lip"]


def test_an_engine_kept_for_some_keys_is_no_others(settings: Settings, gateway: FakeGateway) -> None:
    app = create_app(settings, gateway, clock=lambda: NOW)
    services = services_of(app)
    key, plaintext = services.records.keys.create("chosen", "2026-01-01T00:00:00Z")
    services.records.close()
    app = _restricted(settings, gateway, key.key_id)
    services = services_of(app)
    announce(services, ARTICULATE, READY)
    chosen, other = app.test_client(), client_with_key(app, "other")
    chosen.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {plaintext}"

    assert list(models(chosen)) == ["articulate", "wav2lip"]
    assert list(models(other)) == ["articulate"]
    assert chosen.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip")).status_code == 200
    refusal = other.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip"))
    assert (refusal.status_code, refusal.get_json()["errorCode"]) == (403, "forbidden")
    assert "this key may not use the engine 'wav2lip'" in refusal.get_json()["errorMessage"]
    services.records.close()


def test_a_job_is_not_run_again_by_an_engine_that_is_kept_for_other_keys_now(
    settings: Settings, client: FlaskClient, gateway: FakeGateway
) -> None:
    client.post(SUBMIT_PATH, json=naming(SUBMIT_PATH, "wav2lip"))
    [job_id] = gateway.requests
    gateway.views[job_id] = JobView(job_id=job_id, status=Status.FAILED, stage=Stage.ANALYSE, percent=5)
    app = _restricted(settings, gateway, "another")
    later = app.test_client()
    later.environ_base["HTTP_AUTHORIZATION"] = client.environ_base["HTTP_AUTHORIZATION"]

    answer = later.post(f"/api/v1/jobs/{job_id}/retry")

    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
    services_of(app).records.close()


def _restricted(settings: Settings, gateway: FakeGateway, key_id: str) -> Flask:
    limited = Settings(data_dir=settings.data_dir, engine_keys=read_engine_keys(f"wav2lip={key_id}"))
    return create_app(limited, gateway, clock=lambda: NOW)
