"""The link to what a job was made of: there while it is kept, and its key's alone."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.services import Services
from contracts.jobs import JobView, Stage, Status
from contracts.retention import Phase
from storage.retention import Retention
from tests.api.conftest import NOW
from tests.api.jobs import running, submitted
from tests.fakes import FakeGateway
from tests.storage.requests import a_success

pytestmark = pytest.mark.unit

LATER = NOW + timedelta(days=40)


def fetched(services: Services, gateway: FakeGateway, tmp_path: Path, job_id: str, key: str = "") -> str:
    """Let a job's source be fetched, or be an upload; return its blob's key."""
    blob = key or f"jobs/{job_id}/inputs/image-0a1b2c3d"
    (tmp_path / "face").write_bytes(b"a face")
    services.blobs.put(blob, tmp_path / "face")
    gateway.views[job_id] = replace(running(gateway, job_id), source=blob)
    return blob


def succeeded(services: Services, gateway: FakeGateway, job_id: str) -> JobView:
    """Let it end."""
    view = replace(gateway.views[job_id], status=Status.SUCCEEDED, stage=Stage.SETTLE, percent=100)
    gateway.views[job_id] = view
    outcome = replace(a_success(gateway.requests[job_id]), source=view.source, finished_at="2026-01-02T03:05:05Z")
    services.records.jobs.settle(outcome, 30)
    return view


def prune(services: Services) -> None:
    """Remove all inputs for their age."""
    settings = replace(services.settings, keep_inputs_days=30)
    retention = Retention(settings, services.records, services.blobs, lambda: LATER)
    for phase in Phase:
        retention.prune(phase, "", 100)


def source_of(client: FlaskClient, job_id: str) -> str | None:
    link: str | None = client.get(f"/api/v1/jobs/{job_id}").get_json()["source"]
    return link


def path_of(services: Services, link: str | None) -> str:
    assert link is not None
    return link.removeprefix(services.settings.public_url)


def test_there_is_no_source_before_it_was_fetched(client: FlaskClient, gateway: FakeGateway) -> None:
    job_id = submitted(client)

    assert source_of(client, job_id) is None


def test_the_source_can_be_downloaded_while_the_job_runs_and_after(
    client: FlaskClient, anyone: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = submitted(client)
    fetched(services, gateway, tmp_path, job_id)
    links = [source_of(client, job_id)]
    succeeded(services, gateway, job_id)
    links.append(source_of(client, job_id))
    gateway.views.clear()
    links.append(source_of(client, job_id))

    for link in links:
        with anyone.get(path_of(services, link)) as answer:
            assert answer.data == b"a face"
    assert client.get("/api/v1/jobs").get_json()["jobs"][0]["source"] is not None


@pytest.mark.parametrize("is_upload", [False, True])
def test_a_source_that_was_removed_for_its_age_is_no_longer_linked(
    client: FlaskClient,
    anyone: FlaskClient,
    services: Services,
    gateway: FakeGateway,
    tmp_path: Path,
    is_upload: bool,
) -> None:
    job_id = submitted(client)
    key_id = gateway.requests[job_id].key_id
    blob = fetched(services, gateway, tmp_path, job_id, f"uploads/{key_id}/0a1b" if is_upload else "")
    succeeded(services, gateway, job_id)
    link = source_of(client, job_id)
    if is_upload:
        services.records.expiry.forget_source(blob)
        services.blobs.delete(blob)
    else:
        prune(services)

    assert source_of(client, job_id) is None
    gateway.views.clear()
    assert source_of(client, job_id) is None
    assert anyone.get(path_of(services, link)).status_code == (404 if is_upload else 410)


def test_a_source_that_is_gone_is_told_from_an_output_that_is(
    client: FlaskClient, anyone: FlaskClient, services: Services, gateway: FakeGateway, tmp_path: Path
) -> None:
    job_id = submitted(client)
    fetched(services, gateway, tmp_path, job_id)
    succeeded(services, gateway, job_id)
    link = source_of(client, job_id)
    prune(services)

    assert "the source is no longer kept" in anyone.get(path_of(services, link)).text


def test_nobody_else_is_shown_the_source_and_its_link_ends_with_the_key(
    client: FlaskClient,
    stranger: FlaskClient,
    anyone: FlaskClient,
    services: Services,
    gateway: FakeGateway,
    tmp_path: Path,
) -> None:
    job_id = submitted(client)
    fetched(services, gateway, tmp_path, job_id)
    link = source_of(client, job_id)

    assert stranger.get(f"/api/v1/jobs/{job_id}").status_code == 404
    assert stranger.get("/api/v1/jobs").get_json()["jobs"] == []
    services.records.keys.revoke(gateway.requests[job_id].key_id, "2026-01-02T03:04:06Z")
    assert anyone.get(path_of(services, link)).status_code == 410
