from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts import metrics_listener
from scripts.cli import cli, run
from scripts.options import ListenAddress
from telemetry.catalogue import ENGINE_FRAMES
from telemetry.meter import Meter
from telemetry.tallies import FOLDER

pytestmark = pytest.mark.unit


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    server = metrics_listener.start(tmp_path, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_shows_what_processes_of_the_data_folder_have_counted(url: str, tmp_path: Path) -> None:
    meter = Meter()
    meter.open(tmp_path / FOLDER)
    meter.add(ENGINE_FRAMES, 7, "articulate")
    meter.close()

    answer = requests.get(f"{url}/metrics", timeout=10)

    assert 'mouthpiece_engine_frames_total{engine="articulate"} 7.0' in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_it_shows_nothing_else(url: str) -> None:
    assert requests.get(f"{url}/", timeout=10).status_code == 404
    assert requests.post(f"{url}/metrics", timeout=10).status_code == 501


@pytest.mark.parametrize(
    ("text", "address"),
    [("9464", ("127.0.0.1", 9464)), ("0.0.0.0:9464", ("0.0.0.0", 9464)), ("[::1]:9464", ("::1", 9464))],
)
def test_an_address_is_a_port_or_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert ListenAddress().convert(text, None, None) == address


@pytest.mark.parametrize("text", ["metrics", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1"])
def test_what_is_no_address_is_refused_with_an_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(cli, ["worker", "gpu", "--metrics", text]) == 2

    assert "127.0.0.1:9464" in capsys.readouterr().err


def test_an_address_that_is_taken_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(metrics_listener.AddressTaken, match="Address already in use"):
        metrics_listener.start(tmp_path, "127.0.0.1", int(url.rpartition(":")[2]))
