"""Pulls one host's cable while jobs run, puts it back later, and says what became of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import click

from contracts.steps import Queue
from scripts.hosts import watch
from scripts.hosts.site import RECORDS, STORE, TEMPORAL, Site
from scripts.plain import plain

#: Of the log of the host that was cut.
_MOST_LINES = 12
_LONGEST_LINE = 200


class Cut(StrEnum):
    """Which host is cut off."""

    WORKER = "worker"
    S3 = "s3"
    TEMPORAL = "temporal"
    API = "api"


_HOSTS = {Cut.S3: STORE, Cut.TEMPORAL: TEMPORAL, Cut.API: RECORDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A cut that is over: which host, when its cable was pulled and put back, and what else is known of it."""

    host: str
    began: datetime
    ended: datetime
    known: Mapping[str, object]


def carry_out(site: Site, cut: Cut, lasts_s: float) -> Happened:
    """Cut a host off for some seconds; a worker's amid a segment, at least until that is rendered elsewhere.

    Raises:
        NotSeen: when a segment is not taken up elsewhere, or the worker does not come back.
    """
    if cut is Cut.WORKER:
        return asyncio.run(_cut_worker(site, lasts_s))
    host = _HOSTS[cut]
    began = _now()
    site.network.cut(host)
    time.sleep(lasts_s)
    site.network.restore(host)
    return Happened(host=host, began=began, ended=_now(), known={})


def written(site: Site, happened: Happened) -> list[str]:
    """What the host that was cut wrote to its log from then on, at first."""
    since = f"{happened.began:%H:%M:%S.%f}"
    lines = site.log.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if line[: len(since)] > since and f" {happened.host}/" in line]
    return [plain(click.unstyle(line))[:_LONGEST_LINE] for line in own[:_MOST_LINES]]


async def _cut_worker(site: Site, lasts_s: float) -> Happened:
    client = await site.client()
    segment = await watch.running_segment(client)
    site.network.cut(segment.host)
    began = _now()
    try:
        elsewhere = await watch.until_elsewhere(client, segment)
        took_s = (_now() - began).total_seconds()
        await asyncio.sleep(max(0.0, lasts_s - took_s))
    finally:
        site.network.restore(segment.host)
    ended = _now()
    polled = {
        f"polls_{queue}_again_s": round(
            (await watch.until_polled(client, queue, segment.host, ended) - ended).total_seconds(), 1
        )
        for queue in (Queue.GPU, Queue.IO)
    }
    known = {"segment_elsewhere_s": round(took_s, 1), "taken_up_by": elsewhere} | polled
    return Happened(host=segment.host, began=began, ended=ended, known=known)


def _now() -> datetime:
    return datetime.now(UTC)
