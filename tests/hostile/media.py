"""Hostile files, made on the spot: what each is, and how the step that takes files in has to answer.

usage: python -m tests.hostile.media FOLDER (writes them all there, to be tried elsewhere)
"""

import io
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts.jobs import Role
from tests.engines.generated_media import pictures, write_sound, write_video

#: Verdicts: the error's code, or that the file may as well be taken for what it is.
UNREADABLE, TOO_LARGE, TOO_LONG = "unreadable_media", "media_too_large", "media_too_long"
EITHER = "either"
#: Parts of a file after which it is cut.
_CUTS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
_VIDEO_HEADS = {
    "mp4": b"\0\0\0\x1cftypisom\0\0\2\0isomiso2avc1mp41",
    "mov": b"\0\0\0\x14ftypqt  \0\0\2\0qt  ",
    "mkv": b"\x1aE\xdf\xa3",
    "avi": b"RIFF\xff\xff\0\0AVI LIST",
}
_SOUND_HEADS = {"mp3": b"\xff\xfb\x90\0", "wav": b"RIFF\xff\xff\0\0WAVEfmt ", "ogg": b"OggS\0", "flac": b"fLaC\0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileFile:
    """A file, what it is meant to be, and the verdict on it."""

    name: str
    role: Role
    data: bytes
    verdict: str


def files(folder: Path, secret: str, site: str) -> list[HostileFile]:
    """All of them.

    Args:
        folder: where the real media that they are made of are written.
        secret: a local file that some of them would have read.
        site: an address that some of them would have asked.
    """
    real = _real(folder)
    return [
        *_references(secret, site, real),
        *_cut(real),
        *_wrong_kinds(real),
        *_bombs(),
        *_absurd_videos(real),
        *_absurd_sounds(),
    ]


def _real(folder: Path) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    frames = pictures(8)
    videos = {"mp4": "libx264", "mov": "mpeg4", "webm": "libvpx", "mkv": "libx264", "avi": "mpeg4"}
    sounds = {"wav": "pcm_s16le", "mp3": "libmp3lame", "m4a": "aac", "aac": "aac", "flac": "flac", "ogg": "libopus"}
    made = [write_video(folder / f"a.{name}", frames, codec=codec) for name, codec in videos.items()]
    made += [write_sound(folder / f"a.{name}", codec=codec, rate=48000) for name, codec in sounds.items()]
    return {path.suffix[1:]: path.read_bytes() for path in made} | {"png": _png(64, 48)}


def _role(kind: str) -> Role:
    if kind == "png":
        return Role.IMAGE
    return Role.VIDEO if kind in ("mp4", "mov", "webm", "mkv", "avi") else Role.AUDIO


def _playlists(target: str) -> dict[str, bytes]:
    line = target.encode()
    return {
        "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + line + b"\n#EXT-X-ENDLIST\n",
        "hls-key": b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="' + line + b'"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n',
        "hls-crypto": b"#EXTM3U\n#EXTINF:1,\nconcat:" + line + b"|subfile,,start,0,end,64,,:" + line + b"\n",
        "ffconcat": b"ffconcat version 1.0\nfile '" + line + b"'\n",
        "concat-protocol": b"concat:" + line,
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 4 RTP/AVP 96\na=control:" + line,
        "dash": b'<?xml version="1.0"?><MPD><Period><BaseURL>' + line + b"</BaseURL></Period></MPD>",
        "smil": b'<smil><body><video src="' + line + b'"/></body></smil>',
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="' + line + b'"/></svg>',
        "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "' + line + b'">]><a>&b;</a>',
        "asx": b'<asx version="3.0"><entry><ref href="' + line + b'"/></entry></asx>',
        "m3u": line + b"\n",
        "avisynth": b'AviSource("' + line + b'")',
        "ram": b"rtsp://127.0.0.1/" + line,
    }


def _references(secret: str, site: str, real: dict[str, bytes]) -> Iterator[HostileFile]:
    for where, target in {"file": f"file://{secret}", "path": secret, "site": site}.items():
        for kind, playlist in _playlists(target).items():
            name = f"{kind}-to-{where}"
            yield HostileFile(name=f"{name}.mp4", role=Role.VIDEO, data=playlist, verdict=UNREADABLE)
            yield HostileFile(name=f"{name}.wav", role=Role.AUDIO, data=playlist, verdict=UNREADABLE)
            yield HostileFile(name=f"{name}.png", role=Role.IMAGE, data=playlist, verdict=UNREADABLE)
        for kind, head in _VIDEO_HEADS.items():
            clothed = head + _playlists(target)["hls"]
            yield HostileFile(name=f"hls-in-{kind}-to-{where}", role=Role.VIDEO, data=clothed, verdict=UNREADABLE)
        for kind, head in _SOUND_HEADS.items():
            clothed = head + _playlists(target)["ffconcat"]
            yield HostileFile(name=f"concat-in-{kind}-to-{where}", role=Role.AUDIO, data=clothed, verdict=UNREADABLE)
        elsewhere = _data_elsewhere(real["mp4"], target)
        yield HostileFile(name=f"mp4-with-data-in-{where}", role=Role.VIDEO, data=elsewhere, verdict=EITHER)


def _data_elsewhere(movie: bytes, target: str) -> bytes:
    """An MP4 whose samples lie in another file, by its data reference (ISO 14496-12, 8.7.2)."""
    at = movie.rindex(b"url \0\0\0\1") - 4
    entry = b"url \0\0\0\0" + target.encode() + b"\0"
    grown = bytearray(movie[:at] + struct.pack(">I", len(entry) + 4) + entry + movie[at + 12 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = grown.rindex(box, 0, at) - 4
        grown[start : start + 4] = struct.pack(">I", struct.unpack(">I", grown[start : start + 4])[0] + len(entry) - 8)
    return bytes(grown)


def _cut(real: dict[str, bytes]) -> Iterator[HostileFile]:
    for kind, data in real.items():
        for part in _CUTS:
            piece = data[: int(len(data) * part)]
            yield HostileFile(name=f"{kind}-cut-at-{part}", role=_role(kind), data=piece, verdict=EITHER)
        yield HostileFile(name=f"{kind}-of-nothing", role=_role(kind), data=b"", verdict=UNREADABLE)
        first = data[:4]
        yield HostileFile(name=f"{kind}-of-4-bytes", role=_role(kind), data=first, verdict=UNREADABLE)
        zeros = data[:200] + bytes(len(data))
        yield HostileFile(name=f"{kind}-of-zeros", role=_role(kind), data=zeros, verdict=EITHER)


def _wrong_kinds(real: dict[str, bytes]) -> Iterator[HostileFile]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("a.zip", archive.getvalue())
        outer.writestr("a.mp4", real["mp4"])
    foreign = {
        "zip": archive.getvalue(),
        "zip-bomb": b"PK\x03\x04" + zlib.compress(bytes(1 << 24)),
        "gzip": b"\x1f\x8b\x08\0" + zlib.compress(bytes(1 << 20)),
        "pdf": b"%PDF-1.7\n" + real["png"],
        "elf": b"\x7fELF" + bytes(100),
        "html": b"<!doctype html><script src=//x></script>",
        "gif": b"GIF89a\xff\xff\xff\xff\0\0\0;",
        "tiff": b"II*\0\x08\0\0\0" + bytes(40),
        "bmp": b"BM" + struct.pack("<IHHIIii", 0, 0, 0, 54, 40, 1 << 20, 1 << 20) + bytes(40),
        "flv": b"FLV\x01\x05\0\0\0\x09" + bytes(40),
        "mpeg-ts": (b"G" + bytes(187)) * 20,
        "random": np.random.default_rng(6).bytes(20_000),
    }
    for name, data in foreign.items():
        for role in (Role.VIDEO, Role.AUDIO, Role.IMAGE):
            yield HostileFile(name=f"{name}-as-{role}", role=role, data=data, verdict=UNREADABLE)
    for kind in ("wav", "mp3", "flac", "ogg", "aac", "m4a", "png"):
        yield HostileFile(name=f"{kind}-as-video", role=Role.VIDEO, data=real[kind], verdict=UNREADABLE)
    for kind in ("mp4", "png", "avi"):
        yield HostileFile(name=f"silent-{kind}-as-sound", role=Role.AUDIO, data=real[kind], verdict=UNREADABLE)
    for kind in ("mp4", "wav"):
        yield HostileFile(name=f"{kind}-as-picture", role=Role.IMAGE, data=real[kind], verdict=UNREADABLE)
        tail = real[kind] + archive.getvalue() + real["png"]
        yield HostileFile(name=f"{kind}-and-zip-and-png", role=_role(kind), data=tail, verdict=EITHER)
    tagged = b"ID3\x04\0\0\0\0\0\0" * 100_000 + real["mp3"]
    yield HostileFile(name="mp3-behind-tags-without-end", role=Role.AUDIO, data=tagged, verdict=UNREADABLE)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, depth: int = 8, extra: bytes = b"", rows: int | None = None) -> bytes:
    """A grey PNG, of so many rows whatever its head says."""
    row = bytes(1 + width * depth // 8)
    squeezer = zlib.compressobj(9)
    packed = b"".join([*(squeezer.compress(row) for _ in range(height if rows is None else rows)), squeezer.flush()])
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + extra + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _bombs() -> Iterator[HostileFile]:
    long_text = b"Comment\0\0" + zlib.compress(bytes(64 << 20), 9)
    moving = _chunk(b"acTL", struct.pack(">II", 1_000_000, 0))
    jpeg = b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x22\0\2\x11\1\3\x11\1\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0?\0"
    pictured = {
        "png-of-20000": (_png(20_000, 20_000, 1, rows=20), TOO_LARGE),
        "png-of-9000": (_png(9_000, 9_000, 1), TOO_LARGE),
        "png-of-2-billion": (_png(0x7FFFFFFF, 0x7FFFFFFF, 1, rows=0), TOO_LARGE),
        "png-of-4-billion": (_png(0xFFFFFFFF, 1, 1, rows=0), TOO_LARGE),
        "png-of-no-width": (_png(0, 100, rows=1), UNREADABLE),
        "png-with-a-text-of-64-MiB": (_png(64, 48, extra=_chunk(b"zTXt", long_text)), EITHER),
        "png-with-a-profile-of-64-MiB": (_png(64, 48, extra=_chunk(b"iCCP", long_text)), EITHER),
        "png-of-a-million-pictures": (_png(64, 48, extra=moving), UNREADABLE),
        "png-of-too-few-rows": (_png(4000, 4000, 8, rows=1), EITHER),
        "jpeg-of-65535": (jpeg + bytes(200), TOO_LARGE),
        "webp-of-16384": (_webp_of(16_384, 16_384), TOO_LARGE),
        "webp-of-16777216": (_webp_of(1 << 24, 1 << 24), TOO_LARGE),
        "webp-that-moves": (_webp_of(64, 64, flags=2), UNREADABLE),
        "webp-of-nothing": (_webp_of(64, 64), UNREADABLE),
    }
    for name, (data, verdict) in pictured.items():
        yield HostileFile(name=name, role=Role.IMAGE, data=data, verdict=verdict)


def _webp_of(width: int, height: int, flags: int = 0) -> bytes:
    canvas = struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8X" + struct.pack("<I", 10) + canvas + bytes(20)


def _absurd_videos(real: dict[str, bytes]) -> Iterator[HostileFile]:
    movie = real["mp4"]

    def changed(box: bytes, offset: int, value: bytes) -> bytes:
        start = movie.index(box) + 4 + offset
        return movie[:start] + value + movie[start + len(value) :]

    most = b"\xff" * 4
    absurd = {
        "box-of-4-GiB": most + movie[4:],
        "box-of-16-EiB": b"\0\0\0\1ftyp" + b"\xff" * 8 + movie[16:],
        "sides-of-65535": changed(b"avc1", 24, most),
        "sides-of-nothing": changed(b"avc1", 24, bytes(4)),
        "4-billion-samples": changed(b"stsz", 8, most),
        "4-billion-durations": changed(b"stts", 4, most),
        "samples-of-4-billion-ticks": changed(b"stts", 12, most),
        "a-clock-of-1-Hz": changed(b"mdhd", 12, b"\0\0\0\1"),
        "a-clock-of-4-GHz": changed(b"mdhd", 12, most),
        "a-clock-of-0-Hz": changed(b"mdhd", 12, bytes(4)),
        "4-billion-chunks": changed(b"stco", 4, most),
        "chunks-past-the-end": changed(b"stco", 8, most),
        "an-unknown-codec": movie.replace(b"avc1", b"wxyz"),
        "a-banned-codec": movie.replace(b"avc1", b"SVQ3"),
        "a-broken-head-of-its-codec": changed(b"avcC", 6, most * 4),
        "nested-10000-deep": b"\0\0\0\x08ftyp" + b"".join(
            struct.pack(">I", 8 * (10_000 - depth)) + b"moov" for depth in range(10_000)
        ),
    }  # fmt: skip
    for name, data in absurd.items():
        yield HostileFile(name=f"mp4-with-{name}", role=Role.VIDEO, data=data, verdict=EITHER)
    matroska = real["mkv"]
    ebml = {
        "size-without-end": matroska[:4] + b"\x01" + b"\xff" * 7 + matroska[12:],
        "size-of-2-to-56": matroska[:4] + b"\x01" + b"\xfe" * 7 + matroska[12:],
        "pixels": matroska.replace(b"\xb0\x81\x60", b"\xb0\x81\0").replace(b"\xba\x81\x40", b"\xba\x81\0"),
    }
    for name, data in ebml.items():
        yield HostileFile(name=f"mkv-with-{name}", role=Role.VIDEO, data=data, verdict=EITHER)


def _wav(
    rate: int, channels: int, samples: bytes, *, kind: int = 1, bits: int = 16, length: int | None = None
) -> bytes:
    each = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * each & 0xFFFFFFFF, each & 0xFFFF, bits)
    size = len(samples) if length is None else length
    riff = b"RIFF" + struct.pack("<I", min(36 + size, 0xFFFFFFFF)) + b"WAVEfmt " + struct.pack("<I", 16)
    return riff + head + b"data" + struct.pack("<I", size) + samples


def _absurd_sounds() -> Iterator[HostileFile]:
    tone = (np.sin(np.arange(16000) / 8) * 8000).astype("<i2").tobytes()
    numbers = np.zeros(16000, "<f4")
    cases = {
        "1-Hz": (_wav(1, 1, tone), UNREADABLE),
        "0-Hz": (_wav(0, 1, tone), UNREADABLE),
        "4-GHz": (_wav(4_000_000_000, 1, tone), UNREADABLE),
        "2-GHz": (_wav(2_000_000_000, 1, tone), UNREADABLE),
        "65535-channels": (_wav(16000, 65535, tone), UNREADABLE),
        "no-channels": (_wav(16000, 0, tone), UNREADABLE),
        "1572-Mbit-a-second": (_wav(768_000, 64, bytes(64 * 4 * 4000), bits=32), TOO_LARGE),
        "0-bits": (_wav(16000, 1, tone, bits=0), UNREADABLE),
        "65528-bits": (_wav(16000, 1, tone, bits=65528), UNREADABLE),
        "an-unknown-codec": (_wav(16000, 1, tone, kind=0x4242), UNREADABLE),
        "a-banned-codec": (_wav(16000, 1, tone, kind=0x0161), UNREADABLE),
        "4-GiB-declared": (_wav(16000, 1, tone, length=0xFFFFFFFF), EITHER),
        "no-samples": (_wav(16000, 1, b""), UNREADABLE),
        "NaN": (_wav(16000, 1, np.full(16000, np.nan, "<f4").tobytes(), kind=3, bits=32), UNREADABLE),
        "one-NaN": (_wav(16000, 1, np.append(numbers, np.float32("nan")).tobytes(), kind=3, bits=32), UNREADABLE),
        "Inf": (_wav(16000, 1, np.full(16000, np.inf, "<f4").tobytes(), kind=3, bits=32), UNREADABLE),
        "numbers-near-the-end": (_wav(16000, 1, np.full(16000, 3e38, "<f4").tobytes(), kind=3, bits=32), EITHER),
        "doubles-of-NaN": (_wav(16000, 1, np.full(16000, np.nan, "<f8").tobytes(), kind=3, bits=64), UNREADABLE),
        "11-minutes": (_wav(8000, 1, bytes(8000 * 660), bits=8), TOO_LONG),
    }
    for name, (data, verdict) in cases.items():
        yield HostileFile(name=f"wav-with-{name}", role=Role.AUDIO, data=data, verdict=verdict)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    for each in files(target, "/etc/hostname", "http://127.0.0.1:9/"):
        (target / each.name.replace("/", "-")).write_bytes(each.data)
