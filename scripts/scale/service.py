"""A service of one's own with so many `gpu` workers, and the questions that a benchmark has for it."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import requests
import yaml
from temporalio.client import Client

from contracts.errors import InternalError
from contracts.settings import Settings, environment
from contracts.steps import Queue
from scripts import connection, pollers
from scripts.stack import DEFAULT
from scripts.trial import Trial, running

T = TypeVar("T")

_READY_PATIENCE_S = 180.0
_LOOK_S = 0.2
_CALL_S = 60
_MIB = 1 << 20
_PATH = "PYTHONPATH"
_UNLIMITED = {"MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0"}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service.

    Attributes:
        trial: its stack.
        client: of its Temporal server, to be used within `runner`.
    """

    trial: Trial
    client: Client
    runner: asyncio.Runner

    def ask(self, question: Coroutine[None, None, T]) -> T:
        """Have Temporal answer."""
        return self.runner.run(question)

    def submit(self, form: Mapping[str, object], key: str = "") -> str:
        """Order a job in the studio dialect and return its id.

        Args:
            form: the request's form, with an `image` or a `video`.
            key: whose it is; the first key's by default.
        """
        kind = "video" if "video" in form else "image"
        address = f"{self.trial.url}/api/v1/lipsync-{kind}"
        headers = {"Authorization": f"Bearer {key or self.trial.key}", "Idempotency-Key": str(uuid.uuid4())}
        form_state = {"formState": dict(form)}
        answer = _heard(lambda: requests.post(address, json=form_state, headers=headers, timeout=_CALL_S))
        return str(answer.json()["id"])

    def job(self, job_id: str, key: str = "") -> dict[str, object]:
        """Ask how a job stands, again where the service has no answer at the moment."""
        headers = {"Authorization": f"Bearer {key or self.trial.key}"}
        address = f"{self.trial.url}/api/v1/jobs/{job_id}"
        found: dict[str, object] = _heard(lambda: requests.get(address, headers=headers, timeout=_CALL_S)).json()
        return found

    def size_mib(self, name: str) -> float:
        """What a database of the data folder takes, its log included, in MiB."""
        return sum(path.stat().st_size for path in self.trial.data.glob(f"{name}*")) / _MIB


def _heard(ask: Callable[[], requests.Response]) -> requests.Response:
    """Ask, and again where the service has no answer at the moment."""
    ends_at = time.monotonic() + _READY_PATIENCE_S
    while (answer := ask()).status_code == HTTPStatus.SERVICE_UNAVAILABLE and time.monotonic() < ends_at:
        time.sleep(_LOOK_S)
    answer.raise_for_status()
    return answer


@contextmanager
def serving_with(folder: Path, gpu_workers: int, environ: Mapping[str, str]) -> Iterator[Service]:
    """Run a service until the block ends; every one of its `gpu` workers polls when it begins.

    Args:
        folder: for everything it writes; is made.
        gpu_workers: how many processes render.
        environ: settings on top of the environment of this process.

    Raises:
        InternalError: when a worker does not come up.
    """
    folder.mkdir(parents=True)
    config, data = folder / "stack.yaml", folder / "data"
    stack = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    for worker in stack["workers"]:
        worker["processes"] = gpu_workers if worker["name"] == "gpu" else worker["processes"]
    config.write_text(yaml.safe_dump(stack), encoding="utf-8")
    before = environment().get(_PATH, "")
    if before and _PATH in environ:
        environ = {**environ, _PATH: os.pathsep.join((environ[_PATH], before))}
    with (
        running(_UNLIMITED | dict(environ), data, folder / "service.log", config) as trial,
        asyncio.Runner() as runner,
    ):
        client = runner.run(connection.connect(Settings.from_env({"MOUTHPIECE_DATA_DIR": str(data)})))
        runner.run(_all_poll(client, gpu_workers))
        yield Service(trial, client, runner)


async def _all_poll(client: Client, gpu_workers: int) -> None:
    deadline = time.monotonic() + _READY_PATIENCE_S
    while len(await pollers.identities(client, Queue.GPU)) < gpu_workers:
        if time.monotonic() > deadline:
            raise InternalError("not every gpu worker came up", remedy="Run fewer of them, or give them memory.")
        await asyncio.sleep(_LOOK_S)


def digest(url: str) -> str:
    """SHA-256 of what a link leads to."""
    found = sha256()
    with requests.get(url, timeout=_CALL_S, stream=True) as answer:
        answer.raise_for_status()
        for piece in answer.iter_content(1 << 20):
            found.update(piece)
    return found.hexdigest()
