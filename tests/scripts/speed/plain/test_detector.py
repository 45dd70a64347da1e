from pathlib import Path

import pytest

from scripts.speed.plain.detector import run
from scripts.speed.tasks import DetectorTask
from tests.engines.generated_media import pictures, write_video

pytestmark = pytest.mark.unit


def test_so_many_frames_are_looked_at(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", pictures(3))

    numbers = run(DetectorTask(clip=clip, frames=2), lambda: None)

    assert numbers["frames"] == 2
    assert 0 < numbers["wall_s"] < 60
    assert numbers["busy_s"] > 0
