"""Prices."""

import pytest

from contracts.credits import cost, estimate, spoken_s
from contracts.jobs import OutputOptions, Script
from contracts.settings import Settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("duration_s", "short_side_px", "credits"),
    [(9.2, 480, 20), (9.2, 720, 40), (0.3, 360, 10), (5.0, 1080, 20), (5.01, 480, 12)],
)
def test_each_begun_second_is_billed_at_the_rate_of_the_resolution(
    duration_s: float, short_side_px: int, credits: int
) -> None:
    assert cost(duration_s, short_side_px, per_s_480p=2, per_s_720p=4, minimum_s=5) == credits


@pytest.mark.parametrize(
    ("options", "credits"),
    [
        (OutputOptions(short_side_px=480), 24),
        (OutputOptions(short_side_px=720), 48),
        (OutputOptions(width_px=480, height_px=854), 24),
        (OutputOptions(width_px=1280, height_px=720), 48),
        (OutputOptions(width_px=320), 48),
        (OutputOptions(), 48),
    ],
)
def test_an_output_of_unknown_size_is_estimated_as_a_large_one(options: OutputOptions, credits: int) -> None:
    assert estimate(11.3, options, Settings()) == credits


def test_an_output_of_unknown_length_is_estimated_as_the_shortest() -> None:
    assert estimate(0.0, OutputOptions(short_side_px=480), Settings()) == 10


def test_a_script_takes_a_second_for_fifteen_characters() -> None:
    assert spoken_s(Script(text="x" * 150, voice_id="v")) == 10.0
    assert spoken_s(None) == 0.0
