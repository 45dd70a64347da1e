"""Still pictures: their size before anything is decoded, and their pixels, upright and opaque."""

from pathlib import Path

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from contracts.errors import MediaTooLarge, UnreadableMedia
from contracts.jobs import Role
from engines.base import Frame
from engines.containers import MAX_PIXELS, STILL_FORMATS, FileKind, damaged, refuse, sniff
from engines.pixels import Layout, Rgb
from engines.still_heads import declared_size, is_animated

#: Pixels laid on white at a time.
_BLOCK = 1 << 20
#: Opacity written once more only to be turned is not worth squeezing.
_QUICK = (cv2.IMWRITE_PNG_COMPRESSION, 1)


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
    stored = np.fromfile(path, dtype=np.uint8)
    _check_head(stored.tobytes(), kind, field)
    try:
        upright = cv2.imdecode(stored, cv2.IMREAD_COLOR_RGB)
        if upright is None:
            raise damaged(kind, field)
        picture = np.asarray(upright, np.uint8)
        if kind.demuxer != "jpeg_pipe":
            _lay_on_white(picture, _opacity(stored))
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise damaged(kind, field) from error
    return _sized(picture, size)


def _check_head(data: bytes, kind: FileKind, field: str) -> None:
    if is_animated(data):
        raise UnreadableMedia(
            f"the image is animated ({kind.mime})", field=field, remedy="Send a still picture, or a video."
        )
    width, height = declared_size(data)
    if not width * height:
        raise damaged(kind, field)
    if width * height > MAX_PIXELS:
        raise MediaTooLarge(
            f"the image has {width} x {height} pixels", field=field, remedy="Scale it to at most 4096 pixels a side."
        )


def _opacity(stored: NDArray[np.uint8]) -> NDArray[np.generic] | None:
    """Opacity of a file's picture, upright, uint8 or uint16 (H, W); None without a fourth channel.

    OpenCV turns colours by the file's EXIF note, but hands out four channels as they are stored. The fourth is
    therefore written as a grey picture with the same note, and read again.
    """
    picture, kinds, notes = cv2.imdecodeWithMetadata(stored, flags=cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim < 3 or picture.shape[2] != 4:
        return None
    opacity = np.ascontiguousarray(picture[..., 3])
    exif = [note for kind, note in zip(kinds, notes, strict=True) if kind == cv2.IMAGE_METADATA_EXIF]
    if exif:
        _, again = cv2.imencodeWithMetadata(".png", opacity, [cv2.IMAGE_METADATA_EXIF], exif[:1], _QUICK)
        opacity = np.asarray(cv2.imdecode(again, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH))
    return opacity


def _lay_on_white(picture: Frame, opacity: NDArray[np.generic] | None) -> None:
    """Blend a picture with white in place, a few rows at a time."""
    if opacity is None or opacity.shape != picture.shape[:2]:
        return
    opaque = 65535 if opacity.dtype == np.uint16 else 255
    step = max(1, _BLOCK // picture.shape[1])
    for top in range(0, len(picture), step):
        rows = slice(top, top + step)
        share = opacity[rows, :, None].astype(np.float32) / opaque
        picture[rows] = np.rint(255 - (255 - picture[rows].astype(np.float32)) * share)


def _sized(picture: Frame, size: tuple[int, int] | None) -> Frame:
    height, width, _ = picture.shape
    if size is None or size == (width, height):
        return picture
    return Rgb(size, Layout((width, height)))(VideoFrame.from_ndarray(picture, format="rgb24"))
