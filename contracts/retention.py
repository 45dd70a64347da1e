"""Retention: what goes for its age, in which order, and how far a pass over it has come."""

from dataclasses import dataclass, field
from enum import StrEnum

from temporalio import activity

#: The durable schedule that runs retention, and the workflow that it starts.
SCHEDULE_ID = "mouthpiece-retention"
WORKFLOW_ID = "retention"


class Phase(StrEnum):
    """What is gone through, in this order: what goes as a whole need not go in parts."""

    RECORDS = "records"
    OUTPUTS = "outputs"
    INPUTS = "inputs"
    BATCHES = "batches"
    UPLOADS = "uploads"
    ORPHANS = "orphans"
    LEFTOVERS = "leftovers"


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneInput:
    """Remove what is due of one phase, from where `cursor` says, as much as one step may."""

    phase: Phase
    cursor: str = ""

    @property
    def job_id(self) -> str:
        """What log lines of the step are marked with; it belongs to no job."""
        return WORKFLOW_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneResult:
    """How many things went, and where to go on; "" when the phase is over."""

    removed: int
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionProgress:
    """How far a pass has come: what a run that grew too long hands to the next, and what the last one returns."""

    phase: Phase = Phase.RECORDS
    cursor: str = ""
    removed: dict[str, int] = field(default_factory=dict)


@activity.defn(name="prune")
def prune(step: PruneInput) -> PruneResult:
    """Remove some of what is older than it is to be kept."""
    raise NotImplementedError
