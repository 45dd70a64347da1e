"""How a head in a still picture moves a little, and the picture drawn along, down to nothing before its edges."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.articulate.chance import generator, wander
from engines.base import Frame
from engines.enhance import Oval
from engines.smoothstep import smoothstep

Track = NDArray[np.float32]
Floats = NDArray[np.float64]

#: Columns of a track of sway: across, down (in heights of the face), turn (clockwise, in radians).
COLUMNS = 3
#: Standard deviations of each, where they are cut off, and the slow and the less slow part of their wandering.
_DEVIATIONS, _MOST = np.array([0.0085, 0.0050, 0.0070]), 2.0
_PARTS = ((1.1, 0.9), (0.4, 0.25))
#: It begins from rest.
_WAKE_S = 1.0
#: A nod with a stressed syllable: its depth in heights of the face, its length, and how close two may be.
_NOD, _NOD_S, _NOD_APART_S, _NOD_SHARE = (0.005, 0.010), 0.45, 0.9, 0.6
_STRESSED_PERCENTILE = 70
#: Number of this motion, see `chance.generator`.
_MOTION = 2

#: The head with its hair in halves of the face's oval, and how much further until nothing moves.
_HEAD, _FADE = np.array([1.25, 1.35]), 1.2
#: A picture's edge keeps still; so far from it, in heights of the face, it is not felt.
_MARGIN = 0.6
#: A picture is nowhere stretched by more than this; a head that could sway by less than this share keeps still.
_MOST_STRETCH, _LEAST_SHARE = 0.06, 0.3
#: The head turns about a point under the chin, in half heights of the face from its middle.
_PIVOT = 1.5
#: Points of the grid of weights to a face's height.
_GRID = 24
#: How much a picture moved by half a pixel may be sharpened to make up for it, and in which steps that is tried.
_CRISPNESS = np.arange(0, 0.4, 0.02)
_PHASES = ((0.5, 0.5), (0.5, 0.0), (0.25, 0.25), (0.25, 0.5))
_SHARPER = np.array([-1.0, 2.0, -1.0], np.float32)
#: Places are looked up in steps of a 32nd of a pixel, which are numbered across, then down: for each, how much of the
#: sharpening half-way between two pixels it needs. The power keeps four faces as sharp at all steps, to some 3 %.
_STEPS = 32
_PARTS_OF_PIXEL = np.arange(_STEPS, dtype=np.float32) / _STEPS
_HALFWAY = (4 * _PARTS_OF_PIXEL * (1 - _PARTS_OF_PIXEL)) ** 1.75
_HALFWAY_ACROSS, _HALFWAY_DOWN = np.tile(_HALFWAY, _STEPS), np.repeat(_HALFWAY, _STEPS)
#: Side of the square it is tried on, in heights of the face and in pixels at most.
_TRIED, _MOST_TRIED_PX = 0.7, 400


@dataclass(frozen=True, slots=True)
class Reach:
    """How far each part of a picture moves with a head.

    Attributes:
        weights: float32 (h, w), 0..1, at nodes `step` pixels apart, the first in the picture's corner.
        step: pixels.
        crispness: see `crispness_of`.
    """

    weights: NDArray[np.float32]
    step: float
    crispness: float


def sway_track(seed: int, speaker: int, frames: int, fps: float, loudness: Track) -> Track:
    """How a head moves at each output frame, float32 (frames, 3), see `COLUMNS`.

    Args:
        seed: any integer; the same one gives the same motion.
        speaker: number of the voice, so that two heads do not move alike.
        frames: how many.
        fps: frames per second.
        loudness: float32 (frames,), 0..1, of the speech.
    """
    random = generator(seed, speaker, _MOTION)
    wandering = sum(share * wander(random, frames, sigma_s * fps, COLUMNS) for sigma_s, share in _PARTS)
    track = _DEVIATIONS * np.clip(wandering, -_MOST, _MOST)
    track[:, 1] += _nods(random, fps, loudness)
    times = (np.arange(frames) + 0.5) / fps / _WAKE_S
    return np.asarray(track * smoothstep(times)[:, None], dtype=np.float32)


def _nods(random: np.random.Generator, fps: float, loudness: Track) -> Floats:
    """Downwards motion (frames,) with the stressed syllables, some of them."""
    nods = np.zeros(len(loudness))
    times_s = np.arange(len(loudness)) / fps
    for peak in _stressed(loudness, fps):
        depth, wanted = random.uniform(*_NOD), random.random() < _NOD_SHARE
        away = np.clip(np.abs(times_s - peak / fps) / (_NOD_S / 2), 0, 1)
        nods += depth * wanted * (0.5 + 0.5 * np.cos(np.pi * away))
    return nods


def _stressed(loudness: Track, fps: float) -> list[int]:
    """Frames of the loud syllables, well apart, in their order."""
    if len(loudness) < 3 or loudness.max() <= 0:
        return []
    enough = np.percentile(loudness[loudness > 0], _STRESSED_PERCENTILE)
    middle = loudness[1:-1]
    peaks = np.flatnonzero((middle >= loudness[:-2]) & (middle > loudness[2:]) & (middle >= enough)) + 1
    kept: list[int] = []
    for peak in peaks.tolist():
        if not kept or peak - kept[-1] >= _NOD_APART_S * fps:
            kept.append(peak)
    return kept


def reach_of(picture: Frame, head: Oval, others: Sequence[Oval]) -> tuple[Reach, float]:
    """What moves with a head, and how much of the usual sway it bears.

    Args:
        picture: uint8 RGB (H, W, 3).
        head: the face's oval.
        others: ovals of all other faces, which do not move with it.

    Returns:
        The reach and a share 0..1; 0 where the head is cut by the picture's edge or touches another.
    """
    height = 2 * float(np.linalg.norm(head.down))
    step = max(2.0, height / _GRID)
    shape = picture.shape[:2]
    rows, columns = (int(np.ceil(length / step)) + 1 for length in shape)
    nodes = np.stack(np.meshgrid(np.arange(columns) * step, np.arange(rows) * step), axis=-1)
    weights = 1 - smoothstep((_radius(nodes, head) - 1) / _FADE)
    outline = _outline(head)
    for other in others:
        room = max(float(_radius(outline, other).min()) - 1, 0.05)
        weights = weights * smoothstep((_radius(nodes, other) - 1) / min(room, _FADE))
    weights = weights * _off_edges(nodes, shape, outline, height)
    slope = float(np.hypot(*np.gradient(weights, step)).max())
    usual = height * float(_MOST * np.hypot(*_DEVIATIONS[:2]))
    share = min(1.0, _MOST_STRETCH / max(slope * usual, 1e-9))
    reach = Reach(weights.astype(np.float32), step, crispness_of(picture, head))
    return reach, share if share >= _LEAST_SHARE else 0.0


def crispness_of(picture: Frame, head: Oval) -> float:
    """How much a picture must be sharpened where it is moved by half a pixel, to be as crisp as it was.

    Sampling between pixels softens, most half-way, and a head that sways would shimmer; how much, the picture decides.
    """
    half = int(min(_TRIED * float(np.linalg.norm(head.down)), _MOST_TRIED_PX / 2))
    (x, y), last = head.middle.astype(int), np.array(picture.shape[1::-1])
    left, top = (int(np.clip(at - half, 0, max(length - 2 * half, 0))) for at, length in ((x, last[0]), (y, last[1])))
    face = np.ascontiguousarray(picture[top : top + 2 * half, left : left + 2 * half])
    if min(face.shape[:2]) < 16:
        return 0.0
    errors = [max(abs(_kept_detail(face, phase, crispness) - 1) for phase in _PHASES) for crispness in _CRISPNESS]
    return float(_CRISPNESS[int(np.argmin(errors))])


def _kept_detail(face: Frame, phase: tuple[float, float], crispness: float) -> float:
    """What a picture moved by so many pixels keeps of its detail."""
    across, down = (
        np.arange(length, dtype=np.float32) + np.float32(part)
        for length, part in zip(face.shape[1::-1], phase, strict=True)
    )
    grid = np.broadcast_to(across, face.shape[:2]), np.broadcast_to(down[:, None], face.shape[:2])
    return _detail(_looked_up(face, *grid, crispness)) / max(_detail(face), 1e-6)


def _detail(picture: Frame) -> float:
    """Energy of the Laplacian, away from the edges."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_32F)[3:-3, 3:-3].var())


