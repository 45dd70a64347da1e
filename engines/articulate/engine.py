"""The default engine: the mouth of every frame is moved by geometry, and nothing but the mouth and jaw is touched."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from contracts.errors import EngineMemory, NoFace
from engines.articulate.driver import SpeechDriver
from engines.articulate.motion import Manner, commands, manner_of, resting_width, smooth_within
from engines.articulate.performance import Performance, pack, unpack
from engines.articulate.render import draw_frame
from engines.articulate.retrieval import Looks, choose
from engines.articulate.shape import Measures, measure
from engines.articulate.watch import Watched, watch
from engines.base import Analysis, Capabilities, EngineInfo, Frame, Report, Speech, Timeline
from engines.faces import FaceFinder

INFO = EngineInfo(
    name="articulate",
    summary="Moves the speaker's own lips and jaw by geometry; runs without a GPU.",
    licence="Apache-2.0",
    capabilities=Capabilities(portrait=True, video=True, seed=False),
)

#: Inter-ocular distances in pixels below and above which a face is left alone and is fully driven.
_SMALL_PX = 22.0, 32.0
#: Turns of the head at which driving begins to fade and has ended.
_TURNED = 0.30, 0.48
_FADE_FRAMES = 4
#: A person is judged by all their frames in a shot, if they are seen in it for so long.
_ACQUAINTED_S = 2.0
_MOST_SPANS = 5
#: A change weaker than this is not seen.
_FAINT = 0.05
_REMEDY = "Send a picture or video in which a face is seen from the front, its eyes at least 30 pixels apart."
#: Contrast of an open mouth's inside to the lips, at least and compared with the same shot's clearest.
_LEAST_CONTRAST, _SHARE_OF_CONTRAST = 0.18, 0.75


class Articulate:
    """The engine, loaded.

    Args:
        device: where the networks run; pictures are drawn on the CPU, where a face takes milliseconds.
    """

    info = INFO

    def __init__(self, device: torch.device) -> None:
        self._finder = FaceFinder(device)
        self._driver = SpeechDriver(device)

    def analyse(
        self, frames: Iterable[Frame], speech: Speech, timeline: Timeline, seed: int, report: Report
    ) -> Analysis:
        """See `engines.base.Engine`; the seed decides nothing, for the speech decides all."""
        fps = float(timeline.fps)
        try:
            total = int(timeline.source_index.max()) + 1
            watched = watch(self._finder, frames, total, fps, lambda fraction: report(0.9 * fraction))
            _require_face(watched)
            articulation = self._driver.articulate(speech.samples, speech.rate)
        except torch.OutOfMemoryError as error:
            raise EngineMemory("the GPU ran out of memory", remedy="Run one GPU worker on each GPU.") from error
        report(0.97)
        seen = measure(watched.points.astype(np.float64))
        strength = _strength(seen, watched.shots)
        _require_drivable(strength)
        shown = timeline.source_index
        manners, who = _manners(seen, watched.shots, fps, is_portrait=timeline.is_portrait)
        width = resting_width(seen, watched.shots, fps)
        poses = commands(articulation, fps, width[shown], strength[shown], manners, who[shown])
        performance = Performance(
            watched=watched,
            shown=shown,
            poses=poses,
            choices=_choices(watched, seen, poses, shown),
            light=smooth_within(watched.light.astype(np.float64), watched.shots, 0.4 * fps),
        )
        return Analysis(tensors=pack(performance), warnings=_warnings(watched.shots, strength, shown, fps))

    def render_segment(
        self, frames: Iterable[Frame], analysis: Analysis, start: int, report: Report
    ) -> Iterator[Frame]:
        """See `engines.base.Engine`; a frame without a face is given back as it is."""
        performance = unpack(analysis.tensors)
        for number, frame in enumerate(frames, start):
            yield draw_frame(frame, performance, number)


def _require_face(watched: Watched) -> None:
    if (watched.shots < 0).all():
        raise NoFace("no face was found", remedy=_REMEDY)


def _require_drivable(strength: NDArray[np.float32]) -> None:
    if strength.max() < _FAINT:
        raise NoFace("every face is too small or turned away", remedy=_REMEDY)


def _strength(seen: Measures, shots: NDArray[np.int32]) -> NDArray[np.float32]:
    """How fully each source frame (N,) is driven: less where the face is small, turned away, or about to go."""
    (small, large), (frontal, profile) = _SMALL_PX, _TURNED
    size = np.clip((seen.unit - small) / (large - small), 0, 1)
    turn = np.clip((profile - np.abs(seen.yaw)) / (profile - frontal), 0, 1)
    steady = smooth_within(size * turn, shots, 2.0)
    return np.asarray(steady * _edges(shots >= 0), dtype=np.float32)


def _edges(present: NDArray[np.bool_]) -> NDArray[np.float32]:
    """0 where no face is, rising to 1 within a few frames of it."""
    absent = np.flatnonzero(~present)
    if not len(absent):
        return np.ones(len(present), dtype=np.float32)
    frames = np.arange(len(present))
    after = np.searchsorted(absent, frames)
    ahead = np.abs(absent[np.minimum(after, len(absent) - 1)] - frames)
    behind = np.abs(frames - absent[np.maximum(after - 1, 0)])
    return np.asarray(np.minimum(np.minimum(ahead, behind) / _FADE_FRAMES, 1), dtype=np.float32)


def _manners(
    seen: Measures, shots: NDArray[np.int32], fps: float, *, is_portrait: bool
) -> tuple[list[Manner], NDArray[np.int32]]:
    """The manner of each shot's speaker, and which of them each source frame (N,) shows."""
    everyone = manner_of(seen.gap[shots >= 0], is_portrait=is_portrait)
    manners = []
    for shot in range(int(shots.max()) + 1):
        gaps = seen.gap[shots == shot]
        known = len(gaps) >= _ACQUAINTED_S * fps
        manners.append(manner_of(gaps, is_portrait=is_portrait) if known else everyone)
    return manners, np.maximum(shots, 0)


