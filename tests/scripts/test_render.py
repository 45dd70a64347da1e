from pathlib import Path

import av
import pytest

from contracts.errors import UnreadableMedia
from contracts.jobs import OutputOptions
from scripts.render import render_file

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_a_portrait_and_a_voice_become_a_video_with_sound(tmp_path: Path) -> None:
    stages: list[str] = []
    out = tmp_path / "out.mp4"
    plan = render_file(
        SAMPLES / "portrait.png",
        SAMPLES / "voice-kennedy.flac",
        out,
        options=OutputOptions(short_side_px=256),
        device="cpu",
        segment_s=2.0,
        progress=lambda stage, _fraction: stages.append(stage),
    )

    with av.open(str(out)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (plan.width, plan.height) == (256, 256)
        assert video.frames == plan.frames == 130
        assert audio.rate == 16000
        assert abs(float(video.duration * video.time_base) - float(audio.duration * audio.time_base)) < 0.04
    assert len(plan.segments) == 3
    assert list(dict.fromkeys(stages)) == ["analyse", "render", "publish"]
    assert list(tmp_path.iterdir()) == [out]


def test_a_source_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_text("<html>")

    with pytest.raises(UnreadableMedia, match="source: not a video"):
        render_file(source, SAMPLES / "voice-kennedy.flac", tmp_path / "out.mp4", device="cpu")

    assert list(tmp_path.iterdir()) == [source]
