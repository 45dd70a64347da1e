import numpy as np
import pytest

from contracts.errors import EngineFault
from contracts.jobs import Side
from engines.inpainting.plan import FacePlan, pack, unpack
from tests.engines.inpainting.plans import plan_of

pytestmark = pytest.mark.unit


def test_two_speakers_come_back_as_they_were_from_left_to_right() -> None:
    left, right = plan_of(5, (0, 0, 40, 50)), plan_of(5, (50, 0, 90, 60), absent=(2,))
    plans = unpack(pack({Side.RIGHT: right, Side.LEFT: left}))
    assert list(plans) == [Side.LEFT, Side.RIGHT]
    for given, found in zip((left, right), plans.values(), strict=True):
        for name in FacePlan.__slots__:
            np.testing.assert_array_equal(getattr(found, name), getattr(given, name))
            assert getattr(found, name).dtype == getattr(given, name).dtype


def test_a_missing_array_is_named() -> None:
    tensors = pack({Side.ONLY: plan_of(5, (0, 0, 40, 50))})
    del tensors["only.boxes"]
    with pytest.raises(EngineFault, match=r"only\.boxes"):
        unpack(tensors)


def test_an_analysis_of_another_engine_is_a_fault() -> None:
    with pytest.raises(EngineFault, match="lacks a speaker"):
        unpack({"nothing": np.zeros(1)})
