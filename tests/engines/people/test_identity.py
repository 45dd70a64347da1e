import numpy as np
import pytest
from numpy.typing import NDArray

from engines.people.identity import Likeness, Sitting, differences, people

pytestmark = pytest.mark.unit

FAIR = np.array([200, 150, 130], np.uint8)
DARK = np.array([90, 55, 40], np.uint8)


def _head(seed: int) -> NDArray[np.float32]:
    """A relief: one egg for all, with a person's own bumps."""
    egg = np.random.default_rng(0).normal(0, [40, 50, 30], (468, 3))
    return np.asarray(egg + np.random.default_rng(seed).normal(0, 9, (468, 3)), np.float32)


def _turned(relief: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    return np.asarray(1.3 * relief @ turn + 20, np.float32)


def _likeness(seed: int, cheeks: NDArray[np.uint8] = FAIR, angle: float = 0.0) -> Likeness:
    sitting = Sitting()
    for wobble in (-0.05, 0.0, 0.05):
        sitting.add(_turned(_head(seed), angle + wobble), cheeks)
    return sitting.likeness()


def test_one_person_is_alike_wherever_they_look_and_however_near_they_are() -> None:
    assert differences(_likeness(1), [_likeness(1, angle=0.6)]) < 0.1


def test_people_differ_in_shape_and_in_colour() -> None:
    assert (differences(_likeness(1), [_likeness(2), _likeness(1, DARK)]) > 1.2).all()


def test_each_likeness_is_put_to_its_person() -> None:
    sat = [_likeness(1), _likeness(2), _likeness(1, angle=0.4), _likeness(2, angle=-0.3), _likeness(3)]

    assert people(sat, [()] * 5) == [0, 1, 0, 1, 2]


def test_two_who_are_seen_at_once_are_two() -> None:
    assert people([_likeness(1), _likeness(1)], [{1}, {0}]) == [0, 1]


def test_of_two_at_once_each_is_put_to_whom_they_look_like() -> None:
    sat = [_likeness(1), _likeness(2), _likeness(2, angle=0.4), _likeness(1, angle=0.3)]

    assert people(sat, [{1}, {0}, {3}, {2}]) == [0, 1, 1, 0]


def test_somebody_seen_very_often_stays_one_person() -> None:
    sat = [_likeness(person, angle=0.02 * number) for number in range(20) for person in (1, 2)]

    assert people(sat, [()] * 40) == [0, 1] * 20


def test_nobody_has_no_likeness() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Sitting().likeness()
