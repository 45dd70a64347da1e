"""Distorting log-mel frames."""

import pytest
import torch

from engines.articulate.speech_net import MELS
from scripts.training.distort import distort, masked

pytestmark = pytest.mark.unit


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Frames that are loud where the phone is 1 and soft where it is 0."""
    phones = torch.arange(200).div(40, rounding_mode="floor").remainder(2).repeat(4, 1)
    return phones[:, None].float().repeat(1, MELS, 1) * 12 - 12, phones


def test_distortion_keeps_shapes_and_changes_values() -> None:
    torch.manual_seed(1)
    mel, phones = distort(batch())
    assert mel.shape == (4, MELS, 200)
    assert phones.shape == (4, 200)
    assert torch.isfinite(mel).all()
    assert not torch.equal(mel, batch()[0])


def test_labels_move_with_their_frames() -> None:
    torch.manual_seed(2)
    mel, phones = distort(batch())
    loudness = mel.mean(1)
    assert (loudness[phones == 1].mean() - loudness[phones == 0].mean()) > 2
    for spoken, loud in zip(phones, loudness, strict=True):
        assert torch.corrcoef(torch.stack([spoken.float(), loud]))[0, 1] > 0.8


def test_masks_blank_a_small_part() -> None:
    torch.manual_seed(3)
    kept = masked(torch.ones(8, MELS, 200))
    assert 0.7 < kept.mean() < 1.0
    assert set(kept.flatten().tolist()) == {0.0, 1.0}
