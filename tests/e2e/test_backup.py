"""A backup of the running service, and a service made of it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from scripts.listening import listening
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Client, client_of, digest, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Mailbox:
    """A receiver that takes nothing until it is opened; keeps the ids of all that it is sent."""

    is_open: bool = False
    refused: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def handler(self, *arguments: object) -> BaseHTTPRequestHandler:
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                (mailbox.taken if mailbox.is_open else mailbox.refused).append(str(self.headers["webhook-id"]))
                self.send_response(204 if mailbox.is_open else 503)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler(*arguments)  # type: ignore[arg-type]


def _mouthpiece(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", *words, "--data", str(data)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def _moved(link: object, trial: Trial) -> str:
    """A link to the service as it would lead to another of the same name."""
    return f"{trial.url}{urlsplit(str(link)).path}"


def _hold_workers(trial: Trial) -> None:
    for pid in trial.pids("worker"):
        os.kill(pid, signal.SIGSTOP)


def test_a_service_made_of_a_backup_goes_on_where_the_other_was(files: str, folder: Path, tmp_path: Path) -> None:
    old, new, out, mailbox = tmp_path / "old", tmp_path / "new", tmp_path / "out", Mailbox()
    with listening(mailbox.handler) as hook:
        with running(TRIVIAL_ENGINE, data=old, log=tmp_path / "old.log") as first:
            client = client_of(first)
            done = client.finished(client.image_job(f"{files}/face.png", f"{files}/short.wav", webhook=hook))
            expected = digest(done["output"])
            until(lambda: mailbox.refused)
            made = _mouthpiece("keys", "create", "--name", "visitor", data=old).stdout.split()[1]
            upload = requests.post(
                f"{first.url}/api/v1/uploads",
                data=(folder / "face.png").read_bytes(),
                headers={"X-API-Key": first.key},
                timeout=30,
            ).json()["url"]
            _hold_workers(first)
            waiting = client.image_job(f"{files}/face.png", f"{files}/short.wav")
            backed_up = _mouthpiece("backup", str(out), data=old)
            over_a_running_one = _mouthpiece("restore", str(out), data=old)
        over_a_stopped_one = _mouthpiece("restore", str(out), data=old)
        restored = _mouthpiece("restore", str(out), data=new)
        mailbox.is_open = True
        with running(TRIVIAL_ENGINE, data=new, log=tmp_path / "new.log") as second:
            client, visitor = client_of(second), Client(url=second.url, key=made)
            outputs = [digest(client.finished(waiting)["output"])]
            listed = client.get("/api/v1/jobs").json()["jobs"]
            outputs.append(digest(_moved(done["output"], second)))
            again = client.finished(client.image_job(_moved(upload, second), f"{files}/short.wav"))
            outputs.append(digest(again["output"]))
            until(lambda: mailbox.taken)
            checked = _mouthpiece("data", "check", data=new)
            greeted = visitor.get("/api/v1/usage").status_code

    assert backed_up.returncode == 0, backed_up.stderr
    assert "another stack runs on" in over_a_running_one.stderr
    assert "is not empty" in over_a_stopped_one.stderr
    assert restored.stdout.endswith("to begin again: 1 jobs, 1 webhooks\n"), restored.stderr
    assert first.key == second.key
    assert greeted == 200
    assert {job["id"] for job in listed} == {done["id"], waiting}
    assert outputs == [expected] * 3
    assert set(mailbox.taken) == {mailbox.refused[0]}
    assert checked.returncode == 0, checked.stdout
