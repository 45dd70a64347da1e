"""Moving lips and jaw: where each landmark goes, and the picture drawn along.

The picture is warped backwards by two thin-plate splines (Bookstein, "Principal Warps", 1989), one that follows the
upper lip and one that follows the lower, which meet along the line between the lips: so lips part and close without
smearing into each other. Away from the mouth the displacement fades to exactly nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.focus import restore
from engines.base import Frame
from engines.people.shape import (
    CHEEKS,
    INNER_CORNERS,
    INNER_RING,
    JAW,
    LOWER_INNER,
    LOWER_OUTER,
    OUTER_CORNERS,
    STILL,
    UPPER_INNER,
    UPPER_OUTER,
    Basis,
    Floats,
    places,
)
from engines.smoothstep import smoothstep

Map = NDArray[np.float32]

_UI, _LI, _UO, _LO = places(UPPER_INNER), places(LOWER_INNER), places(UPPER_OUTER), places(LOWER_OUTER)
_OC, _IC = places(OUTER_CORNERS), places(INNER_CORNERS)
_STILL, _JAW = places(STILL), places(tuple(index for index, _ in JAW))
_JAW_SHARES = np.array([share for _, share in JAW])
_CHEEKS = np.array([places(pair) for pair, _ in CHEEKS])
_CHEEK_SHARES = np.array([share for _, share in CHEEKS])[:, None, None]
_NOSE_BASE, _CHIN = places((2, 152))
#: Knots of the splines: the upper lip, the lower, and what both share.
_BESIDE = np.setdiff1d(_CHEEKS, _JAW)
_KNOTS = np.concatenate([_UI, _UO, _LI, _LO, _OC, _IC, _STILL, _JAW, _BESIDE])
_LIP_KNOTS = len(_UI) + len(_UO)
_MIDDLE = 4
_LIPS_MIDDLE = [_UI[_MIDDLE], _LI[_MIDDLE]]
_CORNERS = np.concatenate([_OC, _IC])
#: The displacement ends so many cells of its grid before what may change does: more than a cell's diagonal.
_FADED_CELLS = 1.5
#: What is smooth is drawn at such a part of the size.
_COARSE = 4
#: How softly the lips meet, over the blur of the picture's edges.
_LIPS_MEET = 0.7

#: Share of a change of the gap that the upper lip takes: little when opening, more when a smile has to close.
_UPPER_SHARE_OPENING, _UPPER_SHARE_CLOSING = 0.22, 0.35
#: The same when the lower lip goes to the upper teeth: the upper lip makes room for them.
_UPPER_SHARE_TUCKED = 0.70, 0.20
_CHIN_SHARE = 0.8
#: Lips seen open have their edges a little inside the lip, or a line of teeth would stay when they close.
_EDGE_INSET, _CLOSING_INSET = 0.013, 0.012
_WIDTH_LIMITS = 0.68, 1.25
#: Landmarks see less of a change of width than there is, so poses, which are told by them, ask for less than they mean:
#: without it, those of a redrawn mouth follow at 0.4 to 0.85 of what was asked.
_WIDTH_GAIN = 1.3
#: The outline of an open mouth, between a lens (1) and a box (0): median of nine speakers' widest openings.
_PROFILE_POWER = 0.9
#: How far a full smile lifts the corners of the mouth.
_SMILE_LIFT = 0.05
#: How much of a smile's bow rounded lips give up.
_ROUND_RELAXES = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """What the mouth is to look like in one frame; lengths in inter-ocular distances.

    Attributes:
        gap: between the lips at their middle.
        width: between the corners.
        rounding: 0..1, lips pushed forward.
        press: 0..1, lips pressed together.
        tuck: 0..1, lower lip under the upper teeth.
        teeth, tongue: 0..1, how much of them shows.
        strength: 0..1, share of the change that is applied.
        smile: -1..1, corners of the mouth drawn down or up.
    """

    gap: float
    width: float
    rounding: float = 0.0
    press: float = 0.0
    tuck: float = 0.0
    teeth: float = 0.5
    tongue: float = 0.0
    strength: float = 1.0
    smile: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """Kept points of one face, before and after, in pixels (P, 2); `source` has its lip edges inset."""

    basis: Basis
    source: Floats
    target: Floats


def move_points(points: Floats, pose: Pose) -> Move:
    """Say where each kept point (P, 2) of a face goes to take a pose."""
    basis = Basis.of(points)
    face = basis.to_face(points)
    profile = _opening_profile(face)
    gaps = np.maximum(face[_LI, 1] - face[_UI, 1], 0)
    target = face.copy()
    _widen(target, face, pose)
    _open(target, face, pose, profile, pose.gap * profile - gaps)
    _smile(target, face, pose, profile)
    target[_CHEEKS] += _CHEEK_SHARES * (target - face)[_OC]
    target = face + pose.strength * (target - face)
    return Move(basis, basis.to_pixels(_inset(face, gaps, pose.gap * profile)), basis.to_pixels(target))


def _widen(target: Floats, face: Floats, pose: Pose) -> None:
    """Move the lips sideways, in place."""
    lips = np.concatenate([_UI, _LI, _UO, _LO, _CORNERS])
    wider = pose.width / max(face[_OC[1], 0] - face[_OC[0], 0], 1e-6) - 1
    ratio = np.clip(1 + _WIDTH_GAIN * wider, *_WIDTH_LIMITS)
    # About the middle of the lips, not of the corners: in a turned face the far half is the narrower.
    middle = face[_LIPS_MIDDLE, 0].mean()
    target[lips, 0] = middle + ratio * (face[lips, 0] - middle)


def _open(target: Floats, face: Floats, pose: Pose, profile: Floats, change: Floats) -> None:
    """Move the lips and the jaw up and down, in place: `change` is that of the gap in each column of the lips."""
    upper_share = _upper_share(pose, opens=bool(change[_MIDDLE] > 0))
    drop = (1 - upper_share) * change[_MIDDLE]
    target[_UI, 1] -= upper_share * change
    target[_LI, 1] += (1 - upper_share) * change
    thinner = 0.010 * pose.press * profile
    pushed = pose.rounding * profile
    target[_UO, 1] += -0.85 * upper_share * change + thinner - 0.014 * pushed
    target[_LO, 1] += 0.93 * (1 - upper_share) * change - thinner + 0.016 * pushed - 0.03 * pose.tuck * profile
    target[_CORNERS, 1] += 0.1 * drop - 0.5 * pose.rounding * face[_CORNERS, 1]
    target[_JAW, 1] += _CHIN_SHARE * drop * _JAW_SHARES


def _smile(target: Floats, face: Floats, pose: Pose, profile: Floats) -> None:
    """Lift or lower the corners of the mouth, in place, and what of the lips is near them."""
    smiled = max(float(face[_LIPS_MIDDLE, 1].mean()), 0.0)
    lift = _SMILE_LIFT * pose.smile - _ROUND_RELAXES * pose.rounding * smiled
    target[_CORNERS, 1] -= lift
    for columns in (_UI, _LI, _UO, _LO):
        target[columns, 1] -= lift * np.clip(1 - profile, 0, 1) ** 2


def _inset(face: Floats, gaps: Floats, wanted: Floats) -> Floats:
    """The face with its lips' inner edges inside the lips, further where the gaps close."""
    closing = np.clip((gaps - wanted) / 0.05, 0, 1)
    inset = (_EDGE_INSET + _CLOSING_INSET * closing) * np.clip(gaps / 0.03, 0, 1)
    source = face.copy()
    source[_UI, 1] -= inset
    source[_LI, 1] += inset
    return source


