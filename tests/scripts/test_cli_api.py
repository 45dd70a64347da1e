"""The API as `mouthpiece api` runs it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from contracts.settings import environment
from tests.api.temporal_server import free_port

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, data = free_port(), tmp_path_factory.mktemp("data")
    command = [sys.executable, "-m", "scripts.cli", "api", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(command, cwd=Path(__file__).resolve().parents[2], env=environment())
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _ready(url: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/healthz", timeout=5).raise_for_status()
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
        else:
            return url
    pytest.fail("the API did not come up")


@pytest.mark.parametrize(("path", "status"), [("/elsewhere/healthz", 404), ("/healthz", 200)])
@pytest.mark.parametrize("header", ["SCRIPT_NAME", "Script-Name", "PATH_INFO"])
def test_no_header_moves_the_path_that_is_answered(url: str, header: str, path: str, status: int) -> None:
    answer = requests.get(url + path, headers={header: "/elsewhere"}, timeout=10)

    assert answer.status_code == status
