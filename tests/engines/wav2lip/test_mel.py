"""Mel spectrograms and windows against those of the public code."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engines.wav2lip.mel import COLUMNS_PER_S, RATE_HZ, mel_spectrogram, window_starts, windows

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", ["radio31", "chirp"])
def test_spectrograms_are_those_of_the_public_code(name: str, parity: Path) -> None:
    reference = np.load(parity / "wav2lip_mel.npz")

    heard = mel_spectrogram(reference[f"{name}_wav"])

    assert heard.shape == reference[f"{name}_mel"].shape
    assert np.abs(heard - reference[f"{name}_mel"]).max() < 1e-4


def test_a_tone_is_heard_in_the_band_of_its_pitch_and_silence_in_none() -> None:
    moments = np.arange(RATE_HZ) / RATE_HZ
    tone = np.sin(2 * np.pi * 1000 * moments).astype(np.float32)

    heard = mel_spectrogram(np.concatenate([tone, np.zeros(RATE_HZ, np.float32)]))

    loudest = np.bincount(heard[:, 10:70].argmax(axis=0)).argmax()
    assert heard.shape == (80, 2 * COLUMNS_PER_S + 1)
    assert 24 <= loudest <= 27
    assert (heard[:, 90:] == -4).all()


def test_long_sounds_are_heard_in_pieces_without_seams() -> None:
    samples = np.random.default_rng(3).standard_normal(60 * RATE_HZ).astype(np.float32) * 0.1

    heard = mel_spectrogram(samples)

    around = mel_spectrogram(samples[200 * 4000 : 200 * 4200])
    assert np.abs(heard[:, 4010:4190] - around[:, 10:190]).max() < 1e-4


def test_windows_begin_where_those_of_the_public_code_do(parity: Path) -> None:
    reference = json.loads((parity / "wav2lip_chunk_starts.json").read_text())

    for case, starts in reference.items():
        columns, fps = case.split("@")
        assert window_starts(int(columns), len(starts), Fraction(fps)).tolist() == starts, case


def test_the_last_frames_are_not_lost() -> None:
    starts = window_starts(801, 250, Fraction(25))

    assert len(starts) == 250
    assert (starts[-4:] == 785).all()


def test_frames_stay_with_the_sound_at_rates_that_no_float_holds() -> None:
    fps, hour = Fraction(30000, 1001), 107892

    starts = window_starts(10**6, hour, fps)

    assert starts[-1] == int((hour - 1) / fps * COLUMNS_PER_S)


def test_a_window_is_its_sixteen_columns() -> None:
    mel = np.arange(80 * 40, dtype=np.float32).reshape(80, 40)

    seen = windows(mel, np.array([0, 24]))

    assert seen.shape == (2, 1, 80, 16)
    assert (seen[1, 0] == mel[:, 24:]).all()
