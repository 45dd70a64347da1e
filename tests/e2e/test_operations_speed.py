"""The commands of docs/operations.md that measure, run as they stand there but for less time."""

import json
from pathlib import Path

import pytest
import torch

from tests.pages import Shell
from tests.scripts.speed.talking import SAMPLES, talking_task

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def chosen(tmp_path: Path) -> str:
    """Arguments for a clip and a length that cost little."""
    clip, voice = talking_task(tmp_path).clip, SAMPLES / "voice-austen.wav"
    return f"{clip} --voice {voice} --seconds 0.8 --processes 1 --memory-clip {clip}"


def test_the_cpu_is_measured(tmp_path: Path, chosen: str) -> None:
    said = Shell(tmp_path).run(
        "python -m scripts.bench_render --memory-seconds 600",
        {"--memory-seconds 600": f"{chosen} --memory-seconds 1 --out short.json"},
    )
    Shell(tmp_path / "again").run(
        "python -m scripts.bench_render",
        {"bench_render": f"bench_render {chosen} --memory-seconds 0.8"},
    )
    measured = json.loads((tmp_path / "short.json").read_text(encoding="utf-8"))

    assert "clip.mp4" in said
    assert measured["clips"]["clip.mp4"]["processes"]["1"]["fps"] > 0
    assert "1s" in measured["worker"]["lengths"]


def test_the_gpu_is_measured_or_said_to_be_missing(tmp_path: Path) -> None:
    clip = talking_task(tmp_path).clip
    words = {"bench_gpu": f"bench_gpu {clip} --voice {SAMPLES / 'voice-austen.wav'} --seconds 0.8"}
    said = Shell(tmp_path).run("python -m scripts.bench_gpu", words, code=0 if torch.cuda.is_available() else 1)

    assert torch.cuda.is_available() or "no GPU here" in said


def test_the_engines_are_measured_beside_the_plain_loop(tmp_path: Path) -> None:
    brief = "--size 192x256 --seconds 0.4 --batch 8 --workers 1x2 --detector-frames 1"
    Shell(tmp_path).run(
        "python -m scripts.bench_engines --long 300", {"--long 300": f"{brief} --long 0.8 --out found.json"}
    )
    (found,) = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["sizes"].values()

    assert found["plain"]["8"]["frames"] == 7
    assert found["ours"]["fixed"]["1x2"]["frames"] == found["ours"]["found"]["1x2"]["frames"] == 10
    assert found["ours_long"]["1x2"]["frames"] == 20
    assert min(found["ratios"].values()) > 0
