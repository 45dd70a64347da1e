"""Prompts as the encoder hears them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engines.articulate.speech_encoder import HEARD, HOP, SAMPLE_RATE, SpeechEncoder
from scripts.training.prompts import READERS, Prompt, heard_prompts, shuffled

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


def test_a_channel_changes_what_is_heard_and_not_whose_it_is() -> None:
    every = [replace(prompt(3.0), samples=np.sin(np.arange(48000, dtype=np.float32) / 9)), prompt(2.0)]
    sounds: list[np.ndarray] = []

    class Listener(Deaf):
        def forward(self, mel: torch.Tensor) -> torch.Tensor:
            sounds.append(mel.numpy())
            return super().forward(mel)

    plain, sent, again = (list(heard_prompts(every, Listener(), seed)) for seed in (None, 1, 1))
    assert [labels.tolist() for _, labels in plain] == [labels.tolist() for _, labels in sent]
    assert len(sent) == len(again)
    first, second, third = sounds[0], sounds[len(sounds) // 3], sounds[2 * len(sounds) // 3]
    assert not np.allclose(first, second)
    assert np.array_equal(second, third)


def test_only_prompts_that_ask_for_no_sharing_alike_are_read() -> None:
    assert {language for _, language, _ in READERS} == {"it", "ru"}


def test_missing_packages_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        shuffled(1, tmp_path)
