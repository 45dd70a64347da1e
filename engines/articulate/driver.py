"""Speech in, mouth movement out: the audio half of the default engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from engines.activity import Track, activity, ramp, timed_activity
from engines.articulate.phones import (
    PHONES,
    RATE_HZ,
    SILENCE,
    Feature,
    coarticulate,
    frame_phones,
    phones_of_speech,
    unknown_frames,
)
from engines.articulate.speech_encoder import HOP, SAMPLE_RATE
from engines.articulate.speech_net import Hearing
from engines.base import TimedPhone, Waiting
from engines.samples import Samples, levels_db, require_voice, resample
from engines.weights import load_weights

__all__ = ["RATE_HZ", "Articulation", "SpeechDriver", "sample_at"]

_WEIGHTS = Path(__file__).parent / "weights"
#: Probability of contact at which the lips begin to close, and at which they are shut.
_CONTACT = (0.2, 0.6)
#: Running speech seldom reaches the table's targets; this brings its widest vowels to 1.
_WIDEN = 1.6
#: Above this activity somebody speaks, between phones that are known.
_ACTIVE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Articulation:
    """What the mouth does, as tracks of float32 (N,) at `RATE_HZ`; frame t is at t / RATE_HZ seconds.

    Attributes:
        opening: 0 closed .. 1 the widest of normal speech.
        width: -1 pursed .. 1 spread.
        rounding: 0..1, lips pushed forward.
        closure: 0..1, probability that the lips touch (p, b, m).
        labiodental: 0..1, lower lip against the upper teeth (f, v).
        teeth: 0..1, how much of the teeth shows.
        tongue: 0..1, how much of the tongue shows.
        activity: 0..1, speech present; the mouth rests where it is 0.
    """

    opening: NDArray[np.float32]
    width: NDArray[np.float32]
    rounding: NDArray[np.float32]
    closure: NDArray[np.float32]
    labiodental: NDArray[np.float32]
    teeth: NDArray[np.float32]
    tongue: NDArray[np.float32]
    activity: NDArray[np.float32]


class SpeechDriver:
    """Turns a voice into an `Articulation`.

    Args:
        device: where the network runs.

    Raises:
        WeightsMissing: when the network's weights are not installed or damaged.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        hearing = Hearing(len(PHONES))
        load_weights(hearing.encoder, _WEIGHTS, "speech_encoder.safetensors")
        load_weights(hearing.net, _WEIGHTS, "speech.safetensors")
        self._hearing = hearing.to(device).eval()

    def articulate(
        self,
        samples: NDArray[np.float32],
        rate: int,
        phones: Sequence[TimedPhone] = (),
        waiting: Waiting = lambda: None,
    ) -> Articulation:
        """Say how the mouth moves to this voice, whatever its loudness.

        Args:
            samples: float32 (N,) mono in [-1, 1], of any length; silence leaves the mouth at rest.
            rate: samples per second.
            phones: what is said when, in order; if given, it is believed, and the voice is listened to only where
                it is left to be heard.
            waiting: called for every few seconds of the voice that were listened to.

        Returns:
            Tracks that span the sound: one frame more than its whole hundredths of a second.

        Raises:
            UnreadableMedia: when the samples are not finite numbers of one channel, or the rate is impossible.
        """
        voice = resample(require_voice(samples, rate), rate, SAMPLE_RATE)
        unknown = unknown_frames(phones, len(voice) // HOP + 1)
        if phones and not unknown.any():
            return _spoken(phones, len(voice) // HOP + 1)
        presence = np.concatenate(list(self._presence(voice, waiting)))
        if phones:
            return _partly_spoken(phones, presence, unknown, levels_db(voice, HOP))
        features = coarticulate(torch.from_numpy(presence)[None])[0].numpy()
        return _articulation(features, activity(presence[:, SILENCE], levels_db(voice, HOP)))

    def _presence(self, voice: Samples, waiting: Waiting) -> Iterator[NDArray[np.float32]]:
        """Probability of each phone, float32 (N, phones) a piece."""
        for piece in self._hearing.presence(torch.from_numpy(voice).to(self._device)):
            waiting()
            yield piece.cpu().numpy()


def sample_at(track: NDArray[np.float32], times_s: NDArray[np.floating]) -> NDArray[np.float32]:
    """The track at these times in seconds, (T,) float32, linearly interpolated; its ends hold."""
    frames = np.asarray(times_s, dtype=np.float64) * RATE_HZ
    return np.interp(frames, np.arange(len(track)), track).astype(np.float32)


def _spoken(phones: Sequence[TimedPhone], frames: int) -> Articulation:
    """The articulation of known phones over so many frames."""
    labels = torch.from_numpy(frame_phones(phones_of_speech(phones), frames)).long()
    presence = functional.one_hot(labels, len(PHONES)).float()
    features = coarticulate(presence[None])[0].numpy()
    return _articulation(features, timed_activity((labels != SILENCE).numpy()))


def _partly_spoken(
    phones: Sequence[TimedPhone],
    heard: NDArray[np.float32],
    unknown: NDArray[np.bool_],
    levels: NDArray[np.float32],
) -> Articulation:
    """The articulation of phones that are known but for some frames, where the voice itself is heard."""
    labels = frame_phones(phones_of_speech(phones), len(unknown))
    presence = np.where(unknown[:, None], heard, np.eye(len(PHONES), dtype=np.float32)[labels])
    features = coarticulate(torch.from_numpy(presence)[None])[0].numpy()
    is_heard = activity(heard[:, SILENCE], levels) > _ACTIVE
    return _articulation(features, timed_activity(np.where(unknown, is_heard, labels != SILENCE)))


def _articulation(features: NDArray[np.float32], speaking: Track) -> Articulation:
    """Rest the mouth where nobody speaks, and shut it where lips touch."""
    active = dict(zip((feature.name.lower() for feature in Feature), features.T * speaking, strict=True))
    active["opening"] = active["opening"] * _WIDEN * (1 - ramp(active["closure"], _CONTACT))
    positive = {name: np.clip(track, 0, 1) for name, track in active.items() if name != "width"}
    return Articulation(width=np.clip(active["width"], -1, 1), activity=speaking, **positive)
