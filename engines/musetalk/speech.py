"""Speech as MuseTalk hears it: what every layer of Whisper's encoder makes of it, around the moment of each frame.

Whisper hears 30 s at a time and answers 50 times a second; a frame is drawn of ten of these answers. The public code
counts with whole frames per second and, at other rates than 25 and 30, takes a frame's speech from elsewhere; here
moments are exact at any rate.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RATE_HZ = 16_000
STEPS_PER_S = 50
#: Steps of Whisper that a frame is drawn of, and how many of them are before the frame's moment.
STEPS, LEAD = 10, 4
_STEP = RATE_HZ // STEPS_PER_S
#: Whisper's piece, in seconds.
PIECE_S = 30
_PIECE, _PIECE_STEPS = PIECE_S * RATE_HZ, PIECE_S * STEPS_PER_S
#: Pieces that are held: frames at a seam need two.
_HELD = 2
#: Most of a sample.
_FULL = 32767

#: Hears up to 30 s of 16 kHz: float32 (N,) in [-1, 1] -> (1500, L, D), L being one more than there are layers.
Hear = Callable[[NDArray[np.float32]], Tensor]


def step_begins(frames: int, fps: Fraction) -> NDArray[np.int64]:
    """The first of the ten steps of each output frame, int64 (frames,); below 0 before the speech begins.

    The public code begins them 2 * ceil(50 / fps) steps before the moment. From 25 frames per second on these are the
    same four; but they are six at 24 and ten at 12.5, which it takes for 12. It takes 29.97 for 29, and gives up at 60.
    """
    moments = [number * STEPS_PER_S * fps.denominator // fps.numerator for number in range(frames)]
    return np.array(moments, np.int64) - LEAD


def kept(voice: NDArray[np.float32], frames: int, fps: Fraction) -> NDArray[np.int16]:
    """A voice at 16 kHz as it is kept: in whole steps, and silent from its end to that of the output.

    Args:
        voice: float32 (N,) in [-1, 1].
        frames: of the output.
        fps: frames per second, exact.

    Returns:
        Int16, in parts of 32767: the two bytes that recordings have.
    """
    shown = -(-frames * STEPS_PER_S * fps.denominator // fps.numerator)
    steps = max(-(-len(voice) // _STEP), shown, 1)
    samples = np.zeros(steps * _STEP, np.int16)
    samples[: len(voice)] = np.rint(np.clip(voice, -1, 1) * _FULL)
    return samples


class Hearing:
    """One voice, heard as far as it is asked for, in memory that does not grow with its length.

    Args:
        hear: hears a piece.
        samples: as `kept` gave it.
    """

    def __init__(self, hear: Hear, samples: NDArray[np.int16]) -> None:
        self._hear, self._samples = hear, samples
        self._steps = len(samples) // _STEP
        self._pieces: dict[int, Tensor] = {}

    def windows(self, begins: Sequence[int]) -> Tensor:
        """What is heard in the ten steps from each of `begins` on: (B, 10 * L, D), step by step, layer by layer.

        Before and behind the voice it is 0, as in the public code.
        """
        return torch.stack([self._window(begin).flatten(0, 1) for begin in begins])

    def _window(self, begin: int) -> Tensor:
        return torch.stack([self._step(step) for step in range(begin, begin + STEPS)])

    def _step(self, step: int) -> Tensor:
        inside = min(max(step, 0), self._steps - 1)
        heard = self._piece(inside // _PIECE_STEPS)[inside % _PIECE_STEPS]
        return heard if step == inside else torch.zeros_like(heard)

    def _piece(self, number: int) -> Tensor:
        if number not in self._pieces:
            if len(self._pieces) == _HELD:
                del self._pieces[min(self._pieces)]
            part = self._samples[number * _PIECE : (number + 1) * _PIECE]
            self._pieces[number] = self._hear(part.astype(np.float32) / np.float32(_FULL))
        return self._pieces[number]
