"""Which files are opened, and how: by their own first bytes, each with the one demuxer that reads its kind.

A demuxer is never chosen by name or by FFmpeg's own guess: a playlist that calls itself .mp4 would be followed, and
would read whatever it points at. What lies inside is decoded by decoders of a list alone: FFmpeg has hundreds more, for
formats of old games and cameras that nobody sends and few look after.
"""

from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from contracts.errors import MediaTooLarge, UnreadableMedia
from contracts.jobs import Role

#: Demuxers of sound and moving pictures that are ever used.
FORMATS = frozenset({"mov", "matroska", "avi", "mp3", "wav", "flac", "ogg", "aac"})
#: Kinds of still pictures, by the names FFmpeg has for them.
STILL_FORMATS = frozenset({"png_pipe", "jpeg_pipe", "webp_pipe"})

# fmt: off
#: Decoders that are ever used, by FFmpeg's names for them.
VIDEO_DECODERS = frozenset({
    "h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4", "mpeg2video", "mpeg1video",
    "h263", "mjpeg", "prores", "dnxhd", "cfhd", "ffv1", "theora", "msmpeg4", "msmpeg4v2", "dvvideo", "huffyuv",
    "ffvhuff", "utvideo", "qtrle", "png", "rawvideo", "v210",
})
AUDIO_DECODERS = frozenset({
    "aac", "mp3", "mp3float", "mp2", "mp2float", "mp1", "mp1float", "opus", "libopus", "vorbis", "flac", "alac",
    "ac3", "eac3", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "adpcm_ima_qt", "adpcm_ima_wav",
    "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
    "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be",
})
# fmt: on
#: No picture and no frame has more, whatever limit the caller sets: decoding it alone would fill the memory.
MAX_PIXELS = 100_000_000
#: Rates that sound is sent at, in Hz: telephones have 8000, studios 192000.
_SOUND_RATES = range(4000, 768_001)
_MAX_CHANNELS = 64
#: Bits of sound a second, as its head says: 16 channels at 192 kHz and 32 bits have less.
MOST_SOUND_BITS_PER_S = 100_000_000
#: Where so much can be had, memory was not what opening a file wanted.
_ROOM_BYTES = 64 << 20
_OPEN = {
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(sorted(FORMATS)),
    "codec_whitelist": ",".join(sorted(VIDEO_DECODERS | AUDIO_DECODERS)),
    "max_streams": "64",
}

#: What decoders raise at a damaged packet; the second is minus one, by which older ones tell of any fault, the third
#: what those say whose settings changed midway.
PACKET_FAULTS = (av.error.InvalidDataError, av.error.PermissionError, av.error.ArgumentError)

ACCEPTED = {
    Role.VIDEO: "MP4, MOV, WebM, MKV or AVI",
    Role.IMAGE: "PNG, JPEG or WebP",
    Role.MASK: "PNG, JPEG or WebP",
    Role.AUDIO: "WAV, MP3, M4A, AAC, FLAC or OGG",
}
_ARTICLES = {Role.VIDEO: "a video", Role.IMAGE: "an image", Role.MASK: "an image", Role.AUDIO: "an audio file"}

_HEAD_BYTES = 4096
#: Tags before the sound that are passed over: each may be ten bytes long, and a file be made of nothing else.
_MOST_TAGS = 16
_ID3_FOOTER = 0x10
_EBML = b"\x1aE\xdf\xa3"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file's first bytes say it is; `demuxer` is "" when it is no kind that is opened."""

    mime: str
    demuxer: str = ""


_PREFIXES: tuple[tuple[bytes, FileKind], ...] = (
    (_EBML, FileKind("video/x-matroska", "matroska")),
    (b"OggS", FileKind("audio/ogg", "ogg")),
    (b"fLaC", FileKind("audio/flac", "flac")),
    (b"\x89PNG\r\n\x1a\n", FileKind("image/png", "png_pipe")),
    (b"\xff\xd8\xff", FileKind("image/jpeg", "jpeg_pipe")),
    (b"GIF8", FileKind("image/gif")),
    (b"BM", FileKind("image/bmp")),
    (b"II*\0", FileKind("image/tiff")),
    (b"MM\0*", FileKind("image/tiff")),
    (b"%PDF", FileKind("application/pdf")),
    (b"PK\x03\x04", FileKind("application/zip")),
    (b"\x1f\x8b", FileKind("application/gzip")),
    (b"FLV\x01", FileKind("video/x-flv")),
    (b"\0\0\x01\xba", FileKind("video/mpeg")),
    (b"#EXTM3U", FileKind("application/vnd.apple.mpegurl")),
    (b"ffconcat", FileKind("text/x-ffconcat")),
)
_RIFF = {
    b"WAVE": FileKind("audio/wav", "wav"),
    b"AVI ": FileKind("video/x-msvideo", "avi"),
    b"WEBP": FileKind("image/webp", "webp_pipe"),
}
_ISO_BRANDS = {
    b"M4A ": FileKind("audio/mp4", "mov"),
    b"M4B ": FileKind("audio/mp4", "mov"),
    b"qt  ": FileKind("video/quicktime", "mov"),
    b"avif": FileKind("image/avif"),
    b"heic": FileKind("image/heic"),
    b"heix": FileKind("image/heic"),
    b"mif1": FileKind("image/heic"),
}


