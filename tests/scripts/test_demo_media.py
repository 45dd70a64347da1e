from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from contracts.errors import UnreadableMedia
from scripts.demo_media import audio_seconds, contact_sheet, play

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def _video(path: Path, frames: int = 12) -> Path:
    """A bright square that walks over grey, half a second of silence with it."""
    with av.open(str(path), "w") as container:
        picture, sound = container.add_stream("libx264", rate=24), container.add_stream("aac", rate=16_000)
        picture.width, picture.height, picture.pix_fmt = 128, 96, "yuv420p"
        for number in range(frames):
            shown = np.full((96, 128, 3), 90, np.uint8)
            shown[40:60, 20 + 4 * number : 40 + 4 * number] = 255
            container.mux(picture.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.rate = 16_000
        for stream, frame in ((sound, silence), (sound, None), (picture, None)):
            container.mux(stream.encode(frame))
    return path


def test_a_video_is_played_to_its_last_frame(tmp_path: Path) -> None:
    played = play(_video(tmp_path / "a.mp4"))

    assert (played.frames, played.width, played.height) == (12, 128, 96)
    assert played.seconds == 0.5
    assert abs(played.audio_s - 0.5) < 0.07


def test_what_is_no_video_does_not_play() -> None:
    with pytest.raises(UnreadableMedia, match=r"voice-austen.wav does not play"):
        play(SAMPLES / "voice-austen.wav")


def test_sound_is_measured_in_samples() -> None:
    assert audio_seconds(SAMPLES / "voice-austen.wav") == 6.05
    assert audio_seconds(SAMPLES / "voice-kennedy.flac") == 5.2


def test_the_contact_sheet_shows_what_moves(tmp_path: Path) -> None:
    first, second = _video(tmp_path / "a.mp4"), _video(tmp_path / "b.mp4")

    contact_sheet(SAMPLES / "portrait.png", first, second, tmp_path / "sheet.png")

    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet is not None
    assert sheet.shape == (4 * (240 + 26), 6 * 240, 3)
