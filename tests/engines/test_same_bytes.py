"""The same job gives the same file: on one worker or three, in any order, with a worker killed or not."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from contracts.jobs import MediaInfo, OutputOptions, Role
from contracts.settings import Settings
from contracts.steps import Segment
from engines.audio import read_speech
from engines.base import Direction
from engines.join import publish
from engines.pipeline import Plan, analyse
from engines.registry import load
from engines.stills import read_still
from scripts.speed.clips import voice_of
from tests.engines.generated_media import write_video

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 2.0


class Job:
    """A job that is analysed, and rendered by processes of its own."""

    def __init__(self, folder: Path, role: Role) -> None:
        self.folder, self.role = folder, role
        self.source = ROOT / "samples" / "portrait.png"
        if role is Role.VIDEO:
            face = read_still(self.source)[:256, 100:356]
            moving = [np.roll(face, number // 2, axis=1) for number in range(20)]
            self.source = write_video(folder / "source.mp4", moving)
        self.voice = voice_of(ROOT / "samples" / "voice-austen.wav", folder / "voice.wav", _SECONDS)
        self.plan = self._analysed()

    def _analysed(self) -> Plan:
        info = MediaInfo(role=self.role, field="", blob="", container="", size_bytes=0)
        return analyse(
            load("articulate", Settings(device="cpu")),
            self.source,
            info,
            [read_speech(self.voice)],
            _SECONDS,
            OutputOptions(short_side_px=256),
            0.35,
            Direction(seed=5),
            self.folder / "analysis",
            lambda _: None,
        )

    def worker(self, folder: Path, indices: Sequence[int]) -> "subprocess.Popen[str]":
        """Begin to render some segments, in this order."""
        folder.mkdir(exist_ok=True)
        segments = [self.plan.segments[index] for index in indices]
        command = [sys.executable, "-m", "tests.engines.segment_worker", self.source, self.role]
        words = [*command, self.folder / "analysis", folder, *map(_words, segments)]
        return subprocess.Popen([str(word) for word in words], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def output(self, folder: Path) -> bytes:
        """The finished file."""
        pieces = [folder / f"{segment.index}.mp4" for segment in self.plan.segments]
        publish(pieces, self.voice, self.plan.duration_s, folder / "out.mp4", lambda _: None)
        return (folder / "out.mp4").read_bytes()


def _words(segment: Segment) -> str:
    return f"{segment.index}:{segment.start}:{segment.end}"


def _end(worker: "subprocess.Popen[str]") -> None:
    worker.communicate(timeout=90)
    assert worker.returncode == 0


@pytest.mark.parametrize("role", [Role.IMAGE, Role.VIDEO])
def test_one_worker_or_three_of_which_one_is_killed_make_the_same_file(tmp_path: Path, role: Role) -> None:
    job = Job(tmp_path, role)
    count = len(job.plan.segments)
    alone, beside, killed = tmp_path / "alone", tmp_path / "beside", tmp_path / "killed"

    _end(job.worker(alone, range(count)))
    doomed = job.worker(killed, [3, 1])
    assert doomed.stdout is not None
    assert doomed.stdout.readline() == "3\n"
    others = [job.worker(beside, [4, 0]), job.worker(beside, [5, 2])]
    doomed.kill()
    doomed.communicate()
    third = job.worker(beside, [3, 1])
    for worker in [*others, third]:
        _end(worker)

    assert count == 6
    assert doomed.returncode < 0
    assert not (killed / "1.mp4").exists(), "it was killed in its first segment"
    assert job.output(beside) == job.output(alone)
