"""Still pictures: their size before anything is decoded, and their pixels, upright and opaque."""

from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from contracts.errors import MediaTooLarge, UnreadableMedia
from contracts.jobs import Role
from engines.base import Frame
from engines.containers import STILL_FORMATS, damaged, refuse, sniff
from engines.pixels import Layout, Rgb

#: A picture above this is refused unread, whatever limit the caller sets: its decoding alone would fill the memory.
MAX_PIXELS = 100_000_000

_HEAD_BYTES = 1 << 20
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_still(path: Path, field: str = "", size: tuple[int, int] | None = None) -> Frame:
    """Read a picture: upright, transparency over white.

    Args:
        path: a PNG, JPEG or WebP file.
        field: the request's field it came in, for error messages.
        size: width and height to scale it to; its own by default.

    Returns:
        uint8 RGB (H, W, 3).

    Raises:
        UnreadableMedia: when it is no accepted picture, is animated or damaged.
        MediaTooLarge: when it has more than 100 million pixels.
    """
    kind = sniff(path)
    if kind.demuxer not in STILL_FORMATS:
        raise refuse(Role.IMAGE, kind, field)
    _check_head(path, field)
    try:
        stored = np.fromfile(path, dtype=np.uint8)
        upright = cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB)
        transparent = cv2.imdecode(stored, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise damaged(kind, field) from error
    if upright is None or transparent is None:
        raise damaged(kind, field)
    return _sized(_over_white(np.asarray(upright, np.uint8), np.asarray(transparent, transparent.dtype)), size)


def _over_white(upright: Frame, stored: NDArray[np.integer]) -> Frame:
    """Lay a picture whose stored form has a fourth channel, of opacity, on white."""
    if stored.ndim < 3 or stored.shape[2] != 4 or stored.shape[:2] != upright.shape[:2]:
        return upright
    opaque = 65535 if stored.dtype == np.uint16 else 255
    alpha = stored[..., 3:].astype(np.float32) / opaque
    return np.asarray(np.rint(upright * alpha + 255 * (1 - alpha)), dtype=np.uint8)


def _sized(picture: Frame, size: tuple[int, int] | None) -> Frame:
    height, width, _ = picture.shape
    if size is None or size == (width, height):
        return picture
    return Rgb(size, Layout((width, height)))(VideoFrame.from_ndarray(picture, format="rgb24"))


def _check_head(path: Path, field: str) -> None:
    kind = sniff(path)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if _is_animated(head):
        raise UnreadableMedia(
            f"the image is animated ({kind.mime})", field=field, remedy="Send a still picture, or a video."
        )
    width, height = _declared_size(head)
    if width * height > MAX_PIXELS:
        raise MediaTooLarge(
            f"the image has {width} x {height} pixels", field=field, remedy="Scale it to at most 4096 pixels a side."
        )


def _is_animated(head: bytes) -> bool:
    """An APNG has an acTL chunk before its pixels; an animated WebP sets bit 1 of its VP8X flags."""
    if head.startswith(b"\x89PNG"):
        return b"acTL" in head[: head.find(b"IDAT") if b"IDAT" in head else None]
    return head[8:16] == b"WEBPVP8X" and bool(head[20] & 0x02)


def _declared_size(head: bytes) -> tuple[int, int]:
    """Width and height as the header gives them, or 0, 0 when they are not found."""
    if head.startswith(b"\x89PNG"):
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head.startswith(b"\xff\xd8"):
        return _jpeg_size(head)
    if head[8:16] == b"WEBPVP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return 0, 0  # other WebP headers hold 14 bits a side


def _jpeg_size(head: bytes) -> tuple[int, int]:
    """Walk the segments to the start-of-frame (ITU T.81 B.2.2)."""
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        if head[at + 1] in _JPEG_SIZES:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + int.from_bytes(head[at + 2 : at + 4]) if head[at + 1] != 0xFF else 1
    return 0, 0
