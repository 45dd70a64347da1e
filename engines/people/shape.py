"""The mouth as landmarks describe it: which points, in which coordinates, and how open, wide and turned.

Lengths are in inter-ocular distances (between the outer corners of the eyes), so that they hold for any face size.
Indices are those of the MediaPipe face mesh.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.enhance import Oval

Floats = NDArray[np.float64]

#: Inner edges of the lips from the person's right to left, without the corners; the same columns above and below.
UPPER_INNER = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER = (95, 88, 178, 87, 14, 317, 402, 318, 324)
#: Outer edges of the lips, likewise.
UPPER_OUTER = (185, 40, 39, 37, 0, 267, 269, 270, 409)
LOWER_OUTER = (146, 91, 181, 84, 17, 314, 405, 321, 375)
#: Corners of the mouth: right and left, outer then inner.
OUTER_CORNERS = (61, 291)
INNER_CORNERS = (78, 308)

#: Points that speech does not move.
STILL = (
    *(168, 6, 2, 98, 327, 94, 33, 263, 133, 362),
    *(129, 358, 50, 280, 101, 330),
    *(127, 356, 234, 454, 93, 323, 132, 361),
)
#: Points that the jaw carries, and how far they go with it.
JAW: tuple[tuple[int, float], ...] = (
    *((58, 0.12), (288, 0.12), (172, 0.25), (397, 0.25), (136, 0.5), (365, 0.5), (150, 0.7), (379, 0.7)),
    *((149, 0.85), (378, 0.85), (176, 0.95), (400, 0.95), (148, 1.0), (377, 1.0), (152, 1.0), (199, 1.0)),
    *((200, 1.0), (208, 0.95), (428, 0.95), (202, 0.6), (422, 0.6), (212, 0.3), (432, 0.3), (214, 0.2), (434, 0.2)),
)

#: Points beside the mouth, to the person's right and left, and how far they go with that corner of it.
CHEEKS: tuple[tuple[tuple[int, int], float], ...] = (
    *(((205, 425), 0.22), ((36, 266), 0.20), ((203, 423), 0.12)),
    *(((212, 432), 0.40), ((202, 422), 0.40), ((214, 434), 0.20)),
)

#: Edges of the eyelids from one corner of the eye to the other, both included, and the lower edge of the brow above.
UPPER_LIDS = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
LOWER_LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
BROWS = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))

#: Inter-ocular distances in pixels below and above which a face is left alone and is fully driven.
SMALL_PX = 22.0, 32.0
#: Turns of the head at which driving begins to fade and has ended.
_TURNED = 0.30, 0.48
#: From this turn on a head is seen in profile: half of its mouth is hidden behind the other.
_PROFILE = 0.8
#: The nose's length, by which a head in profile is measured: its eyes are seen one behind the other.
_USUAL_NOSE = 0.58

_RIGHT_EYE, _LEFT_EYE, _BRIDGE, _NOSE_BASE, _NOSE_TIP, _CHIN = 33, 263, 168, 2, 1, 152

#: All points that rendering uses, in the order in which they are kept.
KEPT = tuple(
    sorted(
        {*UPPER_INNER, *LOWER_INNER, *UPPER_OUTER, *LOWER_OUTER, *OUTER_CORNERS, *INNER_CORNERS, *STILL}
        | {index for index, _ in JAW}
        | {index for pair, _ in CHEEKS for index in pair}
        | {_NOSE_TIP}
        | {index for edge in (*UPPER_LIDS, *LOWER_LIDS, *BROWS) for index in edge}
    )
)
_PLACE = {index: place for place, index in enumerate(KEPT)}


def places(indices: tuple[int, ...]) -> NDArray[np.intp]:
    """Where mesh points stand among the kept ones."""
    return np.array([_PLACE[index] for index in indices], dtype=np.intp)


_UI, _LI, _UO, _LO = places(UPPER_INNER), places(LOWER_INNER), places(UPPER_OUTER), places(LOWER_OUTER)
_OC, _IC = places(OUTER_CORNERS), places(INNER_CORNERS)
#: The inner edge of both lips as one ring of kept points: right corner, upper edge, left corner, lower edge reversed.
INNER_RING = np.concatenate([_IC[:1], _UI, _IC[1:], _LI[::-1]])
_EYES = places((_RIGHT_EYE, _LEFT_EYE))
_MID = places((_BRIDGE, _NOSE_BASE))
_SIDES, _CHIN_PLACE = places((234, 454)), places((_CHIN,))
#: How far the forehead reaches above the bridge of the nose, over the distance from there to the chin.
_FOREHEAD = 0.62


@dataclass(frozen=True, slots=True)
class Basis:
    """A face's own axes in the picture: `across` from its right eye to its left, `down` from its brow to its nose.

    Attributes:
        across, down: unit vectors (2,).
        origin: (2,), midway between the corners of the mouth, in pixels.
        unit: inter-ocular distance in pixels; of a head in profile, what it would be from the front.
    """

    across: Floats
    down: Floats
    origin: Floats
    unit: float

    @classmethod
    def of(cls, points: Floats) -> "Basis":
        """The axes of one face's kept points (P, 2)."""
        eyes = points[_EYES[1]] - points[_EYES[0]]
        unit = float(np.linalg.norm(eyes))
        down = points[_MID[1]] - points[_MID[0]]
        nose = float(np.linalg.norm(down))
        across = eyes / max(unit, 1e-6)
        down = down / max(nose, 1e-6)
        # A nose seen from the side leans; the face's own down is between it and the eyes' perpendicular.
        down = down + np.array([-across[1], across[0]])
        if in_profile(turn_of(points)):
            unit = max(unit, nose / _USUAL_NOSE)
        return cls(across, down / np.linalg.norm(down), points[_OC].mean(0), max(unit, 1e-6))

    def to_face(self, pixels: Floats) -> Floats:
        """Pixels (..., 2) to face coordinates: across, down, in units."""
        inverse = np.linalg.inv(np.stack([self.across, self.down], axis=1))
        return np.asarray((pixels - self.origin) @ inverse.T / self.unit)

    def to_pixels(self, face: Floats) -> Floats:
        """Undo `to_face`."""
        return np.asarray(face @ np.stack([self.across, self.down]) * self.unit + self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Tracks of a face, float64 (N,).

    Attributes:
        gap: between the lips at their middle.
        width: between the corners.
        yaw: -1..1, the head's turn: 0 frontal, beyond about 0.6 in profile.
        pitch: the nose's length on the picture.
        unit: inter-ocular distance in pixels.
    """

    gap: Floats
    width: Floats
    yaw: Floats
    pitch: Floats
    unit: Floats


def measure(points: Floats) -> Measures:
    """Measure kept points (N, P, 2)."""
    eyes = points[:, _EYES[1]] - points[:, _EYES[0]]
    unit = np.maximum(np.linalg.norm(eyes, axis=-1), 1e-6)
    across = eyes / unit[:, None]
    down = np.stack([-across[:, 1], across[:, 0]], axis=-1)
    middle = slice(3, 6)
    gap = np.einsum("nkc,nc->nk", points[:, _LI[middle]] - points[:, _UI[middle]], down).mean(1) / unit
    width = np.linalg.norm(points[:, _OC[1]] - points[:, _OC[0]], axis=-1) / unit
    bridge = points[:, _MID[0]]
    right = np.einsum("nc,nc->n", bridge - points[:, _EYES[0]], across) / unit
    nose = np.einsum("nc,nc->n", points[:, _MID[1]] - bridge, down) / unit
    return Measures(gap=np.maximum(gap, 0), width=width, yaw=2 * right - 1, pitch=nose, unit=unit)


def measure_still(points: Floats) -> Measures:
    """Measure one face's kept points (P, 2) in the unit of its `Basis`, which suits profiles too: tracks of one."""
    seen = measure(points[None])
    if not in_profile(float(seen.yaw[0])):
        return seen
    share = seen.unit / Basis.of(points).unit
    return Measures(
        gap=seen.gap * share, width=seen.width * share, yaw=seen.yaw, pitch=seen.pitch * share, unit=seen.unit / share
    )


def oval_of(points: Floats) -> Oval:
    """The oval of one face's kept points (P, 2), hairline to chin."""
    basis = Basis.of(points)
    bridge, chin = points[_MID[0]], points[_CHIN_PLACE[0]]
    top = bridge - _FOREHEAD * (chin - bridge)
    width = abs(float((points[_SIDES[1]] - points[_SIDES[0]]) @ basis.across))
    middle = (top + chin) / 2 + basis.across * float((points[_SIDES].mean(0) - (top + chin) / 2) @ basis.across)
    return Oval(middle=middle, across=basis.across * width / 2, down=(chin - top) / 2, unit=basis.unit)


def turn_of(points: Floats) -> float:
    """The turn of the head, as `Measures.yaw`, of one face's kept points (P, 2)."""
    eyes = points[_EYES[1]] - points[_EYES[0]]
    length = max(float(eyes @ eyes), 1e-12)
    return float(2 * ((points[_MID[0]] - points[_EYES[0]]) @ eyes) / length - 1)


def in_profile(turn: float) -> bool:
    """Whether half of the mouth is hidden behind the other."""
    return abs(turn) >= _PROFILE


def frontal(turns: Floats) -> Floats:
    """How fully heads turned so far can be driven: 1 from the front, 0 from the side."""
    full, none = _TURNED
    return np.clip((none - np.abs(turns)) / (none - full), 0, 1)


def sizeable(units: Floats) -> Floats:
    """How fully faces of such inter-ocular distances in pixels can be driven: 1 if large, 0 if small."""
    none, full = SMALL_PX
    return np.clip((units - none) / (full - none), 0, 1)
