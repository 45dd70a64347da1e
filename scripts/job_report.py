"""Jobs as text: a row of a list, or everything about one."""

import time
from collections.abc import Sequence
from pathlib import Path

from api.temporal import TemporalGateway
from contracts.errors import Unavailable
from contracts.jobs import JobView, workflow_id
from contracts.settings import Settings
from scripts import connection, runfile
from storage.deliveries import Attempt
from storage.jobs import JobRecord
from storage.links import Links
from storage.secrets import server_secret

HEADERS = ("NUMBER", "ID", "STATUS", "STAGE", "%", "MODEL", "CREATED", "SECONDS", "CREDITS", "ERROR")


class Standing:
    """Asks Temporal how jobs stand, for the records only learn how they ended; silent when it cannot be reached."""

    def __init__(self, data_dir: Path) -> None:
        self._gateway: TemporalGateway | None = None
        if connection.is_known(data_dir):
            self._gateway = connection.gateway(data_dir)

    def __call__(self, record: JobRecord) -> JobView | None:
        """Return the job's view; None when Temporal does not know it, or cannot be asked."""
        try:
            return self._gateway.view(record.job_id) if self._gateway else None
        except Unavailable:
            self._gateway = None
            return None


def row(record: JobRecord, view: JobView | None) -> tuple[str, ...]:
    """One line of a list."""
    error = view.error if view else record.error
    return (
        str(record.number),
        record.job_id,
        _status(record, view),
        view.stage if view else "",
        str(view.percent) if view else ("100" if record.output else ""),
        record.model,
        record.created_at,
        f"{record.execution_ms / 1000:.1f}" if record.execution_ms else "",
        str(record.credits) if record.credits else "",
        error.message if error else "",
    )


def details(settings: Settings, record: JobRecord, view: JobView | None, attempts: Sequence[Attempt]) -> list[str]:
    """Everything about one job, a line each; empty entries are left out."""
    error = view.error if view else record.error
    running = runfile.read(settings.data_dir)
    media = record.request
    entries = {
        "id": record.job_id,
        "number": str(record.number),
        "status": _status(record, view),
        "stage": f"{view.stage}, {view.percent} %" if view else "",
        "error": f"{error.code}: {error.message}" if error else "",
        "key": record.key_id,
        "dialect": record.dialect,
        "model": record.model,
        "engine": f"{record.engine}, seed {media.seed}",
        "source": media.source.url or media.source.blob,
        "audio": media.audio.url or media.audio.blob,
        "vocal": (media.vocal.url or media.vocal.blob) if media.vocal else "",
        "created": record.created_at,
        "started": (view.started_at if view else record.started_at) or "",
        "finished": record.finished_at,
        "took": f"{record.execution_ms / 1000:.1f} s" if record.execution_ms else "",
        "output": _link(settings, running, record),
        "length": f"{record.duration_s:.2f} s" if record.duration_s else "",
        "credits": str(record.credits) if record.credits else "",
        "warnings": "; ".join(view.warnings if view else record.warnings),
        "webhook": record.webhook_url,
        "temporal": f"{running.ui}/namespaces/{running.namespace}/workflows/{workflow_id(record.job_id)}"
        if running
        else "",
    }
    lines = [f"{name:<9} {value}" for name, value in entries.items() if value]
    return lines + [_attempt(attempt) for attempt in attempts]


def _status(record: JobRecord, view: JobView | None) -> str:
    if view:
        return view.status
    return record.status if record.status.is_terminal else "unknown"


def _link(settings: Settings, running: runfile.Running | None, record: JobRecord) -> str:
    if not record.output:
        return ""
    links = Links(server_secret(settings), running.url if running else settings.public_url, settings.link_ttl_s)
    return links.url(record.output, time.time())


def _attempt(attempt: Attempt) -> str:
    answer = f"HTTP {attempt.http_status}" if attempt.http_status else attempt.answer
    return f"  attempt {attempt.attempt} at {attempt.at}: {answer} in {attempt.latency_ms} ms"
