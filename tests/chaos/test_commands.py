"""The commands of docs/operations.md that break a service or keep it busy, run as they stand but shorter."""

import json
from pathlib import Path

import pytest

from tests.pages import Shell

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]


def test_a_service_is_broken_and_loses_nothing(tmp_path: Path) -> None:
    Shell(tmp_path).run(
        "python -m scripts.chaos --jobs 300 --kills 60 --seed 1 --out chaos.json",
        {"--jobs 300 --kills 60": "--jobs 6 --kills 2 --measured 0 --light --folder-blobs"},
    )
    result = json.loads((tmp_path / "chaos.json").read_text(encoding="utf-8"))

    assert result["findings"] == []
    assert (result["jobs_ended"], result["kills"]) == (6, 2)


def test_a_service_is_kept_busy(tmp_path: Path) -> None:
    Shell(tmp_path).run(
        "python -m scripts.soak --minutes 30 --out soak.json", {"--minutes 30": "--minutes 0.2 --light"}
    )
    result = json.loads((tmp_path / "soak.json").read_text(encoding="utf-8"))

    assert result["failed"] == 0
    assert result["jobs_at_end"] >= 1
    assert {name.split()[0] for name in result["end"]} == {
        *("temporal", "api", "gpu", "flow", "io", "notify", "keeper", "data")
    }
