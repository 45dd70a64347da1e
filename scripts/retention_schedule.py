"""The durable schedule of retention, made where a worker for it starts, on any Temporal server."""

import logging
from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from contracts.retention import SCHEDULE_ID, WORKFLOW_ID, RetentionProgress
from contracts.steps import Queue
from workflows.retention import Retention

logger = logging.getLogger(__name__)

#: A pass that could not begin while nothing ran is made up for once.
EVERY = timedelta(hours=6)
#: Not on the hour, when much else begins.
_OFFSET = timedelta(minutes=17)


def described() -> Schedule:
    """What the schedule is to be."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Retention.run,
            RetentionProgress(),
            id=WORKFLOW_ID,
            task_queue=Queue.FLOW,
            static_summary="what is older than it is to be kept",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY, offset=_OFFSET)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
    )


async def ensure(client: Client) -> None:
    """Make the schedule, or bring the one that is there to what it is to be; an operator's pause stays.

    Raises:
        RPCError: when the server does not answer.
    """
    try:
        await client.create_schedule(SCHEDULE_ID, described())
        logger.info("retention_scheduled every_h=%g", EVERY.total_seconds() / 3600)
    except ScheduleAlreadyRunningError:
        (written,) = await client.data_converter.encode([RetentionProgress()])
        await client.get_schedule_handle(SCHEDULE_ID).update(lambda found: _updated(found, written))
    except RPCError as fault:
        if fault.status is not RPCStatusCode.UNIMPLEMENTED:
            raise
        logger.warning("retention_unscheduled cause=%r", "this server has no schedules: run mouthpiece data prune")


def _updated(found: ScheduleUpdateInput, written: Payload) -> ScheduleUpdate | None:
    """Bring a schedule up to date; `written` is its input as this process writes it."""
    wanted, there = described(), found.description.schedule
    wanted.state = there.state
    is_same = there.spec.intervals == wanted.spec.intervals and there.policy == wanted.policy
    return None if is_same and _is_written_alike(there, written) else ScheduleUpdate(schedule=wanted)


def _is_written_alike(there: Schedule, written: Payload) -> bool:
    """Whether a schedule's input is under the same key, if any: it would outlive a key that is given up."""
    action = there.action
    if not isinstance(action, ScheduleActionStartWorkflow):
        return False
    return [each.metadata if isinstance(each, Payload) else None for each in action.args] == [written.metadata]
