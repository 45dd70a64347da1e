"""One clip through all drivers: rendered, encoded, watched again, scored."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from contracts.errors import NoFace
from engines.articulate.driver import RATE_HZ
from engines.articulate.engine import Articulate
from engines.articulate.voice import levels_db
from engines.base import Analysis, Engine, Frame, Speech
from engines.encode import encode_segment
from engines.people.faces import FaceFinder
from scripts.quality.clips import ENGLISH, Clip
from scripts.quality.deliver import Delivery, deliver, write_voice
from scripts.quality.drivers import Wish, driven_faces, listen, loudness, obey, real_mouth, wished
from scripts.quality.halves import Halves, cut_in_half
from scripts.quality.lips import Lips
from scripts.quality.measures import Flags, silences
from scripts.quality.outside import Outside, OutsideFailed, recognised_phones
from scripts.quality.scores import Driver, Real, Scores, score
from scripts.quality.takes import Place, Take, compare, watch_take

#: The real second half, beside the drivers, in a clip's folder.
REAL = "real"
VOICE = "voice.wav"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All that is known of one clip.

    Attributes:
        clip, fps, frames: which, and the half's rate and length in frames.
        heard: how many of the frames have a sound and are scored.
        real: the real second half's lips.
        lips, scores: of each driver.
        failures: why a driver or check is missing.
        delivery: of the audio-driven file, as published.
        first_place, later_place: where the face is in either half.
    """

    clip: Clip
    fps: float
    frames: int
    heard: int
    real: Lips
    delivery: Delivery
    first_place: Place
    later_place: Place
    lips: dict[Driver, Lips] = field(default_factory=dict)
    scores: dict[Driver, Scores] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


class Judge:
    """The engine under judgement, and the eyes it is judged with; loaded once.

    Args:
        device: where the networks run.
        outside: interpreters for the comparators that need other packages.
    """

    def __init__(self, device: torch.device, outside: Outside) -> None:
        self._engine: Engine = Articulate(device)
        self._finder = FaceFinder(device)
        self._outside = outside

    def judge(self, clip: Clip, folder: Path) -> Judged:
        """Judge one clip; the videos of all drivers are left in `folder`.

        Raises:
            UnreadableMedia: when the clip cannot be decoded or has no sound.
            NoFace: when nobody can be driven in its first half or seen in its second.
        """
        folder.mkdir(parents=True, exist_ok=True)
        halves = cut_in_half(clip)
        write_voice(halves.voice, folder / VOICE)
        real = self._reality(halves, folder)
        plans, failures = self._plans(halves, real, folder / VOICE)
        lips, scores = {Driver.NO_CHANGE: real.first.lips}, {Driver.NO_CHANGE: score(real.first, real)}
        for driver, (analysis, wish) in plans.items():
            take = self._render(halves, analysis, folder / f"{driver}.mp4")
            lips[driver], scores[driver] = take.lips, score(take, real, wish)
        delivery = deliver(
            halves,
            driven_faces(plans[Driver.AUDIO][0]),
            folder / f"{Driver.AUDIO}.mp4",
            folder / VOICE,
            folder / "delivered.mp4",
        )
        return Judged(
            clip=clip,
            fps=halves.fps,
            frames=halves.timeline.frames,
            heard=halves.heard,
            real=real.later.lips,
            delivery=delivery,
            first_place=real.first.place,
            later_place=real.later.place,
            lips=lips,
            scores=scores,
            failures=failures,
        )

    def _reality(self, halves: Halves, folder: Path) -> Real:
        first, later = Take(), Take()
        for take, frames, name in (
            (first, halves.first_frames(), Driver.NO_CHANGE),
            (later, halves.later_frames(), REAL),
        ):
            self._keep(watch_take(self._finder, frames, halves.mask, take), halves, folder / f"{name}.mp4")
        for take, which in ((first, "first"), (later, "second")):
            if not take.lips.seen.any():
                raise NoFace(f"no face is seen in the {which} half", remedy="Judge clips of one talking person.")
        return Real(first=first, later=later, silent=_silent(halves), heard=halves.heard, fps=halves.fps)

    def _plans(
        self, halves: Halves, real: Real, voice: Path
    ) -> tuple[dict[Driver, tuple[Analysis, Wish]], dict[str, str]]:
        """What each driver commands, and why one commands nothing."""
        heard = listen(self._engine, halves)
        plans = {Driver.AUDIO: (heard, wished(heard))}
        true, loud = real_mouth(real.later.faces, halves.fps), loudness(heard, halves)
        plans |= {Driver.RENDERER: (obey(heard, true), true), Driver.ENERGY: (obey(heard, loud), loud)}
        if self._outside.words is None:
            return plans, {}
        language = halves.clip.language
        if language not in ("", ENGLISH):
            return plans, {Driver.WORDS: f"only English words are recognised, and the clip is in {language}"}
        try:
            spoken = listen(self._engine, halves, recognised_phones(self._outside.words, voice))
        except OutsideFailed as error:
            return plans, {Driver.WORDS: str(error)}
        return plans | {Driver.WORDS: (spoken, wished(spoken))}, {}

    def _render(self, halves: Halves, analysis: Analysis, out: Path) -> Take:
        take = Take()
        drawn = self._engine.render_segment(halves.first_frames(), analysis, 0, lambda _fraction: None)
        compared = compare(drawn, halves.first_frames(), driven_faces(analysis), take)
        self._keep(watch_take(self._finder, compared, halves.mask, take), halves, out)
        return take

    def _keep(self, frames: Iterator[Frame], halves: Halves, out: Path) -> None:
        encode_segment(frames, halves.timeline.fps, halves.size, out)


def _silent(halves: Halves) -> Flags:
    voice: Speech = halves.voice
    moments = (np.arange(halves.timeline.frames) + 0.5) / halves.fps
    return silences(levels_db(voice.samples, round(voice.rate / RATE_HZ)), RATE_HZ, moments)
