from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from contracts.errors import InvalidRequest, TooFewFaces, UnreadableMedia
from contracts.jobs import OutputOptions, TimedText, Timings
from contracts.settings import Settings
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
        settings=Settings(device="cpu", segment_s=2.0),
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
            settings=Settings(device="cpu"),
            **wanted,
        )
        sizes.append(out.stat().st_size)

    assert sizes[0] != sizes[1]
    assert len(plan.warnings) == 1
    assert "purple" in plan.warnings[0]


def test_two_voices_need_two_faces(tmp_path: Path) -> None:
    voice = SAMPLES / "voice-kennedy.flac"

    with pytest.raises(TooFewFaces):
        render_file(
            SAMPLES / "portrait.png", voice, tmp_path / "out.mp4", right_vocal=voice, settings=Settings(device="cpu")
        )


@pytest.mark.parametrize("name", ["vocal", "right_vocal"])
def test_a_voice_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_text("<html>")

    with pytest.raises(UnreadableMedia, match=f"^{name}: "):
        render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-kennedy.flac",
            tmp_path / "out.mp4",
            settings=Settings(device="cpu"),
            **{name: voice},
        )


def test_a_source_that_is_none_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_text("<html>")

    with pytest.raises(UnreadableMedia, match="source: not a video"):
        render_file(source, SAMPLES / "voice-kennedy.flac", tmp_path / "out.mp4", settings=Settings(device="cpu"))

    assert list(tmp_path.iterdir()) == [source]


def test_a_voice_moves_the_lips_by_what_it_is_said_to_say_and_when(tmp_path: Path) -> None:
    """The same sound with other words, and with the same ones later, makes other pictures and no other length."""
    outputs = []
    said = Timings(field="timings", entries=(TimedText(text="mama", start_s=0.5, end_s=1.5),), language="en")
    for name, timings, offset_ms in (("heard", None, 0), ("said", said, 0), ("late", said, 200)):
        out = tmp_path / f"{name}.mp4"
        plan = render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-kennedy.flac",
            out,
            timings=timings,
            options=OutputOptions(short_side_px=256, sync_offset_ms=offset_ms),
            settings=Settings(device="cpu"),
        )
        assert plan.frames == 130
        outputs.append(out.read_bytes())

    assert len(set(outputs)) == 3


def test_times_beyond_the_voice_are_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    said = Timings(field="--timings", entries=(TimedText(phones="m", start_s=99, end_s=100),))

    with pytest.raises(InvalidRequest, match=r"^--timings\.0\.start: 99 s is beyond the sound"):
        render_file(
            SAMPLES / "portrait.png",
            SAMPLES / "voice-kennedy.flac",
            tmp_path / "out.mp4",
            timings=said,
            settings=Settings(device="cpu"),
        )
