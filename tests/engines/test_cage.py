import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.errors import InputError, Unavailable, UnreadableMedia
from contracts.jobs import Role
from engines.cage import Bounds, probe_apart
from engines.probe import probe
from tests.engines.generated_media import pictures, write_sound, write_video
from tests.engines.readers import readers

pytestmark = pytest.mark.unit


def _sending(number: signal.Signals) -> Callable[[], None]:
    """What a fault of a decoder does to its process, done from outside."""

    def send() -> None:
        for child in readers():
            os.kill(child, number)

    return send


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file whose reader waits for ever."""
    os.mkfifo(tmp_path / "endless")
    return tmp_path / "endless"


@pytest.mark.parametrize("role", [Role.VIDEO, Role.AUDIO, Role.IMAGE])
def test_apart_a_file_is_what_it_is_here(tmp_path: Path, role: Role) -> None:
    made = {
        Role.VIDEO: lambda: write_video(tmp_path / "a.mp4", pictures(6), with_sound=True),
        Role.AUDIO: lambda: write_sound(tmp_path / "a.wav"),
        Role.IMAGE: lambda: _picture(tmp_path / "a.png", 40, 30),
    }[role]()

    assert probe_apart(made, role, "input") == probe(made, role, "input")


def _picture(path: Path, width: int, height: int) -> Path:
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    return path


def test_a_refusal_comes_back_with_its_field_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"<html>Sign in</html>")

    with pytest.raises(UnreadableMedia) as here:
        probe(path, Role.VIDEO, "video_url")
    with pytest.raises(UnreadableMedia) as apart:
        probe_apart(path, Role.VIDEO, "video_url")

    assert str(apart.value) == str(here.value) == "video_url: not a video (text/html)"
    assert apart.value.remedy == here.value.remedy


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL])
def test_a_crash_is_the_files_fault(endless: Path, number: signal.Signals) -> None:
    with pytest.raises(UnreadableMedia, match="audio: the file is damaged: its decoder crashes on it"):
        probe_apart(endless, Role.AUDIO, "audio", waiting=_sending(number))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_reader_that_others_stopped_is_nobodys_fault(endless: Path, number: signal.Signals) -> None:
    with pytest.raises(Unavailable, match="could not be looked into at the moment"):
        probe_apart(endless, Role.AUDIO, "audio", waiting=_sending(number))


def test_a_decoder_that_hangs_is_given_up(endless: Path) -> None:
    with pytest.raises(UnreadableMedia, match="takes too long to be read"):
        probe_apart(endless, Role.AUDIO, "audio", bounds=Bounds(wall_s=1.0))
    assert not readers()


def test_a_decoder_that_computes_for_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    length = 2 << 30
    path.write_bytes(
        b"RIFF%sWAVEfmt " % struct.pack("<I", length)
        + struct.pack("<IHHIIHH4sI", 16, 1, 1, 8000, 8000, 1, 8, b"data", length)
    )
    os.truncate(path, length)

    with pytest.raises(UnreadableMedia, match="takes too long to be read"):
        probe_apart(path, Role.AUDIO, "audio", bounds=Bounds(cpu_s=1))


def test_a_decoder_that_runs_out_of_memory_fails_its_file_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", pictures(2, 3000, 3000))

    assert probe_apart(path, Role.VIDEO, "video").width == 3000
    with pytest.raises(InputError, match="video: the file "):  # Some decoders crash where they get none.
        probe_apart(path, Role.VIDEO, "video", bounds=Bounds(memory_bytes=420 << 20))


def test_a_stop_reaches_the_reader(endless: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probe_apart(endless, Role.AUDIO, "audio", waiting=stop)
    assert not readers()


def test_the_reader_knows_no_secret_and_opens_no_more_files_than_it_needs(
    endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOUTHPIECE_SECRET", "only for tests")
    seen: list[tuple[bytes, str]] = []

    def look() -> None:
        for child in readers():
            folder = Path(f"/proc/{child}")
            seen.append(((folder / "environ").read_bytes(), (folder / "limits").read_text()))

    with pytest.raises(UnreadableMedia):
        probe_apart(endless, Role.AUDIO, "audio", waiting=look, bounds=Bounds(wall_s=3))

    environment, limits = seen[-1]
    assert b"MOUTHPIECE" not in environment
    rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()}
    assert rows["Max open files"][:2] == ["8", "8"]
    assert rows["Max file size"][:2] == rows["Max core file size"][:2] == ["0", "0"]
    assert rows["Max address space"][1] == str(3 << 30)
    assert rows["Max cpu time"][0] == "60"


def test_where_memory_runs_out_the_system_ends_a_reader_before_any_worker(endless: Path) -> None:
    seen: list[int] = []

    def look() -> None:
        seen.extend(int(Path(f"/proc/{child}/oom_score_adj").read_text()) for child in readers())

    with pytest.raises(UnreadableMedia):
        probe_apart(endless, Role.AUDIO, "audio", waiting=look, bounds=Bounds(wall_s=1))

    assert seen[-1] == min(int(Path("/proc/self/oom_score_adj").read_text()) + 300, 1000)
