"""Orders over several dialects, with files uploaded or fetched, taken to their end whatever is cut meanwhile."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scripts.chaos.patience import AGAIN_S, PATIENCE_S, Access, Lost, ask, digest
from scripts.chaos.recipes import Body

#: One in so many orders is sent twice, under one idempotency key.
_DOUBLED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of order.

    Attributes:
        name: what it is called here.
        path: where it is posted.
        body: what is posted, made of a way to place a file: its name in, its URL out.
        reference: where in the answer the job's name is.
        is_uploaded: its files are uploaded before; else the service fetches them from the customer's own server.
        has_webhook: the receiver is named in it.
    """

    name: str
    path: str
    body: Callable[[Callable[[str], str]], Body]
    reference: tuple[str, ...]
    is_uploaded: bool = True
    has_webhook: bool = False


def _portrait(place: Callable[[str], str]) -> Body:
    state: Body = {"image": place("face.png"), "audio": place("short.wav"), "resolution": "480p", "seed": 1}
    return {"formState": state}


def _video(place: Callable[[str], str]) -> Body:
    state: Body = {"video": place("talking.mp4"), "audio": place("short.wav"), "seed": 5}
    return {"formState": state}


def _dub(place: Callable[[str], str]) -> Body:
    return {
        "srcVideoUrl": place("talking.mp4"),
        "audioUrl": place("short.wav"),
        "videoParams": {"fps": "original"},
    }


KINDS = (
    Kind(name="portrait", path="/api/v1/lipsync-image", body=_portrait, reference=("id",), has_webhook=True),
    Kind(name="video", path="/api/v1/lipsync-video", body=_video, reference=("id",), has_webhook=True),
    Kind(name="dub", path="/api/v1/lipsync/submit", body=_dub, reference=("jobId",)),
    Kind(name="task", path="/api/async/lipsync", body=_dub, reference=("data", "taskId")),
    Kind(
        name="fetched",
        path="/api/v1/lipsync-image",
        body=_portrait,
        reference=("id",),
        is_uploaded=False,
        has_webhook=True,
    ),
)


@dataclass(slots=True)
class Served:
    """What a customer was told of one order.

    Attributes:
        number: of the order, from 0.
        kind: what was ordered.
        reference: the job as its dialect names it; "" while the order is not accepted.
        job_id: the job's UUID.
        status: its last answer's.
        digest: its output's SHA-256, in hexadecimal.
        complaint: what the customer may complain of.
        ended_at: when the order was over.
    """

    number: int
    kind: Kind
    reference: str = ""
    job_id: str = ""
    status: str = ""
    digest: str = ""
    complaint: str = ""
    ended_at: datetime | None = None


@dataclass(slots=True)
class Customers:
    """Serves orders; several threads may.

    Attributes:
        access: the service.
        media: folder of the files.
        files: where the customers' own server has them, without a trailing slash.
        webhook: the receiver's URL; "" for none.
        run: sets these orders apart from those of other runs.
        accepted: how many orders were.
        ended: how many orders are over.
    """

    access: Access
    media: Path
    files: str
    webhook: str
    run: str
    accepted: int = 0
    ended: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, number: int) -> Served:
        """Take an order to its end, or to the end of patience."""
        served = Served(number=number, kind=KINDS[number % len(KINDS)])
        try:
            self._serve(served)
        except (Lost, KeyError, ValueError) as loss:
            served.complaint = repr(loss)
        served.ended_at = datetime.now(UTC)
        with self._lock:
            self.ended += 1
        return served

    def _serve(self, served: Served) -> None:
        body = self._body(served)
        served.reference = self._submit(served, body)
        with self._lock:
            self.accepted += 1
        if served.number % _DOUBLED == 0 and (again := self._submit(served, body)) != served.reference:
            served.complaint = f"doubled: the same idempotency key gave {served.reference} and {again}"
        job = self._end(served)
        served.job_id, served.status = str(job["id"]), str(job["status"])
        if served.status == "completed":
            served.digest = digest(lambda: str(self._job(served)["output"]))

    def _body(self, served: Served) -> Body:
        place = self._uploaded if served.kind.is_uploaded else (lambda name: f"{self.files}/{name}")
        has_webhook = served.kind.has_webhook and self.webhook
        return served.kind.body(place) | ({"webhook": self.webhook} if has_webhook else {})

    def _uploaded(self, name: str) -> str:
        return str(self._ask("POST", "/api/v1/uploads", (self.media / name).read_bytes(), str(uuid.uuid4()))["url"])

    def _submit(self, served: Served, body: Body) -> str:
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.run}:{served.number}"))
        answer: object = self._ask("POST", served.kind.path, body, key)
        for name in served.kind.reference:
            answer = answer[name] if isinstance(answer, dict) else ""
        return str(answer)

    def _end(self, served: Served) -> Body:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            job = self._job(served)
            if job["status"] != "processing":
                return job
            time.sleep(AGAIN_S)
        raise Lost(f"not over after {PATIENCE_S:g} s")

    def _job(self, served: Served) -> Body:
        return self._ask("GET", f"/api/v1/jobs/{served.reference}")

    def _ask(self, method: str, path: str, body: Body | bytes | None = None, key: str = "") -> Body:
        return ask(lambda: self.access, method, path, body, key)
