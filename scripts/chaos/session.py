"""A whole run: what undisturbed jobs give, then the plan, then calm, then the audit."""

import asyncio
import logging
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import requests

from contracts.errors import InternalError
from scripts.chaos import timing
from scripts.chaos.audit import Audit, Undisturbed
from scripts.chaos.customers import Customers, Served
from scripts.chaos.inputs import serving_inputs
from scripts.chaos.mailbox import collecting
from scripts.chaos.media import write_inputs
from scripts.chaos.plan import Act, Order, Plan, draw
from scripts.chaos.recipes import RECIPES
from scripts.chaos.stand import Stand, standing
from scripts.chaos.strikes import Striker
from scripts.chaos.twins import twins_of
from storage.deliveries import WebhookFilter, WebhookState
from storage.records import Records

logger = logging.getLogger(__name__)

#: Numbers of orders that nothing disturbs.
_UNDISTURBED_FROM = 1_000_000
#: When no job ends for so long, the next strike comes all the same.
_IDLE_S = 45.0
_LOOK_S = 0.1
#: Webhooks that were refused for a moment come again within seconds; later ones are left waiting.
_WEBHOOKS_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to run.

    Attributes:
        seed: of the plan.
        jobs: to order.
        kills: to strike with.
        clients: at once.
        is_light: with an engine that costs nothing.
        has_store: with blobs in an S3 server.
        measured: kills of a worker amid a segment that are timed.
    """

    seed: int
    jobs: int
    kills: int
    clients: int = 6
    is_light: bool = False
    has_store: bool = True
    measured: int = 3


class Unfit(InternalError):
    """Jobs fail before anything was struck."""


def run(wish: Wish, folder: Path) -> dict[str, object]:
    """Run a plan against a service of its own and say what was found.

    Raises:
        Unfit: when jobs do not work even undisturbed.
    """
    media = folder / "media"
    media.mkdir(parents=True)
    write_inputs(media)
    began = time.monotonic()
    with (
        standing(folder, is_light=wish.is_light, has_store=wish.has_store) as stand,
        serving_inputs(media) as inputs,
        collecting(stand.webhook_secret()) as mailbox,
    ):
        customers, striker = Customers(stand, inputs, mailbox, wish.seed), Striker(stand, inputs, mailbox)
        make_talking(customers, media)
        undisturbed, before = _undisturbed(customers, stand)
        plan = draw(wish.seed, wish.jobs, wish.kills, stand.impossible())
        served = _carry_out(plan, customers, striker, wish.clients)
        # What was killed last may still be starting.
        customers.ask("GET", "/readyz")
        _wait_for_webhooks(stand)
        next_jobs = timing.next_job_s(stand, striker.restarted_at)
        audit = Audit(stand, customers, mailbox, undisturbed)
        audit.look([*before, *served])
        audit.compare(twins_of(stand, list(audit.unsure)))
        elsewhere = [asyncio.run(timing.segment_elsewhere_s(stand, inputs.url)) for _ in range(wish.measured)]
        stand.down()
        audit.look_after_stop()
    return {
        "wish": asdict(wish),
        "took_s": round(time.monotonic() - began, 1),
        **_jobs(served, audit),
        "kills": sum(striker.kills.values()),
        "kills_by_part": striker.kills,
        "other_faults": striker.others,
        "webhooks_unsigned": mailbox.unsigned,
        "webhooks_repeated": mailbox.repeated,
        "segment_elsewhere_s": [round(value, 2) for value in elsewhere],
        "next_job_after_server_restart_s": _spread(next_jobs),
        "told": dict(audit.findings.told),
        "faults": dict(audit.findings.counts),
        "findings": audit.findings.words,
    }


def _jobs(served: Sequence[Served], audit: Audit) -> dict[str, object]:
    counts = audit.findings.counts
    return {
        "jobs_ordered": len(served),
        "jobs_accepted": sum(bool(each.reference) for each in served),
        "jobs_ended": sum(bool(each.answers) for each in served),
        "lost": counts["lost"],
        "double": counts["double"] + counts["webhook_double"],
        "outputs_equal": audit.findings.told["outputs_equal"],
        "outputs_different": counts["output_differs"],
        "webhooks_missing": counts["webhook_missing"],
        "credits_wrong": counts["credits_wrong"],
    }


def _spread(values: Sequence[float]) -> Mapping[str, float]:
    if not values:
        return {}
    return {
        "count": len(values),
        "least": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "most": round(max(values), 2),
    }


def make_talking(customers: Customers, media: Path) -> None:
    """Let the service itself make the video that others are dubbed from.

    Raises:
        Unfit: when it does not.
    """
    made = customers.serve(Order(number=_UNDISTURBED_FROM, recipe="portrait-1", act=Act.WAIT, is_doubled=False))
    job = customers.ask("GET", f"/api/v1/jobs/{made.reference}")
    if job["status"] != "completed":
        raise Unfit(f"an undisturbed job ends thus: {job}; {made.complaints}")
    (media / "talking.mp4").write_bytes(requests.get(str(job["output"]), timeout=60).content)


def _undisturbed(customers: Customers, stand: Stand) -> tuple[dict[str, Undisturbed], list[Served]]:
    """Make each recipe's job once, and the first one again as the same order, which must be the same job."""
    first = Order(number=_UNDISTURBED_FROM, recipe="portrait-1", act=Act.WAIT, is_doubled=False)
    orders = [replace(first, number=first.number + place, recipe=recipe.name) for place, recipe in enumerate(RECIPES)]
    served = [customers.serve(order) for order in orders]
    records = Records(stand.data / "records.db")
    try:
        found = {each.order.recipe: records.jobs.find(each.job_id) for each in served}
    finally:
        records.close()
    given = {}
    for each in served:
        job = found[each.order.recipe]
        if job is None or each.answers[-1:] != [("completed", "")]:
            raise Unfit(f"an undisturbed {each.order.recipe} ends thus: {each.answers} {each.complaints}")
        given[each.order.recipe] = Undisturbed(digest=customers.output(each.reference), credits=job.credits)
    return given, served


