"""Finding out how late a sound comes."""

import numpy as np
import pytest

from scripts.quality.deliver import lateness

pytestmark = pytest.mark.unit

VOICE = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)


@pytest.mark.parametrize("samples", [0, 1, 640])
def test_a_delayed_sound_is_told_to_the_sample(samples: int) -> None:
    assert lateness(np.concatenate([np.zeros(samples, np.float32), VOICE]), VOICE) == samples


def test_a_sound_that_comes_early_is_told_too() -> None:
    assert lateness(VOICE[320:], VOICE) == -320
