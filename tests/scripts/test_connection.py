import os
from pathlib import Path

import pytest

from scripts import connection, runfile

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator keeps a profile of another server and chooses nothing."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    file = tmp_path / "temporalio" / "temporal.toml"
    file.parent.mkdir()
    file.write_text('[profile.default]\naddress = "cloud:7233"\napi_key = "k"\n', encoding="utf-8")
    (tmp_path / ".config").symlink_to(tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a stack that runs."""
    running = runfile.Running(
        url="http://127.0.0.1:8080", temporal="127.0.0.1:7777", namespace="default", ui="", pid=os.getpid()
    )
    runfile.write(tmp_path, running)
    return tmp_path


def test_the_stack_that_runs_is_found_whatever_profile_there_is(data: Path) -> None:
    assert connection.configuration(data) == {"target_host": "127.0.0.1:7777", "namespace": "default"}


def test_without_a_stack_the_profile_counts(tmp_path: Path) -> None:
    config = connection.configuration(tmp_path / "none")

    assert config["target_host"] == "cloud:7233"
    assert connection.is_known(tmp_path / "none")


def test_a_server_that_the_operator_chose_wins(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "mine:7233")

    assert connection.configuration(data)["target_host"] == "mine:7233"


def test_a_key_for_another_server_does_not_reach_the_stack(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "secret")

    assert "api_key" not in connection.configuration(data)


def test_a_profile_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "none")

    with pytest.raises(connection.ProfileUnusable, match="'none' not found"):
        connection.configuration(tmp_path)
