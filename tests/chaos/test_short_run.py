"""The short form of `python -m scripts.chaos`: a whole service, struck again and again, and nothing lost."""

from pathlib import Path

import pytest

from scripts.chaos.session import Wish, run

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

JOBS, KILLS = 12, 6


def test_whatever_dies_each_job_ends_once_with_its_bytes_its_webhook_and_its_price(tmp_path: Path) -> None:
    result = run(
        Wish(seed=4, jobs=JOBS, kills=KILLS, clients=4, is_light=True, has_store=False, measured=0), tmp_path / "run"
    )

    assert result["findings"] == []
    assert (result["jobs_accepted"], result["jobs_ended"], result["kills"]) == (JOBS, JOBS, KILLS)
