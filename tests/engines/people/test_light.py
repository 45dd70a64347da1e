import numpy as np
import pytest

from engines.people.light import light_of, measure_light
from engines.people.shape import measure
from tests.engines.people.portrait import picture, points

pytestmark = pytest.mark.unit

UNIT = float(measure(points()[None]).unit[0])


def test_skin_is_measured_on_the_cheeks() -> None:
    light = light_of(measure_light(picture(), points(), UNIT))

    red, green, blue = light.skin
    assert red > green > blue > 0.3


def test_white_is_brighter_than_skin_in_the_dark_and_black_is_dark() -> None:
    light = light_of(measure_light(picture(), points(), UNIT))

    assert light.black < 0.3 < light.white.min()


def test_half_the_light_measures_as_half() -> None:
    full = measure_light(picture(), points(), UNIT)
    half = measure_light(picture() // 2, points(), UNIT)

    assert np.allclose(half[:6], full[:6] / 2, atol=0.02)


def test_noise_is_measured_in_its_own_size() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((512, 512, 3), 128.0)
    noisy = np.clip(flat + rng.normal(0, 8, flat.shape[:2])[..., None], 0, 255).astype(np.uint8)

    assert measure_light(flat.astype(np.uint8), points(), UNIT)[7] == pytest.approx(0, abs=1e-3)
    assert measure_light(noisy, points(), UNIT)[7] == pytest.approx(8 / 255, rel=0.35)


def test_a_face_partly_outside_the_picture_is_measured() -> None:
    assert np.isfinite(measure_light(picture(), points() + 300, UNIT)).all()


def test_the_whites_of_the_eyes_tell_the_colour_of_the_light() -> None:
    plain = light_of(measure_light(picture(), points(), UNIT))
    blue = light_of(measure_light((picture() * np.array([0.6, 0.8, 1.0])).astype(np.uint8), points(), UNIT))

    assert plain.white[0] > plain.white[2]
    assert blue.white[2] / blue.white[0] > 1.3 * plain.white[2] / plain.white[0]


def test_white_is_less_coloured_than_skin() -> None:
    light = light_of(measure_light(picture(), points(), UNIT))

    assert light.white[0] / light.white[2] < 0.95 * light.skin[0] / light.skin[2]
