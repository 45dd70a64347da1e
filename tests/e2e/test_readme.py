import re
import subprocess
from pathlib import Path

import av
import pytest

from scripts.trial import Trial

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]


def test_the_quickstart_runs_as_it_stands(stack: Trial, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    over_http = next(block for block in blocks if "curl" in block).replace("http://127.0.0.1:8080", stack.url)
    for name in ("samples", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)

    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", over_http],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": stack.key},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    for name in ("speaking.mp4", "dubbed.mp4"):
        with av.open(str(tmp_path / name)) as video:
            assert sum(1 for _ in video.decode(video=0)) > 100
