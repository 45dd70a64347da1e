"""Looking through the source once: where each speaker is in each frame, in which shot, in which light."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engines.base import Frame, Report
from engines.people.bank import Bank, Collector
from engines.people.cuts import CutFinder
from engines.people.face_smoothing import smooth_track
from engines.people.faces import Admit, Aim, Bystanders, Face, FaceFinder, Pick, inter_ocular_px
from engines.people.identity import Likeness, Sitting
from engines.people.light import COLUMNS, measure_light
from engines.people.lips import mouth_contrast, refine_edges
from engines.people.occlusion import COLOURS, colours_of, covered
from engines.people.shape import KEPT

_KEPT = np.array(KEPT)
_NO_COLOURS = np.zeros((COLOURS, 3), dtype=np.uint8)
#: How often other faces are looked for, and each how many frames a face's shape is taken.
_LOOK_AROUND_S, _SITS_EVERY = 1.5, 5
#: A face that moves or changes colour by more than this from frame to frame is another shot's.
_CUT_MOVE, _CUT_COLOUR = 0.25, 0.10
#: Seconds in which a change fades towards a frame that is not driven.
FADE_S = 0.16
#: A face that was away for longer than this begins a new shot.
_LONGEST_GAP_S = 0.5
#: Faces are smoothed in stretches of so many frames, with so many more on either side, to bound the memory it takes.
_STRETCH, _OVERLAP = 1000, 40


#: Numbers of no shot.
NOBODY, ANOTHER = -1, -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen in N source frames.

    Attributes:
        points: float32 (N, P, 2), kept points in pixels, steadied; 0 where no face is.
        shots: int32 (N,), number of the shot, `NOBODY` where no face is, `ANOTHER` where only other people's are.
        light: float32 (N, 8), see `light.measure_light`.
        contrast: float32 (N,), see `lips.mouth_contrast`.
        clear: float32 (N,), 0..1, how fully the mouth may be driven: 0 where something is before it.
        bank: open mouths; empty where none were to be kept.
        fps: frames per second.
    """

    points: NDArray[np.float32]
    shots: NDArray[np.int32]
    light: NDArray[np.float32]
    contrast: NDArray[np.float32]
    clear: NDArray[np.float32]
    bank: Bank
    fps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One face as it was followed, and what tells whose it is and what is before it.

    Attributes:
        watched: what was seen; every mouth counts as clear.
        colours: uint8 (N, C, 3), see `occlusion.colours_of`.
        likenesses: what the face looks like in each shot.
    """

    watched: Watched
    colours: NDArray[np.uint8]
    likenesses: Mapping[int, Likeness]

    def speaker(self) -> Watched:
        """What was seen, less the mouths that something is before."""
        watched = self.watched
        hidden = covered(self.colours, watched.shots, watched.fps)
        if not hidden.any():
            return watched
        bank = watched.bank.without(np.flatnonzero(hidden))
        return replace(watched, clear=fading(~hidden, watched.fps), bank=bank)


def fading(driven: NDArray[np.bool_], fps: float) -> NDArray[np.float32]:
    """0 where nothing is driven, rising to 1 within `FADE_S` of it: float32 (N,)."""
    apart = np.flatnonzero(~driven)
    if not len(apart):
        return np.ones(len(driven), dtype=np.float32)
    frames = np.arange(len(driven))
    after = np.searchsorted(apart, frames)
    ahead = np.abs(apart[np.minimum(after, len(apart) - 1)] - frames)
    behind = np.abs(frames - apart[np.maximum(after - 1, 0)])
    return np.asarray(np.minimum(np.minimum(ahead, behind) / (FADE_S * fps), 1), dtype=np.float32)


def watch(
    finder: FaceFinder,
    frames: Iterable[Frame],
    picks: Sequence[Pick],
    admit: Admit,
    total: int,
    fps: float,
    report: Report,
    bystanders: int = 0,
    aim: Aim | None = None,
    *,
    keep_mouths: bool,
) -> list[Track]:
    """Look through the source.

    Args:
        finder: finds and follows the faces.
        frames: source frames, read once.
        picks: one for each speaker, see `FaceFinder.follow`.
        admit: only these faces are picked.
        total: how many frames there are, for progress.
        fps: source frames per second.
        report: progress and cancellation.
        bystanders: how many others are followed beside the speakers, see `FaceFinder.follow`.
        aim: who is followed from one frame on, see there too.
        keep_mouths: whether open mouths are collected; the banks stay empty otherwise.

    Returns:
        The track of each speaker, then of each bystander.
    """
    watchers = [_Watcher(fps, keep_mouths=keep_mouths) for _ in range(len(picks) + bystanders)]
    beside = Bystanders(bystanders, max(1, round(_LOOK_AROUND_S * fps)))
    cut_finder = CutFinder()
    for frame, faces in _followed(finder, frames, picks, admit, beside, aim):
        follows_cut = cut_finder.cuts(frame)
        for watcher, face in zip(watchers, faces, strict=True):
            watcher.see(frame, face, follows_cut=follows_cut)
        report(min(watchers[0].count / total, 1.0))
    return [watcher.result() for watcher in watchers]


def _followed(
    finder: FaceFinder,
    frames: Iterable[Frame],
    picks: Sequence[Pick],
    admit: Admit,
    bystanders: Bystanders,
    aim: Aim | None,
) -> Iterator[tuple[Frame, tuple[Face | None, ...]]]:
    """Each frame with its faces; the finder reads ahead, so frames wait for it."""
    waiting: deque[Frame] = deque()

    def passed_on() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for faces in finder.follow(passed_on(), picks, admit, bystanders, aim):
        yield waiting.popleft(), faces


class _Watcher:
    def __init__(self, fps: float, *, keep_mouths: bool) -> None:
        self._fps = fps
        self._keep_mouths = keep_mouths
        self._track = _Steadied(fps)
        self._before: NDArray[np.float32] | None = None
        self._shots: list[int] = []
        self._light: list[NDArray[np.float32]] = []
        self._contrast: list[float] = []
        self._collector = Collector()
        self._shot = -1
        self._is_cut = False
        self._last_seen = -1
        self._colours: list[NDArray[np.uint8]] = []
        self._sittings: dict[int, Sitting] = {}

    @property
    def count(self) -> int:
        """Frames seen so far."""
        return len(self._shots)

    def see(self, frame: Frame, face: Face | None, *, follows_cut: bool) -> None:
        """Take in the next frame."""
        light, contrast, colours, landmarks = np.zeros(COLUMNS, dtype=np.float32), 0.0, _NO_COLOURS, None
        self._is_cut |= follows_cut
        if face is not None:
            landmarks = refine_edges(frame, face.landmarks)
            points = landmarks[_KEPT].astype(np.float64)
            unit = float(inter_ocular_px(landmarks))
            light = measure_light(frame, points, unit)
            if self._is_cut or self._cuts(landmarks, light):
                self._shot += 1
                self._is_cut = False
            colours = colours_of(frame, face.landmarks, unit)
            self._sit(face, colours[0])
            self._last_seen, self._before = self.count, landmarks
            contrast = mouth_contrast(frame, landmarks)
            if self._keep_mouths:
                self._collector.add(self.count, self._shot, frame, points, contrast)
        self._track.add(landmarks)
        self._shots.append(NOBODY if landmarks is None else self._shot)
        self._colours.append(colours)
        self._light.append(light)
        self._contrast.append(contrast)

    def _sit(self, face: Face, cheeks: NDArray[np.uint8]) -> None:
        if self._shot not in self._sittings:
            self._sittings[self._shot] = Sitting()
        elif self.count % _SITS_EVERY:
            return
        if face.relief is not None:
            self._sittings[self._shot].add(face.relief, cheeks)

    def _cuts(self, landmarks: NDArray[np.float32], light: NDArray[np.float32]) -> bool:
        before, away = self._before, self.count - self._last_seen
        if before is None or away > _LONGEST_GAP_S * self._fps:
            return True
        moved = np.median(np.linalg.norm(landmarks - before, axis=-1)) / inter_ocular_px(before)
        changed = np.abs(light[:3] - self._light[self._last_seen][:3]).max()
        return bool(moved > _CUT_MOVE * away or changed > _CUT_COLOUR)

    def result(self) -> Track:
        """All that was seen."""
        watched = Watched(
            points=self._track.steadied(),
            shots=np.array(self._shots, dtype=np.int32),
            light=np.array(self._light, dtype=np.float32).reshape(-1, COLUMNS),
            contrast=np.array(self._contrast, dtype=np.float32),
            clear=np.ones(self.count, dtype=np.float32),
            bank=self._collector.bank(),
            fps=self._fps,
        )
        likenesses = {shot: sitting.likeness() for shot, sitting in self._sittings.items()}
        colours = np.stack(self._colours) if self._colours else np.zeros((0, COLOURS, 3), dtype=np.uint8)
        return Track(watched=watched, colours=colours, likenesses=likenesses)


class _Steadied:
    """Smooths a track as it grows, a stretch at a time, and keeps of it only the points that rendering uses."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._raw: list[NDArray[np.float32] | None] = []
        self._lead = 0
        self._done = [np.zeros((0, len(KEPT), 2), dtype=np.float32)]

    def add(self, landmarks: NDArray[np.float32] | None) -> None:
        """Take in the next frame's landmarks, float32 (468, 2), or None."""
        self._raw.append(landmarks)
        if len(self._raw) == self._lead + _STRETCH + _OVERLAP:
            self._finish(_STRETCH)

    def steadied(self) -> NDArray[np.float32]:
        """The whole track, float32 (N, P, 2); 0 where no face is."""
        self._finish(len(self._raw) - self._lead)
        return np.concatenate(self._done)

    def _finish(self, frames: int) -> None:
        """Smooth what waits, and let go of all but the overlap before the next stretch."""
        present = np.array([landmarks is not None for landmarks in self._raw], dtype=bool)
        if present.any():
            nothing = np.zeros((468, 2), dtype=np.float32)
            raw = np.stack([nothing if landmarks is None else landmarks for landmarks in self._raw])
            smooth = smooth_track(raw, present, self._fps)[:, _KEPT] * present[:, None, None]
        else:
            smooth = np.zeros((len(self._raw), len(KEPT), 2), dtype=np.float32)
        end = self._lead + frames
        self._done.append(smooth[self._lead : end].astype(np.float32, copy=False))
        self._raw = self._raw[max(0, end - _OVERLAP) :]
        self._lead = min(end, _OVERLAP)
