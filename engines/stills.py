"""Still pictures: their size before anything is decoded, and their pixels, upright and opaque."""

from pathlib import Path

import av
import numpy as np

from contracts.errors import MediaTooLarge, UnreadableMedia
from engines.base import Frame
from engines.containers import damaged, open_still, sniff
from engines.pixels import Rgb, display_size

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
    _check_head(path, field)
    kind = sniff(path)
    try:
        with open_still(path, field) as container:
            frame = next(container.decode(container.streams.video[0]), None)
            if frame is None:
                raise damaged(kind, field)
            over_white = _over_white(_bare(frame) if kind.demuxer == "png_pipe" else frame)
            return Rgb(size or display_size(over_white, None))(over_white)
    except (av.FFmpegError, IndexError) as error:
        raise damaged(kind, field) from error


def _over_white(frame: av.VideoFrame) -> av.VideoFrame:
    """Lay a picture that has transparency on white."""
    if not any(component.is_alpha for component in frame.format.components) and frame.format.name != "pal8":
        return frame
    rgba = frame.reformat(format="rgba").to_ndarray().astype(np.uint16)
    alpha = rgba[..., 3:]
    opaque = (rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return av.VideoFrame.from_ndarray(opaque.astype(np.uint8), format="rgb24")


def _bare(frame: av.VideoFrame) -> av.VideoFrame:
    """Leave a PNG's side data behind: PyAV frees an ICC profile's name twice once `side_data` is read, and crashes."""
    return av.VideoFrame.from_ndarray(frame.reformat(format="rgba").to_ndarray(), format="rgba")


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
