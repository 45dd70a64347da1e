"""The smooth step: its course, and what it keeps of its input."""

import numpy as np
import pytest

from engines.smoothstep import smoothstep

pytestmark = pytest.mark.unit


def test_it_rises_from_0_to_1_and_stays_there() -> None:
    steps = smoothstep(np.array([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0]))

    assert steps.tolist() == [0.0, 0.0, 0.15625, 0.5, 0.84375, 1.0, 1.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_are_kept(dtype: type[np.floating]) -> None:
    steps = smoothstep(np.zeros((2, 3), dtype=dtype))

    assert steps.shape == (2, 3)
    assert steps.dtype == np.dtype(dtype)