def sniff(path: Path) -> FileKind:
    """Tell a file's kind from its content alone; tags before the sound are passed over."""
    with path.open("rb") as file:
        head, start = file.read(_HEAD_BYTES), 0
        for _ in range(_MOST_TAGS):
            if not (tag_bytes := _id3_bytes(head)):
                break
            start += tag_bytes
            file.seek(start)
            head = file.read(_HEAD_BYTES)
    return _kind(head.lstrip(b"\0") if start else head)


def _id3_bytes(head: bytes) -> int:
    """Length of a leading ID3v2 tag: 7 bits to the byte, without its header and footer (ID3v2.4 section 3.1, 3.4)."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return size + (20 if head[5] & _ID3_FOOTER else 10)


def _kind(head: bytes) -> FileKind:
    if head.startswith(_EBML) and b"webm" in head[:64]:
        return FileKind("video/webm", "matroska")
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12], FileKind("application/octet-stream"))
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _ISO_BRANDS.get(head[8:12], FileKind("video/mp4", "mov"))
    return _mpeg_audio(head) or FileKind(_text_mime(head))


def _mpeg_audio(head: bytes) -> FileKind | None:
    """MPEG audio frames begin with eleven set bits; a layer field of 0 means ADTS (ISO 13818-7), else MP3."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0x06 == 0:
        return FileKind("audio/aac", "aac") if head[1] & 0xF0 == 0xF0 else None
    return FileKind("audio/mpeg", "mp3") if head[2] >> 4 != 0xF else None


def _text_mime(head: bytes) -> str:
    if not head:
        return "an empty file"
    if b"\0" in head:
        return "application/octet-stream"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "text/html"
    if start.startswith((b"<?xml", b"<")):
        return "application/xml"
    if start.startswith((b"{", b"[")):
        return "application/json"
    try:
        head[:-4].decode() if len(head) == _HEAD_BYTES else head.decode()
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain"


def refuse(role: Role, kind: FileKind, field: str) -> UnreadableMedia:
    """Make the error for a file that is not of its role's kind: "not an audio file (text/html)"."""
    return UnreadableMedia(
        f"not {_ARTICLES[role]} ({kind.mime})",
        field=field,
        remedy=f"Send {ACCEPTED[role]}, and check that the address leads to the file itself.",
    )


def open_media(path: Path, role: Role, field: str) -> InputContainer:
    """Open a file of sound or moving pictures for reading.

    Args:
        path: a local file.
        role: what it is meant to be, for the error message.
        field: the request's field it came in, for the error message.

    Raises:
        UnreadableMedia: when it is of no accepted kind, or damaged at its head.
    """
    kind = sniff(path)
    if kind.demuxer not in FORMATS:
        raise refuse(role, kind, field)
    return _open(path, kind, field)


def _open(path: Path, kind: FileKind, field: str) -> InputContainer:
    try:
        name = f"file:{path}"
        return av.open(name, mode="r", format=kind.demuxer, container_options=_OPEN, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, MemoryError):
            # A head may ask for more than any machine has. Where not even this can be had, it is not the file.
            bytearray(_ROOM_BYTES)
        raise damaged(kind, field) from error


def check_decodable(stream: VideoStream | AudioStream, field: str) -> None:
    """Look at what a track declares before anything of it is decoded, and bound what its decoder takes.

    Raises:
        UnreadableMedia: when its decoder is none of the list, or its rate or channels are no sound's.
        MediaTooLarge: when its frames have more than 100 million pixels, or its sound more than 100 Mbit a second.
    """
    decoder = stream.codec_context.name if stream.codec_context else "unknown"
    if decoder not in VIDEO_DECODERS | AUDIO_DECODERS:
        raise UnreadableMedia(
            f"the {stream.type}'s codec is not one that is read ({decoder})",
            field=field,
            remedy="Export it as H.264 with AAC.",
        )
    if isinstance(stream, VideoStream):
        _check_sides(stream, field)
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    else:
        check_sound(stream.rate, stream.channels, field)
        _check_sound_bits(stream.bit_rate or 0, field)


def _check_sides(stream: VideoStream, field: str) -> None:
    if stream.width * stream.height > MAX_PIXELS:
        raise MediaTooLarge(
            f"the video has {stream.width} x {stream.height} pixels",
            field=field,
            remedy="Scale it to at most 4096 pixels a side.",
        )


def _check_sound_bits(bits_per_s: int, field: str) -> None:
    if bits_per_s > MOST_SOUND_BITS_PER_S:
        raise MediaTooLarge(
            f"sound of {bits_per_s / 1e6:.0f} Mbit a second, more than {MOST_SOUND_BITS_PER_S // 1_000_000}",
            field=field,
            remedy="Export it with 2 channels at 48 kHz.",
        )


def check_sound(rate: int, channels: int, field: str) -> None:
    """Refuse what no sound has, in the head of its file or midway.

    Raises:
        UnreadableMedia: at less than 4 kHz or more than 768 kHz, or more than 64 channels.
    """
    if rate not in _SOUND_RATES or not 1 <= channels <= _MAX_CHANNELS:
        raise UnreadableMedia(
            f"the sound has {channels} channels at {rate} Hz", field=field, remedy="Export it at 8 to 192 kHz."
        )


def damaged(kind: FileKind, field: str) -> UnreadableMedia:
    """Make the error for a file that is of an accepted kind but cannot be read."""
    return UnreadableMedia(
        f"the file is damaged or cut short ({kind.mime})",
        field=field,
        remedy="Play it to its end to check it, and export it again.",
    )
