"""The two face networks at work on pictures: where faces may be, and the mesh of each."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.base import Frame
from engines.people import detector, mesh
from engines.people.crops import Points, Window, around_keypoints, around_landmarks, cut
from engines.weights import load_weights

WEIGHTS = Path(__file__).parent / "weights"

#: From this mesh score on, a window shows a face.
FACE_SCORE = 0.5

#: From this score on, the detector is sure of a face.
SURELY_DETECTED = 0.75
_DETECTION_SCORE = 0.6
# So many of the looks are at the whole picture.
_WHOLE = 2
_TURNS = (np.pi / 2, np.pi, -np.pi / 2)
_SMALLEST_FACE_PX = 20.0
_BATCH = 16
# Tiles no larger than this show the detector every face that is worth finding.
_TILE_PX = 720
_TILE_OVERLAP = 0.4
# Where else a face is looked for of which the mesh is not sure: by how much aside and closer, in parts of the side.
_SHIFTS = (-0.1, 0.0, 0.1)
_CLOSER = 0.8
# How far, in parts of the window's side (and in radians), a face may be off-centre in its window.
_OFF_CENTRE = 0.05


class Meshes(NamedTuple):
    """Faces measured in N windows.

    Attributes:
        landmarks: float32 (N, 468, 2) in picture pixels.
        scores: float32 (N,) in 0..1.
        reliefs: float32 (N, 468, 3), see `mesh.MeshOutput`.
    """

    landmarks: Points
    scores: NDArray[np.float32]
    reliefs: NDArray[np.float32]


class Landmarker:
    """Both networks, loaded once; stateless."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._detector = detector.FaceDetector()
        self._mesh = mesh.FaceMesh()
        load_weights(self._detector, WEIGHTS, "face_detector.safetensors")
        load_weights(self._mesh, WEIGHTS, "face_mesh.safetensors")
        for network in (self._detector, self._mesh):
            network.to(device)
            network.to(memory_format=torch.channels_last)

    def candidates(self, frame: Frame, *, tiled: bool) -> list[tuple[float, Window]]:
        """Windows that may show a face, and how sure the detector is, 0..1; surest first.

        Args:
            frame: uint8 RGB (H, W, 3).
            tiled: whether to look closer, in overlapping tiles, for faces that are small in a large picture.

        The detector knows upright faces; where it is not sure of any, the picture is turned for it.
        """
        looks = _looks(frame.shape[1], frame.shape[0], tiled=tiled)
        whole = looks[:_WHOLE]
        found = self._look(frame, whole)
        if max((score for score, _ in found), default=0.0) < SURELY_DETECTED:
            found += self._look(frame, [look._replace(angle=turn) for look in whole for turn in _TURNS])
        found += self._look(frame, looks[_WHOLE:])
        return _distinct(sorted(found, key=lambda scored: -scored[0]))

    def glance(self, frame: Frame) -> list[tuple[float, Window]]:
        """As `candidates`, but only upright faces that are not small and do not fill the picture: quick."""
        look = _looks(frame.shape[1], frame.shape[0], tiled=False)[:1]
        return _distinct(sorted(self._look(frame, look), key=lambda scored: -scored[0]))

    def measure(self, frames: Sequence[Frame], windows: Sequence[Window]) -> Meshes:
        """The mesh in one window of each frame, measured again where the face turned out to be off-centre."""
        first = self._measure_once(frames, windows)
        centred = [around_landmarks(landmarks) for landmarks in first.landmarks]
        again = [
            index
            for index, score in enumerate(first.scores)
            if score >= FACE_SCORE and _differs(windows[index], centred[index])
        ]
        if again:
            second = self._measure_once([frames[index] for index in again], [centred[index] for index in again])
            first.landmarks[again], first.scores[again], first.reliefs[again] = second
        return first

    def measure_best(self, frame: Frame, window: Window) -> Meshes:
        """The surest mesh of one face in several windows about it: a profile is seldom where the detector puts it."""
        shifts = [step * window.side for step in _SHIFTS]
        around = [window] + [
            window._replace(x=window.x + right, y=window.y + down, side=_CLOSER * window.side)
            for right in shifts
            for down in shifts
        ]
        meshes = self.measure([frame] * len(around), around)
        best = [int(meshes.scores.argmax())]
        return Meshes(*(column[best] for column in meshes))

    def _look(self, frame: Frame, looks: Sequence[Window]) -> list[tuple[float, Window]]:
        batches = (looks[start : start + _BATCH] for start in range(0, len(looks), _BATCH))
        return [scored for batch in batches for scored in self._detect(frame, batch)]

    def _detect(self, frame: Frame, looks: Sequence[Window]) -> list[tuple[float, Window]]:
        crops = [cut(frame, look, detector.INPUT_SIZE, repeat_edge=False) for look in looks]
        with torch.inference_mode():
            scores, boxes, keypoints = self._detector(self._batch(crops) * 2 - 1)
        chosen = (scores >= _DETECTION_SCORE).cpu().nonzero().tolist()
        scores, boxes, keypoints = scores.cpu().numpy(), boxes.cpu().numpy(), keypoints.cpu().numpy()
        return [
            (float(scores[index, anchor]), _face_window(looks[index], boxes[index, anchor], keypoints[index, anchor]))
            for index, anchor in chosen
        ]

    def _measure_once(self, frames: Sequence[Frame], windows: Sequence[Window]) -> Meshes:
        parts = [
            self._run_mesh(frames[start : start + _BATCH], windows[start : start + _BATCH])
            for start in range(0, len(windows), _BATCH)
        ]
        return Meshes(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _run_mesh(self, frames: Sequence[Frame], windows: Sequence[Window]) -> Meshes:
        pairs = list(zip(frames, windows, strict=True))
        crops = [cut(frame, window, mesh.INPUT_SIZE, repeat_edge=True) for frame, window in pairs]
        with torch.inference_mode():
            landmarks, scores, reliefs = self._mesh(self._batch(crops))
        places = zip(landmarks.cpu().numpy(), windows, strict=True)
        return Meshes(
            np.stack([window.to_picture(points, mesh.INPUT_SIZE) for points, window in places]),
            scores.cpu().numpy(),
            reliefs.cpu().numpy(),
        )

    def _batch(self, crops: Sequence[Frame]) -> Tensor:
        """Crops as float32 (N, 3, S, S) in [0, 1], in the networks' memory format."""
        return torch.from_numpy(np.stack(crops)).to(self._device).permute(0, 3, 1, 2).float() / 255


def _looks(width: int, height: int, *, tiled: bool) -> list[Window]:
    """The windows the detector sees: the whole picture, half its size for faces that fill it, and tiles."""
    longest = float(max(width, height))
    whole = [Window(width / 2, height / 2, longest), Window(width / 2, height / 2, 2 * longest)]
    if not tiled:
        return whole
    sides = [longest / split for split in (2, 4) if 2 * longest / split > _TILE_PX]
    return whole + [
        Window(x, y, side) for side in sides for y in _tile_centres(height, side) for x in _tile_centres(width, side)
    ]


def _tile_centres(length: int, side: float) -> list[float]:
    """Centres along one axis of overlapping tiles that cover it."""
    if length <= side:
        return [length / 2]
    steps = int(np.ceil((length - side) / (side * (1 - _TILE_OVERLAP))))
    return [float(centre) for centre in np.linspace(side / 2, length - side / 2, steps + 1)]


def _face_window(look: Window, box: Points, keypoints: Points) -> Window:
    """The mesh window of a face found at fractions of a look."""
    centre = look.to_picture(box[:2], 1)
    return around_keypoints(np.concatenate([centre, box[2:] * look.side]), look.to_picture(keypoints, 1))


def _distinct(scored: Sequence[tuple[float, Window]]) -> list[tuple[float, Window]]:
    """The best window of each cluster, without those too small to use."""
    kept: list[tuple[float, Window]] = []
    for score, window in scored:
        if window.side >= _SMALLEST_FACE_PX and not any(_same_face(window, other) for _, other in kept):
            kept.append((score, window))
    return kept


def _same_face(one: Window, other: Window) -> bool:
    apart = max(abs(one.x - other.x), abs(one.y - other.y))
    return apart < 0.25 * max(one.side, other.side)


def _differs(one: Window, other: Window) -> bool:
    shift = max(abs(one.x - other.x), abs(one.y - other.y), abs(one.side - other.side)) / one.side
    turn = abs((one.angle - other.angle + np.pi) % (2 * np.pi) - np.pi)
    return bool(max(shift, turn) > _OFF_CENTRE)
