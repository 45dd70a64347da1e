"""What is seen between the lips: the frame's own mouth, another moment's of the same person, or a drawn one.

A picture of a mouth is fitted column by column, its top held to the upper lip and its bottom to the lower, as teeth are
held to the jaws: what is skipped or stretched is the dark between.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.teeth import Opening, Plane, draw_mouth
from engines.articulate.warp import Move, Pose, Region
from engines.base import Frame
from engines.people.light import Light
from engines.people.shape import INNER_RING, UPPER_INNER, Basis, Floats, places

#: Below this gap nothing is seen between the lips.
VISIBLE_GAP = 0.008
#: How much further than it was seen a mouth may be stretched open, at its middle and in its corners, where all is dark;
#: beyond, what is missing is drawn.
_MOST_STRETCH, _MOST_IN_CORNERS = 1.15, 2.0
#: Less light falls between lips that are nearer than they were seen: what is left where they meet.
_LEAST_LIGHT = 0.7
#: That light has come through lips: of each colour, so much of the shade.
_SHADE_TINT = np.array([0.85, 1.05, 1.15], dtype=np.float32)
#: Share of a seen mouth's inside that is its dark, how bright that is to the skin at most, and how far what is
#: drawn beside it may differ from that.
_DARKEST, _DARK_TO_SKIN, _OFF_DARK = 0.05, 0.16, 0.85
#: Edges that a lens draws are this wide over the deviation of their blur.
_EDGE_WIDTH = 1.8
#: Lips that were parted and now meet have a shadow between them, so dark in each colour and so wide.
_SHADOW, _SHADOW_WIDTH = np.array([0.40, 0.48, 0.46], dtype=np.float32), 0.008
#: Seen mouths are cut this far inside their lips' edges.
_MARGIN = 0.018
#: A lesser blur, in pixels, is not seen.
_LEAST_BLUR = 0.3
#: Nor is a lesser share of a picture.
_UNSEEN = 0.004
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
        blur: of its edges, in its pixels, see `focus.edge_blur`.
    """

    picture: Frame
    ring: Floats
    basis: Basis
    gain: NDArray[np.float32]
    blur: float


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


def fill_mouth(
    canvas: Frame, region: Region, move: Move, pose: Pose, seen: list[Weighted], light: Light, blur: float
) -> None:
    """Draw the inside of the mouth into the warped picture of `region`, in place.

    Args:
        canvas: uint8 RGB of the region, lips already in place.
        region: where it lies in the frame.
        move: where the lips are now.
        pose: what the mouth does.
        seen: mouths to show, with their shares.
        light: the face's, for what has to be drawn.
        blur: of the frame's edges in pixels, see `focus.edge_blur`.
    """
    ring = move.target[INNER_RING]
    box = _box(ring, region, move.basis.unit)
    if box is None:
        return
    rows, columns = box
    place = _Place(ring, move.basis, rows, columns, region, blur)
    target = canvas[rows, columns]
    shadow = place.shadow(_parted(move) - place.gap)
    if shadow is not None:
        target[:] = np.rint(target * (1 - shadow[..., None] * _SHADOW)).astype(np.uint8)
    if place.gap < VISIBLE_GAP:
        return
    alpha = place.alpha()[..., None]
    inside = _inside(place, alpha[..., 0], move, pose, seen, light)
    blended = target * (1 - alpha) + inside * (255 * alpha)
    canvas[rows, columns] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)


def _inside(place: "_Place", alpha: Plane, move: Move, pose: Pose, seen: list[Weighted], light: Light) -> Plane:
    """What is seen between the lips, RGB 0..1 (h, w, 3): the seen mouths, and a drawn one where they leave gaps."""
    share = sum(entry.share for entry in seen)
    inside = np.zeros((*place.x.shape, 3), dtype=np.float32)
    uncovered = np.zeros(place.x.shape, dtype=np.float32)
    for entry in seen:
        picture, cover = place.fitted(entry.mouth, pose.tuck)
        inside += entry.share * cover[..., None] * picture
        uncovered += entry.share * (1 - cover)
    missing = uncovered + (1 - share)
    if missing.max() <= _UNSEEN:
        return inside
    drawn = _drawn(place, move, pose, light, np.clip((1 - share) / np.maximum(missing, 1e-3), 0, 1))
    if not seen or uncovered.max() <= _UNSEEN:
        inside += missing[..., None] * drawn
        return inside
    covered = share - uncovered
    dark = _dark_of(inside / np.maximum(covered, 0.1)[..., None], alpha * covered, light)
    inside += uncovered[..., None] * (dark + _OFF_DARK * (drawn - dark)) + (1 - share) * drawn
    return inside


def _dark_of(picture: NDArray[np.floating], cover: NDArray[np.floating], light: Light) -> Plane:
    """The colour (3,) of the darkest part of what is covered, and no brighter than the dark may be."""
    pixels = picture[cover > 0.5 * cover.max()]
    luma = pixels.sum(-1)
    rank = int(_DARKEST * len(luma))
    dark = np.asarray(pixels[luma <= np.partition(luma, rank)[rank]].mean(0), dtype=np.float32)
    dark *= min(1.0, _DARK_TO_SKIN * float(light.skin.sum()) / max(float(dark.sum()), 1e-3))
    return dark


