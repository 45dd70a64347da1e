"""Delivers one webhook, in a workflow of its own: no receiver holds a job open, and no job's end stops a delivery."""

from temporalio import workflow

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
        workflow.set_current_details(f"Delivering the outcome of job {delivery.job_id}.")
        result = await perform(NOTIFY, delivery, "webhook")
        workflow.set_current_details(f"Delivered: the receiver answered {result.http_status}.")
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
        return await perform(PROBE, event, "test event")
