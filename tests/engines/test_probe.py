from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest

from contracts.errors import UnreadableMedia
from contracts.jobs import Role
from engines.probe import Probe, probe
from tests.activities.media import write_face
from tests.engines.generated_media import pictures, turn, write_sound, write_video

pytestmark = pytest.mark.unit


def refusal(path: Path, role: Role) -> str:
    with pytest.raises(UnreadableMedia) as caught:
        probe(path, role, str(role))
    assert caught.value.remedy
    return str(caught.value)


def test_a_video_has_its_size_rate_and_exact_length(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(15), Fraction(30000, 1001))

    found = probe(path, Role.VIDEO, "video")

    assert (found.container, found.width, found.height) == ("video/mp4", 96, 64)
    assert found.fps == pytest.approx(29.97, abs=0.001)
    assert found.duration_s == pytest.approx(15 * 1.001 / 30, abs=0.001)


def test_a_video_held_upright_is_measured_upright(tmp_path: Path) -> None:
    path = turn(write_video(tmp_path / "a.mp4", pictures(3)), 90)

    found = probe(path, Role.VIDEO, "video")

    assert (found.width, found.height) == (64, 96)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.wav", "pcm_s16le", 16000),
        ("a.flac", "flac", 44100),
        ("a.m4a", "aac", 44100),
        ("a.mp3", "libmp3lame", 44100),
        ("a.ogg", "libopus", 48000),
    ],
)
def test_the_length_of_sound_is_what_is_heard(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = write_sound(tmp_path / name, 0.7, codec=codec, rate=rate)

    assert probe(path, Role.AUDIO, "audio").duration_s == pytest.approx(0.7, abs=0.03)


def test_sound_may_come_inside_a_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(15), with_sound=True)

    assert probe(path, Role.AUDIO, "audio").duration_s == pytest.approx(0.6, abs=0.07)


def test_a_silent_video_cannot_give_the_sound(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(3))

    assert refusal(path, Role.AUDIO) == "audio: the video has no sound"


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.m4a", codec="aac", rate=44100)

    assert refusal(path, Role.VIDEO) == "video: not a video (audio/mp4)"


def test_a_page_instead_of_the_file_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_bytes(b"<!doctype html><title>Sign in</title>")

    assert refusal(path, Role.AUDIO) == "audio: not an audio file (text/html)"
    assert refusal(path, Role.VIDEO) == "video: not a video (text/html)"
    assert refusal(path, Role.IMAGE) == "image: not an image (text/html)"


@pytest.mark.parametrize("role", list(Role))
def test_an_empty_file_is_called_empty(tmp_path: Path, role: Role) -> None:
    path = tmp_path / "empty.mp4"
    path.write_bytes(b"")

    assert refusal(path, role).endswith("(an empty file)")


def test_a_video_cut_before_its_index_is_damaged(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(15))
    path.write_bytes(path.read_bytes()[:1500])

    assert refusal(path, Role.VIDEO) == "video: the file is damaged or cut short (video/mp4)"


def test_a_stream_cut_in_the_middle_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", pictures(30), gop=4)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert 0.1 < probe(path, Role.VIDEO, "video").duration_s < 1.2


@pytest.mark.parametrize("length", [12, 60, 200])
def test_a_stub_of_a_sound_file_is_refused(tmp_path: Path, length: int) -> None:
    path = write_sound(tmp_path / "a.flac", codec="flac")
    path.write_bytes(path.read_bytes()[:length])

    assert refusal(path, Role.AUDIO).startswith("audio: ")


def test_sound_of_no_length_is_empty(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav")
    header = path.read_bytes()[: path.read_bytes().index(b"data")]
    path.write_bytes(header + b"data\0\0\0\0")

    assert refusal(path, Role.AUDIO) == "audio: the audio is empty"


@pytest.mark.parametrize("seed", range(4))
def test_bytes_overwritten_at_random_end_in_a_clear_error_or_a_usable_file(tmp_path: Path, seed: int) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(10), with_sound=True)
    data = bytearray(path.read_bytes())
    for step in range(40):
        data[32 + (step * 7919 + seed * 104729) % (len(data) - 32)] = (step * 37 + seed) % 256
    path.write_bytes(data)

    for role in (Role.VIDEO, Role.AUDIO):
        with suppress(UnreadableMedia):
            assert probe(path, role, "source").duration_s > 0


def test_a_picture_has_a_size_and_no_length(tmp_path: Path) -> None:
    path = write_face(tmp_path / "face.png", width=65, height=47)

    assert probe(path, Role.IMAGE, "image") == Probe(container="image/png", width=65, height=47)


def test_of_sound_too_long_only_that_is_told(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", 60, codec="flac", rate=8000)

    assert 5 < probe(path, Role.AUDIO, "audio", most_s=5).duration_s < 8


@pytest.mark.parametrize("role", [Role.AUDIO, Role.VIDEO])
def test_probing_says_all_along_that_it_is_alive(tmp_path: Path, role: Role) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(30), with_sound=True)
    beats: list[int] = []

    probe(path, role, str(role), waiting=lambda: beats.append(1))

    assert len(beats) > 9


def test_a_mask_is_measured_as_a_picture(tmp_path: Path) -> None:
    path = write_face(tmp_path / "mask.png", width=65, height=47)

    assert probe(path, Role.MASK, "mask") == Probe(container="image/png", width=65, height=47)
