"""Prompts as the encoder hears them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from engines.articulate.speech_encoder import HEARD, HOP, SAMPLE_RATE, SpeechEncoder
from scripts.training.prompts import Prompt, heard_prompts, shuffled

pytestmark = pytest.mark.unit


def prompt(seconds: float) -> Prompt:
    return Prompt(samples=np.zeros(int(seconds * SAMPLE_RATE), np.float32), text="mama", voice="it")


class Deaf(SpeechEncoder):
    """Hears nothing, at once."""

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return torch.zeros(1, mel.shape[-1] // 2, HEARD)


def test_every_frame_is_some_prompts() -> None:
    every = [prompt(4.0), prompt(8.0), prompt(0.6)]
    heard = list(heard_prompts(every, Deaf()))
    numbers = np.concatenate([labels for _, labels in heard])
    assert np.bincount(numbers).tolist() == [len(item.samples) // HOP for item in every]
    assert all(2 * len(features) == len(labels) for features, labels in heard)


def test_missing_packages_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        shuffled(1, tmp_path)
