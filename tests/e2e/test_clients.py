"""The example clients of docs/clients, as programs and as libraries."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest

from contracts.settings import Secret
from scripts.receiver import Received, receiving
from scripts.trial import Trial
from storage.records import Records
from tests.e2e.client import Client, client_of, download

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

CLIENTS = Path(__file__).resolve().parents[2] / "docs" / "clients"
LANGUAGES = ("python", "node")

#: Programs that read a webhook as JSON on stdin and print what `verified` makes of it.
CHECKS = {
    "python": "import json, sys; from client import *; sent = json.load(sys.stdin)\n"
    "try: print(verified(sent['body'].encode(), sent['headers'], sent['secret'])['id'])\n"
    "except BadSignature as fault: print('refused:', fault)",
    "node": "import { readFileSync } from 'node:fs'; import { verified } from './client.mjs';\n"
    "const { body, headers, secret } = JSON.parse(readFileSync(0));\n"
    "try { console.log(verified(body, headers, secret).id); }\n"
    "catch (fault) { console.log('refused:', fault.message); }",
}


def _command(language: str, *, code: str = "") -> list[str]:
    if language == "python":
        return [sys.executable, *(["-c", code] if code else ["client.py"])]
    node = shutil.which("node")
    assert node, "this test runs the Node client: install Node.js 18 or newer"
    return [node, *(["--input-type=module", "-e", code] if code else ["client.mjs"])]


def _run(command: list[str], said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=CLIENTS, input=said, capture_output=True, text=True, timeout=120, check=False)


def _printed(command: list[str], said: str = "") -> str:
    ran = _run(command, said)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def service(light_stack: Trial) -> Client:
    return client_of(light_stack)


@pytest.fixture(scope="module")
def secret(light_stack: Trial) -> Secret:
    records = Records(light_stack.data / "records.db")
    try:
        return records.keys.webhook_secret(light_stack.key.split("_")[1])
    finally:
        records.close()


@pytest.fixture(scope="module")
def webhook(service: Client, secret: Secret, files: str) -> Received:
    """A webhook that the service sent."""
    with receiving(secret) as receiver:
        service.image_job(f"{files}/face.png", f"{files}/short.wav", webhook=receiver.url)
        return receiver.take(60)


def _as_sent(webhook: Received, secret: Secret) -> dict[str, object]:
    return {"body": webhook.raw.decode(), "headers": webhook.headers, "secret": secret}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_makes_a_portrait_speak_and_keeps_the_video(
    service: Client, files: str, tmp_path: Path, language: str
) -> None:
    video = tmp_path / "video.mp4"
    words = [service.url, service.key, f"{files}/face.png", f"{files}/short.wav", str(video)]

    printed = _printed(_command(language) + words)

    job_id = printed.split()[1]
    assert video.read_bytes() == download(service.studio(job_id)["output"])
    with av.open(str(video)) as container:
        assert container.streams.video[0].frames > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_says_why_a_job_failed(service: Client, files: str, tmp_path: Path, language: str) -> None:
    words = [service.url, service.key, f"{files}/nothing.png", f"{files}/short.wav", str(tmp_path / "video.mp4")]

    ran = _run(_command(language) + words)

    assert ran.returncode != 0
    assert "formState.image:" in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_says_why_an_order_is_refused(service: Client, tmp_path: Path, language: str) -> None:
    words = [service.url, service.key, "portrait.png", "voice.wav", str(tmp_path / "video.mp4")]

    ran = _run(_command(language) + words)

    assert ran.returncode != 0
    assert "formState.image: must begin with http:// or https://" in ran.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_believes_a_webhook_of_the_service(webhook: Received, secret: Secret, language: str) -> None:
    said = json.dumps(_as_sent(webhook, secret))

    assert _printed(_command(language, code=CHECKS[language]), said) == webhook.job["id"]


@pytest.mark.parametrize(
    ("part", "value", "cause"),
    [
        ("body", '{"id": "another"}', "no signature is the right one"),
        ("secret", "whsec_c2VjcmV0", "no signature is the right one"),
        ("headers", {}, "the timestamp is missing, or too old or too new"),
        ("headers", {"webhook-timestamp": "1500000000"}, "the timestamp is missing, or too old or too new"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_does_not_believe_another_webhook(
    webhook: Received, secret: Secret, language: str, part: str, value: object, cause: str
) -> None:
    said = json.dumps(_as_sent(webhook, secret) | {part: value})

    assert _printed(_command(language, code=CHECKS[language]), said) == f"refused: {cause}"
