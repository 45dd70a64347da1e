"""Every metric: its name, what it means, its labels. Nothing else is exported, and no label has unbounded values."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How values of several processes become one: counters and histograms add up, gauges of living processes do."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Who knows the value."""

    #: Each process, of what it does itself.
    WORK = "work"
    #: Temporal's SDK in each process.
    SDK = "sdk"
    #: Whoever is asked, at that moment.
    HOST = "host"
    #: The API, asked for it, of the whole service.
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric. `buckets` are a histogram's upper bounds without the last, which is infinite."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    source: Source = Source.WORK


#: From a request answered at once to one that waits for a job.
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
#: From a portrait's step to a long video's.
_WORK_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
#: From tuned development servers to queues that have filled up.
_WAIT_S = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)


def _counter(name: str, help: str, *labels: str, source: Source = Source.WORK) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, help=help, labels=labels, source=source)


def _gauge(name: str, help: str, *labels: str, source: Source) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, help=help, labels=labels, source=source)


def _histogram(name: str, help: str, buckets: tuple[float, ...], *labels: str, source: Source = Source.WORK) -> Metric:
    return Metric(name=name, kind=Kind.HISTOGRAM, help=help, labels=labels, buckets=buckets, source=source)


JOBS_SUBMITTED = _counter("mouthpiece_jobs_submitted_total", "Jobs accepted.", "dialect")
JOBS_ENDED = _counter(
    "mouthpiece_jobs_ended_total", "Jobs ended; a failed one has its error's code.", "status", "engine", "code"
)
JOB_SECONDS = _histogram("mouthpiece_job_seconds", "From a job's first step to its end.", _WORK_S, "status", "engine")
OUTPUT_SECONDS = _counter("mouthpiece_output_seconds_total", "Length of the videos made.", "engine")
STEP_SECONDS = _histogram(
    "mouthpiece_step_seconds",
    "One attempt at a step, from its start on a worker; outcome is ok, failed, again or cancelled.",
    _WORK_S,
    "step",
    "outcome",
)
SEGMENT_SECONDS = _histogram(
    "mouthpiece_segment_seconds",
    "Drawing and encoding one segment; over its frames, an engine's speed.",
    _WORK_S,
    "engine",
)
ENGINE_FRAMES = _counter("mouthpiece_engine_frames_total", "Frames drawn and encoded.", "engine")
INPUT_BYTES = _counter("mouthpiece_input_bytes_total", "Bytes of inputs fetched from clients' addresses.", "role")
WEBHOOK_SECONDS = _histogram(
    "mouthpiece_webhook_attempt_seconds",
    "One attempt at a webhook; outcome is delivered, again or given_up.",
    _REQUEST_S,
    "outcome",
)
HTTP_REQUESTS = _counter(
    "mouthpiece_http_requests_total",
    "Requests answered; route is none where there is no such path.",
    "route",
    "method",
    "status",
)
HTTP_SECONDS = _histogram(
    "mouthpiece_http_request_seconds", "From a request's arrival to its answer's head.", _REQUEST_S, "route", "method"
)
BLOB_FAULTS = _counter("mouthpiece_blob_faults_total", "Calls of the file store that failed.", "store")
PROCESSES = _gauge("mouthpiece_processes", "Living processes of this host.", "kind", source=Source.WORK)

DISK_FREE = _gauge("mouthpiece_disk_free_bytes", "Room left where the data folder lies.", source=Source.HOST)
DISK_SIZE = _gauge("mouthpiece_disk_size_bytes", "Size of the disk that the data folder lies on.", source=Source.HOST)