def _carry_out(plan: Plan, customers: Customers, striker: Striker, clients: int) -> list[Served]:
    """Serve all orders while the strikes fall; no more are taken before a strike than it is to meet under way."""
    strikes, start, promised = list(plan.strikes), customers.ended, list[Future[Served]]()
    with ThreadPoolExecutor(clients, thread_name_prefix="customer") as pool:
        ended, moved_at = 0, time.monotonic()
        while strikes or len(promised) < len(plan.orders) or not all(each.done() for each in promised):
            allowed = strikes[0].after + clients if strikes else len(plan.orders)
            promised += [pool.submit(customers.serve, order) for order in plan.orders[len(promised) : allowed]]
            if customers.ended - start > ended:
                ended, moved_at = customers.ended - start, time.monotonic()
            if strikes and (ended >= strikes[0].after or time.monotonic() - moved_at > _IDLE_S):
                time.sleep(strikes[0].delay_s)
                striker.strike(strikes.pop(0))
                moved_at = time.monotonic()
                logger.info("progress ended=%d of=%d strikes_left=%d", ended, len(plan.orders), len(strikes))
            striker.tend()
            time.sleep(_LOOK_S)
        striker.calm()
        return [each.result() for each in promised]


def _wait_for_webhooks(stand: Stand) -> None:
    records = Records(stand.data / "records.db")
    try:
        deadline = time.monotonic() + _WEBHOOKS_PATIENCE_S
        pending = WebhookFilter(state=WebhookState.PENDING)
        while time.monotonic() < deadline and records.deliveries.list_by(pending, datetime.now(UTC), 1):
            time.sleep(_LOOK_S)
    finally:
        records.close()
