"""The files a request names, brought in side by side."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobRequest, MediaInfo, MediaRef
    from contracts.steps import FETCH, FetchInput
    from workflows.steps import perform, side_by_side

#: Pauses of a file whose turn it is not; each twice the one before it, less a random part. Each makes the history
#: longer: with shorter ones, Temporal would end a workflow for its length after a day or two.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What was fetched, under the names that the request has for them."""

    source: MediaInfo
    audio: MediaInfo | None = None
    vocal: MediaInfo | None = None
    right_audio: MediaInfo | None = None
    mask: MediaInfo | None = None


def named_files(request: JobRequest) -> dict[str, MediaRef]:
    """List the files that a request names, under the names of `Inputs`."""
    named = {
        "source": request.source,
        "audio": request.audio,
        "vocal": request.vocal,
        "right_audio": request.right_audio,
        "mask": request.mask,
    }
    return {name: media for name, media in named.items() if media}


async def fetch_inputs(request: JobRequest) -> Inputs:
    """Fetch all that a request names.

    Raises:
        ActivityError: when one cannot be had; the others are stopped then.
    """
    wanted = named_files(request)
    steps = [FetchInput(job_id=request.job_id, media=media, key_id=request.key_id) for media in wanted.values()]
    # A stalled download notices its cancellation late, and nothing of it needs to be waited for.
    fetched = await side_by_side([fetch(step, ActivityCancellationType.TRY_CANCEL) for step in steps])
    return Inputs(**dict(zip(wanted, fetched, strict=True)))


async def fetch(step: FetchInput, cancellation: ActivityCancellationType) -> MediaInfo:
    """Fetch one file, once it is its key's turn.

    Raises:
        ActivityError: when it cannot be had.
    """
    pause_s = _FIRST_PAUSE_S
    while (result := await perform(FETCH, step, step.media.field, cancellation)).media is None:
        await workflow.sleep(timedelta(seconds=pause_s * workflow.random().uniform(0.5, 1.0)))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return result.media
