import multiprocessing
import os
import signal
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from telemetry import cells, exposition, tallies
from telemetry.catalogue import (
    ALL,
    ENGINE_FRAMES,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    JOBS_SUBMITTED,
    PROCESSES,
    SEGMENT_SECONDS,
    Kind,
    Metric,
)
from telemetry.meter import MOST_SERIES, OTHER, Meter

pytestmark = pytest.mark.unit


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Meter]:
    made = Meter()
    made.open(tmp_path)
    yield made
    made.close()


def _shown(folder: Path) -> dict[str, float]:
    """Every sample of the text, as its line begins."""
    families = text_string_to_metric_families(exposition.text(tallies.add_up(folder)).decode())
    return {
        f"{sample.name}{{{','.join(value for _, value in sorted(sample.labels.items()))}}}": sample.value
        for family in families
        for sample in family.samples
    }


def _work(folder: Path, frames: int) -> None:
    other = Meter()
    other.open(folder)
    other.add(ENGINE_FRAMES, frames, "articulate")
    other.set(PROCESSES, 1, "worker")
    other.observe(SEGMENT_SECONDS, 0.3, "articulate")
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_after_work(folder: Path, frames: int) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(folder, frames))
    process.start()
    process.join()
    assert process.exitcode == -9


def test_counters_of_processes_add_up_and_stay_when_a_process_is_killed(meter: Meter, tmp_path: Path) -> None:
    meter.add(ENGINE_FRAMES, 10, "articulate")
    meter.set(PROCESSES, 1, "worker")

    for frames in (5, 7):
        _killed_after_work(tmp_path, frames)
        # Folding again changes nothing.
        _shown(tmp_path)

    shown = _shown(tmp_path)
    assert shown["mouthpiece_engine_frames_total{articulate}"] == 22
    assert shown["mouthpiece_processes{worker}"] == 1
    assert shown["mouthpiece_segment_seconds_count{articulate}"] == 2
    assert len(list(tmp_path.glob(f"*{cells.SUFFIX}"))) == 1


def test_a_fold_that_was_broken_off_before_its_files_were_removed_counts_nothing_twice(tmp_path: Path) -> None:
    _killed_after_work(tmp_path, 5)
    (dead,) = tmp_path.glob(f"*{cells.SUFFIX}")
    kept = dead.read_bytes()
    _shown(tmp_path)

    dead.write_bytes(kept)

    assert _shown(tmp_path)["mouthpiece_engine_frames_total{articulate}"] == 5


def test_files_that_a_broken_off_fold_left_are_not_counted_once_the_next_has_been(tmp_path: Path) -> None:
    _killed_after_work(tmp_path, 5)
    (dead,) = tmp_path.glob(f"*{cells.SUFFIX}")
    kept = dead.read_bytes()
    _shown(tmp_path)
    dead.write_bytes(kept)
    _killed_after_work(tmp_path, 7)

    shown = [_shown(tmp_path)["mouthpiece_engine_frames_total{articulate}"] for _ in range(3)]

    assert shown == [12, 12, 12]
    assert not list(tmp_path.glob(f"*{cells.SUFFIX}"))


def test_what_cannot_be_removed_is_not_counted_again(tmp_path: Path) -> None:
    _killed_after_work(tmp_path, 5)
    _shown(tmp_path)
    (tmp_path / "ended.json").write_text(
        (tmp_path / "ended.json").read_text().replace('"folded": [', '"folded": ["x", ')
    )
    # A folder stands for a file that stays.
    (tmp_path / "x").mkdir()
    _killed_after_work(tmp_path, 7)

    assert [_shown(tmp_path)["mouthpiece_engine_frames_total{articulate}"] for _ in range(2)] == [12, 12]
    assert '"x"' in (tmp_path / "ended.json").read_text()


