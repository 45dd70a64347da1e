"""The way of tensors from a GPU, which goes on drawing meanwhile."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def arriving(drawn: Tensor) -> Callable[[], NDArray[np.uint8]]:
    """Begin to bring a tensor to main memory.

    Args:
        drawn: uint8, on any device.

    Returns:
        Waits until it is there, and gives it.
    """
    if drawn.device.type != "cuda":
        return drawn.numpy
    there = torch.empty(drawn.shape, dtype=drawn.dtype, pin_memory=True).copy_(drawn, non_blocking=True)
    done = torch.cuda.current_stream().record_event()

    def arrived() -> NDArray[np.uint8]:
        done.synchronize()
        return np.asarray(there.numpy(), np.uint8)

    return arrived
