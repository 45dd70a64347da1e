"""Records as a release leaves them behind, and everything that they answer.

usage: python -m tests.storage.earlier.filled FILE

Run in a checkout of a release, it writes FILE.db, in which every table has rows in every state, and FILE.json with the
release's own answers. Nothing in them is anybody's: keys, ids and addresses are made up.
"""

import json
import sqlite3
import sys
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from contracts.jobs import JobError, JobRequest, MediaRef, Role, Script, Status, TimedText, Timings
from contracts.plans import Plan
from contracts.scopes import EVERY, USUAL, Scope, in_order
from contracts.steps import Delivery, SettleInput
from storage.batches import BatchRecord
from storage.deliveries import WebhookFilter, WebhookState
from storage.idempotency import Reservation, StoredAnswer
from storage.jobs import JobFilter
from storage.keys import ApiKey, key_text
from storage.records import Records
from tests.storage.requests import NOW, a_failure, a_request, a_success

TODAY = datetime(2026, 1, 3, tzinfo=UTC)
KEYS = {
    name: key_text(bytes([number] * 4), bytes([number] * 32)) for number, name in enumerate(("one", "two", "three"))
}
KEY_IDS = [text.split("_")[1] for text in KEYS.values()]
DELIVERIES = ("msg_delivered", "msg_pending", "msg_failed")


def request(name: str, key_id: str = KEY_IDS[0]) -> JobRequest:
    """A request with an id of its own that is the same in every run."""
    return replace(a_request(key_id), job_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)), estimated_credits=20)


REQUESTS = {
    name: request(name) for name in ("doubtful", "waiting", "succeeded", "failed", "cancelled", "retried", "removed")
} | {
    "others": request("others", KEY_IDS[1]),
    "spoken": replace(
        request("spoken"), audio=None, script=Script(text="Grüß dich 👋", voice_id="voice_english_female_01")
    ),
    "timed": replace(
        request("timed"),
        source=MediaRef(role=Role.VIDEO, field="formState.video", blob="uploads/00000000/film"),
        timings=Timings(
            field="formState.timings", entries=(TimedText(start_s=0.5, end_s=1.0, text="yes"),), language="en"
        ),
    ),
    "batched": replace(request("batched"), batch_id=str(uuid.uuid5(uuid.NAMESPACE_URL, "batch"))),
}


def fill(records: Records) -> None:
    """Put something into every table."""
    for (name, text), plan in zip(KEYS.items(), Plan, strict=True):
        records.keys.add(text, name, NOW, plan, scopes=EVERY if name == "one" else USUAL)
    records.keys.revoke(KEY_IDS[2], "2026-01-02T04:00:00Z")
    _jobs(records)
    _webhooks(records)
    batch = REQUESTS["batched"]
    items = json.dumps([{"index": 0, "id": batch.job_id, "status": "processing", "error": None}])
    records.batches.add(BatchRecord(batch_id=batch.batch_id, key_id=batch.key_id, created_at=NOW, items=items))
    answered = _begun(records, "answered")
    records.idempotency.complete(answered, StoredAnswer(status=201, content_type="application/json", body='{"id": 1}'))
    _begun(records, "running")


def _jobs(records: Records) -> None:
    for number, made in enumerate(REQUESTS.values()):
        records.jobs.add(made, f"2026-01-02T03:04:{number:02}Z")
        if made is not REQUESTS["doubtful"]:
            records.jobs.mark_started(made.job_id)
    for name in ("succeeded", "spoken", "others", "removed"):
        records.jobs.settle(a_success(REQUESTS[name]), 30)
    records.jobs.settle(a_failure(REQUESTS["failed"]), 0)
    records.jobs.settle(a_failure(REQUESTS["retried"]), 0)
    records.jobs.reopen(REQUESTS["retried"].job_id, "2026-01-02T04:00:00Z")
    records.jobs.settle(_cancelled(REQUESTS["cancelled"]), 0)
    records.jobs.remove(REQUESTS["removed"].job_id)


