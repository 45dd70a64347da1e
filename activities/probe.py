"""Posts a test event, and says what the receiver answered."""

from dataclasses import dataclass

from temporalio import activity

from activities.boundary import at_boundary
from activities.posting import Poster
from contracts.steps import Delivery
from contracts.webhooks import ProbeResult


@dataclass(frozen=True, slots=True)
class Probe:
    """The step `probe`."""

    poster: Poster

    @activity.defn(name="probe", no_thread_cancel_exception=True)
    @at_boundary
    def probe(self, step: Delivery) -> ProbeResult:
        """Post it once, signed like any webhook; whatever comes of it is a result."""
        posted = self.poster.post(step)
        return ProbeResult(
            delivery_id=step.delivery_id,
            http_status=posted.http_status,
            latency_ms=posted.latency_ms,
            answer=posted.text,
        )
