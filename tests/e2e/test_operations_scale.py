"""The commands of docs/scale.md, run as they stand there but for less work, and what they find held against it."""

import json
from pathlib import Path

import pytest

from tests.pages import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_segments_spread_over_workers_and_the_bytes_are_equal(tmp_path: Path) -> None:
    brief = "--part long --minutes 1.6 --sleep 1 --workers 1 --workers 2"
    Shell(tmp_path).run(
        "python -m scripts.bench_scale --part long --least-speedup 0.9",
        {"--part long": f"{brief} --out found.json", "0.9": "0.6"},
    )
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))

    assert found["missed"] == []
    assert (found["long"]["segments"], found["long"]["bytes_equal"]) == (24, True)
    one, two = found["long"]["runs"]["1"], found["long"]["runs"]["2"]
    assert one["speedup"] == 1
    # Not spread at all it would be 1; a slow moment in either run moves it by a lot.
    assert 1.2 <= two["speedup"] < 3
    assert 100 < one["history_events"] < 24 * 6 + 100


def test_the_real_engine_is_measured_beside_the_cores(tmp_path: Path) -> None:
    brief = "--part real --real-seconds 8 --real-workers 1 --real-workers 2 --out found.json"
    Shell(tmp_path).run("python -m scripts.bench_scale --part real", {"--part real": brief})
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["real"]

    assert (found["segments"], found["bytes_equal"]) == (2, True)
    assert found["runs"]["2"]["ideal"] <= 2


def test_none_of_many_jobs_is_lost_and_another_keys_job_does_not_wait_for_them(tmp_path: Path) -> None:
    Shell(tmp_path).run(
        "python -m scripts.bench_scale --part jobs --most-start-s 5",
        {"--part jobs": "--part jobs --jobs 30 --out found.json", "--most-start-s 5": "--most-start-s 60"},
    )
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["jobs"]

    assert found["audit"] == {"lost": 0, "outputs": 1, "findings": []}
    assert found["status_ms"]["calls"] > 0
    assert found["another_key"]["while_they_wait"]["end_s"] < found["seconds"]
    assert found["history"]["events"] < 100


def test_a_bound_that_is_missed_is_told_and_fails(tmp_path: Path) -> None:
    said = Shell(tmp_path).run(
        "python -m scripts.bench_scale --part long --least-speedup 0.9",
        {"--part long": "--part long --minutes 0.2 --sleep 0.1 --workers 1", "0.9": "1.1"},
        code=1,
    )

    assert "of the ideal with 1 workers, not 1.1" in said