def _looked_up(frame: Frame, x: Track, y: Track, crispness: float) -> Frame:
    """Pixels from the places x, y (h, w), each sharpened as much as its place lies between pixels.

    Between its nearest four pixels a place is told far faster than by their neighbours too, and sharpening knows these.
    """
    whole, parts = cv2.convertMaps(np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.CV_16SC2)
    drawn = cv2.remap(frame, whole, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if crispness:
        kernel = np.float32(crispness) * _SHARPER
        kernel[1] += 1
        for halfway, along in ((_HALFWAY_ACROSS, kernel[None]), (_HALFWAY_DOWN, kernel[:, None])):
            sharp = cv2.filter2D(drawn, cv2.CV_8U, along, borderType=cv2.BORDER_REPLICATE)
            share = halfway[np.asarray(parts, np.uint16)]
            drawn = cv2.blendLinear(drawn, sharp, 1 - share, share)
    return np.asarray(drawn, dtype=np.uint8)


def _radius(nodes: Floats, oval: Oval) -> Floats:
    """1 on the outline of a head with its hair, more beyond."""
    offset = nodes - oval.middle
    across = offset @ oval.across / max(float(oval.across @ oval.across), 1e-6)
    down = offset @ oval.down / max(float(oval.down @ oval.down), 1e-6)
    return np.asarray(np.hypot(across / _HEAD[0], down / _HEAD[1]))


def _outline(oval: Oval) -> Floats:
    """The outline of the face itself, (16, 2) in pixels."""
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)[:, None]
    return np.asarray(oval.middle + np.cos(angles) * oval.across + np.sin(angles) * oval.down)


