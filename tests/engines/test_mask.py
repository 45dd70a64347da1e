from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.errors import UnreadableMedia
from engines.base import Frame
from engines.mask import Mask, masked, read_mask
from engines.stills import read_still

pytestmark = pytest.mark.unit

SIZE = (64, 48)


def _half(width: int = 64, height: int = 48, bright: int = 255, dark: int = 0) -> Mask:
    """Dark on the left, bright on the right."""
    mask = np.full((height, width), dark, np.uint8)
    mask[:, width // 2 :] = bright
    return mask


def _written(path: Path, mask: Mask) -> Path:
    assert cv2.imwrite(str(path), mask)
    return path


def _noise(seed: int) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


def _through(mask: Mask | None, drawn: list[Frame]) -> list[Frame]:
    """The sources 0, 1, … redrawn as given."""

    def draw(frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame, other in zip(frames, drawn, strict=True):
            yield other if other is not None else frame

    return list(masked([_noise(index) for index in range(len(drawn))], mask, draw))


def test_a_mask_is_read_as_it_is(tmp_path: Path) -> None:
    assert np.array_equal(read_mask(_written(tmp_path / "m.png", _half()), "mask", SIZE, SIZE), _half())


@pytest.mark.parametrize("size", [(32, 24), (128, 96), (640, 480)])
def test_it_is_scaled_to_the_output_and_stays_black_and_white(tmp_path: Path, size: tuple[int, int]) -> None:
    mask = read_mask(_written(tmp_path / "m.png", _half()), "mask", SIZE, size)

    assert mask.shape == size[::-1]
    assert (mask[:, : size[0] // 2 - size[0] // 32] == 0).all()
    assert (mask[:, size[0] // 2 + size[0] // 32 :] == 255).all()


@pytest.mark.parametrize(("source", "size"), [(SIZE, (100, 20)), (SIZE, (32, 90)), ((65, 49), SIZE)])
def test_the_mask_lies_on_the_output_as_the_source_does(
    tmp_path: Path, source: tuple[int, int], size: tuple[int, int]
) -> None:
    path = _written(tmp_path / "m.png", _half(*source))
    mask, shown = read_mask(path, "mask", source, size), read_still(path, size=size)[..., 0]

    assert mask.shape == shown.shape
    bright_rows, bright_columns = np.nonzero(mask >= 128)
    rows, columns = np.nonzero(shown >= 128)
    assert (bright_rows.min(), bright_rows.max()) == (rows.min(), rows.max())
    assert (bright_columns.min(), bright_columns.max()) == (columns.min(), columns.max())


def test_an_odd_side_that_loses_a_pixel_leaves_the_mask_black_and_white(tmp_path: Path) -> None:
    mask = read_mask(_written(tmp_path / "m.png", _half(65, 49)), "mask", (65, 49), SIZE)

    assert np.array_equal(mask, _half(65, 49)[:48, :64])


def test_the_noise_of_jpeg_is_no_grey(tmp_path: Path) -> None:
    mask = read_mask(_written(tmp_path / "m.png", _half(bright=249, dark=6)), "mask", SIZE, SIZE)

    assert set(np.unique(mask)) == {0, 255}


def test_what_is_transparent_counts_as_white(tmp_path: Path) -> None:
    pixels = np.zeros((48, 64, 4), np.uint8)
    pixels[:, :32, 3] = 255

    assert np.array_equal(read_mask(_written(tmp_path / "m.png", pixels), "mask", SIZE, SIZE), _half())


def test_a_mask_of_another_aspect_is_refused_with_the_right_size(tmp_path: Path) -> None:
    path = _written(tmp_path / "m.png", _half(64, 64))

    with pytest.raises(UnreadableMedia) as fault:
        read_mask(path, "mask_image", (1280, 960), SIZE)

    assert fault.value.field == "mask_image"
    assert "64 x 64" in fault.value.message
    assert "1280 x 960" in fault.value.remedy


def test_a_mask_of_nearly_the_same_aspect_will_do(tmp_path: Path) -> None:
    assert read_mask(_written(tmp_path / "m.png", _half(64, 48)), "mask", (1281, 961), SIZE).shape == (48, 64)


def test_something_else_than_a_picture_is_refused_by_its_field(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    path.write_text("<html>")

    with pytest.raises(UnreadableMedia) as fault:
        read_mask(path, "mask_image", SIZE, SIZE)

    assert fault.value.field == "mask_image"


def test_dark_keeps_the_source_and_bright_what_is_drawn_bit_for_bit() -> None:
    drawn = [_noise(10), _noise(11)]
    results = _through(_half(), drawn)

    for index, result in enumerate(results):
        assert np.array_equal(result[:, :32], _noise(index)[:, :32])
        assert np.array_equal(result[:, 32:], drawn[index][:, 32:])


def test_no_value_of_any_pixel_crosses_the_edge_of_a_mask() -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[24:] = 255
    ramp = np.resize(np.arange(256, dtype=np.uint8), (48, 64, 3))
    (result,) = masked([ramp], mask, lambda frames: (255 - frame for frame in frames))

    assert np.array_equal(result[:24], ramp[:24])
    assert np.array_equal(result[24:], 255 - ramp[24:])


def test_grey_lies_in_between() -> None:
    grey = np.full((48, 64), 51, np.uint8)
    (result,) = _through(grey, [_noise(10)])

    assert np.abs(result - (0.8 * _noise(0) + 0.2 * _noise(10))).max() <= 0.51


def test_neither_the_source_nor_what_is_drawn_is_written_to() -> None:
    source, other = _noise(0), _noise(10)
    source.setflags(write=False)
    other.setflags(write=False)

    (result,) = masked([source], _half(), lambda frames: (other for _ in frames))

    assert not np.array_equal(result, other)


def test_without_a_mask_all_that_is_drawn_stays() -> None:
    drawn = [_noise(10)]

    assert _through(None, drawn)[0] is drawn[0]


def test_one_who_draws_too_many_frames_is_let_through_to_be_counted() -> None:
    assert len(list(masked([_noise(0)], _half(), lambda frames: [*frames, _noise(5)]))) == 2


def test_one_who_reads_ahead_gets_each_result_beside_its_own_source() -> None:
    sources = [_noise(index) for index in range(4)]
    results = list(masked(sources, np.zeros((48, 64), np.uint8), lambda frames: [255 - one for one in list(frames)]))

    assert all(np.array_equal(result, source) for result, source in zip(results, sources, strict=True))
