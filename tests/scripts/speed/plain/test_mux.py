import subprocess
from pathlib import Path

import pytest

from scripts.speed.plain.mux import ffmpeg

pytestmark = pytest.mark.unit


def test_the_program_that_comes_with_imageio_stands_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    said = subprocess.run([ffmpeg(), "-version"], capture_output=True, text=True, check=True).stdout

    assert said.startswith("ffmpeg version")
    assert "imageio_ffmpeg" in ffmpeg()
