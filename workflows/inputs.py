"""The files a request names, brought in side by side."""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.workflow import ActivityCancellationType

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobRequest, MediaInfo, MediaRef
    from contracts.steps import FETCH, FetchInput
    from workflows.steps import perform, side_by_side


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
    fetched = await side_by_side([_fetch(request.job_id, media) for media in wanted.values()])
    return Inputs(**dict(zip(wanted, fetched, strict=True)))


async def _fetch(job_id: str, media: MediaRef) -> MediaInfo:
    # A stalled download notices its cancellation late, and nothing of it needs to be waited for.
    result = await perform(
        FETCH, FetchInput(job_id=job_id, media=media), media.field, ActivityCancellationType.TRY_CANCEL
    )
    return result.media