def _upper_share(pose: Pose, *, opens: bool) -> float:
    usual = _UPPER_SHARE_OPENING if opens else _UPPER_SHARE_CLOSING
    return usual + (_UPPER_SHARE_TUCKED[not opens] - usual) * pose.tuck


def _opening_profile(face: Floats) -> Floats:
    """How far each column of the lips opens when the middle opens by 1; the two halves differ in a turned face."""
    x = face[_UI, 0] - face[_UI[_MIDDLE], 0]
    right, left = (face[corner, 0] - face[_UI[_MIDDLE], 0] for corner in _IC)
    half = np.where(x < 0, -right, left)
    profile = np.clip(1 - (x / np.maximum(half, 1e-6)) ** 2, 0, 1) ** _PROFILE_POWER
    return np.asarray(profile / profile[_MIDDLE - 1 : _MIDDLE + 2].mean())


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the picture: left, top, width, height in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    @property
    def corner(self) -> Floats:
        """Its top left corner (2,)."""
        return np.array([self.left, self.top], dtype=np.float64)


def face_region(move: Move, frame: Frame) -> Region | None:
    """The part of a picture that a move may change, or None when that lies outside it."""
    middle, half_width, half_height = _ellipse(move)
    reach = np.abs(move.basis.across) * half_width + np.abs(move.basis.down) * half_height
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach), [frame.shape[1], frame.shape[0]]).astype(int)
    width, height = (int(side) for side in high - low)
    return Region(int(low[0]), int(low[1]), width, height) if min(width, height) > 2 else None


