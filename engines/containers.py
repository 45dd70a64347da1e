"""Which files are opened, and how: by their own first bytes, each with the one demuxer that reads its kind.

A demuxer is never chosen by name or by FFmpeg's own guess: a playlist that calls itself .mp4 would be followed, and
would read whatever it points at.
"""

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer

from contracts.errors import UnreadableMedia
from contracts.jobs import Role

#: Demuxers of sound and moving pictures that are ever used.
FORMATS = frozenset({"mov", "matroska", "avi", "mp3", "wav", "flac", "ogg", "aac"})
#: Kinds of still pictures, by the names FFmpeg has for them.
STILL_FORMATS = frozenset({"png_pipe", "jpeg_pipe", "webp_pipe"})

ACCEPTED = {
    Role.VIDEO: "MP4, MOV, WebM, MKV or AVI",
    Role.IMAGE: "PNG, JPEG or WebP",
    Role.MASK: "PNG, JPEG or WebP",
    Role.AUDIO: "WAV, MP3, M4A, AAC, FLAC or OGG",
}
_ARTICLES = {Role.VIDEO: "a video", Role.IMAGE: "an image", Role.MASK: "an image", Role.AUDIO: "an audio file"}

_HEAD_BYTES = 4096
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
        while tag_bytes := _id3_bytes(head):
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
        return av.open(f"file:{path}", mode="r", format=kind.demuxer, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise damaged(kind, field) from error


def damaged(kind: FileKind, field: str) -> UnreadableMedia:
    """Make the error for a file that is of an accepted kind but cannot be read."""
    return UnreadableMedia(
        f"the file is damaged or cut short ({kind.mime})",
        field=field,
        remedy="Play it to its end to check it, and export it again.",
    )
