"""Delivers one webhook, in a workflow of its own: no receiver holds a job open, and no job's end stops a delivery."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.steps import NOTIFY, Delivery, NotifyResult
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
