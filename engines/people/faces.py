"""Faces in pictures and through videos: find and follow.

Coordinates are continuous: (0, 0) is the picture's top left corner, pixel i covers [i, i + 1). Landmarks are the 468
points of the canonical face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
GPUs", 2019); right and left are the person's own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from engines.base import Frame
from engines.people.crops import LEFT_EYE_CORNER, RIGHT_EYE_CORNER, Window, around_landmarks
from engines.people.cuts import CutFinder, shots_of
from engines.people.landmarker import FACE_SCORE, SURELY_DETECTED, Landmarker
from engines.people.shape import KEPT, frontal, measure, sizeable

Landmarks = NDArray[np.float32]

_BATCH = 16
# How many frames ahead a lost face is looked for; it is traced back from there.
_PROBE_AHEAD = 4
# Between two frames of one shot a face moves less than this, in inter-ocular distances.
_JUMP = 0.25
_SAME_FACE_OVERLAP = 0.3
# A face that is found must be surer than one that is followed: strangers far out of focus score in between.
_SURE = 0.9
# A face in profile is as prominent as a frontal one of this share of its size; so is one the detector doubts, which may
# be a thing that the mesh takes for a face.
_PROFILE_SHARE, _DOUBTED_SHARE = 0.1, 0.05
# A mesh between this and sure may be sure when it looks closer.
_DOUBTFUL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face in one picture.

    Attributes:
        box: x0, y0, x1, y1 of the landmarks, in pixels.
        score: 0..1, how sure the mesh is that this is a face.
        landmarks: float32 (468, 2) in pixels, with attention-refined lips and eyes.
        relief: float32 (468, 3), its shape with depth, in any unit; None where it is not known.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: Landmarks
    relief: Landmarks | None = None


#: Says which of the faces seen, the most prominent first, is to be followed; None for none of them.
Pick = Callable[[Sequence[Face]], Face | None]
#: Says whether a face may be followed at all.
Admit = Callable[[Face], bool]


def most_prominent(faces: Sequence[Face]) -> Face | None:
    """The pick of a single speaker."""
    return faces[0] if faces else None


def drivable(faces: Sequence[Face]) -> list[Face]:
    """Those that are large and frontal enough to be driven in a video, in their order."""
    seen = [(face, measure(face.landmarks[None, KEPT].astype(np.float64))) for face in faces]
    return [face for face, size in seen if sizeable(size.unit)[0] * frontal(size.yaw)[0] > 0]


def anyone(_face: Face) -> bool:
    """Admits every face."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Who is to be followed from one frame on, whoever was before: `choose` says who of all that are seen in it."""

    frame: int
    choose: Callable[[Sequence[Face]], Face]


@dataclass(frozen=True, slots=True)
class Bystanders:
    """How many other faces are followed at most, and after how many frames each is looked for."""

    most: int
    every: int


#: Nobody but the speakers is followed.
ALONE = Bystanders(0, 1)


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
        """All faces of one picture, also those that are small in a large one, the most prominent first.

        That is the largest; but faces turned away, which cannot be driven well, come after those seen from the front.
        """
        return _find(self._landmarker, frame, tiled=True)

    def track(self, frames: Iterable[Frame]) -> Iterator[Face | None]:
        """The main speaker in each frame, or None where there is no face to be seen.

        That is the most prominent face where a face first appears. It is followed until it is lost or the shot cuts;
        then the face that overlaps it, else the most prominent, is followed.

        Args:
            frames: of one size; read lazily, 16 at a time.
        """
        for (face,) in self.follow(frames, [most_prominent]):
            yield face

    def follow(
        self,
        frames: Iterable[Frame],
        picks: Sequence[Pick],
        admit: Admit = anyone,
        bystanders: Bystanders = ALONE,
        aim: Aim | None = None,
    ) -> Iterator[tuple[Face | None, ...]]:
        """Several speakers in each frame, each followed as `track` follows one; no face is two speakers.

        Args:
            frames: of one size; read lazily, 16 at a time.
            picks: one for each speaker, which says whom to follow when that speaker first appears or was lost.
            admit: only these faces are picked.
            bystanders: others that are followed beside them, where they are seen; they come after the speakers.
            aim: who is followed from one frame on: by the one of these who does so already, else by the first.
        """
        trackers: list[_Tracker] = []
        for pick in picks:
            tracker = _Tracker(self._landmarker, pick, admit, wanted=len(picks), others=trackers)
            tracker.looks_closely = aim is not None
            trackers.append(tracker)
        for _ in range(bystanders.most):
            trackers.append(_Bystander(self._landmarker, admit, bystanders.every, others=trackers))
        remaining, cut_finder, first = iter(frames), CutFinder(), 0
        while batch := list(islice(remaining, _BATCH)):
            for follows_cut, shot in shots_of(batch, cut_finder):
                if follows_cut:
                    for tracker in trackers:
                        tracker.forget()
                rest = shot
                if aim is not None and first <= aim.frame < first + len(shot):
                    before, rest = shot[: aim.frame - first], shot[aim.frame - first :]
                    yield from zip(*_advanced(trackers, before), strict=True)
                    self._take_aim(aim, rest[0], trackers)
                yield from zip(*_advanced(trackers, rest), strict=True)
                first += len(shot)

    def _take_aim(self, aim: Aim, frame: Frame, trackers: "Sequence[_Tracker]") -> None:
        face = aim.choose(_find(self._landmarker, frame, tiled=True))
        if not any(tracker.follows(face) for tracker in trackers):
            trackers[0].take(face)


