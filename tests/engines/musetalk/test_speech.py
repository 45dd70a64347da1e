"""Which of what Whisper hears drives which frame: as in the public code where that is right, and right elsewhere."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engines.musetalk.speech import LEAD, PIECE_S, RATE_HZ, STEPS, STEPS_PER_S, Hearing, kept, step_begins

pytestmark = pytest.mark.unit

NTSC = Fraction(30000, 1001)


def windows_coded(begins: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """The steps of each frame's window as the reference codes them: from 1 on, and 0 where nothing is heard."""
    inside = begins[:, None] + np.arange(STEPS)
    return np.where((inside >= 0) & (inside < steps), inside + 1, 0)


def coded(case: str) -> tuple[Fraction, float]:
    fps, seconds = case.removesuffix("s").split("@")
    return Fraction(fps), float(seconds)


@pytest.mark.parametrize("case", ["25@1s", "25@3.3s", "30@1s", "30@3.3s"])
def test_windows_are_those_of_the_public_code_at_the_rates_it_is_right_for(case: str, parity: Path) -> None:
    reference = json.loads((parity / "musetalk_audio_chunks.json").read_text())[case]
    fps, seconds = coded(case)

    own = windows_coded(step_begins(reference["frames"], fps), int(seconds * STEPS_PER_S))

    assert reference["shape"] == [len(own), STEPS * 5, 384]
    assert own[[0, 1, -1]].tolist() == [reference["first"], reference["second"], reference["last"]]


@pytest.mark.parametrize(("case", "late"), [("24@1s", 2), ("24@3.3s", 2), ("12.5@1s", 6), ("12.5@3.3s", 6)])
def test_at_low_rates_the_public_code_hears_too_early_and_ours_does_not(case: str, late: int, parity: Path) -> None:
    """It puts 2 * ceil(50 / fps) empty steps before it, and looks two or six steps back; 12.5 it takes for 12."""
    reference = json.loads((parity / "musetalk_audio_chunks.json").read_text())[case]
    fps, _ = coded(case)

    first = windows_coded(step_begins(1, fps), STEPS_PER_S)[0]

    assert reference["first"] == [0] * late + first.tolist()[:-late]
    assert (first > 0).sum() == STEPS - LEAD


def test_the_public_code_takes_2997_for_29_and_ours_keeps_with_the_sound(parity: Path) -> None:
    reference = json.loads((parity / "musetalk_audio_chunks.json").read_text())["29.97@3.3s"]
    hour = 107892

    begins = step_begins(hour, NTSC)

    assert reference["frames"] == int(3.3 * 29)
    assert int(Fraction("3.3") * NTSC) == 98
    assert begins[-1] == int((hour - 1) / NTSC * STEPS_PER_S) - LEAD


def test_at_60_frames_a_second_the_public_code_gives_up_and_ours_does_not(parity: Path) -> None:
    assert json.loads((parity / "musetalk_audio_chunks.json").read_text())["60@1s"].startswith("ERR")

    assert step_begins(7, Fraction(60)).tolist() == [-4, -4, -3, -2, -1, 0, 1]


@pytest.mark.parametrize("fps", [Fraction(12), Fraction(24), Fraction(25), NTSC, Fraction(50), Fraction(60)])
def test_a_frames_moment_is_in_the_middle_of_what_is_heard(fps: Fraction) -> None:
    frames = 1000
    moments = np.array([float(number / fps) for number in range(frames)])

    middles = (step_begins(frames, fps) + STEPS / 2) / STEPS_PER_S

    assert np.abs(middles - moments).max() <= 1 / STEPS_PER_S + 1e-9


def counted(samples: NDArray[np.float32]) -> torch.Tensor:
    """Stands for Whisper: each of two layers answers with the sample that its step begins with, in parts of 32767."""
    first = torch.from_numpy(np.rint(samples * 32767))[:: RATE_HZ // STEPS_PER_S]
    answer = torch.zeros(PIECE_S * STEPS_PER_S)
    answer[: len(first)] = first
    return answer[:, None, None].expand(-1, 2, 3)


def test_windows_go_on_over_the_seams_of_what_is_heard_at_once() -> None:
    steps = 2 * PIECE_S * STEPS_PER_S + 10
    samples = np.repeat(np.arange(1, steps + 1, dtype=np.int16), RATE_HZ // STEPS_PER_S)
    seam = PIECE_S * STEPS_PER_S

    heard = Hearing(counted, samples).windows([-4, seam - 3, 2 * seam - 9, steps - 5])[..., 0]

    assert heard.shape == (4, 2 * STEPS)
    assert heard[0].tolist() == [0] * 8 + [step for step in range(1, 7) for _ in range(2)]
    assert heard[1, ::2].tolist() == list(range(seam - 2, seam + 8))
    assert heard[2, ::2].tolist() == list(range(2 * seam - 8, 2 * seam + 2))
    assert heard[3, ::2].tolist() == [*range(steps - 4, steps + 1), 0, 0, 0, 0, 0]


def test_no_more_than_two_pieces_are_held_and_each_is_heard_once() -> None:
    asked: list[int] = []

    def hear(samples: NDArray[np.float32]) -> torch.Tensor:
        asked.append(len(samples))
        return torch.zeros(PIECE_S * STEPS_PER_S, 2, 3)

    hearing = Hearing(hear, np.zeros(5 * PIECE_S * RATE_HZ, np.int16))
    for begin in range(-4, 5 * PIECE_S * STEPS_PER_S, 2):
        hearing.windows([begin])

    assert asked == [PIECE_S * RATE_HZ] * 5
    assert len(hearing._pieces) == 2


def test_a_voice_is_kept_in_two_bytes_a_sample_and_silent_to_the_end_of_the_output() -> None:
    voice = np.linspace(-1.2, 1.2, 16_100, dtype=np.float32)

    samples = kept(voice, 50, Fraction(25))

    assert (str(samples.dtype), len(samples)) == ("int16", 2 * RATE_HZ)
    assert np.abs(samples[:16_100] / 32767 - voice.clip(-1, 1)).max() < 1e-4
    assert not samples[16_100:].any()


def test_a_voice_of_no_length_is_silence() -> None:
    samples = kept(np.zeros(0, np.float32), 1, Fraction(60))

    assert len(samples) == RATE_HZ // STEPS_PER_S
    assert not samples.any()
