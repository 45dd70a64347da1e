from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.workplace import Workplace
from contracts.settings import Settings
from storage.blobs import LocalBlobs
from storage.records import Records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a service that lives in a folder of the test's own and may reach loopback."""
    return Settings.from_env(
        {
            "MOUTHPIECE_DATA_DIR": str(tmp_path / "data"),
            "MOUTHPIECE_FETCH_ALLOW": "127.0.0.1",
            "MOUTHPIECE_MAX_DURATION_S": "5",
            "MOUTHPIECE_MAX_SIDE_PX": "500",
            "MOUTHPIECE_MAX_AUDIO_BYTES": "1000000",
            "MOUTHPIECE_WEBHOOK_TIMEOUT_S": "5",
            "MOUTHPIECE_SEGMENT_S": "0.5",
        }
    )


@pytest.fixture
def workplace(settings: Settings) -> Workplace:
    return Workplace(settings=settings, blobs=LocalBlobs(settings.data_dir / "blobs"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    records = Records(tmp_path / "records.db")
    yield records
    records.close()
