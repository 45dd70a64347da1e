"""Faces in pictures and through videos: find, follow, smooth.

Coordinates are continuous: (0, 0) is the picture's top left corner, pixel i covers [i, i + 1). Landmarks are the 468
points of the canonical face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
GPUs", 2019); right and left are the person's own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from engines.articulate.crops import Window, around_landmarks
from engines.articulate.landmarker import FACE_SCORE, Landmarker
from engines.articulate.mesh import LIPS, POINTS

#: One picture: uint8 RGB (H, W, 3).
Frame = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

_BATCH = 16
# How many frames ahead a lost face is looked for; it is traced back from there.
_PROBE_AHEAD = 4
# Between two frames of one shot a face moves less than this, in inter-ocular distances.
_JUMP = 0.25
_SAME_FACE_OVERLAP = 0.3
# A face that is found must be surer than one that is followed: strangers far out of focus score in between.
_SURE = 0.9
_RIGHT_EYE_CORNER, _LEFT_EYE_CORNER = 33, 263

# Half the width of the smoothing window, in seconds.
_HALF_WINDOW_S = 0.12
# Lips may open and close within three frames, so their own movement is hardly smoothed.
_LIPS_KERNEL = (0.1, 0.8, 0.1)
_BESIDE_LIPS = tuple(sorted(set(range(POINTS)) - set(LIPS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one picture.

    Attributes:
        box: x0, y0, x1, y1 of the landmarks, in pixels.
        score: 0..1, how sure the mesh is that this is a face.
        landmarks: float32 (468, 2) in pixels, with attention-refined lips and eyes.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: Landmarks


class FaceFinder:
    """Finds faces; holds both networks, so load it once.

    Args:
        device: where the networks run; pictures stay in main memory.

    Raises:
        WeightsMissing: when the networks' files are absent or damaged.
    """

    def __init__(self, device: torch.device) -> None:
        self._landmarker = Landmarker(device)

    def find(self, frame: Frame) -> list[Face]:
        """All faces of one picture, largest first; also those that are small in a large picture."""
        return _find(self._landmarker, frame, tiled=True)

    def track(self, frames: Iterable[Frame]) -> Iterator[Face | None]:
        """The main speaker in each frame, or None where there is no face to be seen.

        That is the largest face where a face first appears. It is followed until it is lost or the shot cuts; then the
        face that overlaps it, else the largest, is followed.

        Args:
            frames: of one size; read lazily, 16 at a time.
        """
        tracker = _Tracker(self._landmarker)
        remaining = iter(frames)
        while batch := list(islice(remaining, _BATCH)):
            yield from tracker.advance(batch)


class _Tracker:
    """Follows one face from batch to batch."""

    def __init__(self, landmarker: Landmarker) -> None:
        self._landmarker = landmarker
        self._current: Face | None = None
        self._last: Face | None = None

    def advance(self, frames: Sequence[Frame]) -> list[Face | None]:
        """The face in each of the next frames."""
        faces: list[Face | None] = []
        while rest := frames[len(faces) :]:
            faces += self._search(rest) if self._current is None else self._follow(rest, self._current)
        return faces

    def _follow(self, frames: Sequence[Frame], face: Face) -> list[Face]:
        """The face in the next frames, up to the one that loses it."""
        followed: list[Face] = []
        for seen in self._measure(frames, around_landmarks(face.landmarks)):
            if seen is None or _jumps(face.landmarks, seen.landmarks):
                self._current = None
                return followed
            self._current = self._last = face = seen
            followed.append(seen)
        return followed

    def _search(self, frames: Sequence[Frame]) -> list[Face | None]:
        """Look for a face a few frames ahead; where it cannot be traced back to, look again."""
        ahead = frames[:_PROBE_AHEAD]
        face = self._main_face(ahead[-1])
        if face is None:
            return [None] * len(ahead)
        self._current = self._last = face
        traced = self._measure(ahead[:-1], around_landmarks(face.landmarks))
        return [
            seen or _overlapping(self._visible(frame), face) for seen, frame in zip(traced, ahead, strict=False)
        ] + [face]

    def _main_face(self, frame: Frame) -> Face | None:
        faces = self._visible(frame)
        known = self._last and _overlapping(faces, self._last)
        return known or next(iter(faces), None)

    def _visible(self, frame: Frame) -> list[Face]:
        return _find(self._landmarker, frame, tiled=False) or _find(self._landmarker, frame, tiled=True)

    def _measure(self, frames: Sequence[Frame], window: Window) -> list[Face | None]:
        if not frames:
            return []
        meshes = zip(*self._landmarker.measure(frames, [window] * len(frames)), strict=True)
        return [_face(landmarks, score) for landmarks, score in meshes]


def _find(landmarker: Landmarker, frame: Frame, *, tiled: bool) -> list[Face]:
    """All faces, largest first, each once."""
    windows = landmarker.candidates(frame, tiled=tiled)
    if not windows:
        return []
    meshes = zip(*landmarker.measure([frame] * len(windows), windows), strict=True)
    distinct: list[Face] = []
    for face in (_face(landmarks, score) for landmarks, score in meshes):
        if face is not None and face.score >= _SURE and _overlapping(distinct, face) is None:
            distinct.append(face)
    return sorted(distinct, key=_area, reverse=True)


def _face(landmarks: Landmarks, score: np.float32) -> Face | None:
    if score < FACE_SCORE:
        return None
    x0, y0 = landmarks.min(0).tolist()
    x1, y1 = landmarks.max(0).tolist()
    return Face(box=(x0, y0, x1, y1), score=float(score), landmarks=landmarks)


def _area(face: Face) -> float:
    x0, y0, x1, y1 = face.box
    return max(x1 - x0, 0.0) * max(y1 - y0, 0.0)


def _overlap(one: Face, other: Face) -> float:
    """Intersection over union of two boxes."""
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one.box, other.box
    shared = max(min(ax1, bx1) - max(ax0, bx0), 0.0) * max(min(ay1, by1) - max(ay0, by0), 0.0)
    return shared / max(_area(one) + _area(other) - shared, 1e-6)


def _overlapping(faces: Iterable[Face], known: Face) -> Face | None:
    """The first face that is where a known one was."""
    return next((face for face in faces if _overlap(face, known) > _SAME_FACE_OVERLAP), None)


def inter_ocular_px(landmarks: Landmarks) -> NDArray[np.float32]:
    """Distance between the outer corners of the eyes, in pixels: (..., 468, 2) -> (...)."""
    corners = landmarks[..., _RIGHT_EYE_CORNER, :] - landmarks[..., _LEFT_EYE_CORNER, :]
    return np.asarray(np.linalg.norm(corners, axis=-1), np.float32)


def _jumps(before: Landmarks, after: Landmarks) -> NDArray[np.bool_]:
    """Whether faces (..., 468, 2) moved further between two frames than a face does."""
    moved = np.median(np.linalg.norm(after - before, axis=-1), axis=-1)
    return np.asarray(moved > _JUMP * inter_ocular_px(before), np.bool_)


def smooth_track(landmarks: Landmarks, present: NDArray[np.bool_], fps: float) -> Landmarks:
    """Take the tremor out of a track without delaying it or opening closed lips.

    A Savitzky-Golay filter of second order (Savitzky & Golay, 1964) over each unbroken run; runs end where the face is
    absent and where it jumps, as at a cut. The lips follow the steadied face and keep nearly all of their own movement.

    Args:
        landmarks: float32 (T, 468, 2) in pixels; values of absent frames do not matter.
        present: bool (T,), where there is a face.
        fps: frame rate, above 0.

    Returns:
        float32 (T, 468, 2); absent frames are as they were.
    """
    smooth = landmarks.astype(np.float32, copy=True)
    for run in _runs(landmarks, present):
        smooth[run] = _savitzky_golay(landmarks[run], round(_HALF_WINDOW_S * fps))
        correction = (smooth[run] - landmarks[run])[:, _BESIDE_LIPS].mean(1, keepdims=True)
        smooth[run, LIPS] = _three_frames(landmarks[run][:, LIPS] + correction)
    return smooth


def _runs(landmarks: Landmarks, present: NDArray[np.bool_]) -> Iterator[slice]:
    """The unbroken runs of a track."""
    joined = present[1:] & present[:-1] & ~_jumps(landmarks[:-1], landmarks[1:])
    for start, end in pairwise([0, *(np.flatnonzero(~joined) + 1).tolist(), len(present)]):
        if present[start:end].any():
            yield slice(start, end)


def _savitzky_golay(values: Landmarks, half: int) -> Landmarks:
    """Fit a parabola around each of T frames and take its value there; at the ends, that of the outermost fit."""
    half = min(half, (len(values) - 1) // 2)
    powers = np.vander(np.arange(-half, half + 1), 3)
    fit = powers @ np.linalg.pinv(powers)
    width = 2 * half + 1
    series = values.reshape(len(values), -1).astype(np.float64)
    middle = np.einsum(
        "w,twc->tc", fit[half], np.lib.stride_tricks.sliding_window_view(series, width, 0).swapaxes(1, 2)
    )
    smooth = np.concatenate([fit[:half] @ series[:width], middle, fit[half + 1 :] @ series[-width:]])
    return smooth.reshape(values.shape).astype(np.float32)


def _three_frames(values: Landmarks) -> Landmarks:
    """Weighted mean of each frame and its two neighbours."""
    before, now, after = _LIPS_KERNEL
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(before * padded[:-2] + now * padded[1:-1] + after * padded[2:], np.float32)
