import numpy as np
import pytest

from engines.articulate.chance import vary_opening

pytestmark = pytest.mark.unit


def test_the_same_seed_gives_the_same_variation() -> None:
    assert np.array_equal(vary_opening(7, 0, 100, 25.0), vary_opening(7, 0, 100, 25.0))


@pytest.mark.parametrize(("seed", "speaker"), [(8, 0), (7, 1), (-7, 0), (2**63, 0)])
def test_another_seed_or_speaker_gives_another(seed: int, speaker: int) -> None:
    assert np.abs(vary_opening(7, 0, 100, 25.0) - vary_opening(seed, speaker, 100, 25.0)).max() > 0.01


def test_it_is_a_few_percent_about_one() -> None:
    factors = vary_opening(1, 0, 20_000, 25.0)

    assert factors.dtype == np.float32
    assert factors.mean() == pytest.approx(1, abs=0.005)
    assert factors.std() == pytest.approx(0.04, abs=0.006)
    assert np.abs(factors - 1).max() <= 0.1001


@pytest.mark.parametrize("fps", [24.0, 25.0, 60.0])
def test_it_wanders_over_seven_tenths_of_a_second(fps: float) -> None:
    factors = vary_opening(1, 0, int(2000 * fps), fps) - 1
    lag = round(0.7 * fps)

    assert np.corrcoef(factors[:-lag], factors[lag:])[0, 1] == pytest.approx(np.exp(-1), abs=0.1)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_short_output_gets_as_many_factors_as_frames(frames: int) -> None:
    assert vary_opening(0, 0, frames, 25.0).shape == (frames,)
