"""A person's own eyelids, drawn down over the eyes: the skin below the brow stretches and the lashes come along."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.shape import BROWS, LOWER_LIDS, UPPER_LIDS, Basis, Floats, in_profile, places, turn_of

_EYES = tuple(
    (places(upper), places(lower), places(brow))
    for upper, lower, brow in zip(UPPER_LIDS, LOWER_LIDS, BROWS, strict=True)
)
_CHEEKS = places((50, 280, 205, 425, 101, 330))
_LUMA = np.array([0.2126, 0.7152, 0.0722])

#: An eye less open than this, in its own widths, is closed already or not to be seen.
_LEAST_OPEN = 0.10
#: A lid much darker than the cheeks lies behind sunglasses, hair or a brim.
_HIDDEN_SHARE = 0.35
#: An eye turned so far away that it is this much narrower than the other is not seen well enough.
_LEAST_SHARE = 0.45
#: Lids of faces smaller than this, between the eyes' outer corners, are a pixel or two.
_LEAST_UNIT_PX = 40.0
#: How much of the skin between lid and brow stretches; glasses' rims and the brow itself keep still.
_REACH = 0.8
#: Part of the skin above the eye, next to its edge, that does not stretch, so that lashes keep their shape; and parts
#: of the rest, at its ends, over which stretching begins and ends.
_STIFF, _EASE = 0.15, 0.15
#: A lid that comes out of the shade of its fold is nearly as bright as the skin around the eye; shade is what is wider
#: than this, in half widths of the eye.
_LIT, _SHADE_WIDTH = 0.86, 0.15
#: The lid's edge with its lashes reaches so far over the eye, in parts of the eye's width.
_LASHES = 0.03
#: A shut lid's lashes are a line so wide along its edge; what is dark and narrower than this and a pixel, so far above,
#: are lashes of the open eye; in half widths of the eye.
_LASH_LINE, _LASH_WIDTH, _LASH_LENGTH = 0.07, 0.22, 0.90


@dataclass(frozen=True, slots=True)
class _Lid:
    """One eye in coordinates of its own: x from -1 to 1 between its corners, y down, both in half widths.

    Attributes:
        middle: between the corners, in pixels.
        across, down: half a width each, in pixels.
        upper, lower, brow: coefficients of the edges as polynomials in x.
    """

    middle: Floats
    across: Floats
    down: Floats
    upper: Floats
    lower: Floats
    brow: Floats

    @classmethod
    def of(cls, upper: Floats, lower: Floats, brow: Floats) -> "_Lid":
        """From the edges' points, (9, 2), (9, 2) and (5, 2)."""
        middle, across = (upper[0] + upper[-1]) / 2, (upper[-1] - upper[0]) / 2
        down = np.array([-across[1], across[0]])
        square = max(float(across @ across), 1e-6)
        edges = []
        for points, degree in ((upper, 4), (lower, 4), (brow, 2)):
            x, y = (points - middle) @ across / square, (points - middle) @ down / square
            edges.append(np.polyfit(x, y, degree))
        return cls(middle, across, down, *edges)

    @property
    def openness(self) -> float:
        """The eye's height over its width."""
        return float(np.polyval(self.lower, 0.0) - np.polyval(self.upper, 0.0)) / 2

    @property
    def width(self) -> float:
        """Between the corners, in pixels."""
        return 2 * float(np.linalg.norm(self.across))

    def at(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> Floats:
        """Pixels (..., 2) at places of this eye."""
        return np.asarray(self.middle + x[..., None] * self.across + y[..., None] * self.down)


def eyes_of(points: Floats) -> Floats:
    """All points of both eyes' edges and brows, (N, 2), among a face's kept points (P, 2)."""
    return np.asarray(points[np.concatenate([edge for eye in _EYES for edge in eye])])


def can_blink(frame: Frame, points: Floats) -> bool:
    """Whether both eyes of a face with kept points (P, 2) are open and seen well enough for lids to be drawn."""
    lids, unit = _lids(points), Basis.of(points).unit
    narrow, wide = sorted(lid.width for lid in lids)
    if unit < _LEAST_UNIT_PX or in_profile(turn_of(points)) or narrow < _LEAST_SHARE * wide:
        return False
    cheeks = np.median(_sampled(frame, points[_CHEEKS]))
    return all(lid.openness >= _LEAST_OPEN and _is_lit(frame, lid, float(cheeks)) for lid in lids)


def _is_lit(frame: Frame, lid: _Lid, cheeks: float) -> bool:
    x = np.linspace(-0.6, 0.6, 7)
    top, brow = np.polyval(lid.upper, x), np.polyval(lid.brow, x)
    between = np.concatenate([lid.at(x, top + share * (brow - top)) for share in (0.3, 0.45, 0.6)])
    height, width = frame.shape[:2]
    inside = bool((between >= 0).all() and (between < [width, height]).all())
    return inside and float(np.median(_sampled(frame, between))) >= _HIDDEN_SHARE * cheeks


def _sampled(frame: Frame, pixels: Floats) -> Floats:
    """Luma 0..255 at places (N, 2)."""
    return np.asarray(_colours(frame, pixels) @ _LUMA)


def _colours(frame: Frame, pixels: Floats) -> Floats:
    """RGB 0..255 at places (N, 2)."""
    last = np.array([frame.shape[1] - 1, frame.shape[0] - 1])
    x, y = np.clip(pixels, 0, last).astype(int).T
    return np.asarray(frame[y, x], dtype=np.float64)


def close_eyes(frame: Frame, points: Floats, closed: float) -> Frame:
    """Draw the lids of one face `closed`, 0..1, of the way down.

    Args:
        frame: uint8 RGB (H, W, 3); not changed.
        points: kept points (P, 2).
        closed: 0 leaves the eyes as they are, 1 shuts them.

    Returns:
        A new picture; the same as `frame` in every pixel but those of the eyes and of the skin up to the brows.
    """
    result = frame.copy()
    for lid in _lids(points):
        _close(frame, result, lid, closed)
    return result


def _lids(points: Floats) -> list[_Lid]:
    return [_Lid.of(points[upper], points[lower], points[brow]) for upper, lower, brow in _EYES]


def _close(frame: Frame, canvas: Frame, lid: _Lid, closed: float) -> None:
    box = _box(frame, lid)
    if box is None:
        return
    rows, columns = box
    grid = np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop))
    square = float(lid.across @ lid.across)
    offset = np.stack(grid, axis=-1) + 0.5 - lid.middle
    x, y = offset @ lid.across / square, offset @ lid.down / square
    inside = np.clip(x, -1, 1)
    upper, lower, brow = (np.polyval(edge, inside) for edge in (lid.upper, lid.lower, lid.brow))
    fall = closed * np.maximum(lower - upper, 0) * np.clip((1 - np.abs(x)) / 0.1, 0, 1)
    edge = upper + fall
    top = np.minimum(upper + _REACH * (brow - upper), upper - 0.1)
    share = _stretch(np.clip((y - top) / ((1 - _STIFF) * (edge - top)), 0, 1))
    source = lid.at(x, y - fall * share).astype(np.float32) - np.float32(0.5)
    moved = cv2.remap(
        frame, source[..., 0].copy(), source[..., 1].copy(), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    pixel = 1 / np.sqrt(square)
    above = np.clip((edge - y) / _LASH_LINE - 1, 0, 1) * np.clip((_LASH_LENGTH - edge + y) / 0.4, 0, 1)
    moved = _without_lashes(np.asarray(moved, np.uint8), closed * above * np.clip((1 - np.abs(x)) / 0.2, 0, 1), pixel)
    lashes = 2 * _LASHES * np.clip(fall / 0.1, 0, 1)
    cover = np.clip((edge + lashes - y) / max(2 * pixel, 0.03) + 0.5, 0, 1) * (y > top) * (fall > 0)
    down = np.clip((y - top) / (edge - top), 0, 1)
    lit = closed * np.clip(down / 0.4, 0, 1) * np.clip((1 - down) / 0.3, 0, 1) * (1 - inside**2)
    shaded = cv2.GaussianBlur(moved.astype(np.float32), (0, 0), _SHADE_WIDTH / pixel)
    drawn = np.minimum(moved + np.maximum(_LIT * _skin_around(frame, lid) - shaded, 0) * lit[..., None], 255)
    target = canvas[rows, columns]
    target[...] = np.rint(target + (drawn - target) * cover[..., None])


def _without_lashes(lid: Frame, share: Floats, pixel: float) -> Frame:
    """A lid freed by `share`, 0..1 (h, w), of dark lines: lashes that stand up from an open eye hang from a shut."""
    side = 2 * round((_LASH_WIDTH / pixel + 1) / 2) + 1
    skin = cv2.morphologyEx(lid, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    soft = cv2.GaussianBlur(skin, (0, 0), max(side / 6, 0.5))
    return np.asarray(np.rint(lid + (np.maximum(soft, lid).astype(np.float32) - lid) * share[..., None]), np.uint8)


def _skin_around(frame: Frame, lid: _Lid) -> Floats:
    """The mean of the skin under the brow and the skin under the eye, RGB (3,)."""
    x = np.linspace(-0.6, 0.6, 13)
    upper, lower, brow = (np.polyval(edge, x) for edge in (lid.upper, lid.lower, lid.brow))
    under_brow = [lid.at(x, upper + share * (brow - upper)) for share in (0.55, 0.65, 0.75)]
    under_eye = [lid.at(x, lower + step) for step in (0.35, 0.45, 0.55)]
    both = [np.median(_colours(frame, np.concatenate(pixels)), axis=0) for pixels in (under_brow, under_eye)]
    return np.asarray(np.mean(both, axis=0))


def _box(frame: Frame, lid: _Lid) -> tuple[slice, slice] | None:
    """Rows and columns that the lid may touch, None outside the picture."""
    x = np.linspace(-1, 1, 9)
    around = np.concatenate([lid.at(x, np.polyval(edge, x)) for edge in (lid.upper, lid.lower, lid.brow)])
    low = np.maximum(np.floor(around.min(0) - 2), 0).astype(int)
    high = np.minimum(np.ceil(around.max(0) + 2), [frame.shape[1], frame.shape[0]]).astype(int)
    if (high - low).min() < 4:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _stretch(part: Floats) -> Floats:
    """From 0 to 1, evenly but for a soft beginning and end."""
    scale = 1 / (1 - _EASE)
    first, last = scale * part**2 / (2 * _EASE), 1 - scale * (1 - part) ** 2 / (2 * _EASE)
    even = scale * (part - _EASE / 2)
    return np.where(part < _EASE, first, np.where(part > 1 - _EASE, last, even))
