"""What is seen between the lips: the frame's own mouth, another moment's of the same person, or a drawn one.

A picture of a mouth is fitted column by column, its top held to the upper lip and its bottom to the lower, as teeth are
held to the jaws: what is skipped or stretched is the dark between.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.shape import INNER_RING, UPPER_INNER, Basis, Floats, places
from engines.articulate.teeth import Light, Opening, Plane, draw_mouth
from engines.articulate.warp import Move, Pose, Region
from engines.base import Frame

#: Below this gap nothing is seen between the lips.
VISIBLE_GAP = 0.008
#: How much further than it was seen a mouth may be stretched open; beyond, what is missing is drawn.
_MOST_STRETCH = 1.15
#: Seen mouths are cut this far inside their lips' edges.
_MARGIN = 0.018
#: Lips that close take light from the teeth behind them: from this gap on, and so much at most.
_LIT_GAP, _MOST_SHADE = 0.06, 0.55
#: How much narrower or wider than usual half of a mouth is taken to be.
_TURNED = 0.75, 1.35
_UPPER_COUNT = len(UPPER_INNER) + 2
_UPPER_MIDDLE = places(UPPER_INNER)[4]


@dataclass(frozen=True, slots=True)
class SeenMouth:
    """A picture with a mouth in it.

    Attributes:
        picture: uint8 RGB (H, W, 3).
        ring: inner edges of the lips (20, 2), in the order of `shape.INNER_RING`, in the picture's pixels.
        basis: the face's axes in the picture.
        gain: float32 (3,), what its colours are multiplied by to match the light of the frame.
    """

    picture: Frame
    ring: Floats
    basis: Basis
    gain: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weighted:
    """A mouth and its share, 0..1; the shares left over are the drawn mouth's."""

    mouth: SeenMouth
    share: float


