"""The API under gunicorn, with a data folder of its own and a real Temporal server."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from contracts.plans import Plan
from contracts.settings import environment
from storage.records import Records
from tests.api.temporal_server import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where the API answers, and a session that sends a key."""

    url: str
    data: Path
    session: requests.Session

    def post(self, path: str, body: object) -> dict[str, object]:
        answer = self.session.post(self.url + path, json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def get(self, path: str) -> dict[str, object]:
        found: dict[str, object] = self.session.get(self.url + path, timeout=30).json()
        return found


@contextmanager
def served(
    data: Path,
    temporal_address: str,
    *,
    workers: int,
    plan: Plan = Plan.ENTERPRISE,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run gunicorn with eight threads a worker until the block ends."""
    url = f"http://127.0.0.1:{free_port()}"
    environ = environment() | {
        "MOUTHPIECE_DATA_DIR": str(data),
        "MOUTHPIECE_PUBLIC_URL": url,
        "TEMPORAL_ADDRESS": temporal_address,
        **(settings or {}),
    }
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", str(workers)]
    command += ["--threads", "8", "--bind", url.removeprefix("http://"), "--no-control-socket"]
    command += ["--log-level", "warning", "--keep-alive", "30"]
    process = subprocess.Popen([*command, "api.app:from_env(8)"], cwd=ROOT, env=environ)
    session = requests.Session()
    session.headers["X-API-Key"] = _key(data, plan)
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))
    try:
        eventually(lambda: _is_ready(url))
        yield Server(url=url, data=data, session=session)
    finally:
        session.close()
        process.terminate()
        assert process.wait(timeout=90) == 0


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _key(data: Path, plan: Plan) -> str:
    records = Records(data / "records.db")
    _, key = records.keys.create("test", "2026-01-01T00:00:00Z", plan)
    records.close()
    return str(key)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
