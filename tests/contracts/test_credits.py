"""Prices."""

import pytest

from contracts.credits import cost

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("duration_s", "short_side_px", "credits"),
    [(9.2, 480, 20), (9.2, 720, 40), (0.3, 360, 10), (5.0, 1080, 20), (5.01, 480, 12)],
)
def test_each_begun_second_is_billed_at_the_rate_of_the_resolution(
    duration_s: float, short_side_px: int, credits: int
) -> None:
    assert cost(duration_s, short_side_px, per_s_480p=2, per_s_720p=4, minimum_s=5) == credits
