"""What is heard in the output, and which voice drives which face."""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.jobs import JobRequest, MediaInfo, Script, Side
    from contracts.steps import MIX, SPEAK, MixInput, SpeakInput, Voice
    from workflows.inputs import Inputs
    from workflows.steps import perform


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The sound of the output and the voices in it."""

    heard: MediaInfo
    voices: tuple[Voice, ...]


async def make_sound(request: JobRequest, inputs: Inputs) -> Sound:
    """Speak the script, put two voices together, or take the one sound as it came.

    Raises:
        ActivityError: when the speech cannot be made.
        ValueError: when the request has neither sound nor script; no dialect lets one through.
    """
    if request.script:
        return await _spoken(request.job_id, request.script)
    if inputs.audio is None:
        raise ValueError("a request without sound")
    if inputs.right_audio:
        return await _mixed(request, inputs.audio, inputs.right_audio)
    voice = Voice(media=inputs.vocal or inputs.audio, timings=request.timings)
    return Sound(heard=inputs.audio, voices=(voice,))


async def _spoken(job_id: str, script: Script) -> Sound:
    made = await perform(SPEAK, SpeakInput(job_id=job_id, script=script), script.voice_id)
    return Sound(heard=made.audio, voices=(Voice(media=made.audio, phones=made.phones),))


async def _mixed(request: JobRequest, left: MediaInfo, right: MediaInfo) -> Sound:
    made = await perform(
        MIX, MixInput(job_id=request.job_id, left=left, right=right, order=request.order), request.order
    )
    voices = (
        Voice(media=left, side=Side.LEFT, start_s=made.left_start_s, timings=request.timings),
        Voice(media=right, side=Side.RIGHT, start_s=made.right_start_s, timings=request.right_timings),
    )
    return Sound(heard=made.audio, voices=voices)
