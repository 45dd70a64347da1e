from collections.abc import Iterator

import pytest

from tests.temporal_server import TemporalServer, be_patient, development_server, time_skipping_server


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@pytest.fixture(scope="session")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """The real development server, one for all tests."""
    with development_server(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture(scope="session")
def skipping() -> Iterator[TemporalServer]:
    """The server whose clock jumps, one for all tests."""
    with time_skipping_server() as server:
        yield server