TEMPORAL_UP = _gauge("mouthpiece_temporal_up", "1 while Temporal answers, else 0.", source=Source.SERVICE)
OPEN_JOBS = _gauge(
    "mouthpiece_jobs", "Jobs that have not ended, by status and stage.", "status", "stage", source=Source.SERVICE
)
OLDEST_JOB = _gauge(
    "mouthpiece_oldest_job_seconds",
    "Age of the oldest job that has not ended; 0 while there is none.",
    source=Source.SERVICE,
)
QUEUE_TASKS = _gauge(
    "mouthpiece_queue_tasks", "Steps that wait for a worker, as Temporal estimates.", "queue", source=Source.SERVICE
)
QUEUE_AGE = _gauge(
    "mouthpiece_queue_oldest_seconds", "How long the step that has waited longest did.", "queue", source=Source.SERVICE
)
QUEUE_WORKERS = _gauge(
    "mouthpiece_queue_workers",
    "Workers that asked the queue for work in the last 90 s.",
    "queue",
    source=Source.SERVICE,
)


def _sdk_counter(name: str, help: str, *labels: str) -> Metric:
    return _counter(name, help, *labels, source=Source.SDK)


#: Of the many that the SDK has, those that an operator acts on, under the SDK's own names (counters: with _total).
#: Labels that have one value in one service, such as `namespace`, are left out.
SDK = (
    _sdk_counter("temporal_request_total", "Calls of the Temporal server.", "operation"),
    _sdk_counter("temporal_request_failure_total", "Those that failed, by gRPC status.", "operation", "status_code"),
    _sdk_counter(
        "temporal_long_request_failure_total", "Polls that failed, by gRPC status.", "operation", "status_code"
    ),
    _sdk_counter("temporal_workflow_completed_total", "Workflows that ended well.", "workflow_type"),
    _sdk_counter("temporal_workflow_failed_total", "Workflows that failed, among them failed jobs.", "workflow_type"),
    _sdk_counter("temporal_workflow_canceled_total", "Workflows that were cancelled.", "workflow_type"),
    _sdk_counter(
        "temporal_workflow_task_execution_failed_total",
        "Workflow tasks refused: NonDeterminismError means code that does not fit a running job.",
        "workflow_type",
        "failure_reason",
    ),
    _sdk_counter("temporal_activity_execution_failed_total", "Attempts at steps that failed.", "activity_type"),
    _histogram(
        "temporal_workflow_task_schedule_to_start_latency",
        "Seconds that workflow tasks waited for a worker.",
        _WAIT_S,
        source=Source.SDK,
    ),
    _histogram(
        "temporal_activity_schedule_to_start_latency",
        "Seconds that steps waited for a worker.",
        _WAIT_S,
        "task_queue",
        source=Source.SDK,
    ),
    _histogram(
        "temporal_request_latency", "Seconds that calls of the Temporal server took.", _REQUEST_S, source=Source.SDK
    ),
    _gauge(
        "temporal_worker_task_slots_available",
        "Steps more that workers could take.",
        "worker_type",
        "task_queue",
        source=Source.SDK,
    ),
    _gauge(
        "temporal_worker_task_slots_used",
        "Steps that workers have in hand.",
        "worker_type",
        "task_queue",
        source=Source.SDK,
    ),
    _gauge("temporal_sticky_cache_size", "Workflows that workers hold in memory.", source=Source.SDK),
)

OWN = (
    JOBS_SUBMITTED,
    JOBS_ENDED,
    JOB_SECONDS,
    OUTPUT_SECONDS,
    STEP_SECONDS,
    SEGMENT_SECONDS,
    ENGINE_FRAMES,
    INPUT_BYTES,
    WEBHOOK_SECONDS,
    HTTP_REQUESTS,
    HTTP_SECONDS,
    BLOB_FAULTS,
    PROCESSES,
    DISK_FREE,
    DISK_SIZE,
    TEMPORAL_UP,
    OPEN_JOBS,
    OLDEST_JOB,
    QUEUE_TASKS,
    QUEUE_AGE,
    QUEUE_WORKERS,
)

ALL = OWN + SDK
BY_NAME = {metric.name: metric for metric in ALL}
