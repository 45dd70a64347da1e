import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from scripts.demo_media import play

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_makes_both_videos_and_shows_them_beside_their_sources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.demo", "--out", str(tmp_path)]

    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=360, check=False)

    assert ran.returncode == 0, ran.stderr + (tmp_path / "service.log").read_text(encoding="utf-8")
    assert ran.stdout.splitlines()[-1].startswith("all")
    assert abs(play(tmp_path / "spoken.mp4").seconds - 6.05) <= 0.04
    assert abs(play(tmp_path / "dubbed.mp4").seconds - 5.2) <= 0.04
    assert abs(play(tmp_path / "preview.mp4").seconds - 11.28) <= 0.1
    sheet = cv2.imread(str(tmp_path / "before-after.png"))
    assert sheet is not None
    assert sheet.std() > 10
