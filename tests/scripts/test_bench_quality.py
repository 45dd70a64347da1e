"""Judging one clip from end to end."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from engines.media import VideoSource
from scripts.bench_quality import main

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def out(shared_media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quality")
    listing = folder / "clips.json"
    listing.write_text('[{"name": "man_grid_360x288_25fps_3s.mp4", "late_ms": 0, "tier": "clear"}]')
    run = CliRunner().invoke(main, [str(shared_media), "--out", str(folder), "--clips", str(listing)])
    assert run.exit_code == 0, run.output
    return folder


def test_a_real_mouth_drives_better_than_none(out: Path) -> None:
    (clip,) = json.loads((out / "results.json").read_text())["clips"].values()
    scores = clip["scores"]

    assert scores["real-mouth"]["opening"] > 0.9
    assert scores["real-mouth"]["opening"] > scores["no-change"]["opening"] + 0.5
    assert all(driver["changed_outside"] == 0 for driver in scores.values())


def test_the_delivered_file_is_exact(out: Path) -> None:
    (clip,) = json.loads((out / "results.json").read_text())["clips"].values()
    delivery = clip["delivery"]

    assert delivery["frames"] == delivery["frames_due"]
    assert delivery["starts_s"] == 0
    assert abs(delivery["sound_late_ms"]) < 1
    assert delivery["colour_pct"] < 1


def test_what_was_not_run_is_said(out: Path) -> None:
    table = (out / "table.txt").read_text()

    assert "words: not run" in table
    assert "second opinion (*): not asked" in table


def test_there_is_something_to_look_at(out: Path) -> None:
    folder = out / "man_grid_360x288_25fps_3s"

    assert (folder / "sheet.png").stat().st_size > 10_000
    assert len(VideoSource(folder / "side-by-side.mp4")) == len(VideoSource(folder / "audio.mp4"))


def test_a_clip_that_cannot_be_judged_is_left_out_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")

    run = CliRunner().invoke(main, [str(tmp_path), "--out", str(tmp_path / "out")])

    assert run.exit_code == 1
    assert "broken: left out" in (tmp_path / "out" / "table.txt").read_text()