def _cancelled(made: JobRequest) -> SettleInput:
    error = JobError(code="cancelled", message="cancelled")
    return replace(a_failure(made), status=Status.CANCELLED, error=error)


def _webhooks(records: Records) -> None:
    for delivery_id, http_status in zip(DELIVERIES, (204, 503, 0), strict=True):
        made = REQUESTS["succeeded"]
        delivery = Delivery(
            delivery_id=delivery_id,
            job_id=made.job_id,
            key_id=made.key_id,
            url=made.webhook_url,
            body=json.dumps({"id": made.job_id, "status": "completed"}),
        )
        sent_at = "2025-12-01T00:00:00Z" if delivery_id == "msg_failed" else NOW
        records.deliveries.open(delivery, sent_at)
        state = WebhookState.DELIVERED if http_status == 204 else WebhookState.PENDING
        records.deliveries.log(delivery, NOW, http_status, 12, "" if http_status else "no answer", state)


def _begun(records: Records, name: str) -> Reservation:
    found = records.idempotency.begin(KEY_IDS[0], name, f"fingerprint of {name}", now=1000.0, ttl_s=1e9)
    assert isinstance(found, Reservation)
    return found


def answers(records: Records) -> dict[str, object]:
    """Ask everything that the records can be asked without changing them, as JSON would have it."""
    jobs, deliveries = records.jobs, records.deliveries
    failed = WebhookFilter(key_id=KEY_IDS[0], state=WebhookState.FAILED, since="2025")
    asked: dict[str, object] = {
        "keys": [_key(key) for key in records.keys.list()],
        "found by text": [_key(key) if key else None for key in map(records.keys.find, KEYS.values())],
        "secrets": [str(records.keys.webhook_secret(key_id)) for key_id in KEY_IDS],
        "jobs": [asdict(job) for job in jobs.list(limit=100)],
        "by id": {name: _dict(jobs.find(made.job_id)) for name, made in REQUESTS.items()},
        "by number": [_dict(jobs.find_number(number)) for number in range(1, 13)],
        "of key": [job.job_id for job in jobs.list(JobFilter(key_id=KEY_IDS[1]))],
        "in state": {state: [job.job_id for job in jobs.list(JobFilter(status=state))] for state in Status},
        "in batch": [job.job_id for job in jobs.list(JobFilter(batch_id=REQUESTS["batched"].batch_id))],
        "unstarted": [job.job_id for job in jobs.unstarted("2027")],
        "ahead": [jobs.ahead(number) for number in range(1, 13)],
        "pace": asdict(jobs.pace()),
        "balances": [asdict(records.ledger.balance(key_id)) for key_id in KEY_IDS],
        "webhooks": [asdict(each) for each in deliveries.of_job(REQUESTS["succeeded"].job_id, TODAY)],
        "failed webhooks": [asdict(each) for each in deliveries.list_by(failed, TODAY, 100)],
        "batch": _dict(records.batches.find(REQUESTS["batched"].batch_id)),
    }
    found: dict[str, object] = json.loads(json.dumps(asked))
    return found


def _key(key: ApiKey) -> dict[str, object]:
    """A key; `is_admin` is what releases before scopes had in their place."""
    return asdict(key) | {"scopes": in_order(key.scopes), "is_admin": Scope.ADMIN in key.scopes}


def _dict(found: object) -> dict[str, object] | None:
    return asdict(found) if found else None  # type: ignore[call-overload]


def main(target: Path) -> None:
    """Write the file, in one piece, and its answers."""
    records = Records(target.with_suffix(".db"))
    fill(records)
    found = json.dumps(answers(records), indent=1, ensure_ascii=False)
    target.with_suffix(".json").write_text(found + "\n", encoding="utf-8")
    records.close()
    with sqlite3.connect(target.with_suffix(".db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    target.with_name(target.name + ".db.lock").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
