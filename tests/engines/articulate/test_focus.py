import cv2
import numpy as np
import pytest

from engines.articulate.focus import edge_blur, restore
from engines.base import Frame

pytestmark = pytest.mark.unit

#: Fine, but not finer than sampling half-way between pixels can bring back.
NOISE = np.asarray(
    cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8), (0, 0), 0.6), np.uint8
)


def _edge(sigma: float) -> Frame:
    """Black beside white, blurred."""
    step = np.zeros((60, 60, 3), np.float32)
    step[:, 30:] = 200
    return np.asarray(cv2.GaussianBlur(step, (0, 0), sigma), np.uint8)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.5])
def test_an_edge_tells_how_blurred_it_is(sigma: float) -> None:
    assert edge_blur(_edge(sigma)) == pytest.approx(sigma, rel=0.45)


def test_softer_edges_are_told_from_sharper_ones() -> None:
    told = [edge_blur(_edge(sigma)) for sigma in (0.7, 1.0, 1.5, 2.5)]

    assert told == sorted(told)
    assert told[-1] > 2 * told[0]


def test_a_picture_without_edges_or_without_pixels_has_a_blur_all_the_same() -> None:
    for picture in (np.full((30, 30, 3), 90, np.uint8), np.zeros((0, 0, 3), np.uint8)):
        assert 0 < edge_blur(picture) < 10


def test_what_was_moved_by_whole_pixels_is_left_as_it_is() -> None:
    assert np.array_equal(restore(NOISE, np.full((80, 80, 2), 3.0, np.float32)), NOISE)


def test_half_a_pixels_sampling_is_made_up_for() -> None:
    y, x = np.mgrid[0:80, 0:80].astype(np.float32)
    sampled = np.asarray(cv2.remap(NOISE, x + 0.5, y + 0.5, cv2.INTER_CUBIC), np.uint8)
    restored = restore(sampled, np.full((80, 80, 2), 0.5, np.float32))
    own, lost, back = (cv2.Laplacian(one[4:-4, 4:-4], cv2.CV_32F).var() for one in (NOISE, sampled, restored))

    assert lost < 0.8 * own
    assert abs(back - own) < 0.7 * abs(lost - own)
