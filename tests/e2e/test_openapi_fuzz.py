"""Thousands of requests made from the OpenAPI document against the whole stack: every answer is one that it documents.

schemathesis makes them, valid ones and others, and follows what they make from call to call: no 5xx, no status, header,
media type or body but those of the document, nothing refused that the document allows or taken that it does not.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from scripts.trial import Trial
from tests.e2e.client import client_of, download
from tests.e2e.fuzz.hooks import BUSY, FILES, KEY

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "tests" / "e2e" / "fuzz" / "schemathesis.toml"
FEWEST_CASES = 2000
#: How often in all a request may have to be asked again: Temporal answers late when something else takes the disk.
MOST_BUSY = 20
PATIENCE_S = 540


def _schemathesis(trial: Trial, files: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / ".venv" / "bin" / "schemathesis"), "--config-file", str(CONFIG), "run"]
    command += [f"{trial.url}/openapi.json", "--no-color"]
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "tests.e2e.fuzz.hooks", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command,
        cwd=folder,
        env=environ | {KEY: trial.key, FILES: files},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def video(light_stack: Trial, files: str, folder: Path) -> Path:
    """A video among the served files, for requests to name."""
    service = client_of(light_stack)
    job = service.finished(service.image_job(f"{files}/face.png", f"{files}/short.wav"))
    path = folder / "video.mp4"
    path.write_bytes(download(job["output"]))
    return path


def test_no_request_gets_an_answer_that_is_not_documented(
    light_stack: Trial, files: str, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = _schemathesis(light_stack, files, tmp_path)

    busy = ran.stderr.count(BUSY)
    cases = re.search(r"(\d+) generated", ran.stdout)
    with capsys.disabled():
        print(f"\nfuzz: {cases.group(1) if cases else 'no'} requests, {busy} asked again")
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2000:]
    assert cases is not None
    assert int(cases.group(1)) >= FEWEST_CASES
    assert busy <= MOST_BUSY, ran.stderr[-2000:]
