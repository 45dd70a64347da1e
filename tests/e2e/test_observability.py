"""What a busy service tells of itself: metrics that add up over its processes, logs that follow a job, traces."""

import json
import os
import secrets
import signal
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from scripts.listening import listening
from scripts.ports import free_ports
from scripts.trial import TRIVIAL_ENGINE, Trial, running
from tests.e2e.client import Json, client_of, until
from tests.e2e.otlp import Collected, Span, collecting
from tests.pages import ROOT, Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

JOBS = 4
TRACE = secrets.token_hex(16)
CALLER = secrets.token_hex(8)
WORKERS = ("mouthpiece_processes", "worker")
QUERY = f"telltale{secrets.token_hex(8)}"


class Taking(BaseHTTPRequestHandler):
    """Takes webhooks."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Busy:
    """A service of two API processes and three workers that has done some jobs: one traced, one refused."""

    trial: Trial
    log: Path
    spans: Collected
    jobs: list[str]
    refused: str
    settings: dict[str, str]

    def lines(self) -> list[Json]:
        """What its processes have logged."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def samples(self) -> dict[tuple[str, ...], float]:
        """Its metrics, by name and labels in the order of their names."""
        answer = client_of(self.trial).get("/metrics")
        assert answer.ok, answer.text
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }


@pytest.fixture(scope="module")
def busy(files: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    folder = tmp_path_factory.mktemp("busy")
    config = folder / "stack.yaml"
    text = (ROOT / "temporal-dev.yaml").read_text(encoding="utf-8")
    text = text.replace("port: 8080\n  processes: 1", "port: 8080\n  processes: 2")
    config.write_text(
        text.replace("queues: [gpu]\n    processes: 1", "queues: [gpu]\n    processes: 2"), encoding="utf-8"
    )
    with collecting() as spans, listening(Taking) as hook:
        settings = TRIVIAL_ENGINE | {
            "MOUTHPIECE_LOG_FORMAT": "json",
            "MOUTHPIECE_LOG_LEVEL": "DEBUG",
            "MOUTHPIECE_OTLP_ENDPOINT": spans.url,
            "MOUTHPIECE_PAYLOAD_KEYS": b64encode(secrets.token_bytes(32)).decode(),
            "PYTHONPATH": f"{TRIVIAL_ENGINE['PYTHONPATH']}{os.pathsep}{ROOT}",
        }
        with running(settings, log=folder / "log", config=config) as trial:
            yield _after_work(Busy(trial, folder / "log", spans, [], "", settings), files, hook)


def _after_work(busy: Busy, files: str, hook: str) -> Busy:
    client, query = client_of(busy.trial), f"?token={QUERY}"
    traced = requests.post(
        f"{busy.trial.url}/api/v1/lipsync-image",
        json={
            "formState": {"image": f"{files}/face.png{query}", "audio": f"{files}/short.wav{query}"},
            "webhook": f"{hook}/taken{query}",
        },
        headers={
            "X-API-Key": client.key,
            "X-Request-Id": "traced",
            "traceparent": f"00-{TRACE}-{CALLER}-01",
        },
        timeout=30,
    )
    assert traced.ok, traced.text
    jobs = [str(traced.json()["id"])]
    jobs += [client.image_job(f"{files}/face.png", f"{files}/short.wav", seed=seed) for seed in range(JOBS - 1)]
    refused = client.image_job(f"{files}/missing.png{query}", f"{files}/short.wav")
    for job_id in jobs:
        client.finished(job_id)
    client.failure(refused)
    until(lambda: "webhook_attempted" in busy.log.read_text(encoding="utf-8"))
    return Busy(busy.trial, busy.log, busy.spans, jobs, refused, busy.settings)


def test_metrics_of_all_processes_add_up_to_what_was_done(busy: Busy) -> None:
    found = busy.samples()

    assert found["mouthpiece_jobs_submitted_total", "lipsync_studio"] == JOBS + 1
    assert found["mouthpiece_jobs_ended_total", "", "trivial", "succeeded"] == JOBS
    assert found["mouthpiece_jobs_ended_total", "fetch_failed", "trivial", "failed"] == 1
    assert found["mouthpiece_step_seconds_count", "ok", "publish"] == JOBS
    assert (
        found["mouthpiece_segment_seconds_count", "trivial"] == found["mouthpiece_step_seconds_count", "ok", "render"]
    )
    assert found["mouthpiece_engine_frames_total", "trivial"] == JOBS * 38
    assert found["mouthpiece_webhook_attempt_seconds_count", "delivered"] == 1
    assert found["mouthpiece_http_requests_total", "POST", "/v1/lipsync-image", "200"] == JOBS + 1
    assert found["mouthpiece_input_bytes_total", "image"] > 0
    assert (found["mouthpiece_processes", "api"], found["mouthpiece_processes", "worker"]) == (2, 3)


def test_metrics_tell_how_the_whole_service_stands(busy: Busy) -> None:
    # It is looked at every 5 s, in lists of Temporal's that lag a little.
    found = until(lambda: told if _is_calm(told := busy.samples()) else None, 30)

    assert {name[1:]: value for name, value in found.items() if name[0] == "mouthpiece_queue_workers"} == {
        ("flow",): 1,
        ("gpu",): 2,
        ("io",): 1,
        ("control",): 1,
        ("notify",): 1,
    }
    assert found["mouthpiece_disk_free_bytes",] < found["mouthpiece_disk_size_bytes",]
    # The SDK tells once a second.
    until(lambda: busy.samples().get(("temporal_worker_task_slots_available", "gpu", "ActivityWorker")) == 2, 30)
    until(lambda: busy.samples().get(("temporal_workflow_completed_total", "LipsyncJob")) == JOBS, 30)


def _is_calm(found: dict[tuple[str, ...], float]) -> bool:
    jobs = sum(value for name, value in found.items() if name[0] == "mouthpiece_jobs")
    return found.get(("mouthpiece_temporal_up",)) == 1 and jobs == 0


def test_no_label_of_a_metric_tells_of_a_job_or_an_address(busy: Busy) -> None:
    told = {value for name in busy.samples() for value in name[1:]}

    assert not [value for value in told if QUERY in value or "://" in value or any(job in value for job in busy.jobs)]


def test_metrics_are_for_admins_alone(busy: Busy) -> None:
    client = client_of(busy.trial)
    usual = str(client.post("/api/v1/keys", {"name": "usual"}).json()["key"])

    assert requests.get(f"{busy.trial.url}/metrics", timeout=30).status_code == 401
    assert requests.get(f"{busy.trial.url}/metrics", headers={"X-API-Key": usual}, timeout=30).status_code == 403


def test_a_job_is_followed_by_its_id_through_the_logs_of_all_processes(busy: Busy) -> None:
    lines = [line for line in busy.lines() if line.get("job_id") == busy.jobs[0]]

    told = {(line["part"], line["logger"], line["event"]) for line in lines}
    assert {
        ("api", "api.submission", "job submitted"),
        ("api", "api.access", "request"),
        ("flow", "activities.fetch", "fetched"),
        ("flow", "activities.settle", "settled"),
        ("flow", "activities.notify", "webhook_attempted"),
    } <= told
    (submitted,) = (line for line in lines if line["event"] == "job submitted")
    (asked,) = (line for line in lines if line.get("request_id") == "traced" and line["event"] == "request")
    assert submitted["request_id"] == "traced"
    assert (asked["route"], asked["method"], asked["status"]) == ("/v1/lipsync-image", "POST", 200)
    assert isinstance(asked["ms"], float)


def test_every_line_of_a_run_is_an_object_with_time_level_logger_event_and_part(busy: Busy) -> None:
    for line in busy.lines():
        assert {"time", "level", "logger", "event", "part"} <= line.keys(), line
    faults = [line for line in busy.lines() if line["event"] == "step_failed"]
    assert [(line["job_id"], line["code"]) for line in faults] == [(busy.refused, "fetch_failed")]


def test_one_trace_holds_the_request_the_workflow_its_steps_and_the_webhook(busy: Busy) -> None:
    wanted = {
        "POST /v1/lipsync-image",
        "StartWorkflow:LipsyncJob",
        "RunWorkflow:LipsyncJob",
        "CompleteWorkflow:LipsyncJob",
    }
    wanted |= {f"RunActivity:{step}" for step in ("fetch", "analyse", "render", "publish", "settle", "notify")}
    wanted |= {"RunWorkflow:DeliverWebhook", "GET", "POST"}

    spans = until(lambda: _all_of(busy.spans, wanted), 60)

    by_id = {span.own: span for span in spans}
    first = next(span for span in spans if span.name == "POST /v1/lipsync-image")
    assert first.parent == CALLER
    assert [span.name for span in spans if span.parent not in by_id] == ["POST /v1/lipsync-image"]
    assert {span.service for span in spans} == {"mouthpiece-api", "mouthpiece-worker"}
    post = next(span for span in spans if span.name == "POST")
    assert by_id[post.parent].name == "RunActivity:notify"
    assert post.attributes["http.response.status_code"] == "200"


def _all_of(spans: Collected, wanted: set[str]) -> list[Span]:
    found = spans.of_trace(TRACE)
    return found if wanted <= {span.name for span in found} else []


def test_neither_logs_nor_traces_tell_what_is_a_right_in_itself(busy: Busy) -> None:
    log = busy.log.read_text(encoding="utf-8")

    assert QUERY not in log
    assert busy.trial.key.split("_", 2)[2] not in log
    assert QUERY.encode() not in busy.spans.raw


def test_the_commands_of_the_page_show_what_the_api_shows(busy: Busy, tmp_path: Path) -> None:
    (port,) = free_ports("127.0.0.1", 1)
    operator = Shell(tmp_path, {**busy.settings, "MOUTHPIECE_DATA_DIR": str(busy.trial.data)})
    told = operator.run("mouthpiece keys create --name prometheus --scope admin")
    key = next(word for word in told.split() if word.startswith("sk_"))
    begun = operator.start("mouthpiece worker gpu --metrics 127.0.0.1:9464 &", {"9464": str(port)})
    try:
        shown = until(lambda: _got(f"http://127.0.0.1:{port}/metrics"), 60)
    finally:
        os.killpg(begun.pid, signal.SIGTERM)
        begun.communicate(timeout=30)

    asked = requests.get(f"{busy.trial.url}/metrics", headers={"Authorization": f"Bearer {key}"}, timeout=30).text
    frames = [line for line in asked.splitlines() if line.startswith("mouthpiece_engine_frames_total{")]
    assert frames
    assert frames[0] in shown.splitlines()
    assert "mouthpiece_temporal_up" not in shown


def _got(url: str) -> str:
    try:
        return requests.get(url, timeout=5).text
    except requests.ConnectionError:
        return ""


def test_a_killed_worker_leaves_its_counts_and_takes_its_gauges_along(busy: Busy) -> None:
    before = busy.samples()

    for pid in busy.trial.pids("worker"):
        os.kill(pid, signal.SIGKILL)
    until(lambda: busy.samples().get(WORKERS, 0) == 0, 40)
    until(lambda: busy.samples().get(WORKERS, 0) == 3, 60)

    after = busy.samples()
    lasting = [name for name in before if name[0].endswith(("_total", "_count")) and not name[0].startswith("temporal")]
    assert len(lasting) > 15
    assert [name for name in lasting if after.get(name, 0) < before[name]] == []
    assert after["mouthpiece_engine_frames_total", "trivial"] == before["mouthpiece_engine_frames_total", "trivial"]
    slots = ("temporal_worker_task_slots_available", "gpu", "ActivityWorker")
    assert until(lambda: busy.samples().get(slots), 60) <= 2
