"""The hosted products' own samples, with nothing changed but host, key and file addresses.

The sample texts are the products' pages, so they are read from where they lie beside the checkout; where they are not,
there is nothing to run. Node and npm are needed to run them.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from scripts.trial import TRIVIAL_ENGINE, Trial, running, serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WEBHOOK_PORT = 3000

if not SEEDS.is_dir():
    pytest.skip("the products' pages are not beside this checkout", allow_module_level=True)


def _page(start: str) -> str:
    return next(text for path in SEEDS.glob("*.txt") if (text := path.read_text(encoding="utf-8")).startswith(start))


def _between(text: str, first: str, last: str) -> str:
    begin = text.index(first)
    return text[begin : text.index(last, begin) + len(last)]


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    with running(TRIVIAL_ENGINE) as stack:
        yield stack


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    with serving(SAMPLES) as url:
        yield url


@pytest.fixture(scope="module")
def video(trial: Trial, files: str) -> str:
    """A video to dub: the sample portrait, made to speak first."""
    headers = {"Authorization": f"Bearer {trial.key}"}
    form = {"image": f"{files}/{_sample('portrait')}", "audio": f"{files}/{_sample('voice')}"}
    job = requests.post(f"{trial.url}/api/v1/lipsync-image", json={"formState": form}, headers=headers, timeout=30)
    return _finished(f"{trial.url}/api/v1/jobs/{job.json()['id']}", trial.key)["output"]


def _sample(kind: str) -> str:
    return sorted(path.name for path in SAMPLES.iterdir() if path.name.startswith(kind))[0]


def _finished(url: str, key: str) -> dict[str, str]:
    for _ in range(600):
        state: dict[str, str] = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=30).json()
        if state["status"] in ("completed", "failed"):
            assert state["status"] == "completed", state
            return state
        time.sleep(0.1)
    raise AssertionError(f"not finished in a minute: {url}")


def _node(script: str, folder: Path) -> subprocess.Popen[str]:
    path = folder / "sample.mjs"
    path.write_text(script, encoding="utf-8")
    node = shutil.which("node")
    assert node, "this test runs the product's JavaScript sample: install Node.js 18 or newer"
    return subprocess.Popen([node, path.name], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_video_products_javascript_sample_submits_a_job(
    trial: Trial, files: str, video: str, tmp_path: Path
) -> None:
    sample = _between(_page("API Documentation"), "const response = await fetch(", "console.log(data.jobId);")
    sample = sample.replace("https://api.lipsync.dev", trial.url).replace("your_api_key_here", trial.key)
    sample = sample.replace("https://example.com/video.mp4", video)
    sample = sample.replace("https://example.com/audio.mp3", f"{files}/{_sample('voice')}")

    printed, _ = _node(sample, tmp_path).communicate(timeout=60)

    assert printed.strip().isdigit(), printed
    state = _finished(f"{trial.url}/v1/lipsync/status/{printed.strip()}", trial.key)
    assert requests.get(state["outputUrl"], timeout=30).headers["Content-Type"] == "video/mp4"


def test_the_studio_products_curl_request_gets_its_webhook_by_the_node_sample(
    trial: Trial, files: str, tmp_path: Path
) -> None:
    page = _page("Erzeuge")
    sample = page[page.index("import fetch from 'node-fetch';") :]
    sample = sample.replace("https://lipsync.studio", trial.url).replace("sk_XXXX_YYYY", trial.key)
    sample = sample.replace("https://your-public-domain.com", f"http://127.0.0.1:{WEBHOOK_PORT}")
    sample = sample.replace("https://example.com/portrait.jpg", f"{files}/{_sample('portrait')}")
    sample = sample.replace("https://example.com/speech.mp3", f"{files}/{_sample('voice')}")
    npm = shutil.which("npm")
    assert npm, "this test runs the product's Node sample: install npm"
    subprocess.run(
        [npm, "install", "--silent", "--no-fund", "--no-audit", "node-fetch", "express"], cwd=tmp_path, check=True
    )
    with _node(sample, tmp_path) as process:
        try:
            _listening(WEBHOOK_PORT)
            by_curl = _curl(trial, files)
            printed = _until_both_arrive(process)
        finally:
            process.kill()

    assert by_curl["status"] == "processing"
    assert f"Job ID: {by_curl['id']}" in printed
    assert printed.count("Status: completed") == 2
    assert printed.count("Video URL: http") == 2


def _curl(trial: Trial, files: str) -> dict[str, str]:
    body = _between(_page("Erzeuge"), '{\n"webhook"', "\n}\n}")
    body = body.replace("https://your-app.example.com", f"http://127.0.0.1:{WEBHOOK_PORT}")
    body = body.replace("https://.../face.png", f"{files}/{_sample('portrait')}")
    body = body.replace("https://.../voice.mp3", f"{files}/{_sample('voice')}")
    curl = shutil.which("curl")
    assert curl, "this test runs the product's HTTP sample with curl: install it"
    command = [curl, "-sS", "-X", "POST", f"{trial.url}/api/v1/lipsync-image", "-d", body]
    command += ["-H", f"Authorization: Bearer {trial.key}", "-H", "Content-Type: application/json"]
    answer: dict[str, str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return answer


def _listening(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"the sample does not listen on port {port}")


def _until_both_arrive(process: subprocess.Popen[str]) -> str:
    printed = ""
    for line in process.stdout or ():
        printed += line
        if printed.count("Video URL:") == 2 or "Error" in line:
            break
    return printed
