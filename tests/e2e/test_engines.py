"""Engines of published checkpoints behind the whole service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.trial import Trial, running
from tests.e2e.client import Client, Json, client_of, download, until
from tests.engines.prepared import ENGINES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the operator puts checkpoints; one is there at the start."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "wav2lip").mkdir()
    ENGINES["wav2lip"](folder / "wav2lip")
    return folder


@pytest.fixture(scope="module")
def service(models: Path) -> Iterator[Trial]:
    with running({"MOUTHPIECE_MODELS_DIR": str(models), "MOUTHPIECE_ACCEPT_LICENCES": "wav2lip"}) as trial:
        yield trial


@pytest.fixture
def client(service: Trial) -> Client:
    return client_of(service)


def listed(client: Client) -> dict[str, Json]:
    return {model["name"]: model for model in client.get("/api/v1/models").json()["models"]}


def ready(client: Client, engine: str) -> bool:
    return bool(listed(client).get(engine, {}).get("ready"))


def order(client: Client, engine: str, files: str) -> Json:
    state: Json = {"image": f"{files}/face.png", "audio": f"{files}/short.wav", "engine": engine}
    answer: Json = client.post("/api/v1/lipsync-image", {"formState": state}).json()
    return answer


def test_a_job_names_its_engine_and_gets_its_picture(client: Client, files: str) -> None:
    until(lambda: ready(client, "wav2lip"))

    jobs = [str(order(client, engine, files)["id"]) for engine in ("wav2lip", "wav2lip", "articulate")]
    outputs = [download(client.finished(job)["output"]) for job in jobs]

    assert outputs[0] == outputs[1] != outputs[2]
    assert [client.studio(job)["engine"] for job in jobs] == ["wav2lip", "wav2lip", "articulate"]
    assert "non-commercial" in str(listed(client)["wav2lip"]["notice"])


def test_a_checkpoint_that_is_put_in_place_is_used_without_a_restart(client: Client, files: str, models: Path) -> None:
    until(lambda: "musetalk" in listed(client))
    refusal = order(client, "musetalk", files)
    (models / "musetalk").mkdir()
    ENGINES["musetalk"](models / "musetalk")
    until(lambda: ready(client, "musetalk"))

    job = client.finished(str(order(client, "musetalk", files)["id"]))

    assert (refusal["code"], refusal["field"]) == ("invalid_request", "formState.engine")
    assert "lacks the UNet" in str(refusal["error"])
    assert str(models) not in str(refusal)
    assert job["engine"] == "musetalk"