def _advanced(trackers: "Sequence[_Tracker]", frames: Sequence[Frame]) -> list[list[Face | None]]:
    """What each tracker sees in the next frames.

    The one that is furthest behind goes on first, and who follows a face before who looks for one: all who lose theirs
    in a cut have then lost it before any looks for another, and nobody's place of before it counts after it.
    """
    pairs: list[tuple[_Tracker, list[Face | None]]] = [(tracker, []) for tracker in trackers]
    while True:
        tracker, seen = min(pairs, key=lambda pair: (len(pair[1]), pair[0].is_lost))
        if len(seen) == len(frames):
            return [faces for _, faces in pairs]
        seen += tracker.advance(frames[len(seen) :])


class _Tracker:
    """Follows one face from batch to batch, of `wanted` that are followed in the same frames."""

    def __init__(
        self, landmarker: Landmarker, pick: Pick, admit: Admit, *, wanted: int, others: "Sequence[_Tracker]"
    ) -> None:
        self._landmarker = landmarker
        self._pick = pick
        self._admit = admit
        self._wanted = wanted
        self._others = others
        self._current: Face | None = None
        self._last: Face | None = None
        #: Whether small faces are looked for even where large ones are seen.
        self.looks_closely = False

    @property
    def is_lost(self) -> bool:
        """Whether a face must be looked for."""
        return self._current is None

    def forget(self) -> None:
        """Take what comes for another shot, in which nobody is where they were."""
        self._current = self._last = None

    def follows(self, face: Face) -> bool:
        """Whether this is the face that it follows, as far as it has come."""
        return self._current is not None and _overlap(face, self._current) > _SAME_FACE_OVERLAP

    def take(self, face: Face) -> None:
        """Follow this face from here on."""
        self._current = self._last = face

    def advance(self, frames: Sequence[Frame]) -> list[Face | None]:
        """The face in the next frames, as far as it can be followed from here; none of them if it is lost at once."""
        return self._search(frames) if self._current is None else self._follow(frames, self._current)

    def _follow(self, frames: Sequence[Frame], face: Face) -> list[Face | None]:
        """The face in the next frames, up to the one that loses it."""
        followed: list[Face | None] = []
        for seen in self._measure(frames, around_landmarks(face.landmarks)):
            if seen is None or jumps(face.landmarks, seen.landmarks):
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
        free = [face for face in faces if not self._is_taken(face)]
        known = self._last and _overlapping(free, self._last)
        # Who speaks alone is whoever is left; sides are those of all.
        face = known or self._pick(free if self._wanted == 1 else faces)
        return None if face is None or self._is_taken(face) else face

    def _is_taken(self, face: Face) -> bool:
        return any(other.follows(face) for other in self._others if other is not self)

    def _visible(self, frame: Frame) -> list[Face]:
        """The faces to pick from; small ones are looked for only where too few are seen at a glance."""
        glance = [] if self.looks_closely else self._admitted(frame, tiled=False)
        return glance if len(glance) >= self._wanted else self._admitted(frame, tiled=True)

    def _admitted(self, frame: Frame, *, tiled: bool) -> list[Face]:
        return [face for face in _find(self._landmarker, frame, tiled=tiled) if self._admit(face)]

    def _measure(self, frames: Sequence[Frame], window: Window) -> list[Face | None]:
        if not frames:
            return []
        meshes = zip(*self._landmarker.measure(frames, [window] * len(frames)), strict=True)
        return [_face(*seen) for seen in meshes]


