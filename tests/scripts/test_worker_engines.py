import asyncio
import logging
import time
from pathlib import Path

import pytest

from contracts.settings import Settings
from scripts.worker_engines import keep_announcing
from storage.announcements import Announcements
from storage.blobs import open_blobs

pytestmark = pytest.mark.unit


async def _for_a_while(settings: Settings) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(keep_announcing(settings, stop))
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.wait_for(task, 60)


def test_engines_are_announced_until_the_worker_stops(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    asyncio.run(_for_a_while(settings))

    assert len(Announcements(open_blobs(settings)).fresh(time.time())) == 1


def test_a_store_that_is_away_is_logged_and_stops_no_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "blobs").write_text("in the way", encoding="utf-8")

    with caplog.at_level(logging.WARNING):
        asyncio.run(_for_a_while(Settings(data_dir=tmp_path)))

    assert "engines_unannounced" in caplog.text
