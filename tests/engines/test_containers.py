import re
import struct
import time
from pathlib import Path

import pytest

from contracts.errors import MediaTooLarge, UnreadableMedia
from contracts.jobs import Role
from engines.audio import read_speech
from engines.containers import open_media, sniff
from engines.media import VideoSource
from engines.stills import read_still
from tests.engines.generated_media import pictures, write_sound, write_video

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile '/etc/hostname'\n"


@pytest.mark.parametrize("content", [PLAYLIST, CONCAT, b"\n" + PLAYLIST, b"\xef\xbb\xbf" + CONCAT])
@pytest.mark.parametrize("name", ["clip.mp4", "speech.wav"])
def test_a_playlist_is_not_followed_whatever_it_calls_itself(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    for role in (Role.VIDEO, Role.AUDIO):
        with pytest.raises(UnreadableMedia):
            open_media(tmp_path / name, role, "source")
    with pytest.raises(UnreadableMedia):
        read_still(tmp_path / name, "source")


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (PLAYLIST, "application/vnd.apple.mpegurl"),
        (CONCAT, "text/x-ffconcat"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\xef\xbb\xbf\r\n <HTML>", "text/html"),
        (b'<?xml version="1.0"?><Error/>', "application/xml"),
        (b'{"error": "gone"}', "application/json"),
        (b"Not found", "text/plain"),
        ("ä".encode() * 3000, "text/plain"),
        (b"%PDF-1.7", "application/pdf"),
        (b"GIF89a", "image/gif"),
        (b"\0\0\0\x1cftypheic", "image/heic"),
        (b"\0\0\0\x1cftypqt  ", "video/quicktime"),
        (b"RIFF\0\0\0\0ACON", "application/octet-stream"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"", "an empty file"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(tmp_path: Path, head: bytes, mime: str) -> None:
    path = tmp_path / "file.mp4"
    path.write_bytes(head)

    assert sniff(path).mime == mime


@pytest.mark.parametrize(
    ("name", "codec", "mime"),
    [
        ("a.wav", "pcm_s16le", "audio/wav"),
        ("a.mp3", "libmp3lame", "audio/mpeg"),
        ("a.m4a", "aac", "audio/mp4"),
        ("a.aac", "aac", "audio/aac"),
        ("a.flac", "flac", "audio/flac"),
        ("a.ogg", "libopus", "audio/ogg"),
    ],
)
def test_every_accepted_kind_of_sound_is_opened_whatever_its_name(
    tmp_path: Path, name: str, codec: str, mime: str
) -> None:
    path = write_sound(tmp_path / name, codec=codec, rate=48000).rename(tmp_path / "upload.bin")

    assert sniff(path).mime == mime
    with open_media(path, Role.AUDIO, "audio") as container:
        assert len(container.streams.audio) == 1


@pytest.mark.parametrize(
    ("name", "codec", "mime"),
    [
        ("a.mp4", "libx264", "video/mp4"),
        ("a.mov", "libx264", "video/quicktime"),
        ("a.webm", "libvpx", "video/webm"),
        ("a.mkv", "libx264", "video/x-matroska"),
        ("a.avi", "mpeg4", "video/x-msvideo"),
    ],
)
def test_every_accepted_kind_of_video_is_opened_whatever_its_name(
    tmp_path: Path, name: str, codec: str, mime: str
) -> None:
    path = write_video(tmp_path / name, pictures(3), codec=codec).rename(tmp_path / "upload.bin")

    assert sniff(path).mime == mime
    with open_media(path, Role.VIDEO, "video") as container:
        assert len(container.streams.video) == 1


@pytest.mark.parametrize("tags", [1, 2])
def test_tags_before_the_sound_do_not_hide_it(tmp_path: Path, tags: int) -> None:
    path = write_sound(tmp_path / "a.mp3", codec="libmp3lame", rate=44100)
    sound = path.read_bytes()
    tag = b"ID3\x04\0\0\0\0\x30\0" + bytes(0x30 << 7)
    path.write_bytes(tag * tags + sound[sound.index(b"\xff\xfb") :])

    assert sniff(path).demuxer == "mp3"


def test_a_tag_with_a_footer_does_not_hide_the_sound(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp3", codec="libmp3lame", rate=44100)
    sound = path.read_bytes()
    head = b"\x04\0\x10\0\0\x30\0"
    path.write_bytes(b"ID3" + head + bytes(0x30 << 7) + b"3DI" + head + sound[sound.index(b"\xff\xfb") :])

    assert sniff(path).demuxer == "mp3"


def test_a_file_made_of_tags_alone_is_given_up_soon(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3\x04\0\0\0\0\0\0" * 2_000_000)

    began = time.process_time()
    assert sniff(path).mime == "application/octet-stream"
    assert time.process_time() - began < 1


@pytest.mark.parametrize("codec", ["wmv2", "flv", "msvideo1"])
def test_a_decoder_that_is_not_on_the_list_is_not_used(tmp_path: Path, codec: str) -> None:
    path = write_video(tmp_path / "a.avi", pictures(3), codec="mpeg4")
    data = path.read_bytes()
    tag = {"wmv2": b"WMV2", "flv": b"FLV1", "msvideo1": b"CRAM"}[codec]
    path.write_bytes(data.replace(b"FMP4", tag))

    with pytest.raises(UnreadableMedia, match=rf"the video's codec is not one that is read \({codec}\)"):
        VideoSource(path, "video")


@pytest.mark.parametrize("rate", [1, 3999, 768_001, 4_000_000_000])
def test_sound_at_a_rate_that_no_sound_has_is_refused(tmp_path: Path, rate: int) -> None:
    path = write_sound(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    data[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(data)

    with pytest.raises(UnreadableMedia):
        read_speech(path, "audio")


def test_sound_of_too_many_bits_a_second_is_refused_by_its_head(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    rate, channels, bits = 384_000, 16, 32
    data[22:36] = struct.pack("<HIIHH", channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    path.write_bytes(data)

    with pytest.raises(MediaTooLarge, match=r"^audio: sound of 197 Mbit a second, more than 100$"):
        read_speech(path, "audio")


def test_no_other_place_opens_media() -> None:
    """What reads files of clients goes through `open_media` or `read_still`; all else writes, or reads our own."""
    opening = re.compile(r"\b(av\.open|imread|imdecode\w*|VideoCapture|Image\.open|wave\.open)\(")
    found = {
        (str(path.relative_to(ROOT)), match[1])
        for folder in ("activities", "api", "contracts", "engines", "storage", "workflows")
        for path in (ROOT / folder).rglob("*.py")
        for match in opening.finditer(path.read_text())
    }

    assert found == {
        ("engines/containers.py", "av.open"),
        ("engines/stills.py", "imdecode"),
        ("engines/stills.py", "imdecodeWithMetadata"),
        ("engines/encode.py", "av.open"),
        ("engines/encoders.py", "av.open"),
        ("engines/join.py", "av.open"),
        ("engines/mixing.py", "wave.open"),
        ("activities/speak.py", "wave.open"),
    }


def test_a_refusal_names_field_kind_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "speech.mp3"
    path.write_bytes(b"<html><body>Sign in</body></html>")

    with pytest.raises(UnreadableMedia) as refusal:
        open_media(path, Role.AUDIO, "audio")

    assert str(refusal.value) == "audio: not an audio file (text/html)"
    assert "WAV, MP3" in refusal.value.remedy
