"""Starting inspections as the API does."""

import uuid

from temporalio.client import Client, WorkflowHandle

from contracts.inspections import Inspection, InspectionRequest, inspection_workflow_id
from contracts.jobs import MediaRef, OutputOptions, Role
from contracts.steps import Queue
from workflows.inspect import InspectMedia

Handle = WorkflowHandle[InspectMedia, Inspection]


def inspection_request(*, with_audio: bool = True) -> InspectionRequest:
    """A portrait and, as a rule, a voice."""
    audio = MediaRef(role=Role.AUDIO, field="audio", url="https://media.example/voice.wav")
    return InspectionRequest(
        inspection_id=str(uuid.uuid4()),
        key_id="key00001",
        source=MediaRef(role=Role.IMAGE, field="source", url="https://media.example/face.png"),
        audio=audio if with_audio else None,
        options=OutputOptions(short_side_px=480),
        warnings=("unknown fields were ignored: mood",),
    )


async def start_inspection(client: Client, request: InspectionRequest) -> Handle:
    """Start an inspection under the id that the API gives it."""
    return await client.start_workflow(
        InspectMedia.run,
        request,
        id=inspection_workflow_id(request.inspection_id, request.key_id),
        task_queue=Queue.FLOW,
    )
