"""Which queues suit a host whose operator names none, and how many engines it has room for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import InternalError
from contracts.settings import Settings
from contracts.steps import Queue

#: What one engine keeps busy: docs/operations.md, "Speed and memory".
CORES_OF_AN_ENGINE = 2
_VISIBLE = "CUDA_VISIBLE_DEVICES"


class NothingInCommon(InternalError):
    """This host has neither the service's data folder nor its bucket, so nobody would see what it makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whether a host polls a queue, and why, in words."""

    queue: Queue
    is_taken: bool
    why: str


def choose(settings: Settings) -> tuple[Choice, ...]:
    """Decide on every queue.

    `flow` and `io` run anywhere; `gpu` where the default engine can; `control` and `notify` where the records are.

    Raises:
        NothingInCommon: when what this host makes would reach nobody.
    """
    has_records = (settings.data_dir / "records.db").exists()
    if not has_records and not settings.s3_bucket:
        raise NothingInCommon(
            f"no records.db in {settings.data_dir}, and no bucket is set: this host shares no files with the service",
            remedy="Set MOUTHPIECE_S3_BUCKET and its siblings, or name the service's folder with --data once it runs.",
        )
    of_records = f"records.db is {'in' if has_records else 'not in'} {settings.data_dir}"
    return (
        Choice(queue=Queue.FLOW, is_taken=True, why="runs anywhere"),
        _of_engines(settings),
        Choice(queue=Queue.IO, is_taken=True, why="runs anywhere"),
        Choice(queue=Queue.CONTROL, is_taken=has_records, why=of_records),
        Choice(queue=Queue.NOTIFY, is_taken=has_records, why=of_records),
    )


def _of_engines(settings: Settings) -> Choice:
    from contracts.errors import MouthpieceError
    from engines.registry import choose_device, state

    try:
        device = choose_device(settings.device)
    except MouthpieceError as fault:
        return Choice(queue=Queue.GPU, is_taken=False, why=str(fault))
    found = state(settings.engine, settings)
    can = f"{settings.engine} can run on {device.type}"
    return Choice(queue=Queue.GPU, is_taken=not found.fault, why=found.fault or can)


def engine_environs(settings: Settings, environ: Mapping[str, str], processes: int | None) -> list[dict[str, str]]:
    """What each engine's process is told on top: the one GPU that it may see; on a CPU nothing.

    Args:
        settings: say whether a GPU may be used.
        environ: whose CUDA_VISIBLE_DEVICES, if any, holds the GPUs to share out.
        processes: how many; None: one for each GPU, or on a CPU for each two cores.
    """
    gpus = _gpus(settings, environ)
    if not gpus:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return [{} for _ in range(processes or max(1, cores // CORES_OF_AN_ENGINE))]
    return [{_VISIBLE: gpus[number % len(gpus)]} for number in range(processes or len(gpus))]


def _gpus(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Names of the GPUs that may be used, as CUDA_VISIBLE_DEVICES knows them."""
    import torch

    if settings.device == "cpu" or not torch.cuda.is_available():
        return []
    named = [name.strip() for name in environ.get(_VISIBLE, "").split(",") if name.strip()]
    return named[: torch.cuda.device_count()] or [str(number) for number in range(torch.cuda.device_count())]
