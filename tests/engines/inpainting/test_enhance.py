from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.base import Frame, Waiting
from engines.inpainting.enhance import enhanced
from engines.restoration.base import unwatched
from tests.engines.inpainting.plans import plan_of

pytestmark = pytest.mark.unit


class Brighter:
    """Enhances by a look at what it was given."""

    summary = "for tests"

    def __init__(self) -> None:
        self.calls: list[tuple[float, float, float]] = []

    def enhance(
        self,
        frame: Frame,
        points: NDArray[np.float64],
        grain: float,
        share: float = 1.0,
        alive: Waiting = unwatched,
    ) -> Frame:
        alive()
        self.calls.append((float(points[0, 0]), grain, share))
        return frame + np.uint8(1)


def frames(count: int) -> Iterator[Frame]:
    for number in range(count):
        yield np.full((64, 64, 3), number, np.uint8)


def quiet() -> None:
    """Take no notice."""


def test_each_face_is_enhanced_where_it_is_and_as_far_as_it_is_there() -> None:
    points = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((1, 3, 2), np.float32)
    presence = np.array([0, 0.5, 1, 1, 0], np.float32)
    plan = replace(plan_of(5, (10, 10, 50, 50)), points=points, presence=presence)
    enhancer = Brighter()

    shown = list(enhanced(frames(4), [plan], 1, enhancer, quiet))

    assert enhancer.calls == [(1.0, 0.0, 0.5), (2.0, 0.0, 1.0), (3.0, 0.0, 1.0)]
    assert [int(frame[0, 0, 0]) for frame in shown] == [1, 2, 3, 3]


def test_nothing_is_enhanced_where_nobody_asked() -> None:
    given = list(frames(3))

    shown = list(enhanced(given, [plan_of(3, (10, 10, 50, 50))], 0, Brighter(), quiet))

    assert all(after is before for after, before in zip(shown, given, strict=True))


def test_it_can_be_stopped() -> None:
    plan = replace(plan_of(1, (10, 10, 50, 50)), points=np.ones((1, 3, 2), np.float32), presence=np.ones(1, np.float32))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(enhanced(frames(1), [plan], 0, Brighter(), stop))
