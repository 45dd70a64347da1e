"""What a job is: the request, the view of its state, its stages and the legal moves between its states."""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """Where a job stands; each dialect has its own word for each."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return not TRANSITIONS[self]


#: From each status, the statuses that may follow within one run. A retry begins a new run at QUEUED.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.CANCELLED}),
    Status.RUNNING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


class Stage(StrEnum):
    """The steps of a job, in order. `SPEAK` makes the sound of requests that bring a script, or two voices."""

    FETCH = "fetch"
    SPEAK = "speak"
    ANALYSE = "analyse"
    RENDER = "render"
    PUBLISH = "publish"
    SETTLE = "settle"


#: Percent of the whole job at which each stage begins; the last ends at 100.
STAGE_STARTS_PERCENT: dict[Stage, int] = {
    Stage.FETCH: 0,
    Stage.SPEAK: 4,
    Stage.ANALYSE: 5,
    Stage.RENDER: 30,
    Stage.PUBLISH: 95,
    Stage.SETTLE: 99,
}


class Dialect(StrEnum):
    """The wire format a job came in by, and in which its webhook and errors go out."""

    LIPSYNC_DEV = "lipsync_dev"
    LIPSYNC_DEV_ASYNC = "lipsync_dev_async"
    LIPSYNC_STUDIO = "lipsync_studio"


class Role(StrEnum):
    """What a media file is for."""

    VIDEO = "video"
    IMAGE = "image"
    AUDIO = "audio"
    MASK = "mask"


class Side(StrEnum):
    """Which face a voice belongs to, as the viewer sees them; ONLY is the one speaker of most jobs."""

    ONLY = "only"
    LEFT = "left"
    RIGHT = "right"


class FaceChoice(StrEnum):
    """Which of several faces a single voice moves."""

    ACTIVE = "active"
    LARGEST = "largest"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacePoint:
    """A place where the face is that a single voice moves.

    Attributes:
        x, y: fractions, 0..1, of the source's width and height as it is shown upright, from its top left corner.
        at_s: when, in seconds from the source's beginning; of no effect in a picture.
        field: how the request's dialect spells the field it came in, for error messages.
    """

    x: float
    y: float
    at_s: float = 0.0
    field: str = "face"


class SpeakerOrder(StrEnum):
    """When two voices are heard: both at once, or one after the other."""

    MEANWHILE = "meanwhile"
    LEFT_RIGHT = "left_right"
    RIGHT_LEFT = "right_left"


class SyncMode(StrEnum):
    """What a video does when its sound is longer: go back and forth, begin again, or stand still on its last frame."""

    BOUNCE = "bounce"
    LOOP = "loop"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """A file named by a request: by URL, or by the key of a blob the client uploaded before.

    `field` is how the request's dialect spells the field it came in ("srcVideoUrl"), for error messages.
    """

    role: Role
    field: str
    url: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """A fetched, probed and accepted file. `fps` is 0 for stills and audio; `width` and `height` are upright pixels."""

    role: Role
    field: str
    blob: str
    container: str
    size_bytes: int
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions:
    """How the output differs from the source.

    Attributes:
        short_side_px: the shorter side is scaled down to this; 0 keeps it. Never scaled up.
        width_px, height_px: exact size; 0 keeps it, and one of the two alone keeps the aspect.
        fps: frames per second; 0 keeps the source's (25 for a portrait).
        enhance: sharpen and clean the face region.
        sync_mode: what becomes of a video that is shorter than the sound; a longer one is cut.
        sync_offset_ms: how much later than the sound the lips move, in milliseconds; earlier when it is negative.
    """

    short_side_px: int = 0
    width_px: int = 0
    height_px: int = 0
    fps: float = 0.0
    enhance: bool = False
    sync_mode: SyncMode = SyncMode.BOUNCE
    sync_offset_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Words to be spoken, and by which voice: its id as `GET /api/v1/voices` lists it.

    `field` is how the request's dialect spells the field they came in ("formState.script"), for error messages.
    """

    text: str
    voice_id: str
    field: str = "script"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedText:
    """A stretch of speech, from `start_s` to `end_s` of its sound: either the word `text`, or its `phones` in IPA."""

    start_s: float
    end_s: float
    text: str = ""
    phones: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """What a voice says when, as the client knows it.

    Attributes:
        field: the request's field it came in, for error messages.
        entries: in order and without overlap; between them nothing is said.
        language: BCP 47 tag of the words; "" where there are none.
    """

    field: str
    entries: tuple[TimedText, ...]
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """Everything a job needs to run: references and numbers, never bytes or secrets.

    Attributes:
        job_id: UUID text; the workflow's id is made of it.
        key_id: the API key the job belongs to.
        model: the studio dialect's word for the kind of job ("lipsync-image").
        source: the portrait or video to drive.
        audio: what is heard in the output; the left speaker's voice when there is a `right_audio`; None with `script`.
        vocal: what drives the lips, when it is not `audio`.
        right_audio: the right speaker's voice, of two.
        order: when each of two speakers is heard.
        script: what is spoken, when no `audio` is given.
        timings: what the driving sound says when, where the client knows; the left speaker's, of two.
        right_timings: what the right speaker's sound says when.
        face: which of several faces a single voice moves, by a word or by a place.
        mask: a picture whose dark parts must not change.
        prompt: the style in words, in the engine's vocabulary.
        engine: the engine's name.
        seed: makes the motion that the speech does not determine repeatable.
        webhook_url: where the outcome is posted, or "".
        warnings: what the API accepted but does not apply, in words.
        estimated_credits: what the client was told it would cost.
        batch_id: the batch it was submitted in, or "".
    """

    job_id: str
    key_id: str
    dialect: Dialect
    model: str
    source: MediaRef
    audio: MediaRef | None = None
    vocal: MediaRef | None = None
    right_audio: MediaRef | None = None
    order: SpeakerOrder = SpeakerOrder.MEANWHILE
    script: Script | None = None
    timings: Timings | None = None
    right_timings: Timings | None = None
    face: FaceChoice | FacePoint = FaceChoice.ACTIVE
    mask: MediaRef | None = None
    prompt: str = ""
    engine: str = "articulate"
    seed: int = 0
    options: OutputOptions = field(default_factory=OutputOptions)
    webhook_url: str = ""
    warnings: tuple[str, ...] = ()
    estimated_credits: int = 0
    batch_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a job failed, as clients read it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it stands: the workflow's memo, the `view` query's answer, the source of every status reply.

    Times are UTC, ISO 8601 with a trailing Z, or "" before they happen. `percent` is 0..100 over the whole job.
    `parts` counts the activities that do the current stage side by side, finished ones too. `output` is a blob key,
    and so is `source`, the picture or video as it was fetched; `credits` is what the job cost so far.
    """

    job_id: str
    status: Status
    stage: Stage
    percent: int = 0
    parts: int = 1
    started_at: str = ""
    finished_at: str = ""
    execution_ms: int = 0
    output: str = ""
    duration_s: float = 0.0
    credits: int = 0
    error: JobError | None = None
    warnings: tuple[str, ...] = ()
    source: str = ""


_PREFIX = "job-"


def workflow_id(job_id: str) -> str:
    """Name the workflow of a job."""
    return _PREFIX + job_id


def job_id_of(workflow: str) -> str:
    """Undo `workflow_id`.

    Raises:
        ValueError: when the name is not a job's.
    """
    if not workflow.startswith(_PREFIX):
        raise ValueError(f"not a job's workflow: {workflow}")
    return workflow.removeprefix(_PREFIX)


def webhook_workflow_id(delivery_id: str) -> str:
    """Name the workflow that delivers a webhook."""
    return f"webhook-{delivery_id}"


def percent_of(stage: Stage, fraction: float) -> int:
    """Percent of the whole job when `fraction` (0..1) of `stage` is done."""
    order = list(Stage)
    start = STAGE_STARTS_PERCENT[stage]
    following = order[order.index(stage) + 1 :]
    end = STAGE_STARTS_PERCENT[following[0]] if following else 100
    return round(start + (end - start) * min(max(fraction, 0.0), 1.0))
