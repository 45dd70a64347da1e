"""Delivers one webhook, in a workflow of its own: no receiver holds a job open, and no job's end stops a delivery."""

from urllib.parse import urlsplit

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from contracts.steps import NOTIFY, PROBE, Delivery
    from contracts.webhooks import NotifyResult, ProbeResult
    from workflows.steps import perform


@workflow.defn(name="DeliverWebhook")
class DeliverWebhook:
    """Posts until the receiver takes it, for up to three days, with the same id and bytes."""

    @workflow.run
    async def run(self, delivery: Delivery) -> NotifyResult:
        """Deliver.

        Raises:
            ActivityError: when the receiver refused it for good, or never took it.
        """
        receiver = _host(delivery)
        workflow.set_current_details(f"Delivering the outcome of job {delivery.job_id} to {receiver}.")
        try:
            result = await perform(NOTIFY, delivery, f"post to {receiver}")
        except ActivityError as failure:
            workflow.set_current_details(f"Not delivered to {receiver}: {_why(failure)}.")
            raise
        workflow.set_current_details(f"Delivered: {receiver} answered {result.http_status}.")
        return result


@workflow.defn(name="ProbeEndpoint")
class ProbeEndpoint:
    """Posts a test event once."""

    @workflow.run
    async def run(self, event: Delivery) -> ProbeResult:
        """Post it and return what the receiver said.

        Raises:
            ActivityError: when it could not be tried.
        """
        receiver = _host(event)
        workflow.set_current_details(f"Posting a test event to {receiver}.")
        result = await perform(PROBE, event, f"test event to {receiver}")
        workflow.set_current_details(f"{receiver} {'took' if result.is_accepted else 'did not take'} the test event.")
        return result


def _why(failure: ActivityError) -> str:
    cause = failure.cause
    return cause.message if isinstance(cause, ApplicationError) else "nobody took it for as long as it was tried"


def _host(delivery: Delivery) -> str:
    """Who it goes to; the rest of the address may be a right in itself."""
    return urlsplit(delivery.url).hostname or "the receiver"
