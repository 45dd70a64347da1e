"""What moves the mouth: the voice through the engine, known phones, another track of a mouth, or mere loudness."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from contracts.jobs import Side
from engines.activity import smooth
from engines.articulate.acting import choices_for
from engines.articulate.driver import RATE_HZ, sample_at
from engines.articulate.motion import POSE_COLUMNS, resting_width
from engines.articulate.performance import Performance, pack, unpack
from engines.base import Analysis, Direction, Engine, TimedPhone
from engines.people.cast import speaker_of
from engines.people.face_smoothing import smooth_track
from engines.people.faces import Landmarks
from engines.people.shape import KEPT, Floats, measure
from engines.samples import levels_db
from scripts.quality.halves import Halves
from scripts.quality.measures import Track, ranked_onto

#: How much of the teeth shows where nothing says how much.
_USUAL_TEETH = 0.5
#: Standard deviation of the loudness's smoothing, in frames of 10 ms.
_ENVELOPE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a mouth is to do, in inter-ocular distances, (T,) each."""

    gap: Track
    width: Track


def listen(engine: Engine, halves: Halves, phones: Sequence[TimedPhone] = ()) -> Analysis:
    """Let the engine plan the first half to the sound of the second, as it would for a job.

    Args:
        engine: loaded.
        halves: the clip.
        phones: what is said when, if that is known; else the engine listens.

    Raises:
        NoFace: when nobody in the first half can be driven.
    """
    numbers = np.arange(halves.timeline.source_index.max() + 1, dtype=np.int32)
    voice = replace(halves.voice, phones=tuple(phones))
    frames = halves.source.frames_at(numbers, halves.size)
    return engine.analyse(frames, [voice], halves.timeline, Direction(mask=halves.mask), lambda _fraction: None)


def wished(analysis: Analysis) -> Wish:
    """What an analysis commands."""
    poses = _performance(analysis).poses
    return Wish(gap=poses[:, POSE_COLUMNS.index("gap")], width=poses[:, POSE_COLUMNS.index("width")])


def driven_faces(analysis: Analysis) -> list[Floats | None]:
    """The face's kept points (P, 2) in each output frame as the engine takes it to be, None where it sees none."""
    performance = _performance(analysis)
    watched = performance.watched
    return [
        watched.points[number].astype(np.float64) if watched.shots[number] >= 0 else None
        for number in performance.shown
    ]


def obey(analysis: Analysis, wish: Wish) -> Analysis:
    """The same plan with another mouth: opened and widened as wished, and all else at rest."""
    performance = _performance(analysis)
    poses = np.zeros_like(performance.poses)
    columns = {"gap": wish.gap, "width": wish.width, "teeth": np.full(len(poses), _USUAL_TEETH)}
    for name, track in columns.items():
        poses[:, POSE_COLUMNS.index(name)] = track
    strength = POSE_COLUMNS.index("strength")
    poses[:, strength] = performance.poses[:, strength]
    speaker = speaker_of(performance.watched, is_portrait=False)
    driven = replace(performance, poses=poses, choices=choices_for(speaker, poses, performance.shown))
    return replace(analysis, tensors=analysis.tensors | pack({Side.ONLY: driven}))


def real_mouth(faces: Sequence[Landmarks | None], fps: float) -> Wish:
    """What a real mouth did, from its landmarks (468, 2) in each frame, steadied; bridged where no face is seen."""
    present = np.array([face is not None for face in faces], dtype=bool)
    nothing = np.zeros((468, 2), np.float32)
    marks = smooth_track(np.stack([nothing if face is None else face for face in faces]), present, fps)
    seen = measure(marks[present][:, KEPT].astype(np.float64))
    frames = np.arange(len(faces))
    return Wish(gap=np.interp(frames, frames[present], seen.gap), width=np.interp(frames, frames[present], seen.width))


def loudness(analysis: Analysis, halves: Halves) -> Wish:
    """A mouth that merely flaps: as open as the voice is loud, in the range of the speaker's own first half."""
    performance = _performance(analysis)
    watched, shown = performance.watched, performance.shown
    speaker = speaker_of(watched, is_portrait=False)
    voice = halves.voice
    power = (10 ** (levels_db(voice.samples, round(voice.rate / RATE_HZ)) / 20)).astype(np.float32)
    moments = (np.arange(len(shown)) + 0.5) / halves.fps
    envelope = sample_at(smooth(power, _ENVELOPE), moments)
    usual = speaker.seen.gap[watched.shots >= 0]
    width = resting_width(speaker.seen, watched.shots, float(halves.timeline.source_fps))
    return Wish(gap=ranked_onto(envelope, usual), width=width[shown])


def _performance(analysis: Analysis) -> Performance:
    return next(iter(unpack(analysis.tensors).values()))
