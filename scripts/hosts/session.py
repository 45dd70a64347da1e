"""All runs: on one host, over many, and over many while one of them is cut off."""

import asyncio
import logging
import os
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from scripts import trial
from scripts.chaos.mailbox import collecting
from scripts.chaos.media import write_inputs
from scripts.chaos.patience import Access
from scripts.hosts import cuts, network, site, watch
from scripts.hosts.audit import Audit
from scripts.hosts.customers import KINDS, Customers, Served
from scripts.hosts.cuts import Cut, Happened
from scripts.hosts.network import Network, Unfit
from scripts.hosts.site import CUSTOMER, RECORDS, STORE, TEMPORAL, Site

logger = logging.getLogger(__name__)

_LOOK_S = 0.1
#: One in so many jobs has ended when the cut comes.
_CUT_AFTER = 5
_ROOT = Path(__file__).resolve().parents[2]
_SLEEPING_ENGINE = _ROOT / "tests" / "sleeping_engine"
_SETTINGS = {
    "MOUTHPIECE_SEGMENT_S": "1",
    "MOUTHPIECE_TORCH_THREADS": "1",
    "MOUTHPIECE_REQUESTS_PER_MIN_ENTERPRISE": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to run.

    Attributes:
        jobs: to order in each run.
        workers: hosts with workers.
        customers: at once.
        cuts: a run for each, besides one without.
        cut_s: how long a host is away.
        engine: its name; "sleeping" sleeps for `segment_s` in the place of work.
        segment_s: seconds that a segment takes the sleeping engine.
    """

    jobs: int
    workers: int
    customers: int
    cuts: tuple[Cut, ...]
    cut_s: float
    engine: str
    segment_s: float


def run(wish: Wish, folder: Path) -> dict[str, object]:
    """Order the jobs once for each run and say what was found; in a process that has taken `network.leave`.

    Raises:
        Unfit: when the network cannot be made, or the service does not come up in it.
        NotSeen: when a cut has no end.
    """
    (media := folder / "media").mkdir()
    (hosts := folder / "hosts").mkdir()
    write_inputs(media)
    settings = _settings(wish, folder)
    expected = _on_one_host(settings, media, folder)
    names = [RECORDS, TEMPORAL, STORE, *site.workers(wish.workers)]
    with (
        network.joined(names, CUSTOMER, hosts, with_loopback=[TEMPORAL]) as joined,
        site.running(joined, settings, folder / "service.log") as running,
        trial.serving(media, joined.own[1]) as files,
        collecting(running.secret, joined.own[1]) as mailbox,
    ):
        audit = Audit(running, mailbox, expected)
        customers = Customers(running.access, media, files, mailbox.url, run="")
        session = _Session(wish, running, customers, audit)
        runs = [session.run(None), *(session.run(cut) for cut in wish.cuts)]
        found = _hosts(joined, audit)
    if mailbox.unsigned:
        audit.add("webhook_unsigned", f"{mailbox.unsigned} came with a wrong signature")
    ratios = [round(each["took_s"] / runs[0]["took_s"], 2) for each in runs[1:]]  # type: ignore[operator]
    for each, ratio in zip(runs[1:], ratios, strict=True):
        each["times_as_long"] = ratio
    return {
        "wish": asdict(wish),
        "hosts": found,
        "runs": runs,
        "faults": dict(audit.counts),
        "findings": audit.words,
    }


@dataclass(slots=True)
class _Session:
    wish: Wish
    site: Site
    customers: Customers
    audit: Audit

    def run(self, cut: Cut | None) -> dict[str, object]:
        """Serve all orders, with or without a cut."""
        self.customers.run, self.customers.ended = str(uuid.uuid4()), 0
        links, began = self.site.network.link_bytes(), time.monotonic()
        logger.info("run cut=%s", cut or "none")
        served, happened = self._serve(cut)
        took_s = time.monotonic() - began
        passed = {name: count - links[name] for name, count in self.site.network.link_bytes().items()}
        found = {"cut": cut or "none", "took_s": round(took_s, 1)} | self.audit.look(served)
        found |= {"link_bytes": passed, "steps_by_host": self._steps(served)}
        return found | (self._cut(served, happened) if happened else {})

    def _serve(self, cut: Cut | None) -> tuple[list[Served], Happened | None]:
        """Take all orders, and cut a host off once some are done."""
        with (
            ThreadPoolExecutor(self.wish.customers, thread_name_prefix="customer") as pool,
            ThreadPoolExecutor(1, thread_name_prefix="cut") as apart,
        ):
            orders = [pool.submit(self.customers.serve, number) for number in range(self.wish.jobs)]
            cutting: Future[Happened] | None = None
            while not all(order.done() for order in orders) or (cutting and not cutting.done()):
                if cut and not cutting and self.customers.ended >= self.wish.jobs // _CUT_AFTER:
                    cutting = apart.submit(cuts.carry_out, self.site, cut, self.wish.cut_s)
                self.site.tend()
                time.sleep(_LOOK_S)
            return [order.result() for order in orders], cutting.result() if cutting else None

    def _steps(self, served: Sequence[Served]) -> dict[str, int]:
        return dict(sorted(Counter(step.host for step in self._done(served)).items()))

    def _done(self, served: Sequence[Served]) -> list[watch.Done]:
        async def done() -> list[watch.Done]:
            return await watch.steps_done(await self.site.client(), (each.job_id for each in served if each.job_id))

        return asyncio.run(done())

    def _cut(self, served: Sequence[Served], happened: Happened) -> dict[str, object]:
        """What is known of the host that was cut off."""
        own = [step for step in self._done(served) if step.host == happened.host]
        away = (happened.ended - happened.began).total_seconds()
        ends = sorted(each.ended_at for each in served if each.ended_at and each.ended_at > happened.ended)
        after = [round((end - happened.ended).total_seconds(), 1) for end in (ends[:1] + ends[-1:])]
        return {
            "host_cut": happened.host,
            "cut_lasted_s": round(away, 1),
            **happened.known,
            "first_and_last_end_after_s": after,
            "its_steps_before": sum(step.began < happened.began for step in own),
            "its_steps_after": sum(step.began > happened.ended for step in own),
            "its_log": cuts.written(self.site, happened),
        }


def _settings(wish: Wish, folder: Path) -> dict[str, str]:
    settings = _SETTINGS | {"MOUTHPIECE_ENGINE": wish.engine, "PYTHONPATH": str(_ROOT)}
    if wish.engine != "sleeping":
        return settings
    (engine := folder / "models" / "sleeping").mkdir(parents=True)
    (engine / "seconds").write_text(str(wish.segment_s), encoding="ascii")
    return settings | {
        "MOUTHPIECE_MODELS_DIR": str(folder / "models"),
        "PYTHONPATH": f"{_ROOT}{os.pathsep}{_SLEEPING_ENGINE}",
    }


def _on_one_host(settings: dict[str, str], media: Path, folder: Path) -> dict[str, str]:
    """Have each kind of order made by `mouthpiece up`; returns SHA-256 of the outputs.

    Raises:
        Unfit: when one is not made.
    """
    network.set_loopback(True)
    made = {}
    with trial.running(settings, folder / "single", folder / "single.log") as single, trial.serving(media) as files:
        customers = Customers(Access(url=single.url, key=single.key), media, files, webhook="", run="single")
        for number, kind in enumerate(KINDS):
            served = customers.serve(number)
            if served.status != "completed":
                raise Unfit(f"one host makes no {kind.name}: {served.status} {served.complaint}")
            if number == 0:
                _keep_output(single, served, media / "talking.mp4")
            made[kind.name] = served.digest
    network.set_loopback(False)
    return made


def _keep_output(single: trial.Trial, served: Served, path: Path) -> None:
    """Have the first video that is made be what others are dubbed from."""
    job = requests.get(
        f"{single.url}/api/v1/jobs/{served.job_id}", headers={"X-API-Key": single.key}, timeout=60
    ).json()
    path.write_bytes(requests.get(job["output"], timeout=60).content)


def _hosts(joined: Network, audit: Audit) -> dict[str, object]:
    """Where everything ran; a process that runs on no host, or reached another by loopback, is a finding."""
    loopback, processes = joined.loopback_bytes(), joined.processes()
    for name, count in loopback.items():
        if count and name != TEMPORAL:
            audit.add("loopback", f"{count} bytes on {name}")
    for name, count in processes.items():
        if not count:
            audit.add("elsewhere", f"nothing runs on {name}")
    return {
        name: {"address": host.address, "processes": processes[name], "loopback_bytes": loopback[name]}
        for name, host in joined.hosts.items()
    }
