"""The commands of docs/operations.md that run a service on servers of one's own, and drain it, as they stand there."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from contracts.jobs import Stage
from contracts.settings import Settings
from contracts.steps import RENDER
from scripts import connection
from scripts.trial import TRIVIAL_ENGINE, running
from tests.e2e.client import Client, client_of, seen, until
from tests.e2e.workers import attempts_at, history, slow_engine, stop_gpu
from tests.pages import Shell
from tests.s3_server import BUILD_TIMEOUT_S, running_s3
from tests.temporal_server import development_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(BUILD_TIMEOUT_S)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _group(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """End a shell and all that it began."""
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def test_a_service_runs_on_a_temporal_server_of_ones_own(tmp_path: Path, files: str) -> None:
    port = _free_port()
    settings = {"MOUTHPIECE_DATA_DIR": str(tmp_path / "data"), "MOUTHPIECE_FETCH_ALLOW": "127.0.0.0/8"}
    operator = Shell(tmp_path, TRIVIAL_ENGINE | settings)
    with development_server(tmp_path) as server:
        operator.run(
            "temporal operator namespace create --namespace mouthpiece",
            {"create": f"create --address {server.address}"},
        )
        begun = operator.start(
            "export TEMPORAL_ADDRESS=temporal.internal:7233 TEMPORAL_NAMESPACE=mouthpiece",
            {
                "temporal.internal:7233": server.address,
                "https://lips.example.com": f"http://127.0.0.1:{port}",
                "--host 0.0.0.0": f"--port {port}",
            },
        )
        with _group(begun) as process:
            lines = iter(process.stdout or ())
            key = next(line.split()[1] for line in lines if line.startswith("key"))
            client = Client(url=f"http://127.0.0.1:{port}", key=key)
            until(lambda: _is_ready(client.url))
            job = client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav"))

    assert str(job["output"]).startswith(client.url)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_bucket_is_tried_by_the_doctor(tmp_path: Path) -> None:
    operator = Shell(tmp_path, {"MOUTHPIECE_DATA_DIR": str(tmp_path / "data")})
    with running_s3(tmp_path / "s3") as bucket:
        given = bucket.environ()
        access, secret = given["MOUTHPIECE_S3_ACCESS_KEY_ID"], given["MOUTHPIECE_S3_SECRET_ACCESS_KEY"]
        told = operator.block(
            "export MOUTHPIECE_S3_BUCKET=mouthpiece MOUTHPIECE_S3_REGION=eu-central-1",
            {
                "BUCKET=mouthpiece": f"BUCKET={given['MOUTHPIECE_S3_BUCKET']}",
                "eu-central-1": "us-east-1",
                "ACCESS_KEY_ID=...": f"ACCESS_KEY_ID={access}",
                "SECRET_ACCESS_KEY=...": f"SECRET_ACCESS_KEY='{secret}'",
                "https://s3.internal": given["MOUTHPIECE_S3_ENDPOINT"],
            },
        )

    assert given["MOUTHPIECE_S3_BUCKET"] in told


def test_a_drained_worker_ends_its_step_and_nothing_is_done_twice(tmp_path: Path, files: str) -> None:
    with running(TRIVIAL_ENGINE, data=tmp_path / "data", log=tmp_path / "service.log") as service:
        client = client_of(service)
        stop_gpu(service)
        slow = {"PYTHONPATH": str(slow_engine(tmp_path / "slow")), "MOUTHPIECE_DATA_DIR": str(service.data)}
        begun = Shell(tmp_path, TRIVIAL_ENGINE | slow).start(
            "mouthpiece worker gpu --grace-s 7200 &",
            {"kill -TERM": "until [ -e drain ]; do sleep 0.1; done; kill -TERM"},
        )
        with _group(begun) as drained, closing(connection.gateway(Settings(data_dir=service.data))) as gateway:
            job_id = client.image_job(f"{files}/face.png", f"{files}/long.wav")
            until(lambda: (view := seen(gateway, job_id)) and view.stage is Stage.RENDER)
            (tmp_path / "drain").touch()
            is_empty = "done\n" in (drained.stdout or ())
            meanwhile = until(lambda: seen(gateway, job_id))
        service.process.send_signal(signal.SIGCONT)
        client.finished(job_id)
        segments = attempts_at(RENDER, asyncio.run(history(service.data, job_id)))

    assert is_empty
    assert meanwhile is not None
    assert meanwhile.stage is Stage.RENDER
    assert len(segments) == 3
    assert len({worker for worker, _ in segments}) == 2
    assert {attempt for _, attempt in segments} == {1}
