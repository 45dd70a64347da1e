from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.fetch import Fetch
from activities.fetch_turns import FetchTurns
from activities.workplace import Workplace
from contracts.jobs import MediaInfo, MediaRef, Role
from contracts.steps import FetchInput, FetchResult
from tests.activities.http_server import Answer, content, serving, trickle
from tests.activities.media import write_face, write_voice
from tests.engines.generated_media import drop_sound, write_sound

pytestmark = pytest.mark.unit

PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"


def _step(workplace: Workplace) -> Callable[[FetchInput], FetchResult]:
    return Fetch(workplace, FetchTurns(4)).fetch


def _fetch(workplace: Workplace, media: MediaRef) -> MediaInfo:
    return _found(ActivityEnvironment().run(_step(workplace), FetchInput(job_id="job1", media=media)))


def _found(result: FetchResult) -> MediaInfo:
    assert result.media is not None
    return result.media


def _fetch_answer(workplace: Workplace, answer: Answer, role: Role = Role.AUDIO) -> MediaInfo:
    with serving({"/file": answer}) as site:
        return _fetch(workplace, MediaRef(role=role, field=role, url=f"{site.url}/file"))


def _refusal(workplace: Workplace, answer: Answer, role: Role = Role.AUDIO) -> ApplicationError:
    with pytest.raises(ApplicationError) as failure:
        _fetch_answer(workplace, answer, role)
    return failure.value


def _scratch(workplace: Workplace) -> list[Path]:
    return [path for path in (workplace.settings.data_dir / "scratch").rglob("*") if path.is_file()]


def test_speech_is_stored_under_its_content_and_measured(workplace: Workplace, tmp_path: Path) -> None:
    voice = write_voice(tmp_path / "voice.wav", seconds=1.5).read_bytes()

    media = _fetch_answer(workplace, content(voice))

    assert (media.container, media.size_bytes) == ("audio/wav", len(voice))
    assert media.duration_s == pytest.approx(1.5)
    assert media.blob.startswith("jobs/job1/inputs/audio-")
    assert workplace.blobs.local(media.blob).read_bytes() == voice


def test_a_second_attempt_gives_the_same_file_under_the_same_key(workplace: Workplace, tmp_path: Path) -> None:
    voice = write_voice(tmp_path / "voice.wav").read_bytes()

    assert _fetch_answer(workplace, content(voice)) == _fetch_answer(workplace, content(voice))


def test_a_portrait_is_measured_in_pixels(workplace: Workplace, tmp_path: Path) -> None:
    face = write_face(tmp_path / "face.png").read_bytes()

    media = _fetch_answer(workplace, content(face), Role.IMAGE)

    assert (media.width, media.height, media.fps, media.duration_s) == (64, 48, 0, 0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!doctype html><html></html>", "audio: not an audio file (text/html)"),
        (PLAYLIST, "audio: not an audio file (application/vnd.apple.mpegurl)"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "audio: not an audio file (text/x-ffconcat)"),
        (b"", "audio: not an audio file (an empty file)"),
    ],
)
def test_what_is_no_audio_is_refused_by_what_it_is(workplace: Workplace, body: bytes, message: str) -> None:
    failure = _refusal(workplace, content(body, "audio/wav"))

    assert (failure.type, failure.non_retryable) == ("unreadable_media", True)
    assert failure.message.startswith(f"{message}. Send WAV, MP3, ")
    assert not list(workplace.settings.data_dir.rglob("audio-*"))


def test_audio_that_is_too_long_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    failure = _refusal(workplace, content(write_voice(tmp_path / "voice.wav", seconds=6).read_bytes()))

    assert (failure.type, failure.message) == ("media_too_long", "audio: longer than 5 s")


def test_audio_of_exactly_the_longest_length_is_taken(workplace: Workplace, tmp_path: Path) -> None:
    media = _fetch_answer(workplace, content(write_voice(tmp_path / "voice.wav", seconds=5).read_bytes()))

    assert media.duration_s == pytest.approx(5)


def test_a_file_of_too_many_bytes_is_refused(workplace: Workplace) -> None:
    failure = _refusal(workplace, content(b"x" * 1_000_001))

    assert (failure.type, failure.message) == ("media_too_large", "audio: larger than 1000000 bytes")


def test_a_picture_with_too_long_a_side_is_refused(workplace: Workplace, tmp_path: Path) -> None:
    failure = _refusal(workplace, content(write_face(tmp_path / "a.png", 501, 10).read_bytes()), Role.IMAGE)

    assert (failure.type, failure.message) == ("media_too_large", "image: 501x10 pixels, more than 500 on a side")


