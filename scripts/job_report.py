"""Jobs as text: a row of a list, or everything about one."""

import time
from collections.abc import Sequence

import click

from contracts.errors import Unavailable
from contracts.jobs import JobView, MediaRef, workflow_id
from contracts.settings import Settings
from scripts import connection, remedies, runfile
from scripts.plain import plain
from storage.deliveries import Attempt, Webhook
from storage.jobs import JobRecord
from storage.links import Links
from storage.secrets import server_secret

HEADERS = ("NUMBER", "ID", "STATUS", "STAGE", "%", "MODEL", "CREATED", "SECONDS", "CREDITS", "ERROR")


class Standing:
    """Asks Temporal how jobs stand, for the records only learn how they ended; says once when it cannot be asked."""

    def __init__(self, settings: Settings) -> None:
        self._gateway = connection.gateway(settings) if connection.is_known(settings.data_dir) else None
        self._has_told = False

    def __call__(self, record: JobRecord) -> JobView | None:
        """Return the job's view; None when Temporal does not know it, or cannot be asked."""
        if self._gateway is not None:
            try:
                return self._gateway.view(record.job_id)
            except Unavailable:
                self._gateway = None
        if not self._has_told:
            self._has_told = True
            click.echo("Temporal cannot be asked: jobs that go on are shown as unknown", err=True)
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


def entry(record: JobRecord, view: JobView | None) -> dict[str, object]:
    """One job of a list for programs; empty text where something is not known or has not happened."""
    error = view.error if view else record.error
    return {
        "id": record.job_id,
        "number": record.number,
        "status": _status(record, view),
        "stage": view.stage if view else "",
        "percent": view.percent if view else None,
        "key": record.key_id,
        "model": record.model,
        "engine": record.engine,
        "batch": record.request.batch_id,
        "created_at": record.created_at,
        "started_at": (view.started_at if view else "") or record.started_at,
        "finished_at": record.finished_at,
        "execution_ms": record.execution_ms,
        "credits": record.credits,
        "error": {"code": error.code, "message": error.message} if error else None,
    }


def details(settings: Settings, record: JobRecord, view: JobView | None, webhooks: Sequence[Webhook]) -> list[str]:
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
        "remedy": remedies.of(error.code) if error else "",
        "key": record.key_id,
        "dialect": record.dialect,
        "model": record.model,
        "engine": f"{record.engine}, seed {media.seed}",
        "source": _place(media.source),
        "audio": _place(media.audio),
        "vocal": _place(media.vocal),
        "right audio": f"{_place(media.right_audio)} ({media.order})" if media.right_audio else "",
        "script": f"{media.script.voice_id}: {media.script.text}" if media.script else "",
        "mask": _place(media.mask),
        "prompt": media.prompt,
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
    return [plain(line) for line in lines + [line for webhook in webhooks for line in _webhook(webhook)]]


def _status(record: JobRecord, view: JobView | None) -> str:
    if view:
        return view.status
    return record.status if record.status.is_terminal else "unknown"


def _place(media: MediaRef | None) -> str:
    return (media.url or media.blob) if media else ""


def _link(settings: Settings, running: runfile.Running | None, record: JobRecord) -> str:
    if record.expired_at:
        return f"removed on {record.expired_at[:10]}"
    if not record.output:
        return ""
    links = Links(server_secret(settings), running.url if running else settings.public_url, settings.link_ttl_s)
    return links.url(record.output, time.time())


def _webhook(webhook: Webhook) -> list[str]:
    return [f"  {webhook.delivery.delivery_id}: {webhook.state}", *map(_attempt, webhook.attempts)]


def _attempt(attempt: Attempt) -> str:
    answer = f"HTTP {attempt.http_status}" if attempt.http_status else attempt.answer
    return f"    attempt {attempt.attempt} at {attempt.at}: {answer} in {attempt.latency_ms} ms"
