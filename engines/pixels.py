"""Decoded pictures as RGB arrays: colour, orientation and size put right."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from engines.base import Frame

#: Without the last two flags swscale darkens by a level and replicates chroma.
SWSCALE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

_UNSPECIFIED = 2
#: Players take untagged video above this size for BT.709, below it for BT.601.
_HD_WIDTH, _HD_HEIGHT = 1280, 577


Turn = tuple[int, int, int, int]

_AS_STORED: Turn = (1, 0, 0, 1)
#: The display matrix of each angle counter-clockwise, for frames that tell no more.
_TURNS: dict[int, Turn] = {0: _AS_STORED, 90: (0, -1, 1, 0), -90: (0, 1, -1, 0), 180: (-1, 0, 0, -1)}
#: Decoders whose frames' side data may be read: of others', PyAV frees what the frame still owns, and crashes later.
_SAFE_SIDE_DATA = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How stored frames are meant to be seen.

    Attributes:
        size: upright width and height, with square pixels.
        turn: the display matrix's 2x2 part, each -1, 0 or 1: ISO 14496-12 `matrix`, row by row.
    """

    size: tuple[int, int]
    turn: Turn = _AS_STORED


def layout_of(frame: VideoFrame, codec: str, pixel_aspect: Fraction | None) -> Layout:
    """How the frames of a video are meant to be seen, by its first one."""
    aspect = pixel_aspect if pixel_aspect and pixel_aspect > 0 else Fraction(1)
    turn = _display_matrix(frame) if codec in _SAFE_SIDE_DATA else _TURNS.get(round(frame.rotation), _AS_STORED)
    return Layout(_turned((round(frame.width * aspect), frame.height), turn), turn)


def _display_matrix(frame: VideoFrame) -> Turn:
    # PyAV's stubs give frames a narrower type than they have.
    matrix = cast(Mapping[SideDataType, SideData], frame.side_data).get(SideDataType.DISPLAYMATRIX)
    if matrix is None:
        return _AS_STORED
    values = np.frombuffer(bytes(matrix), dtype=np.int32)[[0, 1, 3, 4]] / 65536
    a, b, c, d = (int(v) for v in np.rint(values / max(np.abs(values).max(), 1e-6)))
    return (a, b, c, d) if abs(a * d - b * c) == 1 and abs(a) != abs(b) else _AS_STORED


class Rgb:
    """Converts frames to uint8 RGB of one size.

    A picture of another shape is scaled to fit and centred on black; one pixel too many, as odd sides have, is cut
    off without resampling.

    Args:
        size: width and height of the result.
        layout: how the frames are meant to be seen.
    """

    def __init__(self, size: tuple[int, int], layout: Layout) -> None:
        self._size = size
        self._turn = layout.turn
        self._stored_size = _turned(inner_size(layout.size, size), layout.turn)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame, place: Frame | None = None) -> Frame:
        """Convert one frame, into its place where there is one."""
        rgb = self._reformatter.reformat(
            frame,
            *self._stored_size,
            "gbrp",
            src_colorspace=_colourspace(frame),
            interpolation=SWSCALE,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        if self._turn == _AS_STORED and self._stored_size == self._size:
            return _interleaved(rgb, place)
        picture = placed(_upright(_interleaved(rgb), self._turn), self._size)
        if place is None:
            return picture
        place[...] = picture
        return place


def _interleaved(planar: VideoFrame, place: Frame | None = None) -> Frame:
    """RGB of planes stored as G, B, R.

    To planes swscale converts by vector instructions, to "rgb24" one pixel at a time: the same values in half the time.
    """
    green, blue, red = (
        np.frombuffer(cast(bytes, plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in planar.planes
    )
    return np.asarray(cv2.merge([red, green, blue], place), np.uint8)


def _turned(size: tuple[int, int], turn: Turn) -> tuple[int, int]:
    return size if turn[0] else (size[1], size[0])


def _upright(picture: Frame, turn: Turn) -> Frame:
    """Apply the matrix: x' = a x + c y, y' = b x + d y."""
    a, b, c, d = turn
    if not a:
        picture, flip_x, flip_y = picture.transpose(1, 0, 2), c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    picture = picture[:, ::-1] if flip_x else picture
    return np.ascontiguousarray(picture[::-1] if flip_y else picture)


def inner_size(size: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int]:
    """The width and height that a picture of `size` is scaled to, within `outer` or a cut-off pixel beyond it."""
    (width, height), (outer_width, outer_height) = size, outer
    if 0 <= width - outer_width <= 1 and 0 <= height - outer_height <= 1:
        return size
    scale = min(outer_width / width, outer_height / height)
    fitted = round(width * scale), round(height * scale)
    return outer if max(outer_width - fitted[0], outer_height - fitted[1]) <= 2 else fitted


def placed(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture (H, W) or (H, W, C) of the `inner_size`, centred on black or cut off at the right and bottom."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    if width >= size[0] and height >= size[1]:
        return np.ascontiguousarray(picture[: size[1], : size[0]])
    canvas = np.zeros((size[1], size[0], *picture.shape[2:]), dtype=np.uint8)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    canvas[top : top + height, left : left + width] = picture
    return canvas


def _colourspace(frame: VideoFrame) -> int | None:
    """What to read an untagged frame as; None keeps the frame's own tag."""
    if frame.colorspace != _UNSPECIFIED:
        return None
    is_hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return Colorspace.ITU709 if is_hd else Colorspace.ITU601
