"""Secrets of operators and clients, sent through a whole stack and then looked for in all that it leaves behind."""

import asyncio
import re
import secrets
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from contracts.settings import Settings, environment
from scripts import connection
from scripts.listening import listening
from scripts.ports import free_ports
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from storage.records import Records
from tests.e2e.client import Client, Json, client_of, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

JOBS = "/api/v1/lipsync-image"


@dataclass(frozen=True)
class Secrets:
    """Words that tell on whoever writes them down: the operator's, those in clients' addresses, and our own links."""

    operator: dict[str, str]
    links: dict[str, str] = field(default_factory=dict)
    query: str = field(default_factory=lambda: f"telltale{secrets.token_hex(8)}")
    password: str = field(default_factory=lambda: f"telltale{secrets.token_hex(8)}")
    hook: str = field(default_factory=lambda: f"telltale{secrets.token_hex(8)}")

    def of_clients(self) -> dict[str, str]:
        return {"query": self.query, "password": self.password, "hook": self.hook}

    def all(self) -> dict[str, str]:
        return self.operator | self.links | self.of_clients()


@dataclass(frozen=True)
class Left:
    """What a stack left behind.

    Attributes:
        log: every line that any of its processes wrote.
        temporal: the bytes of Temporal's database.
        indexed: what Temporal searches by, of every workflow.
        commands: command lines of all processes while it ran.
        told: every error that clients were told.
        pages: what is shown to anybody.
        looked: what the command line says of a job, by command; with the payload keys, and without.
    """

    secrets: Secrets
    log: str
    temporal: bytes
    indexed: str
    commands: str
    told: str
    pages: str
    looked: dict[str, subprocess.CompletedProcess[str]]


class Elsewhere(BaseHTTPRequestHandler):
    """Sends downloads on to the files, and takes webhooks."""

    files = ""

    def do_GET(self) -> None:
        query = self.path.partition("?")[2]
        self.send_response(302)
        self.send_header("Location", f"{self.files}/face.png?{query}")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module", params=["encrypted", "plain"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def left(kind: str, files: str, tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp(kind)
    own = {"MOUTHPIECE_SECRET": secrets.token_hex(16), "MOUTHPIECE_S3_SECRET_ACCESS_KEY": secrets.token_hex(16)}
    if kind == "encrypted":
        own["MOUTHPIECE_PAYLOAD_KEYS"] = b64encode(secrets.token_bytes(32)).decode()
    found = Secrets(operator=dict(own))
    settings = TRIVIAL_ENGINE | own | {"MOUTHPIECE_LOG_LEVEL": "DEBUG"}
    elsewhere = type("There", (Elsewhere,), {"files": files})
    with (
        listening(elsewhere) as there,
        running(settings, data=folder / "data", log=folder / "log") as trial,
    ):
        told = _ill_used(trial, found, files, there)
        commands = "\n".join(map(_command, trial.pids()))
        indexed = asyncio.run(_indexed(trial))
        looked = {word: _look(trial, own, word) for word in ("list", "show 1", "replay 1")}
        looked |= {f"{word}, no key": _look(trial, {}, word) for word in ("show 1", "replay 1")}
        pages = "".join(requests.get(trial.url + path, timeout=30).text for path in ("/docs", "/openapi.json"))
    temporal = b"".join(path.read_bytes() for path in sorted((folder / "data").glob("temporal.db*")))
    log = (folder / "log").read_text(encoding="utf-8")
    return Left(found, log, temporal, indexed, commands, told, pages, looked)


def _ill_used(trial: Trial, found: Secrets, files: str, there: str) -> str:
    """Send every secret along every way there is, wait until all has ended, and return the errors that came back."""
    client, query = client_of(trial), f"?token={found.query}"
    found.operator["API key"] = trial.key.split("_", 2)[2]
    records = Records(trial.data / "records.db")
    found.operator["webhook secret"] = records.keys.webhook_secret(trial.key.split("_")[1]).removeprefix("whsec_")
    records.close()
    (closed,) = free_ports("127.0.0.1", 1)
    voice = f"{files}/short.wav{query}"
    pictures = [
        f"{files}/face.png{query}",
        f"{there}/moved{query}",
        f"{files}/missing.png{query}",
        f"{files}/page.wav{query}",
        f"http://10.0.0.1/face.png{query}",
        f"http://nowhere.invalid/face.png{query}",
    ]
    hooks = [f"{there}/hook?key={found.hook}", f"http://127.0.0.1:{closed}/hook?key={found.hook}"]
    rotated = client.post("/api/v1/webhooks/secret", {}).json()["webhook_secret"]
    found.operator["new webhook secret"] = rotated.removeprefix("whsec_")
    jobs = [client.image_job(picture, voice, webhook=hook) for picture in pictures for hook in hooks]
    told = [client.post(path, body).text for path, body in _refused(found, files)]
    told += [client.post("/api/v1/inspect", {"source": picture, "audio": voice}).text for picture in pictures[:4]]
    told += [client.post("/api/v1/webhooks/test", {"url": hook}).text for hook in hooks]
    assert ['"delivered":true' in answer for answer in told[-2:]] == [True, False]
    told += [_asked_wrongly(trial, found)]
    ended = [until(lambda job_id=job_id: _ended(client, job_id)) for job_id in jobs]  # type: ignore[misc]
    outputs = [str(job["output"]) for job in ended if job["status"] == "completed"]
    assert len(outputs) == 4
    for output in outputs:
        assert requests.get(output, timeout=30).ok
        found.links[output[-12:]] = output.split("/")[-2]
    for job_id in jobs:
        client.get(f"/api/v1/jobs/{job_id}/deliveries")
    return "\n".join(told + [str(job["error"]) for job in ended])


