"""Every workflow, and the sandbox they run in: the same for workers and for replay."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from workflows.inspect import InspectMedia
from workflows.lipsync import LipsyncJob
from workflows.retention import Retention
from workflows.webhook import DeliverWebhook, ProbeEndpoint

WORKFLOWS: tuple[type, ...] = (LipsyncJob, DeliverWebhook, ProbeEndpoint, InspectMedia, Retention)


def sandbox_runner() -> SandboxedWorkflowRunner:
    """The runner that refuses a workflow file whose imports are not passed through on purpose."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_import_notification_policy(
            SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )
