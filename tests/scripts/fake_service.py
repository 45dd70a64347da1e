"""A service that takes any order, for commands under test."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from scripts.listening import listening

JOB_ID = "550e8400-e29b-41d4-a716-446655440000"

Body = dict[str, object]


@dataclass
class FakeService:
    """What it was sent, and what it will say of its one job: the last of `jobs` for good, None for an outage."""

    url: str = ""
    keys: list[str] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    uploads: int = 0
    asked: int = 0
    jobs: list[Body | None] = field(default_factory=list)


@contextmanager
def fake_service() -> Iterator[FakeService]:
    service = FakeService(jobs=[{"status": "processing"}])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            service.keys.append(self.headers["Authorization"])
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_upload = self.path.endswith("uploads")
            service.bodies += [] if is_upload else [json.loads(sent)]
            service.uploads += is_upload
            self._answer(201, {"url": f"{service.url}/files/1"} if is_upload else {"id": JOB_ID, "jobId": 1})

        def do_GET(self) -> None:
            service.asked += 1
            job = service.jobs.pop(0) if len(service.jobs) > 1 else service.jobs[0]
            self._answer(200 if job else 503, job or {"error": "the job queue cannot be reached"})

        def _answer(self, status: int, body: Body) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as url:
        service.url = url
        yield service
