"""Speech as MuseTalk hears it: what every layer of Whisper's encoder makes of it, around the moment of each frame.

Radford et al., 2023, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv:2212.04356. Whisper hears 30 s
at a time and answers 50 times a second; a frame is drawn of ten of these answers. The public code counts with whole
frames per second and, at other rates than 25 and 30, looks for a frame's speech elsewhere; here moments are exact at
any rate.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.models.whisper.feature_extraction_whisper import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

RATE_HZ = 16_000
STEPS_PER_S = 50
#: Steps of Whisper that a frame is drawn of, and how many of them are before the frame's moment.
STEPS, LEAD = 10, 4
_PIECE_S = 30
_PIECE_STEPS = _PIECE_S * STEPS_PER_S
#: Pieces that are held: frames at a seam need two.
_HELD = 2


def step_begins(frames: int, fps: Fraction) -> NDArray[np.int64]:
    """The first of the ten steps of each output frame, int64 (frames,); below 0 before the speech begins.

    The public code begins them 2 * ceil(50 / fps) steps before the moment, which is these four from 25 frames per second
    on, but six at 24 and eight at 12.5; it rounds 29.97 down to 29, and gives up at 60.
    """
    moments = [number * STEPS_PER_S * fps.denominator // fps.numerator for number in range(frames)]
    return np.array(moments, np.int64) - LEAD


def steps_of(samples: int, frames: int, fps: Fraction) -> int:
    """How many steps there are of a speech of so many samples, or to the end of the output if that is later."""
    shown = -(-frames * STEPS_PER_S * fps.denominator // fps.numerator)
    return max(samples * STEPS_PER_S // RATE_HZ, shown)


class Ear:
    """Whisper, ready to hear.

    Args:
        encoder: loaded.
    """

    def __init__(self, encoder: WhisperEncoder) -> None:
        self._encoder = encoder
        self._device = next(encoder.parameters()).device
        self._dtype = next(encoder.parameters()).dtype
        self._extractor = WhisperFeatureExtractor(feature_size=encoder.config.num_mel_bins)

    def log_mel(self, samples: NDArray[np.float32]) -> Tensor:
        """The spectrogram of up to 30 s at 16 kHz: float32 (1, 80, 3000)."""
        spectrogram = self._extractor(samples, sampling_rate=RATE_HZ, return_tensors="pt").input_features
        assured: Tensor = spectrogram
        return assured

    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32]) -> Tensor:
        """What the layers make of up to 30 s: (1500, L, D), L being one more than there are layers."""
        spectrogram = self.log_mel(samples).to(self._device, self._dtype)
        states = self._encoder(spectrogram, output_hidden_states=True).hidden_states
        return torch.stack(states, dim=2)[0]


class Hearing:
    """One voice, heard as far as it is asked for, in memory that does not grow with its length.

    Args:
        ear: hears.
        samples: int16 (N,) at 16 kHz, in parts of 32767.
        steps: how many there are; before and behind them nothing is heard.
    """

    def __init__(self, ear: Ear, samples: NDArray[np.int16], steps: int) -> None:
        self._ear, self._samples, self._steps = ear, samples, steps
        self._pieces: dict[int, Tensor] = {}

    def windows(self, begins: Sequence[int]) -> Tensor:
        """What is heard in the ten steps from each of `begins` on: (B, 10 * L, D), step by step, layer by layer."""
        return torch.stack([self._window(begin).flatten(0, 1) for begin in begins])

    def _window(self, begin: int) -> Tensor:
        return torch.stack([self._step(step) for step in range(begin, begin + STEPS)])

    def _step(self, step: int) -> Tensor:
        piece = self._piece(min(max(step, 0), self._steps - 1) // _PIECE_STEPS)
        heard = piece[step % _PIECE_STEPS]
        return heard if 0 <= step < self._steps else torch.zeros_like(heard)

    def _piece(self, number: int) -> Tensor:
        if number not in self._pieces:
            if len(self._pieces) == _HELD:
                del self._pieces[min(self._pieces)]
            first = number * _PIECE_S * RATE_HZ
            part = self._samples[first : first + _PIECE_S * RATE_HZ].astype(np.float32) / 32767
            # Of nothing at all no spectrogram can be made.
            self._pieces[number] = self._ear.hear(part if len(part) else np.zeros(RATE_HZ, np.float32))
        return self._pieces[number]
