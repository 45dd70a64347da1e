"""Whisper, ready to hear (Radford et al., 2023, "Robust Speech Recognition via Large-Scale Weak Supervision").

All that its encoder's layers make of speech is kept: the lips need sounds, which the first ones hear, as well as words.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.models.whisper.feature_extraction_whisper import WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from engines.musetalk.speech import RATE_HZ


class Ear:
    """Hears.

    Args:
        encoder: loaded.
    """

    def __init__(self, encoder: WhisperEncoder) -> None:
        self._encoder = encoder
        weights = next(encoder.parameters())
        self._device, self._dtype = weights.device, weights.dtype
        bands = encoder.config.num_mel_bins
        self._extractor = WhisperFeatureExtractor(feature_size=bands)  # type: ignore[no-untyped-call]

    def log_mel(self, samples: NDArray[np.float32]) -> Tensor:
        """The spectrogram of up to 30 s at 16 kHz: float32 (1, 80, 3000)."""
        spectrogram: Tensor = self._extractor(samples, sampling_rate=RATE_HZ, return_tensors="pt").input_features
        return spectrogram

    @torch.inference_mode()
    def hear(self, samples: NDArray[np.float32]) -> Tensor:
        """What the layers make of up to 30 s: (1500, L, D), L being one more than there are layers."""
        spectrogram = self.log_mel(samples).to(self._device, self._dtype)
        states = self._encoder(spectrogram, output_hidden_states=True).hidden_states
        return torch.stack(states, dim=2)[0]