def test_no_attempt_leaves_a_file_behind(workplace: Workplace, tmp_path: Path) -> None:
    _fetch_answer(workplace, content(write_voice(tmp_path / "voice.wav").read_bytes()))
    _refusal(workplace, content(b"<html>"))

    assert _scratch(workplace) == []


def test_a_cancelled_download_stops_and_leaves_nothing(workplace: Workplace) -> None:
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: environment.cancel() if details != (0.0,) else None

    with serving({"/file": trickle(b"RIFF", pause_s=0.01)}) as site:
        media = MediaRef(role=Role.AUDIO, field="audio", url=f"{site.url}/file")
        with pytest.raises(CancelledError):
            environment.run(_step(workplace), FetchInput(job_id="job1", media=media))

    assert _scratch(workplace) == []


def test_an_upload_is_taken_as_it_lies(workplace: Workplace, tmp_path: Path) -> None:
    workplace.blobs.put("uploads/key1/one", write_voice(tmp_path / "voice.wav"))

    media = _fetch(workplace, MediaRef(role=Role.AUDIO, field="audio", blob="uploads/key1/one"))

    assert media.blob == "uploads/key1/one"
    assert media.duration_s == pytest.approx(1.0)


def test_an_upload_is_held_against_the_same_limits(workplace: Workplace, tmp_path: Path) -> None:
    workplace.blobs.put("uploads/key1/one", write_voice(tmp_path / "voice.wav", seconds=6))

    with pytest.raises(ApplicationError, match="audio: longer than 5 s"):
        _fetch(workplace, MediaRef(role=Role.AUDIO, field="audio", blob="uploads/key1/one"))


def test_an_upload_that_is_gone_says_so(workplace: Workplace) -> None:
    with pytest.raises(ApplicationError, match="audio: the uploaded file is gone"):
        _fetch(workplace, MediaRef(role=Role.AUDIO, field="audio", blob="uploads/key1/one"))


def test_of_audio_that_is_too_long_no_more_is_decoded_than_shows_it(workplace: Workplace, tmp_path: Path) -> None:
    whole = write_sound(tmp_path / "whole.mkv", 8, codec="aac", rate=16000)
    broken_later = drop_sound(whole, tmp_path / "a.mkv", 7.4, 7.5, late_s=1_000_000)

    assert _refusal(workplace, content(broken_later.read_bytes())).type == "media_too_long"


def test_probing_a_file_can_be_cut_short(workplace: Workplace, tmp_path: Path) -> None:
    key = "uploads/voice"
    workplace.blobs.put(key, write_voice(tmp_path / "voice.wav", seconds=5))
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: environment.cancel()

    media = MediaRef(role=Role.AUDIO, field="audio", blob=key)
    with pytest.raises(CancelledError):
        environment.run(_step(workplace), FetchInput(job_id="job1", media=media))


def _fetch_either(workplace: Workplace, body: bytes) -> MediaInfo:
    with serving({"/file": content(body)}) as site:
        media = MediaRef(role=Role.VIDEO, field="source", url=f"{site.url}/file")
        step = FetchInput(job_id="inspect-1", media=media, or_image=True)
        return _found(ActivityEnvironment().run(_step(workplace), step))


def test_a_picture_is_taken_where_a_video_or_a_picture_may_come(workplace: Workplace, tmp_path: Path) -> None:
    media = _fetch_either(workplace, write_face(tmp_path / "face.png").read_bytes())

    assert (media.role, media.width, media.field) == (Role.IMAGE, 64, "source")
    assert media.blob.startswith("jobs/inspect-1/inputs/image-")


def test_such_a_picture_is_held_against_a_pictures_limits(workplace: Workplace, tmp_path: Path) -> None:
    small = Workplace(settings=replace(workplace.settings, max_image_bytes=50), blobs=workplace.blobs)

    with pytest.raises(ApplicationError, match="source: larger than 50 bytes"):
        _fetch_either(small, write_face(tmp_path / "face.png").read_bytes())


def test_an_uploaded_picture_is_taken_there_too(workplace: Workplace, tmp_path: Path) -> None:
    workplace.blobs.put("uploads/key1/one", write_face(tmp_path / "face.png"))
    media = MediaRef(role=Role.VIDEO, field="source", blob="uploads/key1/one")
    step = FetchInput(job_id="inspect-1", media=media, or_image=True)

    assert _found(ActivityEnvironment().run(_step(workplace), step)).role is Role.IMAGE


def test_what_is_neither_is_refused(workplace: Workplace) -> None:
    with pytest.raises(ApplicationError, match=r"source: not a video \(text/html\)"):
        _fetch_either(workplace, b"<!doctype html>")