def mouth_region(move: Move, frame: Frame) -> Region:
    """The part of a picture that shows the lips before they move, empty outside the picture."""
    lips = move.source[np.concatenate([_UO, _LO, _OC])]
    margin = 0.1 * move.basis.unit
    limit = [frame.shape[1], frame.shape[0]]
    low = np.clip(np.floor(lips.min(0) - margin), 0, limit).astype(int)
    width, height = (np.clip(np.ceil(lips.max(0) + margin), low, limit).astype(int) - low).tolist()
    return Region(int(low[0]), int(low[1]), width, height)


def _ellipse(move: Move) -> tuple[Floats, float, float]:
    """Middle and half axes, in pixels, of what may change: from under the eyes to the neck."""
    basis = move.basis
    face = basis.to_face(move.source)
    top, bottom = face[_NOSE_BASE, 1] - 0.28, face[_CHIN, 1] + 0.6
    middle = basis.to_pixels(np.array([0.5 * (face[_NOSE_BASE, 0] + face[_CHIN, 0]), 0.5 * (top + bottom)]))
    return middle, 1.0 * basis.unit, 0.5 * (bottom - top) * basis.unit


def warp(frame: Frame, move: Move, region: Region, blur: float) -> Frame:
    """Draw the picture inside `region` with its lips and jaw moved: uint8 RGB of the region's size.

    `blur` is that of the frame's edges, see `focus.edge_blur`: as softly the lips meet.
    """
    step = _grid_step(move)
    columns = np.arange(int(region.width / step) + 2) * step + region.left
    rows = np.arange(int(region.height / step) + 2) * step + region.top
    nodes = np.stack(np.meshgrid(columns, rows), axis=-1)
    fade = _fade(nodes, move)[..., None]
    both = _enlarged(fade * _displacements(move, nodes), step, region)
    upper, lower = both[..., :2], both[..., 2:]
    below = _below_lip_line(move, region, blur)[..., None]
    displacement = upper + (lower - upper) * below
    drawn = _looked_up(frame, displacement, region.left, region.top)
    # Between the corners pictures are mixed, not places: half-way between two lips lie the teeth.
    near_rows, near_columns = _around_lips(move, region)
    left, top = region.left + near_columns.start, region.top + near_rows.start
    lips = [_looked_up(frame, field[near_rows, near_columns], left, top).astype(np.float32) for field in (upper, lower)]
    mixed = lips[0] + (lips[1] - lips[0]) * below[near_rows, near_columns]
    drawn[near_rows, near_columns] = np.clip(np.rint(mixed), 0, 255)
    return restore(drawn, displacement)