def _refused(found: Secrets, files: str) -> list[tuple[str, Json]]:
    """Orders that are refused at once, each for an address."""
    voice = f"{files}/short.wav"
    addresses = [
        f"http://user:{found.password}@media.example/face.png",
        f"ftp://media.example/face.png?token={found.query}",
        f"http:///face.png?token={found.query}",
        f"http://media.example/a b?token={found.query}",
        f"http://media.example:99999/?token={found.query}",
    ]
    bodies: list[Json] = [{"formState": {"image": address, "audio": voice}} for address in addresses]
    bodies += [{"formState": {"image": voice, "audio": voice}, "webhook": address} for address in addresses]
    return [(JOBS, body) for body in bodies]


def _asked_wrongly(trial: Trial, found: Secrets) -> str:
    """Keys where they do not belong, or that are wrong."""
    wrong = f"sk_00000000_{found.password:_<43}"
    answers = [
        requests.get(f"{trial.url}/api/v1/jobs", headers={"X-API-Key": wrong}, timeout=30),
        requests.get(f"{trial.url}/api/v1/jobs?api_key={wrong}", timeout=30),
        requests.get(f"{trial.url}/api/v1/jobs", headers={"Authorization": f"Basic {wrong}"}, timeout=30),
        requests.get(f"{trial.url}/files/{wrong}/face.png", timeout=30),
        requests.post(f"{trial.url}{JOBS}", data=f"{{{wrong}", headers={"X-API-Key": trial.key}, timeout=30),
    ]
    # The path that was asked for comes back in `instance`, to the one who asked.
    return re.sub('"instance":"[^"]*"', "", "".join(answer.text for answer in answers))


def _ended(client: Client, job_id: str) -> Json | None:
    job = client.studio(job_id)
    return job if job["status"] != "processing" else None


def _look(trial: Trial, settings: dict[str, str], words: str) -> subprocess.CompletedProcess[str]:
    """Look at a job on the command line."""
    command = [sys.executable, "-m", "scripts.cli", "jobs", *words.split(), "--data", str(trial.data)]
    return subprocess.run(command, env=environment() | settings, capture_output=True, text=True, check=False)


def _command(pid: int) -> str:
    """Its command line; none of a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


async def _indexed(trial: Trial) -> str:
    client = await connection.connect(Settings(data_dir=trial.data))
    found = [workflow async for workflow in client.list_workflows()]
    assert len(found) > 12
    return "\n".join(str(workflow.raw_info.search_attributes) + workflow.id for workflow in found)


def _seen(words: dict[str, str], text: str | bytes) -> list[str]:
    content = text.encode() if isinstance(text, str) else text
    return [name for name, word in words.items() if word.encode() in content]


def test_no_log_line_holds_a_secret(left: Left) -> None:
    assert "settled" in left.log
    assert "webhook_attempted" in left.log
    assert "redirected" in left.log
    assert _seen(left.secrets.all(), left.log) == []


def test_temporal_never_holds_an_operators_secret_and_a_clients_only_unencrypted(left: Left, kind: str) -> None:
    assert _seen(left.secrets.operator, left.temporal) == []
    if kind == "encrypted":
        assert _seen(left.secrets.all(), left.temporal) == []
    else:
        assert _seen(left.secrets.of_clients(), left.temporal) == ["query", "hook"]


def test_nothing_that_temporal_searches_by_holds_a_secret(left: Left) -> None:
    assert "JobKey" in left.indexed
    assert _seen(left.secrets.all(), left.indexed) == []


def test_no_command_line_holds_a_secret(left: Left) -> None:
    assert "gunicorn" in left.commands
    assert _seen(left.secrets.all(), left.commands) == []


def test_no_error_holds_a_secret(left: Left) -> None:
    assert "must not hold a user name or password" in left.told
    assert _seen(left.secrets.all(), left.told) == []


def test_no_public_page_holds_a_secret(left: Left) -> None:
    assert _seen(left.secrets.all(), left.pages) == []


def test_the_command_line_reads_what_is_encrypted(left: Left) -> None:
    assert "succeeded" in left.looked["list"].stdout
    assert "settle, 100 %" in left.looked["show 1"].stdout
    assert left.looked["replay 1"].stdout.startswith("deterministic:")


def test_the_command_line_says_which_setting_it_lacks(left: Left, kind: str) -> None:
    for words in ("show 1, no key", "replay 1, no key"):
        lacking = left.looked[words]
        assert (lacking.returncode != 0, "MOUTHPIECE_PAYLOAD_KEYS" in lacking.stderr) == (
            (True, True) if kind == "encrypted" else (False, False)
        ), lacking.stderr
