from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from contracts.errors import TooFewFaces, UnreadableMedia
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


def test_style_mask_and_enhancement_reach_the_engine(tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    assert cv2.imwrite(str(mask), np.full((256, 256), 255, np.uint8))
    sizes = []
    for name, wanted in (("plain", {}), ("loud", {"prompt": "loud purple", "mask": mask})):
        out = tmp_path / f"{name}.mp4"
        plan = render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-kennedy.flac",
            out,
            options=OutputOptions(short_side_px=256, enhance=bool(wanted)),
            device="cpu",
            **wanted,
        )
        sizes.append(out.stat().st_size)

    assert sizes[0] != sizes[1]
    assert len(plan.warnings) == 1
    assert "purple" in plan.warnings[0]


def test_two_voices_need_two_faces(tmp_path: Path) -> None:
    voice = SAMPLES / "voice-kennedy.flac"

    with pytest.raises(TooFewFaces):
        render_file(SAMPLES / "portrait.png", voice, tmp_path / "out.mp4", right_vocal=voice, device="cpu")


@pytest.mark.parametrize("name", ["vocal", "right_vocal"])
def test_a_voice_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_text("<html>")

    with pytest.raises(UnreadableMedia, match=f"^{name}: "):
        render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-kennedy.flac",
            tmp_path / "out.mp4",
            device="cpu",
            **{name: voice},
        )


def test_a_source_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_text("<html>")

    with pytest.raises(UnreadableMedia, match="source: not a video"):
        render_file(source, SAMPLES / "voice-kennedy.flac", tmp_path / "out.mp4", device="cpu")

    assert list(tmp_path.iterdir()) == [source]
