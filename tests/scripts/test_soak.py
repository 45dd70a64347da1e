import os
import threading
from pathlib import Path

import pytest

from scripts.soak import folder_sizes, process_sizes

pytestmark = pytest.mark.unit


def test_an_opened_file_and_a_thread_are_seen(tmp_path: Path) -> None:
    before, stop = process_sizes(os.getpid()), threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with (tmp_path / "opened").open("w"):
            after = process_sizes(os.getpid())
    finally:
        stop.set()
        thread.join()

    assert after["open_files"] == before["open_files"] + 1
    assert after["threads"] == before["threads"] + 1
    assert after["most_memory_mib"] >= after["memory_mib"] > 1


def test_databases_and_blobs_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "jobs").mkdir(parents=True)
    (tmp_path / "blobs" / "jobs" / "output.mp4").write_bytes(bytes(2 << 20))
    (tmp_path / "records.db").write_bytes(bytes(1 << 20))
    (tmp_path / "records.db-wal").write_bytes(bytes(1 << 20))

    sizes = folder_sizes(tmp_path)

    assert sizes == {"all_mib": 4.0, "records_mib": 2.0, "temporal_mib": 0.0, "blobs_mib": 2.0, "scratch_mib": 0.0}