@pytest.mark.parametrize("key", ["", "{", "[]", "[1]", '[["mouthpiece_processes"], "api"]', "7"])
def test_a_cell_of_which_a_power_cut_left_half_does_not_stop_the_others(meter: Meter, tmp_path: Path, key: str) -> None:
    meter.add(JOBS_SUBMITTED, 1, "lipsync_dev")
    text = key.encode()
    words = -(-len(text) // 8)
    cell = struct.pack("=QII", 3 + words, len(text), 1) + text.ljust(8 * words) + struct.pack("=d", 1.0)
    (tmp_path / f"0{cells.SUFFIX}").write_bytes(cell)

    assert _shown(tmp_path) == {"mouthpiece_jobs_submitted_total{lipsync_dev}": 1}


def test_sums_that_cannot_be_read_do_not_stop_the_others(meter: Meter, tmp_path: Path) -> None:
    meter.add(JOBS_SUBMITTED, 1, "lipsync_dev")
    (tmp_path / "ended.json").write_text("{")
    (tmp_path / f"0{cells.SUFFIX}").write_bytes(b"\xff" * 64)

    assert _shown(tmp_path)["mouthpiece_jobs_submitted_total{lipsync_dev}"] == 1


def test_a_histogram_has_each_value_in_every_bucket_above_it(meter: Meter, tmp_path: Path) -> None:
    for value in (0.005, 0.02, 100.0):
        meter.observe(HTTP_SECONDS, value, "/v1/jobs", "GET")

    shown = _shown(tmp_path)
    name = "mouthpiece_http_request_seconds_bucket"
    assert [shown[f"{name}{{{bound},GET,/v1/jobs}}"] for bound in ("0.005", "0.025", "60", "+Inf")] == [1, 2, 2, 3]
    assert shown["mouthpiece_http_request_seconds_sum{GET,/v1/jobs}"] == pytest.approx(100.025)


def test_series_beyond_the_limit_are_counted_together(meter: Meter, tmp_path: Path) -> None:
    for number in range(MOST_SERIES + 25):
        meter.add(HTTP_REQUESTS, 1, f"/r{number}", "GET", "200")

    shown = _shown(tmp_path)
    assert len(shown) == MOST_SERIES + 1
    assert next(value for name, value in shown.items() if OTHER in name) == 25


def test_a_file_that_is_full_loses_what_is_new_and_nothing_else(
    meter: Meter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.add(JOBS_SUBMITTED, 1, "lipsync_dev")
    monkeypatch.setattr(cells, "SIZE_BYTES", 128)

    meter.add(JOBS_SUBMITTED, 1, "d" * 200)
    meter.add(JOBS_SUBMITTED, 1, "lipsync_dev")

    assert _shown(tmp_path) == {"mouthpiece_jobs_submitted_total{lipsync_dev}": 2}


def test_threads_lose_no_count(meter: Meter, tmp_path: Path) -> None:
    def count() -> None:
        for _ in range(500):
            meter.add(ENGINE_FRAMES, 1, "articulate")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert _shown(tmp_path)["mouthpiece_engine_frames_total{articulate}"] == 4000


def test_where_nothing_can_be_written_work_goes_on_uncounted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    meter = Meter()

    meter.open(tmp_path / "file" / "metrics")
    meter.add(ENGINE_FRAMES, 1, "articulate")

    assert "metrics_off" in caplog.text


def test_a_metric_takes_its_own_labels_alone(meter: Meter) -> None:
    with pytest.raises(ValueError, match="mouthpiece_engine_frames_total is a counter with the labels"):
        meter.add(ENGINE_FRAMES, 1)
    with pytest.raises(ValueError, match="mouthpiece_processes is a gauge"):
        meter.add(PROCESSES, 1, "api")


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_names_follow_prometheus_conventions(metric: Metric) -> None:
    assert metric.name.startswith(("mouthpiece_", "temporal_"))
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert list(metric.buckets) == sorted(metric.buckets)
    assert metric.help.endswith(".")
    assert not {"job_id", "request_id", "path", "url", "key_id"} & set(metric.labels)