def _parted(move: Move) -> float:
    """How far the lips of the source are parted at their middle, in inter-ocular distances."""
    face = move.basis.to_face(move.source[INNER_RING])
    return float(face[-_UPPER_COUNT // 2, 1] - face[_UPPER_COUNT // 2, 1])


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

    def __init__(self, ring: Floats, basis: Basis, rows: slice, columns: slice, region: Region, blur: float) -> None:
        pixels = np.stack(
            np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop)), axis=-1
        )
        face = basis.to_face(pixels + region.corner + 0.5)
        self.edges = _Edges(ring, basis)
        self.unit, self.blur = basis.unit, blur
        self.x, self.y = face[..., 0], face[..., 1]
        self.top, self.bottom = self.edges.at(self.x)
        top, bottom = self.edges.at(np.array([self.edges.middle]))
        self.gap, self.middle_bottom = float(bottom[0] - top[0]), float(bottom[0])

    def alpha(self) -> Plane:
        """1 between the lips, 0 on them, with an edge as soft as a lens draws it."""
        soft = max(_EDGE_WIDTH * self.blur / self.unit, 0.014)
        above = np.clip((self.y - self.top) / soft + 0.35, 0, 1)
        below = np.clip((self.bottom - self.y) / soft + 0.35, 0, 1)
        ends = np.clip((self.x - self.edges.left) / soft, 0, 1) * np.clip((self.edges.right - self.x) / soft, 0, 1)
        thin = np.clip((self.bottom - self.top) / soft, 0, 1)
        return np.asarray(above * below * ends * thin, dtype=np.float32)

    def shadow(self, closing: float) -> Plane | None:
        """0..1 on the line where lips meet that come nearer by `closing`; None where they do not."""
        share = float(np.clip((closing - 0.02) / 0.05, 0, 1))
        if not share:
            return None
        width = max(_SHADOW_WIDTH, self.blur / self.unit)
        near = np.exp(-(((self.y - (self.top + self.bottom) / 2) / width) ** 2))
        met = np.clip(1.5 - (self.bottom - self.top) / (2 * width), 0, 1)
        half = (self.edges.right - self.edges.left) / 2
        along = np.abs(self.x - (self.edges.right + self.edges.left) / 2) / max(half, 1e-6)
        return np.asarray(share * near * met * np.clip((1 - along) / 0.2, 0, 1), dtype=np.float32)

    def fitted(self, mouth: SeenMouth, tuck: float) -> tuple[Plane, Plane]:
        """A seen mouth in this opening: RGB 0..1 (h, w, 3), and how far it covers it, 0..1 (h, w).

        With the lower lip at the teeth, all that is seen of it is what lies next to the upper lip.
        """
        edges = _Edges(mouth.ring, mouth.basis)
        scale = np.clip((edges.right - edges.left) / max(self.edges.right - self.edges.left, 1e-6), 0.9, 1.15)
        x = (self.x - self.edges.middle) * scale + edges.middle
        top, bottom = edges.at(x)
        margin = np.minimum(_MARGIN, 0.2 * (bottom - top))
        top, bottom = top + margin, bottom - margin
        along = np.clip(np.abs(self.x - self.edges.middle) / max(self.edges.right - self.edges.left, 1e-6) * 2, 0, 1)
        most = _MOST_STRETCH + (_MOST_IN_CORNERS - _MOST_STRETCH) * along**4
        down, cover = _fit_column(self.y - self.top, self.bottom - self.top, bottom - top, most)
        seen_top, seen_bottom = edges.at(np.array([edges.middle]))
        nearer = np.clip(self.gap / max(float(seen_bottom[0] - seen_top[0]), 1e-6), 0, 1)
        down += tuck * (np.minimum(self.y - self.top, bottom - top) - down)
        nearer += tuck * (1 - nearer)
        source = mouth.basis.to_pixels(np.stack([x, top + down], axis=-1)).astype(np.float32) - np.float32(0.5)
        sampled = cv2.remap(
            mouth.picture,
            source[..., 0].copy(),
            source[..., 1].copy(),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        missing = self.blur**2 - mouth.blur**2
        if missing > _LEAST_BLUR**2:
            sampled = cv2.GaussianBlur(sampled, (0, 0), float(np.sqrt(missing)))
        shade = (1 - _LEAST_LIGHT) * (1 - nearer) * _SHADE_TINT
        lit = mouth.gain * (1 - shade).astype(np.float32) / np.float32(255)
        return np.asarray(sampled * lit, dtype=np.float32), cover


def _fit_column(down: Floats, gap: Floats, seen_gap: Floats, most: Floats) -> tuple[Floats, Plane]:
    """Map depths below the upper lip into a mouth seen open by `seen_gap`, stretched `most` times at most.

    Returns:
        Depths there, and how far they are covered by it.
    """
    gap = np.maximum(gap, 1e-4)
    reach = np.minimum(gap, most * seen_gap)
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
        bite=pose.tuck,
    )
    picture = draw_mouth(opening, light, upper_teeth=upper_teeth)
    blurred = cv2.GaussianBlur(picture, (0, 0), max(place.blur, 0.008 * place.unit))
    noise = np.random.default_rng(0).normal(0, light.grain, picture.shape[:2]).astype(np.float32)
    return np.asarray(blurred + noise[..., None], dtype=np.float32)