def _choices(
    watched: Watched, seen: Measures, poses: NDArray[np.float32], shown: NDArray[np.int32]
) -> NDArray[np.int16]:
    looks = Looks(gap=seen.gap * _truly_open(watched, seen), width=seen.width, yaw=seen.yaw, pitch=seen.pitch)
    own = looks[shown]
    wanted = Looks(
        gap=poses[:, 0].astype(np.float64), width=poses[:, 1].astype(np.float64), yaw=own.yaw, pitch=own.pitch
    )
    number = watched.bank.number
    return choose(wanted, own, watched.shots[shown], looks[number], watched.shots[number])


def _truly_open(watched: Watched, seen: Measures) -> NDArray[np.bool_]:
    """Frames (N,) whose open mouth is seen to be open, and not so by the landmarks' error."""
    threshold = np.full(len(watched.shots), _LEAST_CONTRAST)
    for shot in range(int(watched.shots.max()) + 1):
        wide = (watched.shots == shot) & (seen.gap > 0.05)
        if wide.any():
            usual = np.percentile(watched.contrast[wide], 90)
            threshold[watched.shots == shot] = max(_LEAST_CONTRAST, _SHARE_OF_CONTRAST * usual)
    return np.asarray(watched.contrast >= threshold)


def _warnings(
    shots: NDArray[np.int32], strength: NDArray[np.float32], shown: NDArray[np.int32], fps: float
) -> tuple[str, ...]:
    absent = shots[shown] < 0
    faint = ~absent & (strength[shown] < _FAINT) & ~_near(absent)
    return (*_spans(absent, fps, "no face"), *_spans(faint, fps, "the face is too small or turned away"))


def _near(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames within a fade of a flagged one."""
    kernel = np.ones(2 * _FADE_FRAMES + 1)
    return np.asarray(np.convolve(flags, kernel, mode="same")[: len(flags)] > 0)


def _spans(flags: NDArray[np.bool_], fps: float, what: str) -> Iterator[str]:
    """A sentence for each stretch of flagged output frames, the first few of them."""
    bounds = [0, *(np.flatnonzero(np.diff(flags)) + 1).tolist(), len(flags)]
    spans = [(start, end) for start, end in pairwise(bounds) if flags[start]]
    for start, end in spans[:_MOST_SPANS]:
        yield f"{what} from {start / fps:.1f} s to {end / fps:.1f} s: frames kept as they are"
    if len(spans) > _MOST_SPANS:
        yield f"{what} in {len(spans) - _MOST_SPANS} more places: frames kept as they are"
