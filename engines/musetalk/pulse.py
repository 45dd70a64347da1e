"""Signs of life from within a network that takes seconds for a frame."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from engines.base import Waiting

#: Where the time is spent.
_WORKING = (nn.Conv1d, nn.Conv2d, nn.Linear)


class Pulse:
    """Calls for a sign of life before each layer.

    Args:
        networks: those that are at work.
    """

    def __init__(self, *networks: nn.Module) -> None:
        self._alive: Waiting | None = None
        for network in networks:
            for layer in network.modules():
                if isinstance(layer, _WORKING):
                    layer.register_forward_pre_hook(self._beat)

    def _beat(self, _layer: nn.Module, _given: object) -> None:
        if self._alive is not None:
            self._alive()

    @contextmanager
    def during(self, alive: Waiting) -> Iterator[None]:
        """While this lasts, networks that are at work call `alive`; what it raises stops them."""
        self._alive = alive
        try:
            yield
        finally:
            self._alive = None
