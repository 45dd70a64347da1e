"""MuseTalk's plain loop, with networks small enough to be run in a moment."""

from pathlib import Path

import numpy as np
import pytest

from scripts.speed.clips import voice_of
from scripts.speed.plain.loop import read_all
from scripts.speed.plain.musetalk import run
from scripts.speed.tasks import PlainTask
from tests.engines.drawn_face import drawn_face
from tests.engines.generated_media import write_video
from tests.engines.musetalk.folders import write_folder
from tests.scripts.speed.talking import SAMPLES

pytestmark = pytest.mark.unit

BOX = (50, 50, 140, 150)


def test_the_lower_half_of_the_box_is_drawn_for_every_frame_of_the_sound(tmp_path: Path) -> None:
    task = PlainTask(
        clip=write_video(tmp_path / "clip.mp4", [drawn_face(size=192, centre=(96, 96), scale=0.4)] * 5),
        voice=voice_of(SAMPLES / "voice-austen.wav", tmp_path / "voice.wav", 0.48),
        folder=tmp_path,
        weights=write_folder(tmp_path / "models" / "musetalk"),
        box=BOX,
        batch=8,
    )

    numbers = run(task, lambda: None)

    assert numbers["frames"] == 12
    made, _ = read_all(tmp_path / "result.mp4")
    source, _ = read_all(task.clip)
    assert len(made) == 12
    change = np.abs(made[4].astype(int) - source[0]).mean(axis=-1)
    assert change[105:140, 70:120].mean() > 15
    assert change[:90].mean() < 5
    parts = sum(numbers[part] for part in ("read_s", "model_s", "paste_s", "mux_s"))
    assert parts == pytest.approx(numbers["whole_s"])