def _looked_up(frame: Frame, displacement: Map, left: int, top: int) -> Frame:
    """Each pixel of a rectangle at (left, top) from the place it is displaced to."""
    height, width = displacement.shape[:2]
    x = displacement[..., 0] + (np.arange(width, dtype=np.float32) + left)
    y = displacement[..., 1] + (np.arange(height, dtype=np.float32) + top)[:, None]
    return np.asarray(cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _around_lips(move: Move, region: Region) -> tuple[slice, slice]:
    """Rows and columns of the region near the line between the lips."""
    ring = move.target[INNER_RING] - region.corner
    margin = 0.05 * move.basis.unit + 2
    low = np.clip(np.floor(ring.min(0) - margin), 0, [region.width, region.height]).astype(int)
    high = np.clip(np.ceil(ring.max(0) + margin), low, [region.width, region.height]).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _displacements(move: Move, nodes: Floats) -> Floats:
    """From target to source at grid nodes (h, w, 2): two splines, through one lip each and all that is not lip.

    Returns:
        (h, w, 4), x and y of the upper lip's, then of the lower's.
    """
    neck = _neck(move)
    target = np.concatenate([move.target[_KNOTS], neck])
    source = np.concatenate([move.source[_KNOTS], neck])
    spline = ThinPlate(target, nodes.reshape(-1, 2), move.basis.unit)
    others = np.arange(2 * _LIP_KNOTS, len(target))
    upper, lower = np.arange(_LIP_KNOTS), np.arange(_LIP_KNOTS, 2 * _LIP_KNOTS)
    both = spline.through(source - target, (np.concatenate([upper, others]), np.concatenate([lower, others])))
    return both.reshape(*nodes.shape[:2], 4)


def _neck(move: Move) -> Floats:
    """Points below the chin that stay."""
    chin = move.basis.to_face(move.source[_CHIN])
    across = np.array([-1.1, -0.55, 0.0, 0.55, 1.1])
    return move.basis.to_pixels(np.stack([chin[0] + across, np.full(5, chin[1] + 0.6)], axis=-1))


class ThinPlate:
    """Splines that interpolate smoothly between scattered knots, or between some of them.

    Args:
        knots: (K, 2), no three on a line.
        at: (M, 2), where to interpolate.
        unit: typical distance, for conditioning.
        stiffness: 0 passes through the values exactly; more is smoother.
    """

    def __init__(self, knots: Floats, at: Floats, unit: float, stiffness: float = 1e-3) -> None:
        middle = knots.mean(0)
        self._knots, self._at = (knots - middle) / unit, (at - middle) / unit
        self._between = _kernel(self._knots, self._knots) + stiffness * np.eye(len(knots))
        self._to_knots = _kernel(self._at, self._knots)

    def through(self, values: Floats, choices: Sequence[NDArray[np.intp]]) -> Floats:
        """Interpolate values (K, C) at the knots: for each choice of knots, by these alone; (M, choices, C)."""
        count, columns = values.shape
        bent = np.zeros((count, len(choices), columns), dtype=np.float32)
        flat = np.zeros((3, len(choices), columns))
        for number, chosen in enumerate(choices):
            weights = self._weights(values[chosen], chosen)
            bent[chosen, number], flat[:, number] = weights[:-3], weights[-3:]
        found = self._to_knots @ bent.reshape(count, -1) + flat[0].ravel() + self._at @ flat[1:].reshape(2, -1)
        return np.asarray(found.reshape(-1, len(choices), columns))

    def _weights(self, values: Floats, chosen: NDArray[np.intp]) -> Floats:
        count, k = len(chosen), self._knots[chosen]
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = self._between[np.ix_(chosen, chosen)]
        system[:count, count] = system[count, :count] = 1
        system[:count, count + 1 :] = k
        system[count + 1 :, :count] = k.T
        return np.linalg.solve(system, np.concatenate([values, np.zeros((3, values.shape[1]))]))


def _kernel(a: Floats, b: Floats) -> NDArray[np.float32]:
    """The thin plate's r^2 log r^2 between all pairs (A, B)."""
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
    squares = np.maximum(squares, 1e-12).astype(np.float32)
    return np.asarray(squares * np.log(squares))


def _grid_step(move: Move) -> float:
    """Distance in pixels of the nodes at which the splines are evaluated."""
    return max(3.0, move.basis.unit / 16)


def _fade(nodes: Floats, move: Move) -> Floats:
    """1 around the mouth, 0 so near the ellipse's edge that nothing is left of it between the nodes on that edge."""
    middle, half_width, half_height = _ellipse(move)
    cells = _FADED_CELLS * _grid_step(move)
    half_width, half_height = max(half_width - cells, 1.0), max(half_height - cells, 1.0)
    offset = nodes - middle
    radius = np.hypot(offset @ move.basis.across / half_width, offset @ move.basis.down / half_height)
    return np.asarray(smoothstep((1 - radius) / 0.3))


def _enlarged(coarse: Floats, step: float, region: Region) -> Map:
    """Values at grid nodes, interpolated at the region's pixels, whose middles lie half a pixel in."""
    matrix = np.array([[1 / step, 0, 0.5 / step], [0, 1 / step, 0.5 / step]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (region.width, region.height)
    fine = cv2.warpAffine(coarse.astype(np.float32), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fine, dtype=np.float32)


def _blurred_coarsely(mask: Map, sigma: float) -> Map:
    """A mask blurred at a part of its size, where that is not seen."""
    height, width = mask.shape
    size = (max(width // _COARSE, 1), max(height // _COARSE, 1))
    small = cv2.GaussianBlur(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), (0, 0), max(0.5, sigma / _COARSE))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _below_lip_line(move: Move, region: Region, blur: float) -> Map:
    """1 below the line between the lips, 0 above it: sharp between the corners, blended beyond them."""
    ring = move.target[INNER_RING]
    half = len(_UI) + 2
    line = np.concatenate([ring[:1], (ring[1 : half - 1] + ring[half:][::-1]) / 2, ring[half - 1 : half]])
    far = 4 * move.basis.unit
    left, right = line[0] - far * move.basis.across, line[-1] + far * move.basis.across
    down = far * move.basis.down
    outline = np.concatenate([[left], line, [right, right + down, left + down]]) - region.corner - 0.5
    sharp = np.zeros((region.height, region.width), dtype=np.float32)
    cv2.fillPoly(sharp, [np.round(outline * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    soft = _blurred_coarsely(sharp, 0.05 * move.basis.unit)
    # How far beyond the corners: it changes slowly, so a few pixels of it are enough.
    height, width = (max(side // _COARSE, 1) for side in sharp.shape)
    x = (np.arange(width, dtype=np.float32) + 0.5) * (region.width / width) + region.left
    y = ((np.arange(height, dtype=np.float32) + 0.5) * (region.height / height) + region.top)[:, None]
    middle, reach = (line[0] + line[-1]) / 2, max(float(np.linalg.norm(line[-1] - line[0])), 1e-6)
    along = ((x - middle[0]) * move.basis.across[0] + (y - middle[1]) * move.basis.across[1]) * (2 / reach)
    beyond = np.clip((np.abs(along) - 0.92) / 0.25, 0, 1).astype(np.float32)
    beyond = cv2.resize(beyond, (region.width, region.height), interpolation=cv2.INTER_LINEAR)
    sharp = np.asarray(cv2.GaussianBlur(sharp, (0, 0), _LIPS_MEET * blur), np.float32)
    return np.asarray(sharp + (soft - sharp) * beyond, np.float32)
