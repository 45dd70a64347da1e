"""The parts of `scripts.bench_engines` that make what is measured, and a job of ours as it measures it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.articulate.engine import Articulate
from engines.media import VideoSource
from engines.people.faces import Bystanders, Face, FaceFinder, most_prominent
from scripts.bench_engines import main
from scripts.speed import footage, ours
from scripts.speed.fixed_face import FixedFace, keep, look_nowhere
from scripts.speed.tasks import Chosen, Footage, OurTask, Task
from tests.engines.people.portrait import picture
from tests.scripts.speed.talking import SAMPLES, talking_task

pytestmark = pytest.mark.unit


def _nothing() -> None:
    """Nobody waits for it to be ready."""


@pytest.fixture
def made(tmp_path: Path) -> Footage:
    return Footage(
        engine="wav2lip",
        folder=tmp_path / "footage",
        source=None,
        sound=SAMPLES / "voice-austen.wav",
        width=192,
        height=256,
        seconds=0.4,
    )


def test_a_clip_of_the_portrait_has_the_size_and_length_and_a_face(made: Footage) -> None:
    numbers = footage.make(made, _nothing)

    assert (numbers["width"], numbers["height"], numbers["frames"]) == (192, 256, 10)
    assert VideoSource(made.clip).size == (192, 256)
    assert 0 <= numbers["left"] < numbers["right"] <= 192
    assert 0 <= numbers["top"] < numbers["bottom"] <= 256
    assert made.weights.stat().st_size > 100 << 20


def test_a_clip_that_is_long_enough_is_cut(made: Footage, tmp_path: Path) -> None:
    source = talking_task(tmp_path).clip
    footage.make(replace(made, source=source, seconds=0.2), _nothing)

    assert len(VideoSource(made.clip)) == 5
    assert VideoSource(made.clip).size == (256, 256)


def _face() -> Face:
    return FaceFinder(torch.device("cpu")).find(picture())[0]


def test_a_fixed_face_is_seen_without_looking() -> None:
    face = _face()
    finder = FixedFace(face)

    seen = list(finder.follow([np.zeros_like(picture())] * 2, [most_prominent], bystanders=Bystanders(2, 9)))

    assert finder.find(np.zeros_like(picture())) == [face]
    assert seen == [(face, None, None)] * 2


def test_an_engine_can_be_kept_from_looking(tmp_path: Path) -> None:
    keep(_face(), tmp_path / "face.npz")
    engine = Articulate(torch.device("cpu"))
    look_nowhere(engine, tmp_path / "face.npz")

    assert np.array_equal(engine._finder.find(picture())[0].landmarks, _face().landmarks)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_job_of_ours_is_done_by_so_many_processes(tmp_path: Path, processes: int) -> None:
    portrait = VideoSource(talking_task(tmp_path).clip)
    face = FaceFinder(torch.device("cpu")).find(next(portrait.frames_at(np.zeros(1, np.int32), portrait.size)))[0]
    keep(face, tmp_path / "face.npz")
    task = talking_task(tmp_path)
    chosen = Chosen(face=tmp_path / "face.npz")
    given = Task(clip=task.clip, voice=task.voice, seconds=task.seconds, folder=task.folder, chosen=chosen)

    numbers = ours.run(OurTask(task=given, processes=processes), _nothing)

    assert numbers["frames"] == 20
    assert numbers["whole_s"] == pytest.approx(numbers["analyse_s"] + numbers["render_s"] + numbers["join_s"])


@pytest.mark.parametrize("size", ["458", "458x", "457x458", "axb"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(SystemExit):
        main(["--size", size])