def _off_edges(nodes: Floats, shape: tuple[int, int], outline: Floats, height: float) -> Floats:
    """0 on the picture's edges, 1 inside them, rising over the room that there is between them and the face."""
    low, high = outline.min(0), outline.max(0)
    inside = np.ones(nodes.shape[:2])
    for axis, length in ((0, shape[1]), (1, shape[0])):
        for distance, room in ((nodes[..., axis], low[axis]), (length - 1 - nodes[..., axis], length - 1 - high[axis])):
            inside = inside * smoothstep(distance / float(np.clip(room, 1e-3, _MARGIN * height)))
    return inside


def swayed(frame: Frame, head: Oval, reach: Reach, sway: Track) -> Frame:
    """Draw a picture whose head has moved.

    Args:
        frame: uint8 RGB (H, W, 3); not changed.
        head: where the face is.
        reach: what moves with it.
        sway: float32 (3,), see `COLUMNS`.

    Returns:
        A new picture, the same in every pixel where the reach is 0.
    """
    height, width = frame.shape[:2]
    box = _box(reach, width, height)
    if box is None or not sway.any():
        return frame
    left, top, right, bottom = box
    x = np.arange(left, right, dtype=np.float32)
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    weight = _weights_in(reach, left, top, right - left, bottom - top)
    size = 2 * float(np.linalg.norm(head.down))
    unit = head.down / (size / 2)
    moved = (sway[0] * np.array([unit[1], -unit[0]]) + sway[1] * unit) * size
    pivot = head.middle + _PIVOT * head.down
    turn = float(sway[2])
    source_x = x - weight * (np.float32(moved[0]) - np.float32(turn) * (y + np.float32(0.5 - pivot[1])))
    source_y = y - weight * (np.float32(moved[1]) + np.float32(turn) * (x + np.float32(0.5 - pivot[0])))
    result = frame.copy()
    result[top:bottom, left:right] = _looked_up(frame, source_x, source_y, reach.crispness)
    return result


def _box(reach: Reach, width: int, height: int) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what may move, in pixels."""
    rows, columns = np.flatnonzero(reach.weights.any(1)), np.flatnonzero(reach.weights.any(0))
    if not len(rows):
        return None
    left, top = (max(int((index[0] - 1) * reach.step), 0) for index in (columns, rows))
    right, bottom = (int((index[-1] + 1) * reach.step) + 1 for index in (columns, rows))
    return left, top, min(right, width), min(bottom, height)


def _weights_in(reach: Reach, left: int, top: int, width: int, height: int) -> Track:
    """The weights at a rectangle's pixels, float32 (height, width)."""
    scale = 1 / reach.step
    matrix = np.array([[scale, 0, (left + 0.5) * scale], [0, scale, (top + 0.5) * scale]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fine = cv2.warpAffine(reach.weights, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fine, dtype=np.float32)
