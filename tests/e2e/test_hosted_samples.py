"""The hosted products' own samples, with nothing changed but host, key and file addresses.

The sample texts are the products' pages, so they are read from where they lie beside the checkout; where they are not,
there is nothing to run. Node, npm and curl are needed to run them.
"""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from scripts.trial import Trial, serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WEBHOOK_PORT = 3000

if not SEEDS.is_dir():
    pytest.skip("the products' pages are not beside this checkout", allow_module_level=True)


def _page(start: str) -> str:
    return next(text for path in SEEDS.glob("*.txt") if (text := path.read_text(encoding="utf-8")).startswith(start))


VIDEO_PAGE = _page("API Documentation")
STUDIO_PAGE = _page("Erzeuge")


def _between(text: str, first: str, last: str) -> str:
    begin = text.index(first)
    return text[begin : text.index(last, begin) + len(last)]


@pytest.fixture(scope="module")
def trial(light_stack: Trial) -> Trial:
    return light_stack


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


def _tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"this test runs a product's own sample with {name}: install it"
    return found


def _node(script: str, folder: Path) -> subprocess.Popen[str]:
    path = folder / "sample.mjs"
    path.write_text(script, encoding="utf-8")
    command = [_tool("node"), path.name]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _for_us(sample: str, trial: Trial, files: str) -> str:
    """The video product's sample with our host, key and files."""
    sample = sample.replace("https://api.lipsync.dev", trial.url).replace("your_api_key_here", trial.key)
    sample = sample.replace("https://example.com/person.jpg", f"{files}/{_sample('portrait')}")
    return sample.replace("https://example.com/audio.mp3", f"{files}/{_sample('voice')}")


def _is_video(trial: Trial, number: int) -> bool:
    state = _finished(f"{trial.url}/v1/lipsync/status/{number}", trial.key)
    return requests.get(state["outputUrl"], timeout=30).headers["Content-Type"] == "video/mp4"


def test_the_video_products_javascript_sample_submits_a_job(
    trial: Trial, files: str, video: str, tmp_path: Path
) -> None:
    sample = _between(VIDEO_PAGE, "const response = await fetch(", "console.log(data.jobId);")
    sample = _for_us(sample, trial, files).replace("https://example.com/video.mp4", video)

    printed, _ = _node(sample, tmp_path).communicate(timeout=60)

    assert printed.strip().isdigit(), printed
    assert _is_video(trial, int(printed))


def test_the_video_products_python_sample_makes_a_portrait_speak(trial: Trial, files: str) -> None:
    sample = _for_us(_between(VIDEO_PAGE, "import requests", "print(data['job_id'])"), trial, files)

    ran = subprocess.run([sys.executable, "-c", sample], capture_output=True, text=True, timeout=60, check=False)

    assert ran.stdout.strip().isdigit(), ran.stdout + ran.stderr
    assert _is_video(trial, int(ran.stdout))


def test_the_video_products_curl_sample_makes_a_portrait_speak(trial: Trial, files: str) -> None:
    sample = _for_us(_between(VIDEO_PAGE, "curl -X POST", "}'"), trial, files)
    _tool("curl")

    ran = subprocess.run(["bash", "-c", sample], capture_output=True, text=True, timeout=60, check=False)

    assert _is_video(trial, json.loads(ran.stdout)["job_id"]), ran.stdout + ran.stderr


def test_the_studio_products_request_is_polled_as_its_page_shows(trial: Trial, files: str) -> None:
    order = _between(STUDIO_PAGE, '{\n"formState": {\n"image"', "\n}\n}")

    accepted = _send(_between(STUDIO_PAGE, "POST /api/v1/lipsync-image", "json") + "\n" + order, trial, files)
    asked = _between(STUDIO_PAGE, f"GET /api/v1/jobs/{_id_of_page()}", "YYYY").replace(_id_of_page(), accepted["id"])
    processing = _send(asked, trial, files)
    completed = _finished(f"{trial.url}/api/v1/jobs/{accepted['id']}", trial.key)

    assert list(accepted) == list(_answer("// Immediate Response:"))
    assert accepted["status"] == "processing"
    page = _answer("// Response while processing:")
    assert {name: processing[name] for name in page} in (
        page | {"id": accepted["id"]},
        {name: completed[name] for name in page} | {"output": processing["output"]},
    )
    page = _answer("// Response when completed:")
    assert list(completed)[: len(page)] == list(page)
    same = ("model", "status", "error", "timings")
    assert {name: completed[name] for name in same} == {name: page[name] for name in same}


def _id_of_page() -> str:
    return str(_answer("// Immediate Response:")["id"])


def _answer(title: str) -> dict[str, object]:
    """An answer that the studio product's page shows below a title."""
    answer: dict[str, object] = json.loads(_between(STUDIO_PAGE[STUDIO_PAGE.index(title) :], "{", "\n}"))
    return answer


def _send(message: str, trial: Trial, files: str) -> dict[str, str]:
    """Send a request as the studio product's page writes it: request line, headers, body."""
    message = message.replace("sk_XXXX_YYYY", trial.key)
    message = message.replace("https://.../face.png", f"{files}/{_sample('portrait')}")
    message = message.replace("https://.../voice.mp3", f"{files}/{_sample('voice')}")
    head, brace, body = message.partition("{")
    (method, path), *headers = (line.split(maxsplit=1) for line in head.strip().splitlines())
    connection = http.client.HTTPConnection(urlsplit(trial.url).netloc, timeout=30)
    connection.request(method, path, brace + body or None, {name.rstrip(":"): value for name, value in headers})
    answer: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_the_studio_products_curl_request_gets_its_webhook_by_the_node_sample(
    trial: Trial, files: str, tmp_path: Path
) -> None:
    sample = STUDIO_PAGE[STUDIO_PAGE.index("import fetch from 'node-fetch';") :]
    sample = sample.replace("https://lipsync.studio", trial.url).replace("sk_XXXX_YYYY", trial.key)
    sample = sample.replace("https://your-public-domain.com", f"http://127.0.0.1:{WEBHOOK_PORT}")
    sample = sample.replace("https://example.com/portrait.jpg", f"{files}/{_sample('portrait')}")
    sample = sample.replace("https://example.com/speech.mp3", f"{files}/{_sample('voice')}")
    subprocess.run(
        [_tool("npm"), "install", "--silent", "--no-fund", "--no-audit", "node-fetch", "express"],
        cwd=tmp_path,
        check=True,
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
    assert printed.count("Model: lipsync-image") == 2
    assert printed.count("Status: completed") == 2
    assert printed.count("Video URL: http") == 2


def _curl(trial: Trial, files: str) -> dict[str, str]:
    body = _between(STUDIO_PAGE, '{\n"webhook"', "\n}\n}")
    body = body.replace("https://your-app.example.com", f"http://127.0.0.1:{WEBHOOK_PORT}")
    body = body.replace("https://.../face.png", f"{files}/{_sample('portrait')}")
    body = body.replace("https://.../voice.mp3", f"{files}/{_sample('voice')}")
    command = [_tool("curl"), "-sS", "-X", "POST", f"{trial.url}/api/v1/lipsync-image", "-d", body]
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
