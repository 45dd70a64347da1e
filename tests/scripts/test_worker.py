import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from contracts.settings import Settings
from scripts import runfile, worker
from scripts.ports import free_ports
from tests.temporal_server import TemporalServer, development_server

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    with development_server(tmp_path_factory.mktemp("worker")) as server:
        yield server


async def _connected(data: Path, patience_s: float) -> Client | None:
    """Connect, and stop when that takes too long."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(patience_s, stop.set)
    return await worker.connect(Settings(data_dir=data), stop)


def test_an_outage_is_logged_once_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(_connected(tmp_path, 2.5)) is None

    told = [record.getMessage() for record in caplog.records if record.name == "scripts.worker"]
    assert len(told) == 1
    assert f"no Temporal server answers at 127.0.0.1:{port}" in told[0]
    assert "TEMPORAL_ADDRESS" in told[0]


def test_a_namespace_that_is_not_there_is_logged_with_how_to_make_it(
    server: TemporalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nowhere")

    with caplog.at_level(logging.WARNING):
        assert server.run(_connected(tmp_path, 1.5)) is None

    assert "temporal operator namespace create --namespace nowhere" in caplog.text


def test_the_stack_on_the_data_folder_is_found(
    server: TemporalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    running = runfile.Running(url="", temporal=server.address, namespace="default", ui="", pid=os.getpid())
    runfile.write(tmp_path, running)

    client = server.run(_connected(tmp_path, 10))

    assert client is not None
    assert client.service_client.config.target_host == server.address