class _Edges:
    """The two edges of an opening as functions of the column, in face coordinates."""

    def __init__(self, ring: Floats, basis: Basis) -> None:
        face = basis.to_face(ring)
        upper, lower = (
            face[:_UPPER_COUNT],
            np.concatenate([face[:1], face[_UPPER_COUNT:][::-1], face[_UPPER_COUNT - 1 :][:1]]),
        )
        self._upper, self._lower = upper[np.argsort(upper[:, 0])], lower[np.argsort(lower[:, 0])]
        self.left, self.right = float(face[0, 0]), float(face[_UPPER_COUNT - 1, 0])
        self.middle = float(face[_UPPER_COUNT // 2, 0])

    def at(self, x: Floats) -> tuple[Floats, Floats]:
        """Upper and lower edge in columns x."""
        upper = np.interp(x, self._upper[:, 0], self._upper[:, 1])
        return upper, np.maximum(np.interp(x, self._lower[:, 0], self._lower[:, 1]), upper)


def fill_mouth(canvas: Frame, region: Region, move: Move, pose: Pose, seen: list[Weighted], light: Light) -> None:
    """Draw the inside of the mouth into the warped picture of `region`, in place.

    Args:
        canvas: uint8 RGB of the region, lips already in place.
        region: where it lies in the frame.
        move: where the lips are now.
        pose: what the mouth does.
        seen: mouths to show, with their shares.
        light: the face's, for what has to be drawn.
    """
    ring = move.target[INNER_RING]
    box = _box(ring, region, move.basis.unit)
    if box is None:
        return
    rows, columns = box
    place = _Place(ring, move.basis, rows, columns, region)
    if place.gap < VISIBLE_GAP:
        return
    share = sum(entry.share for entry in seen)
    inside = np.zeros((*place.x.shape, 3), dtype=np.float32)
    uncovered = np.full(place.x.shape, 1 - share, dtype=np.float32)
    upper_teeth = np.full(place.x.shape, 1 - share, dtype=np.float32)
    for entry in seen:
        picture, cover = place.fitted(entry.mouth)
        picture = picture * place.shade(entry.mouth)
        inside += entry.share * cover[..., None] * picture
        uncovered += entry.share * (1 - cover)
    if uncovered.max() > 0.004:
        drawn = _drawn(place, move, pose, light, np.clip(upper_teeth / np.maximum(uncovered, 1e-3), 0, 1))
        inside += uncovered[..., None] * drawn
    target = canvas[rows, columns]
    alpha = place.alpha()[..., None]
    blended = target * (1 - alpha) + inside * (255 * alpha)
    canvas[rows, columns] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)


def _box(ring: Floats, region: Region, unit: float) -> tuple[slice, slice] | None:
    """Rows and columns of the region that the opening may touch."""
    margin = 2 + 0.02 * unit
    low = np.maximum(np.floor(ring.min(0) - region.corner - margin), 0).astype(int)
    high = np.minimum(np.ceil(ring.max(0) - region.corner + margin), [region.width, region.height]).astype(int)
    if (high - low).min() < 2:
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


class _Place:
    """The pixels around the opening, in face coordinates."""

    def __init__(self, ring: Floats, basis: Basis, rows: slice, columns: slice, region: Region) -> None:
        pixels = np.stack(
            np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)), axis=-1
        )
        face = basis.to_face(pixels + region.corner + 0.5)
        self.edges = _Edges(ring, basis)
        self.unit = basis.unit
        self.x, self.y = face[..., 0], face[..., 1]
        self.top, self.bottom = self.edges.at(self.x)
        top, bottom = self.edges.at(np.array([self.edges.middle]))
        self.gap, self.middle_bottom = float(bottom[0] - top[0]), float(bottom[0])

    def alpha(self) -> Plane:
        """1 between the lips, 0 on them, with an edge as soft as a lens draws it."""
        soft = max(1.4 / self.unit, 0.014)
        above = np.clip((self.y - self.top) / soft + 0.35, 0, 1)
        below = np.clip((self.bottom - self.y) / soft + 0.35, 0, 1)
        ends = np.clip((self.x - self.edges.left) / soft, 0, 1) * np.clip((self.edges.right - self.x) / soft, 0, 1)
        thin = np.clip((self.bottom - self.top) / soft, 0, 1)
        return np.asarray(above * below * ends * thin, dtype=np.float32)

    def shade(self, mouth: SeenMouth) -> np.float32:
        """How dark lips that are less open than they were seen make it behind them."""
        edges = _Edges(mouth.ring, mouth.basis)
        top, bottom = edges.at(np.array([edges.middle]))
        lit = max(min(float(bottom[0] - top[0]), _LIT_GAP), 1e-3)
        return np.float32(1 - _MOST_SHADE * np.clip(1 - self.gap / lit, 0, 1))

    def fitted(self, mouth: SeenMouth) -> tuple[Plane, Plane]:
        """A seen mouth in this opening: RGB 0..1 (h, w, 3), and how far it covers it, 0..1 (h, w)."""
        edges = _Edges(mouth.ring, mouth.basis)
        scale = np.clip((edges.right - edges.left) / max(self.edges.right - self.edges.left, 1e-6), 0.9, 1.15)
        x = (self.x - self.edges.middle) * scale + edges.middle
        top, bottom = edges.at(x)
        margin = np.minimum(_MARGIN, 0.2 * (bottom - top))
        top, bottom = top + margin, bottom - margin
        down, cover = _fit_column(self.y - self.top, self.bottom - self.top, bottom - top)
        source = mouth.basis.to_pixels(np.stack([x, top + down], axis=-1)).astype(np.float32) - np.float32(0.5)
        sampled = cv2.remap(
            mouth.picture,
            source[..., 0].copy(),
            source[..., 1].copy(),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(sampled * (mouth.gain / 255), dtype=np.float32), cover


def _fit_column(down: Floats, gap: Floats, seen_gap: Floats) -> tuple[Floats, Plane]:
    """Map depths below the upper lip into a mouth seen open by `seen_gap`, and say how far they are covered by it."""
    gap = np.maximum(gap, 1e-4)
    reach = np.minimum(gap, _MOST_STRETCH * seen_gap)
    part = np.clip(down / np.maximum(reach, 1e-4), 0, 1)
    middle = np.clip((part - 0.3) / 0.5, 0, 1)
    skipped = (seen_gap - reach) * middle * middle * (3 - 2 * middle)
    missing = np.clip((gap - reach) / 0.03, 0, 1)
    covered = 1 - missing * np.clip((part - 0.7) / 0.3, 0, 1)
    return np.clip(down, 0, reach) + skipped, np.asarray(covered, dtype=np.float32)


def _unturned(x: Floats, right: float, left: float) -> Plane:
    """Columns as a face from the front has them: of a turned one, one half of the mouth is narrower than the other."""
    usual = (right + left) / 2
    ratios = [float(np.clip(usual / max(half, 1e-6), *_TURNED)) for half in (right, left)]
    return np.asarray(np.where(x < 0, x * ratios[0], x * ratios[1]), dtype=np.float32)


def _drawn(place: _Place, move: Move, pose: Pose, light: Light, upper_teeth: Plane) -> Plane:
    face = move.basis.to_face(move.source[_UPPER_MIDDLE])
    lip = move.basis.to_face(move.target[_UPPER_MIDDLE])
    middle = place.edges.middle
    rest = min(float(face[1]), float(lip[1]) + 0.25 * place.gap)
    opening = Opening(
        x=_unturned(place.x - middle, middle - place.edges.left, place.edges.right - middle),
        y=place.y.astype(np.float32),
        top=place.top.astype(np.float32),
        bottom=place.bottom.astype(np.float32),
        gap=place.gap,
        upper_edge=rest + 0.028 + 0.014 * pose.teeth - 0.030 * pose.rounding,
        lower_edge=place.middle_bottom - 0.010 - 0.022 * pose.teeth + 0.02 * pose.rounding,
        tongue=pose.tongue,
    )
    picture = draw_mouth(opening, light, upper_teeth=upper_teeth)
    blurred = cv2.GaussianBlur(picture, (0, 0), max(0.6, 0.008 * place.unit))
    noise = np.random.default_rng(0).normal(0, light.grain, picture.shape[:2]).astype(np.float32)
    return np.asarray(blurred + noise[..., None], dtype=np.float32)
