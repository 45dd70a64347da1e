"""Scoring the driver against a clip."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.score_speech import main

pytestmark = pytest.mark.unit

CLIP = Path(__file__).resolve().parents[2].parent / "shared" / "media" / "man_grid_360x288_25fps_3s.mp4"


def test_without_a_clip_it_says_what_it_wants() -> None:
    outcome = CliRunner().invoke(main, [])
    assert outcome.exit_code != 0
    assert "CLIPS" in outcome.output


@pytest.mark.skipif(not CLIP.exists(), reason="no real media beside this checkout")
def test_a_clip_is_scored_beside_the_loudness_of_its_voice() -> None:
    outcome = CliRunner().invoke(main, [f"{CLIP}@0"], catch_exceptions=False)
    header, row, mean = outcome.output.splitlines()
    assert header.split()[:3] == ["clip", "r", "opening"]
    assert row.startswith(CLIP.name)
    assert mean.startswith("mean")
    assert float(row.split()[1]) > 0.2
