"""Looking through the source once: where each speaker is in each frame, in which shot, in which light."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.articulate.bank import Bank, Collector
from engines.articulate.light import COLUMNS, measure_light
from engines.articulate.lips import mouth_contrast, refine_edges
from engines.articulate.shape import KEPT
from engines.base import Frame, Report
from engines.faces import Admit, Face, FaceFinder, Pick, inter_ocular_px, smooth_track

_KEPT = np.array(KEPT)
#: A face that moves or changes colour by more than this from frame to frame is another shot's.
_CUT_MOVE, _CUT_COLOUR = 0.25, 0.10
#: A face that was away for longer than this begins a new shot.
_LONGEST_GAP_S = 0.5
#: Faces are smoothed in stretches of so many frames, with so many more on either side, to bound the memory it takes.
_STRETCH, _OVERLAP = 1000, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen in N source frames.

    Attributes:
        points: float32 (N, P, 2), kept points in pixels, steadied; 0 where no face is.
        shots: int32 (N,), number of the shot, -1 where no face is.
        light: float32 (N, 8), see `light.measure_light`.
        contrast: float32 (N,), see `lips.mouth_contrast`.
        bank: open mouths.
    """

    points: NDArray[np.float32]
    shots: NDArray[np.int32]
    light: NDArray[np.float32]
    contrast: NDArray[np.float32]
    bank: Bank


def watch(
    finder: FaceFinder,
    frames: Iterable[Frame],
    picks: Sequence[Pick],
    admit: Admit,
    total: int,
    fps: float,
    report: Report,
) -> list[Watched]:
    """Look through the source.

    Args:
        finder: finds and follows the faces.
        frames: source frames, read once.
        picks: one for each speaker, see `FaceFinder.follow`.
        admit: only these faces are picked.
        total: how many frames there are, for progress.
        fps: source frames per second.
        report: progress and cancellation.

    Returns:
        What was seen of each speaker.
    """
    watchers = [_Watcher(fps) for _ in picks]
    for frame, faces in _followed(finder, frames, picks, admit):
        for watcher, face in zip(watchers, faces, strict=True):
            watcher.see(frame, None if face is None else face.landmarks)
        report(min(watchers[0].count / total, 1.0))
    return [watcher.result() for watcher in watchers]


def _followed(
    finder: FaceFinder, frames: Iterable[Frame], picks: Sequence[Pick], admit: Admit
) -> Iterator[tuple[Frame, tuple[Face | None, ...]]]:
    """Each frame with its faces; the finder reads ahead, so frames wait for it."""
    waiting: deque[Frame] = deque()

    def passed_on() -> Iterator[Frame]:
        for frame in frames:
            waiting.append(frame)
            yield frame

    for faces in finder.follow(passed_on(), picks, admit):
        yield waiting.popleft(), faces


class _Watcher:
    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._track = _Track(fps)
        self._before: NDArray[np.float32] | None = None
        self._shots: list[int] = []
        self._light: list[NDArray[np.float32]] = []
        self._contrast: list[float] = []
        self._collector = Collector()
        self._shot = -1
        self._last_seen = -1

    @property
    def count(self) -> int:
        """Frames seen so far."""
        return len(self._shots)

    def see(self, frame: Frame, landmarks: NDArray[np.float32] | None) -> None:
        """Take in the next frame."""
        light, contrast = np.zeros(COLUMNS, dtype=np.float32), 0.0
        if landmarks is not None:
            landmarks = refine_edges(frame, landmarks)
            points = landmarks[_KEPT].astype(np.float64)
            light = measure_light(frame, points, float(inter_ocular_px(landmarks)))
            if self._cuts(landmarks, light):
                self._shot += 1
            self._last_seen, self._before = self.count, landmarks
            contrast = mouth_contrast(frame, landmarks)
            self._collector.add(self.count, self._shot, frame, points, contrast)
        self._track.add(landmarks)
        self._shots.append(-1 if landmarks is None else self._shot)
        self._light.append(light)
        self._contrast.append(contrast)

    def _cuts(self, landmarks: NDArray[np.float32], light: NDArray[np.float32]) -> bool:
        before, away = self._before, self.count - self._last_seen
        if before is None or away > _LONGEST_GAP_S * self._fps:
            return True
        moved = np.median(np.linalg.norm(landmarks - before, axis=-1)) / inter_ocular_px(before)
        changed = np.abs(light[:3] - self._light[self._last_seen][:3]).max()
        return bool(moved > _CUT_MOVE * away or changed > _CUT_COLOUR)

    def result(self) -> Watched:
        """All that was seen."""
        return Watched(
            points=self._track.steadied(),
            shots=np.array(self._shots, dtype=np.int32),
            light=np.array(self._light, dtype=np.float32).reshape(-1, COLUMNS),
            contrast=np.array(self._contrast, dtype=np.float32),
            bank=self._collector.bank(),
        )


class _Track:
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
