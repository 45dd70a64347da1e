"""What is found out about files before a job is made of them: the request, the steps' shapes and the finding."""

from dataclasses import dataclass, field
from enum import StrEnum

from temporalio import activity

from contracts.jobs import MediaInfo, MediaRef, OutputOptions

_PREFIX = "inspect-"


class SourceUse(StrEnum):
    """How a source is fitted to the length of the sound; a portrait always is as it is."""

    AS_IT_IS = "as it is"
    TRIMMED = "trimmed"
    TO_AND_FRO = "to and fro"
    LOOPED = "looped"
    FROZEN = "frozen at its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRequest:
    """Files to look at, and the output that they are meant for.

    `or_image` takes a picture where `source` asks for a video; `warnings` is what the API has to say already.
    """

    inspection_id: str
    key_id: str
    source: MediaRef
    or_image: bool = False
    audio: MediaRef | None = None
    options: OutputOptions = field(default_factory=OutputOptions)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSeen:
    """A face in the frames that were looked at.

    Attributes:
        box: x, y, width and height in pixels of the source, where the face was seen at its best.
        score: 0..1, how sure it is that this is a face.
        drivable: whether its mouth would move.
        reason: why it would not, or "".
        first_seen_s: when the first of those frames is shown that it is in.
        best_seen_s: when the frame is shown that `box` is of.
    """

    box: tuple[int, int, int, int]
    score: float
    drivable: bool
    reason: str
    first_seen_s: float
    best_seen_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthPlan:
    """The output that a job would make, in how many segments it is rendered, and what becomes of the source."""

    duration_s: float
    fps: float
    width: int
    height: int
    segments: int
    source_use: SourceUse


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyInput:
    """Look for faces in a fetched source and plan the output; without a sound there is nothing to plan."""

    job_id: str
    source: MediaInfo
    audio: MediaInfo | None
    options: OutputOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyResult:
    """The faces, the largest first, the plan, and what a client should know."""

    faces: tuple[FaceSeen, ...]
    plan: LengthPlan | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardInput:
    """Remove what was fetched under this name."""

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscardResult:
    """Nothing to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All that was found out."""

    source: MediaInfo
    audio: MediaInfo | None
    faces: tuple[FaceSeen, ...]
    plan: LengthPlan | None
    warnings: tuple[str, ...]


def inspection_name(inspection_id: str) -> str:
    """Name what an inspection's steps store: where jobs have their id, it has this."""
    return _PREFIX + inspection_id


def inspection_workflow_id(inspection_id: str, key_id: str) -> str:
    """Name an inspection's workflow, so that only the key it belongs to can ask for it."""
    return f"{_PREFIX}{key_id}-{inspection_id}"


@activity.defn(name="survey")
def survey(step: SurveyInput) -> SurveyResult:
    """Look for faces and plan the output, before there is a job."""
    raise NotImplementedError


@activity.defn(name="discard")
def discard(step: DiscardInput) -> DiscardResult:
    """Remove what an inspection fetched."""
    raise NotImplementedError