class _Bystander(_Tracker):
    """Follows another face than the speakers', large and frontal enough to be one of theirs, looked for at times."""

    def __init__(self, landmarker: Landmarker, admit: Admit, every: int, *, others: "Sequence[_Tracker]") -> None:
        super().__init__(landmarker, most_prominent, admit, wanted=1, others=others)
        self._every = every
        self._wait = 0

    def forget(self) -> None:
        super().forget()
        self._wait = 0

    def _search(self, frames: Sequence[Frame]) -> list[Face | None]:
        if self._wait:
            passed = min(self._wait, len(frames))
            self._wait -= passed
            return [None] * passed
        # A speaker who is lost has the first choice; and where one bystander finds nobody, the others need not look.
        if any(other.is_lost for other in self._others[: self._others.index(self)]):
            return [None]
        self._wait = self._every
        # Where those who are followed are known is the last frame.
        face = self._current = self._last = self._pick(drivable(self._newcomers(frames[-1])))
        if face is None:
            return [None]
        return [*self._measure(frames[:-1], around_landmarks(face.landmarks)), face]

    def _newcomers(self, frame: Frame) -> list[Face]:
        known = [other._current for other in self._others if other._current is not None]
        candidates = [
            (score, window)
            for score, window in self._landmarker.glance(frame)
            if not any(_is_within(window, face) for face in known)
        ]
        return [face for face in _measured(self._landmarker, frame, candidates) if self._admit(face)]


def _is_within(window: Window, face: Face) -> bool:
    x0, y0, x1, y1 = face.box
    return x0 < window.x < x1 and y0 < window.y < y1


def _find(landmarker: Landmarker, frame: Frame, *, tiled: bool) -> list[Face]:
    """All faces, the most prominent first, each once."""
    return _measured(landmarker, frame, landmarker.candidates(frame, tiled=tiled))


def _measured(landmarker: Landmarker, frame: Frame, candidates: Sequence[tuple[float, Window]]) -> list[Face]:
    if not candidates:
        return []
    meshes = landmarker.measure([frame] * len(candidates), [window for _, window in candidates])
    found: list[tuple[float, Face]] = []
    for (detected, window), landmarks, score, relief in zip(candidates, *meshes, strict=True):
        if detected >= SURELY_DETECTED and _DOUBTFUL <= score < _SURE:
            (landmarks,), (score,), (relief,) = landmarker.measure_best(frame, window)
        face = _face(landmarks, score, relief)
        if face is not None and face.score >= _SURE and _overlapping((known for _, known in found), face) is None:
            found.append((_prominence(face, detected), face))
    return [face for _, face in sorted(found, key=lambda ranked: -ranked[0])]


def _prominence(face: Face, detected: float) -> float:
    (share,) = frontal(measure(face.landmarks[None, KEPT].astype(np.float64)).yaw)
    doubt = 1.0 if detected >= SURELY_DETECTED else _DOUBTED_SHARE
    return _area(face) * max(float(share), _PROFILE_SHARE) * doubt


def _face(landmarks: Landmarks, score: np.float32, relief: Landmarks) -> Face | None:
    if score < FACE_SCORE:
        return None
    x0, y0 = landmarks.min(0).tolist()
    x1, y1 = landmarks.max(0).tolist()
    return Face(box=(x0, y0, x1, y1), score=float(score), landmarks=landmarks, relief=relief)


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
    corners = landmarks[..., RIGHT_EYE_CORNER, :] - landmarks[..., LEFT_EYE_CORNER, :]
    return np.asarray(np.linalg.norm(corners, axis=-1), np.float32)


def jumps(before: Landmarks, after: Landmarks) -> NDArray[np.bool_]:
    """Whether faces (..., 468, 2) moved further between two frames than a face does."""
    moved = np.median(np.linalg.norm(after - before, axis=-1), axis=-1)
    return np.asarray(moved > _JUMP * inter_ocular_px(before), np.bool_)
