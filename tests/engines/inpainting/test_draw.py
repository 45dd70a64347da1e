from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engines.base import Frame
from engines.inpainting.draw import Canvas, Crop, Draw, Drawn, inpainted
from engines.inpainting.plan import FacePlan
from tests.engines.inpainting.plans import plan_of

pytestmark = pytest.mark.unit

_CANVAS = Canvas(side=32, interpolation=cv2.INTER_LINEAR, batch=4, ahead=2)


class Painter:
    """Draws faces in one shade, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.waiting = self.most_waiting = 0

    def __call__(self, crops: Sequence[Crop]) -> Drawn:
        self.asked.append([crop.number for crop in crops])
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)

        def drawn() -> list[Frame]:
            self.waiting -= 1
            return [np.full_like(crop.pixels, 100 + crop.number % 16) for crop in crops]

        return drawn


def noting(crops: list[Crop]) -> Draw:
    """Draws as `Painter` does, and notes all crops."""

    def draw(batch: Sequence[Crop]) -> Drawn:
        crops.extend(batch)
        return Painter()(batch)

    return draw


def quiet(_fraction: float) -> None:
    """Take no notice."""


def pictures(count: int) -> list[Frame]:
    drawn = np.random.default_rng(3)
    return [drawn.integers(90, 130, (80, 100, 3), np.uint8) for _ in range(count)]


def render(
    frames: Sequence[Frame], plans: Sequence[FacePlan], start: int = 0, painter: Painter | None = None
) -> list[Frame]:
    return list(inpainted(iter(frames), plans, start, _CANVAS, painter or Painter(), lambda _: None))


def test_each_frame_gets_its_own_face() -> None:
    frames, plan = pictures(10), plan_of(10, (20, 10, 84, 74))
    made = render(frames, [plan])
    assert len(made) == 10
    middle = [int(frame[55, 52, 0]) for frame in made]
    assert middle == pytest.approx([100 + number for number in range(10)], abs=14)
    for given, got in zip(frames, made, strict=True):
        assert not np.array_equal(given, got)


def test_a_batch_is_always_full_and_what_fills_it_is_not_pasted() -> None:
    painter = Painter()
    made = render(pictures(6), [plan_of(6, (20, 10, 84, 74))], painter=painter)
    assert painter.asked == [[0, 1, 2, 3], [4, 5, 5, 5]]
    assert len(made) == 6


def test_a_frame_without_a_face_is_the_very_one_that_came() -> None:
    frames = pictures(6)
    made = render(frames, [plan_of(6, (20, 10, 84, 74), absent=(1, 4))])
    assert [got is given for got, given in zip(made, frames, strict=True)] == [False, True, False, False, True, False]


def test_nothing_is_drawn_where_nobody_is_seen() -> None:
    painter = Painter()
    frames = pictures(5)
    made = render(frames, [plan_of(5, (20, 10, 84, 74), strength=0)], painter=painter)
    assert painter.asked == []
    assert all(got is given for got, given in zip(made, frames, strict=True))


def test_a_face_of_a_few_pixels_is_left_alone() -> None:
    frames = pictures(1)
    assert render(frames, [plan_of(1, (20, 10, 26, 17))])[0] is frames[0]


def test_frames_come_out_the_same_however_they_are_cut() -> None:
    frames, plan = pictures(11), plan_of(11, (20, 10, 84, 74), absent=(3,))
    whole = render(frames, [plan])
    for cut in (1, 4, 5, 10):
        pieces = render(frames[:cut], [plan]) + render(frames[cut:], [plan], start=cut)
        for got, expected in zip(pieces, whole, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_a_source_frame_that_is_shown_again_has_its_own_place() -> None:
    shown, lefts = [0, 1, 2, 1, 0, 1], [0, 16, 32]
    plan = replace(
        plan_of(3, (0, 10, 64, 74)),
        shown=np.array(shown, np.int32),
        boxes=np.array([[left, 10, left + 64, 74] for left in lefts], np.int32),
        outlines=np.array([[[left + 12, 40], [left + 52, 40], [left + 32, 70]] for left in lefts], np.float32),
    )
    sources = pictures(3)
    crops: list[Crop] = []
    made = list(inpainted(iter(sources[source] for source in shown), [plan], 0, _CANVAS, noting(crops), quiet))
    for source, got, crop in zip(shown, made, crops, strict=False):
        own = sources[source][10:74, lefts[source] : lefts[source] + 64]
        np.testing.assert_array_equal(crop.pixels, cv2.resize(own, (32, 32), interpolation=cv2.INTER_LINEAR))
        assert crop.place.number == source, "whose grain it has"
        changed = np.flatnonzero(np.any(got != sources[source], axis=(0, 2)))
        assert changed.mean() == pytest.approx(lefts[source] + 31.5, abs=3)


def test_two_faces_of_a_frame_are_both_drawn() -> None:
    frames = pictures(6)
    plans = [plan_of(6, (2, 10, 48, 74)), plan_of(6, (52, 10, 98, 74), absent=(2,))]
    painter = Painter()
    made = render(frames, plans, painter=painter)
    changed = [tuple(np.any(got != given, axis=(0, 2))) for got, given in zip(made, frames, strict=True)]
    assert [any(columns[:50]) for columns in changed] == [True] * 6
    assert [any(columns[50:]) for columns in changed] == [True, True, False, True, True, True]
    assert all(len(batch) == 4 for batch in painter.asked)


def test_frames_that_came_are_not_written_to() -> None:
    frames = pictures(5)
    kept = [frame.copy() for frame in frames]
    render(frames, [plan_of(5, (20, 10, 84, 74))])
    for frame, before in zip(frames, kept, strict=True):
        np.testing.assert_array_equal(frame, before)


def test_the_next_batch_is_begun_before_the_one_before_is_waited_for() -> None:
    painter = Painter()
    render(pictures(16), [plan_of(16, (20, 10, 84, 74))], painter=painter)
    assert painter.most_waiting == 2


def test_few_frames_are_held_however_many_there_are() -> None:
    held = most = 0

    def counted(count: int) -> Iterator[Frame]:
        nonlocal held, most
        for _ in range(count):
            held += 1
            most = max(most, held)
            yield np.full((80, 100, 3), 100, np.uint8)

    plan = plan_of(200, (20, 10, 84, 74))
    for _ in inpainted(counted(200), [plan], 0, _CANVAS, Painter(), lambda _: None):
        held -= 1
    assert most <= 3 * _CANVAS.batch


def test_whoever_stops_the_work_stops_it() -> None:
    def stop(_fraction: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(inpainted(iter(pictures(9)), [plan_of(9, (20, 10, 84, 74))], 0, _CANVAS, Painter(), stop))


def test_progress_rises_to_the_end() -> None:
    told: list[float] = []
    list(inpainted(iter(pictures(9)), [plan_of(9, (20, 10, 84, 74))], 0, _CANVAS, Painter(), told.append))
    assert told == sorted(told)
    assert told[-1] == 1.0
