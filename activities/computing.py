"""Where engines compute: the process's device and threads, and what to do when the device fails."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from activities.engine_cache import EngineCache
from contracts.errors import EngineMemory, Unavailable
from contracts.settings import Settings
from engines import registry

logger = logging.getLogger(__name__)

#: What torch's CPU kernels say when this machine's memory ran out; they have no type of error for it.
_WANTS_OF_MEMORY = ("DefaultCPUAllocator", "could not create a primitive")


def open_engines(settings: Settings) -> EngineCache:
    """Set this process's CPU threads, choose its device, and load the default engine.

    Raises:
        EngineUnknown: when no installed package offers the default engine.
        WeightsMissing: when its files are absent or damaged.
    """
    # Small networks and pictures gain little from threads, and lose tenfold to their waiting for each other on a busy
    # machine.
    torch.set_num_threads(settings.torch_threads)
    cv2.setNumThreads(settings.torch_threads)
    engines = EngineCache(lambda name: registry.load(name, settings))
    engines.get(settings.engine)
    logger.info("engine_loaded name=%s device=%s threads=%d", settings.engine, settings.device, settings.torch_threads)
    return engines


@contextmanager
def device_faults() -> Iterator[None]:
    """Turn the device's faults into errors that are retried.

    After a want of memory what was taken is given back. After any other fault the device is lost to this process, so
    the worker is told to stop, and whoever keeps it running starts a fresh one.

    Raises:
        EngineMemory: when the device's memory ran out, or this machine's.
        Unavailable: when the device failed.
    """
    try:
        yield
    except torch.OutOfMemoryError as fault:
        torch.cuda.empty_cache()
        raise EngineMemory("the engine ran out of memory") from fault
    except torch.AcceleratorError as fault:
        logger.exception("device_lost")
        signal.raise_signal(signal.SIGTERM)
        raise Unavailable("the engine's device failed") from fault
    except RuntimeError as fault:
        if not any(sign in str(fault) for sign in _WANTS_OF_MEMORY):
            raise
        raise EngineMemory("the engine ran out of memory") from fault
